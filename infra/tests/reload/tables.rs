//! Changes that the tables need something for: a time to live, an index.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::reload::dev::{Dev, save};
use crate::reload::order::{order, put_orders};
use crate::reload::{DEFINITION, edited};

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs()
}

#[tokio::test(flavor = "multi_thread")]
async fn buckets_that_expire_get_a_time_to_live() {
    let folder = tempfile::tempdir().expect("a folder");
    let dev = Dev::in_memory(folder.path(), DEFINITION).await;
    assert_eq!(dev.ttl("shop-rollups").await, Value::Null);
    let keep = ("buckets = [\"day\", \"all\"]", "buckets = [\"day\", \"all\"]\nkeep.day = \"4w\"");
    save(folder.path(), &edited(&[keep]));
    let position = dev.says_from(0, "weir.toml was saved: nothing to build for sales").await;
    dev.says_from(position, "  sales: keep: ").await;
    assert_eq!(dev.ttl("shop-rollups").await, "expires_at");
    dev.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn items_expire_by_a_time_to_live_that_is_added_and_no_longer_by_one_that_is_removed() {
    let folder = tempfile::tempdir().expect("a folder");
    let dev = Dev::in_memory(folder.path(), DEFINITION).await;
    let mut expired = order(1);
    expired["until"] = json!(seconds() - 60);
    dev.put("/order/expired", &expired).await;
    save(folder.path(), &edited(&[("name = \"shop\"", "name = \"shop\"\nttl = \"until\"")]));
    let position = dev.says_from(0, "weir.toml was saved: 2 rollups unchanged").await;
    let position = dev.says_from(position, "  note: table: `ttl` was absent, is `until`: ").await;
    assert_eq!(dev.ttl("shop").await, "until");
    // The sweep begins too.
    dev.answers("/order/expired", |status, _| status == 404).await;
    save(folder.path(), DEFINITION);
    dev.says_from(position, "weir.toml was saved: 2 rollups unchanged").await;
    assert_eq!(dev.ttl("shop").await, Value::Null);
    dev.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_is_added_and_items_that_are_written_again_are_in_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let dev = Dev::in_memory(folder.path(), DEFINITION).await;
    put_orders(&dev).await;
    let edits = [
        (
            "[entities.order]\n",
            "[table.indexes.GSI1]\npartition_key = \"GSI1PK\"\nsort_key = \"GSI1SK\"\n\
             [entities.order]\nGSI1PK = \"SHOP#{shop}\"\nGSI1SK = \"{id}\"\n",
        ),
        ("[rollups.sales]", "[entities.order.patterns.by_shop]\nindex = \"GSI1\"\n[rollups.sales]"),
    ];
    save(folder.path(), &edited(&edits));
    let position = dev.says_from(0, "weir.toml was saved: 2 rollups unchanged").await;
    dev.says_from(position, "  note: table: `GSI1` was absent, is ").await;
    let question = "/query/order/by_shop/b";
    let answer = dev.answers(question, |status, _| status == 200).await;
    assert_eq!(answer["items"].as_array().map(Vec::len), Some(0), "{answer}");
    dev.put("/order/1", &order(1)).await;
    let answer = dev.answers(question, |_, answer| answer["items"][0].is_object()).await;
    assert_eq!(answer["items"][0]["id"], "1", "{answer}");
    dev.stop().await;
}
