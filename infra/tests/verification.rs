//! `weir verify` beside writers and the processor: it finds what was changed by hand and nothing
//! else, and repairs it.
//!
//! `WEIR_ADOPTION_ITEMS` and `WEIR_ADOPTION_WRITES` make the table larger, as they do for
//! `adoption`.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use weir_testing::http::Client;
use weir_testing::process::Process;
use weir_testing::recount::scan;

use crate::adoption::BUILD_TIME;
use crate::adoption::oracle::assert_recount;
use crate::adoption::world::World;

/// The key of a rollup item.
type Key = (String, String);

/// Returns the key of the first rollup item whose partition begins so and that satisfies a
/// condition.
async fn find(world: &World, prefix: &str, holds: impl Fn(&Value) -> bool) -> Key {
    let items = scan(&world.dynamodb.url, &world.model.table.rollups_table).await;
    let text = |item: &Value, name: &str| item[name]["S"].as_str().expect("a key").to_owned();
    let mut found: Vec<_> = items
        .iter()
        .filter(|item| text(item, "PK").starts_with(prefix) && holds(item))
        .map(|item| (text(item, "PK"), text(item, "SK")))
        .collect();
    found.sort();
    found.into_iter().next().unwrap_or_else(|| panic!("an item of {prefix}"))
}

/// Changes a rollup item by hand.
async fn update(world: &World, key: &Key, expression: &str, names: Value, values: Value) {
    let request = json!({
        "TableName": world.model.table.rollups_table,
        "Key": { "PK": { "S": key.0 }, "SK": { "S": key.1 } },
        "UpdateExpression": expression,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    });
    Client::new(&world.dynamodb.url).dynamodb("UpdateItem", &request).await;
}

/// Plants drift of five kinds. Returns the keys of the items.
async fn plant(world: &World) -> BTreeSet<Key> {
    let sum = find(world, "by_status", |item| item["SK"]["S"] == "all").await;
    let more = json!({ ":n": { "N": "1000" } });
    update(world, &sum, "ADD #a :n", json!({ "#a": "sum(amount)" }), more).await;

    let row = find(world, "extremes.values(amount)", |item| item["count"]["N"] != "0").await;
    let less = json!({ ":n": { "N": "-1" } });
    update(world, &row, "ADD #a :n", json!({ "#a": "count" }), less).await;

    let ranked = find(world, "best", |item| item["score"].is_object()).await;
    let higher = json!({ ":n": { "N": "500" } });
    update(world, &ranked, "ADD #a :n", json!({ "#a": "score" }), higher).await;

    let distinct = find(world, "customers#", |_| true).await;
    let fewer = json!({ ":n": { "N": "-3" } });
    update(world, &distinct, "ADD #a :n", json!({ "#a": "distinct(customer)" }), fewer).await;

    let spoilt = |item: &Value| item["SK"]["S"] == "all" && item["PK"]["S"] != *sum.0;
    let spoilt = find(world, "by_status", spoilt).await;
    let text = json!({ ":n": { "S": "?" } });
    update(world, &spoilt, "SET #a = :n", json!({ "#a": "count" }), text).await;
    BTreeSet::from([sum, row, ranked, distinct, spoilt])
}

/// Returns the lines of JSON of a step.
fn lines(process: &Process, step: &str) -> Vec<Value> {
    let text = process.log.text();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["step"] == step).collect()
}

fn different(process: &Process) -> BTreeSet<Key> {
    let text = |line: &Value, name: &str| line[name].as_str().expect("a text").to_owned();
    let found = lines(process, "difference");
    found.iter().map(|line| (text(line, "PK"), text(line, "SK"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_of_every_kind_is_found_and_repaired_while_the_table_is_written() {
    let world = World::with_items().await;
    let running = world.process().await;
    world.change();
    let built = world.build();
    assert!(built.ended_within(BUILD_TIME).await.success(), "{}", built.log.text());
    let writers = world.write_all_the_time();

    let clean = world.verify(&[]);
    let status = clean.ended_within(BUILD_TIME).await;
    assert!(status.success(), "{}", clean.log.text());

    let planted = plant(&world).await;
    let found = world.verify(&[]);
    let status = found.ended_within(BUILD_TIME).await;
    assert_eq!(status.code(), Some(3), "{}", found.log.text());
    assert_eq!(different(&found), planted, "{}", found.log.text());

    let repaired = world.verify(&["--repair"]);
    let status = repaired.ended_within(BUILD_TIME).await;
    assert!(status.success(), "{}", repaired.log.text());
    assert_eq!(different(&repaired), planted, "{}", repaired.log.text());

    let again = world.verify(&["--repair"]);
    let status = again.ended_within(BUILD_TIME).await;
    assert!(status.success(), "{}", again.log.text());
    assert_eq!(different(&again), BTreeSet::new(), "{}", again.log.text());

    let writes = writers.stop().await;
    running.catch_up_within(BUILD_TIME).await;
    let compared = assert_recount(&world).await;
    assert!(writes > 0 && compared > 100, "{writes} writes, {compared} numbers");
    assert_eq!(world.weirs_writes(), Default::default(), "the table of items is only read");
    eprintln!("{} items, {writes} writes meanwhile, {compared} numbers", world.items);
    running.stop().await;
}
