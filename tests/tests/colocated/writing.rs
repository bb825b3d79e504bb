//! How rollup items come to be beside the items that they are about: exact whatever is delivered
//! again, without end in themselves, and never in the place of an item of somebody.

use std::collections::{BTreeMap, BTreeSet};

use bigdecimal::BigDecimal;
use serde_json::{Value, json};
use weir_processor::event::{Event, Response};
use weir_rollups::RollupKey;
use weir_testing::fixture::fixture;
use weir_testing::http::Client;
use weir_testing::recount::{Rollup, Rows, assert_exact, stored};
use weir_testing::system::{Captured, System};

const STATS_BESIDE_ITEMS: &str = r##"
[rollups.stats]
of = "order"
by = ["user"]
time = "at"
buckets = ["month"]
keep = { month = "5200w" }
key = { PK = "USER#{user}", SK = "STATS#{at:month}" }
[rollups.stats.measures]
orders = "count"
revenue = "sum(total)"
products = "distinct(product)"
least = "min(total)"
"##;
const STATS: Rollup<'_> = Rollup {
    name: "stats",
    by: &["user"],
    time: "at",
    buckets: &["month"],
    measured: &["total"],
    admits: |item| item["_et"]["S"] == "order",
};
/// More than any of these tests has.
const ALL: usize = 1_000;

async fn start() -> System {
    let definition = fixture("user_orders").replace("[table]", "[table]\nttl = \"gone_at\"");
    System::open(&definition.with(STATS_BESIDE_ITEMS)).await
}

async fn send(system: &System, method: &str, path: &str, body: Option<&Value>) {
    let (status, answer) = system.http.send(method, path, body).await;
    assert!((200..300).contains(&status), "{method} {path}: {answer}");
}

/// Orders of two users in two months, of which some change their user's numbers and some are
/// deleted.
async fn trade(system: &System) {
    for number in 0..12 {
        let (user, month) = (["ann", "b#b"][number % 2], 10 + number / 3 % 2);
        let product = ["pen", "ink", "pad"][number % 3];
        let order = json!({
            "user": user,
            "number": number,
            "at": format!("2026-{month}-20T06:40:54Z"),
            "total": number * 3 / 2,
            "product": product,
        });
        send(system, "POST", "/order", Some(&order)).await;
    }
    for (path, change) in [
        ("/order/ann/0", json!({ "set": { "product": "ink", "total": 70 } })),
        ("/order/b%23b/1", json!({ "set": { "at": "2026-11-01T00:00:00Z" } })),
        ("/order/ann/2", json!({ "remove": ["total", "product"] })),
    ] {
        send(system, "PATCH", path, Some(&change)).await;
    }
    for path in ["/order/ann/4", "/order/b%23b/3", "/order/b%23b/5"] {
        send(system, "DELETE", path, None).await;
    }
}

async fn handle(system: &System, events: &[Event]) {
    let processor = system.processor();
    for event in events {
        let response = processor.handle(event.clone()).await.expect("a response");
        assert_eq!(response, Response::success());
    }
}

fn is_rollup_item(item: &Value) -> bool {
    item["_et"]["S"] == "@rollup"
}

/// The rollup items that the items make, under the keys that the definition gives them.
fn recounted(items: &[Value]) -> Rows {
    let mut products: BTreeMap<(String, String), BTreeSet<&str>> = BTreeMap::new();
    for item in items.iter().filter(|item| (STATS.admits)(item)) {
        let text = |name: &str| item[name]["S"].as_str();
        let key =
            (text("PK").expect("a key"), format!("STATS#{}", &text("at").expect("a time")[..7]));
        let of_month = products.entry((key.0.to_owned(), key.1)).or_default();
        of_month.extend(text("product"));
    }
    let beside = |((partition, sort), mut row): (_, BTreeMap<String, BigDecimal>)| {
        let (partition, sort): (String, String) = (partition, sort);
        let key = (partition.replacen("stats", "USER", 1), sort.replacen("month", "STATS", 1));
        let different = products[&key].len();
        if different > 0 {
            row.insert("distinct(product)".to_owned(), BigDecimal::from(different as u64));
        }
        (key, row)
    };
    STATS.recount(items).into_iter().map(beside).collect()
}

async fn assert_all_exact(system: &System) {
    let items = system.stored().await;
    let kept: Vec<Value> = items.iter().filter(|item| is_rollup_item(item)).cloned().collect();
    let mut kept_rows = stored(&kept);
    for row in kept_rows.values_mut() {
        row.remove("gone_at");
    }
    let recounted = recounted(&items);
    assert!(recounted.len() > 2, "{recounted:?}");
    assert_exact(&kept_rows, &recounted);
}

#[tokio::test(flavor = "multi_thread")]
async fn rollup_items_stand_beside_their_items_exact_whatever_is_delivered_again() {
    let system = start().await;
    trade(&system).await;
    let captured = Captured::read(&system).await;
    handle(&system, &captured.cut(4)).await;
    assert_all_exact(&system).await;
    // From the beginning, and from the middle, cut otherwise.
    handle(&system, &captured.cut(5)).await;
    handle(&system, &captured.cut(7)[1..]).await;
    assert_all_exact(&system).await;
    let items = system.stored().await;
    let months = ["STATS#2026-10", "STATS#2026-11"];
    for user in ["USER#ann", "USER#b%23b"] {
        let is_here = |item: &&Value| item["PK"]["S"] == user && is_rollup_item(item);
        let kept: Vec<_> = items.iter().filter(is_here).collect();
        assert!(kept.iter().all(|item| months.iter().any(|month| item["SK"]["S"] == *month)));
        // The end of the month, and a hundred years of 52 weeks.
        let november = kept.iter().find(|item| item["SK"]["S"] == months[1]).expect("November");
        let end: jiff::Timestamp = "2026-12-01T00:00:00Z".parse().expect("a time");
        let gone_at = end.as_second() + 5_200 * 7 * 24 * 60 * 60;
        assert_eq!(november["gone_at"]["N"], gone_at.to_string());
    }
    // What is in the table of rollups are rows alone.
    let rows = system.stored_rollups().await;
    let partitions = rows.iter().filter_map(|row| row["PK"]["S"].as_str());
    let mut partitions = partitions.filter(|key| !key.starts_with('@'));
    assert!(partitions.all(|key| key.starts_with("stats.values(")), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_processor_does_nothing_about_its_own_writes() {
    let system = start().await;
    trade(&system).await;
    let first = Captured::read(&system).await.cut(ALL).remove(0);
    handle(&system, std::slice::from_ref(&first)).await;
    let before = system.stored().await;
    let again = Captured::read(&system).await.cut(ALL).remove(0);
    // The mapping goes on where it was: these are the changes of rollup items.
    assert!(!again.records.is_empty(), "rollup items have been written");
    let keys = again.records.iter().map(|record| serde_json::to_value(record).expect("JSON"));
    for record in keys {
        let sort = record["dynamodb"]["Keys"]["SK"]["S"].as_str().expect("a key");
        assert!(sort.starts_with("STATS#"), "{record}");
    }
    handle(&system, std::slice::from_ref(&again)).await;
    assert_eq!(system.stored().await, before);
    assert_eq!(system.rollups.parked().await.expect("the records"), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_of_somebody_is_left_as_it_is_and_the_update_is_parked() {
    let system = start().await;
    let client = Client::new(&system.dynamodb.url);
    let name = &system.model.table.name;
    let theirs = json!({
        "PK": { "S": "USER#ann" },
        "SK": { "S": "STATS#2026-10" },
        "count": { "N": "7" },
        "mood": { "S": "fine" },
    });
    client.dynamodb("PutItem", &json!({ "TableName": name, "Item": theirs })).await;
    trade(&system).await;
    let captured = Captured::read(&system).await;
    handle(&system, &captured.cut(ALL)).await;
    handle(&system, &captured.cut(ALL)).await;
    let is_theirs = |item: &&Value| item["PK"] == theirs["PK"] && item["SK"] == theirs["SK"];
    let after = system.stored().await;
    assert_eq!(after.iter().find(is_theirs), Some(&theirs));
    let parked = system.rollups.parked().await.expect("the records");
    let (partition, sort) = ("USER#ann".to_owned(), "STATS#2026-10".to_owned());
    let key = RollupKey { is_colocated: true, partition, sort };
    let of_item = parked.iter().find(|parked| parked.key == key).expect("its update is parked");
    let reason = format!("the item USER#ann STATS#2026-10 of the table `{name}` is no rollup item");
    assert!(of_item.reason.contains(&reason), "{}", of_item.reason);
    // A row that it would count is parked as well; a row that it does not count is not.
    let rows = parked.iter().filter(|parked| parked.key != key);
    let rows: Vec<&str> = rows.map(|parked| parked.key.partition.as_str()).collect();
    assert!(
        !rows.is_empty() && rows.iter().all(|row| *row == "stats.values(product)#ann"),
        "{rows:?}"
    );
    // All others are as they must be.
    let kept: Vec<Value> = after.iter().filter(|item| is_rollup_item(item)).cloned().collect();
    let mut kept = stored(&kept);
    kept.values_mut().for_each(|row| drop(row.remove("gone_at")));
    let mut expected = recounted(&after);
    expected.remove(&(key.partition, key.sort)).expect("it has orders");
    assert_exact(&kept, &expected);
}
