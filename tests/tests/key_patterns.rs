//! Entities that are recognised by the beginnings of their keys, in a table that another program
//! writes: rollups, reads and writes.

use serde_json::{Value, json};
use weir_testing::dynamodb::TestDynamo;
use weir_testing::http::Client;
use weir_testing::recount::Rollup;
use weir_testing::system::System;

const DEFINITION: &str = r##"
[table]
name = "shop"
[table.indexes.GSI1]
partition_key = "GSI1PK"
sort_key = "GSI1SK"

[entities.customer]
match = { PK = { begins_with = "USER#" }, SK = "PROFILE" }
escape = false
PK = "USER#{user}"
SK = "PROFILE"
[entities.customer.attributes]
user = { type = "string", required = true }

[entities.order]
match = { PK = { begins_with = "USER#" }, SK = { begins_with = "ORDER#" } }
escape = false
PK = "USER#{user}"
SK = "ORDER#{order}"
GSI1PK = "STATUS#{status}"
GSI1SK = "ORDER#{order}"
[entities.order.attributes]
user = { type = "string", required = true }
order = { type = "string", required = true }
status = { type = "string" }
total = { type = "integer" }

[entities.event]
match = { PK = { begins_with = "EVENT#" }, kind = { begins_with = "sale." } }
escape = false
PK = "EVENT#{id}"
SK = "EVENT"
[entities.event.attributes]
id = { type = "string", required = true }
kind = { type = "string", required = true, pattern = '^sale\.' }

[rollups.orders]
of = "order"
by = ["status"]
measures = { orders = "count", total = "sum(total)" }
[rollups.customers]
of = "customer"
measures = { customers = "count" }
[rollups.events]
of = "event"
by = ["kind"]
measures = { events = "count" }
"##;

fn text<'a>(item: &'a Value, name: &str) -> &'a str {
    item[name]["S"].as_str().unwrap_or_default()
}

/// The rollups, with the entities recognised without Weir's code.
const ROLLUPS: [Rollup<'static>; 3] = [
    Rollup {
        name: "orders",
        by: &["status"],
        time: "",
        buckets: &["all"],
        measured: &["total"],
        admits: |item| {
            text(item, "PK").starts_with("USER#")
                && text(item, "SK").starts_with("ORDER#")
                && item.get("status").is_some()
        },
    },
    Rollup {
        name: "customers",
        by: &[],
        time: "",
        buckets: &["all"],
        measured: &[],
        admits: |item| text(item, "PK").starts_with("USER#") && text(item, "SK") == "PROFILE",
    },
    Rollup {
        name: "events",
        by: &["kind"],
        time: "",
        buckets: &["all"],
        measured: &[],
        admits: |item| {
            text(item, "PK").starts_with("EVENT#") && text(item, "kind").starts_with("sale.")
        },
    },
];

/// A random item of a random kind: a customer, an order, an event, or of no entity.
fn random_item(random: &mut fastrand::Rng) -> Value {
    let user = random.choice(["ann", "bob", "eve#1"]).expect("one");
    let (partition, sort) = match random.u8(0..6) {
        0 => (format!("USER#{user}"), "PROFILE".to_owned()),
        1 | 2 => (format!("USER#{user}"), format!("ORDER#{}", random.u8(0..5))),
        3 => (format!("SHOP#{user}"), format!("ORDER#{}", random.u8(0..5))),
        4 => (format!("USER#{user}"), "ORDERS".to_owned()),
        _ => (format!("EVENT#{}", random.u8(0..5)), "EVENT".to_owned()),
    };
    let mut item = json!({ "PK": { "S": partition }, "SK": { "S": sort } });
    if random.u8(0..5) > 0 {
        let status = random.choice(["open", "paid"]).expect("one");
        item["status"] = json!({ "S": status });
        item["total"] = json!({ "N": random.u8(..).to_string() });
        item["kind"] = json!({ "S": random.choice(["sale.web", "sale", "order"]).expect("one") });
    }
    item
}

/// Puts, updates and deletes items as another program does.
async fn write(dynamodb: &TestDynamo, table: &str, random: &mut fastrand::Rng) {
    let client = Client::new(&dynamodb.url);
    let item = random_item(random);
    let key = json!({ "PK": item["PK"], "SK": item["SK"] });
    match random.u8(0..4) {
        0 | 1 => {
            client.dynamodb("PutItem", &json!({ "TableName": table, "Item": item })).await;
        }
        2 => {
            let request = json!({
                "TableName": table, "Key": key, "UpdateExpression": "SET #s = :s, #t = :t",
                "ExpressionAttributeNames": { "#s": "status", "#t": "total" },
                "ExpressionAttributeValues": {
                    ":s": { "S": random.choice(["open", "paid"]).expect("one") },
                    ":t": { "N": random.u8(..).to_string() },
                },
            });
            client.dynamodb("UpdateItem", &request).await;
        }
        _ => {
            client.dynamodb("DeleteItem", &json!({ "TableName": table, "Key": key })).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rollups_of_items_that_another_program_writes_are_exact() {
    let system = System::open(DEFINITION).await;
    let running = system.process(system.processor(), 20);
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..300 {
        write(&system.dynamodb, &system.model.table.name, &mut random).await;
    }
    running.catch_up().await;
    assert!(system.assert_exact(&ROLLUPS).await >= 3);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn items_of_an_entity_alone_are_read_listed_and_counted() {
    let system = System::open(DEFINITION).await;
    let key = |sort: &str| json!({ "PK": { "S": "USER#ann" }, "SK": { "S": sort } });
    let with = |sort: &str, status: &str, index: [&str; 2]| {
        let mut item = key(sort);
        for (name, text) in [("status", status), ("GSI1PK", index[0]), ("GSI1SK", index[1])] {
            item[name] = json!({ "S": text });
        }
        for (name, text) in [("user", "ann"), ("order", sort.trim_start_matches("ORDER#"))] {
            item[name] = json!({ "S": text });
        }
        item
    };
    system.store(&with("ORDER#1", "open", ["STATUS#open", "ORDER#1"])).await;
    system.store(&with("ORDERS", "open", ["STATUS#open", "ORDERS"])).await;
    system.store(&with("PROFILE", "open", ["STATUS#open", "PROFILE"])).await;
    system.store(&with("ZEBRA", "open", ["STATUS#open", "ORDER#z"])).await;
    let numbers = async |path: &str| -> Vec<String> {
        let (status, answer) = system.http.get(path).await;
        assert_eq!(status, 200, "{path}: {answer}");
        let items = answer["items"].as_array().expect("items").iter();
        items.map(|item| item["order"].as_str().expect("text").to_owned()).collect()
    };
    assert_eq!(numbers("/order/ann").await, ["1"]);
    assert_eq!(numbers("/query/order/GSI1/open").await, ["1"]);
    assert_eq!(numbers("/query/order/GSI1/open?begins_with=1").await, ["1"]);
    let (status, _) = system.http.get("/order/ann/1").await;
    assert_eq!(status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_weir_writes_has_no_mark_and_is_recognised_by_its_keys() {
    let system = System::open(DEFINITION).await;
    let order = json!({ "user": "ann", "order": "1", "status": "open", "total": 3 });
    let (status, answer) = system.http.send("POST", "/order", Some(&order)).await;
    assert_eq!(status, 201, "{answer}");
    let update = json!({ "set": { "total": 5 } });
    let (status, answer) = system.http.send("PATCH", "/order/ann/1", Some(&update)).await;
    assert_eq!((status, &answer["total"]), (200, &json!(5)), "{answer}");
    let (status, _) = system.http.send("PUT", "/customer/ann", Some(&json!({}))).await;
    assert!(status < 300, "{status}");
    let names = |item: &Value| {
        let mut names: Vec<_> = item.as_object().expect("an item").keys().cloned().collect();
        names.sort();
        names.join(" ")
    };
    let mut stored: Vec<_> = system.stored().await.iter().map(names).collect();
    stored.sort();
    assert_eq!(stored, ["GSI1PK GSI1SK PK SK order status total user", "PK SK user"]);
    let (status, answer) = system.http.send("DELETE", "/order/ann/1", None).await;
    assert_eq!(status, 204, "{answer}");
    let event = json!({ "id": "1", "kind": "refund" });
    let (status, _) = system.http.send("POST", "/event", Some(&event)).await;
    assert_eq!(status, 400);
}
