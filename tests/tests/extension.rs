//! Tables that exist get what a changed definition needs: an index, a time to live.

use std::sync::Arc;

use serde_json::{Value, json};
use weir_table::{Error, Table};
use weir_testing::fixture::{Fixture, fixture};
use weir_testing::http::Client;
use weir_testing::table::TestTable;

const ROLLUP: &str = "[rollups.sales]\nof = \"order\"\nby = [\"user\"]\n\
                      measures = { orders = \"count\" }";
const RANKED: &str = "[rollups.sales]\nof = \"order\"\nby = [\"user\"]\nrank_by = \"orders\"\n\
                      measures = { orders = \"count\", numbers = \"distinct(number)\" }";

fn definition() -> Fixture {
    fixture("user_orders")
}

/// Returns the same tables under another definition.
fn changed(before: &TestTable, definition: &Fixture) -> Table {
    let names = &before.model.table;
    let model = definition.model().with_table(&names.name, Some(&names.rollups_table));
    before.table.with_definition(Arc::new(model))
}

/// Returns the description of a table, with the attribute by which its items expire as `ttl`.
async fn describe(tables: &TestTable, table: &str) -> Value {
    let client = Client::new(&tables.dynamodb.url);
    let name = json!({ "TableName": table });
    let mut described = client.dynamodb("DescribeTable", &name).await["Table"].take();
    let ttl = client.dynamodb("DescribeTimeToLive", &name).await["TimeToLiveDescription"].take();
    if ttl["TimeToLiveStatus"] == "ENABLED" {
        described["ttl"] = ttl["AttributeName"].clone();
    }
    described
}

fn index(table: &Value) -> Option<(&str, &str)> {
    let index = &table["GlobalSecondaryIndexes"][0];
    Some((index["IndexName"].as_str()?, index["IndexStatus"].as_str()?))
}

#[tokio::test]
async fn a_table_of_rollups_gets_the_index_of_rankings_and_a_time_to_live() {
    let before = TestTable::open(&definition().with(ROLLUP)).await;
    let name = &before.model.table.rollups_table;
    let table = changed(&before, &definition().with(RANKED));
    let error = table.provision().await.expect_err("it lacks the index").to_string();
    assert!(error.contains("lacks the index `ranks`"), "{error}");
    // The second time, there is nothing left to add.
    for _ in 0..2 {
        table.extend_rollups().await.expect("extended");
        let described = describe(&before, name).await;
        assert_eq!(index(&described), Some(("ranks", "ACTIVE")), "{described}");
        assert_eq!(described["ttl"], "expires_at", "{described}");
    }
    assert!(!table.provision().await.expect("the same tables").is_new);
    before.delete_tables().await;
}

#[tokio::test]
async fn a_table_of_items_gets_an_index_and_its_time_to_live_follows() {
    let before = TestTable::open(&definition().with(ROLLUP)).await;
    let name = &before.model.table.name;
    let index_keys = |key: &str| {
        let index = format!("[table.indexes.GSI1]\npartition_key = \"{key}\"\n[entities.order]\n");
        let edit = format!("{index}{key} = \"PRODUCT#{{product}}\"\n");
        definition().replace("[entities.order]\n", &edit)
    };
    let indexed =
        index_keys("GSI1PK").replace("name = \"shop\"", "name = \"shop\"\nttl = \"gone_at\"");
    let table = changed(&before, &indexed);
    for _ in 0..2 {
        table.extend_items().await.expect("extended");
        let described = describe(&before, name).await;
        assert_eq!(index(&described), Some(("GSI1", "ACTIVE")), "{described}");
        assert_eq!(described["ttl"], "gone_at", "{described}");
    }
    table.provision().await.expect("the same tables");

    let other_keys = changed(&before, &index_keys("other_key"));
    other_keys.extend_items().await.expect("an index of this name is there");
    let error = other_keys.provision().await.expect_err("other keys").to_string();
    assert!(error.contains("its index `GSI1` has other keys, expected other_key"), "{error}");
    assert_eq!(describe(&before, name).await["ttl"], "gone_at", "nobody has disabled it");
    table.disable_ttl().await.expect("disabled");
    assert_eq!(describe(&before, name).await["ttl"], Value::Null);
    before.delete_tables().await;
}

#[tokio::test]
async fn a_table_with_the_rollups_of_another_table_stays_as_it_is() {
    let before = TestTable::open(&definition().with(ROLLUP)).await;
    let name = &before.model.table.rollups_table;
    let model = definition().with(RANKED).model().with_table("another-shop", Some(name));
    let table = before.table.with_definition(Arc::new(model));
    match table.extend_rollups().await {
        Err(Error::OtherTable { mismatch, .. }) => {
            assert!(mismatch.contains("it holds the rollups of the table"), "{mismatch}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(index(&describe(&before, name).await), None);
    before.delete_tables().await;
}
