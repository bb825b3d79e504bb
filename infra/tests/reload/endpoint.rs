//! The same with a DynamoDB that is another process's, as `--endpoint` has it.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use weir_testing::dynamodb::TestDynamo;

use crate::reload::DEFINITION;
use crate::reload::dev::{Dev, save};
use crate::reload::order::{BEFORE, put_orders};

#[tokio::test(flavor = "multi_thread")]
async fn a_ranking_is_built_at_an_endpoint_and_an_index_of_items_is_not_added() {
    let dynamo = TestDynamo::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970");
    let name = format!("name = \"shop-{:x}\"", now.as_nanos());
    let definition = DEFINITION.replace("name = \"shop\"", &name);
    let dev = Dev::start(folder.path(), &definition, &["--endpoint", &dynamo.url]).await;
    put_orders(&dev).await;
    let ranked = definition.replace("time = \"at\"", "time = \"at\"\nrank_by = \"orders\"");
    save(folder.path(), &ranked);
    let position = dev.says_from(0, "weir.toml was saved: building sales").await;
    let position = dev.says_from(position, "ready: sales").await;
    let is_ranked = |_, answer: &Value| answer["ranks"][0]["orders"] == BEFORE / 2;
    dev.answers("/rollups/sales/ranks?every=all", is_ranked).await;

    let index = "[table.indexes.GSI1]\npartition_key = \"GSI1PK\"\n[entities.order]\n\
                 GSI1PK = \"SHOP#{shop}\"\n";
    save(folder.path(), &ranked.replace("[entities.order]\n", index));
    dev.says_from(position, "weir: the definition before is still served").await;
    let log = dev.process.log.text();
    assert!(log.contains("it lacks the index `GSI1`"), "{log}");
    dev.answers("/rollups/sales/ranks?every=all", is_ranked).await;
    dev.stop().await;
}
