//! Rows: those of nothing have a time to live however they came to count nothing, none that counts something has one, and each
//! remembers the shards of some days only; and how many an answer reads.

#[path = "rows/bounds.rs"]
mod bounds;

use aggregates::{Change, Image, fold};
use model::{AttributeValue, Item};
use serde_json::{Value, json};
use table::{Applied, Step};
use tests::dynamodb::TestDynamo;
use tests::http::Client;
use tests::recount::scan;
use tests::system::System;

const DEFINITION: &str = r##"
[table]
name = "shop"
[entities.order]
PK = "ORDER#{id}"
SK = "ORDER"
[entities.order.attributes]
id = { type = "string", required = true }
user = { type = "string" }
total = { type = "integer" }
[rollups.spend]
of = "order"
buckets = ["all"]
measures = { buyers = "distinct(user)", most = "max(total)", half = "median(total)" }
"##;
const LABEL: &str = "2026-11-20T00:00:00.000";
const SHARD: &str = "shardId-1";

fn order(user: &str, total: u32) -> Item {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let attributes = [
        ("PK", text("ORDER#1")),
        ("SK", text("ORDER")),
        ("_et", text("order")),
        ("id", text("1")),
        ("user", text(user)),
        ("total", AttributeValue::N(total.to_string())),
    ];
    let attributes = attributes.map(|(name, value)| (name.to_owned(), value));
    std::collections::HashMap::from(attributes).into()
}

/// Adds changes to the rollups, all at once or one by one.
async fn absorb(system: &System, first: u32, images: Vec<Image>, at_once: bool) {
    let changes = images.into_iter().enumerate().map(|(position, image)| {
        let number = first + u32::try_from(position).expect("few");
        let sequence = number.to_string().parse().expect("a sequence number");
        Change { sequence, seconds: 1_795_132_800, image }
    });
    let changes: Vec<Change> = changes.collect();
    for batch in changes.chunks(if at_once { changes.len() } else { 1 }) {
        for update in fold(&system.model, SHARD, batch).updates {
            system.rollups.apply(LABEL, SHARD, &update).await.expect("applied");
        }
    }
}

/// The rows, each with its count and whether it has a time to live.
async fn rows(dynamodb: &TestDynamo, system: &System) -> Vec<(String, String, bool)> {
    let items = scan(&dynamodb.url, &system.model.table.rollups_table).await;
    let text = |item: &Value, name: &str| item[name]["S"].as_str().expect(name).to_owned();
    let rows = items.iter().filter(|item| text(item, "PK").starts_with("spend."));
    let mut rows: Vec<_> = rows
        .map(|item| {
            let count = item["count"]["N"].as_str().unwrap_or("none").to_owned();
            let name = format!("{} {}", text(item, "PK"), text(item, "SK"));
            (name, count, item.get("expires_at").is_some())
        })
        .collect();
    rows.sort();
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_has_a_time_to_live_while_it_counts_nothing() {
    for at_once in [true, false] {
        let dynamodb = TestDynamo::start().await;
        let system = System::start(&dynamodb, DEFINITION).await;
        let images = vec![
            Image::Insert { new: order("ann", 70) },
            Image::Modify { old: order("ann", 70), new: order("bob", 7) },
            Image::Modify { old: order("bob", 7), new: order("cy", 700) },
        ];
        absorb(&system, 1, images, at_once).await;
        let kept = rows(&dynamodb, &system).await;
        assert_eq!(kept.len(), 9, "{kept:?}");
        for (name, count, expires) in &kept {
            let is_last =
                name.ends_with("#cy") || name.ends_with("#03700") || name.ends_with("#+09");
            let wanted = if is_last { ("1", false) } else { ("0", true) };
            assert_eq!((count.as_str(), *expires), wanted, "{name}, at once: {at_once}");
        }
        let back = vec![Image::Modify { old: order("cy", 700), new: order("ann", 70) }];
        absorb(&system, 10, back, at_once).await;
        for (name, count, expires) in rows(&dynamodb, &system).await {
            assert_eq!(count == "0", expires, "{name}: {count}");
        }
        system.delete_tables().await;
    }
}

/// The first update of a change, which is that of the row of its user.
fn of_user(system: &System, shard: &str, change: &Change) -> aggregates::Update {
    let updates = fold(&system.model, shard, [change]).updates;
    let is_of_user = |update: &aggregates::Update| update.upkeep.crossing.is_some();
    updates.into_iter().find(is_of_user).expect("the row of a user")
}

/// An invocation of the same shard wrote the row and died before it gave it a time to live.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_another_invocation_made_one_of_nothing_is_given_a_time_to_live() {
    let dynamodb = TestDynamo::start().await;
    let system = System::start(&dynamodb, DEFINITION).await;
    absorb(&system, 1, vec![Image::Insert { new: order("ann", 70) }], true).await;
    let image = Image::Remove { old: order("ann", 70), expired: false };
    let sequence = "2".parse().expect("a sequence number");
    let update = of_user(&system, SHARD, &Change { sequence, seconds: 1_795_132_800, image });
    let tried = system.rollups.try_apply(LABEL, SHARD, &update).await.expect("tried");
    let Step::Crosses(pending) = tried else { panic!("{tried:?}") };

    system.rollups.apply(LABEL, SHARD, &update).await.expect("applied by the other one");
    let request = json!({
        "TableName": system.model.table.rollups_table,
        "Key": { "PK": { "S": update.key.partition }, "SK": { "S": update.key.sort } },
        "UpdateExpression": "REMOVE expires_at",
    });
    Client::new(&dynamodb.url).dynamodb("UpdateItem", &request).await;

    let crossed = system.rollups.cross(LABEL, SHARD, vec![pending]).await;
    assert!(matches!(crossed[..], [(_, Ok(Applied::Nothing))]), "{crossed:?}");
    let ann = |(name, ..): &(String, String, bool)| name.ends_with("#ann");
    let row = rows(&dynamodb, &system).await.into_iter().find(ann).expect("the row");
    assert_eq!((row.1.as_str(), row.2), ("0", true), "a row of nothing goes away");
    system.delete_tables().await;
}

/// Every write of such a row is a transaction, which does not say what the row is then.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_only_comes_and_goes_forgets_old_shards_too() {
    const SHARD_HOURS: u32 = 4;
    let dynamodb = TestDynamo::start().await;
    let system = System::start(&dynamodb, DEFINITION).await;
    for number in 1..=100_u32 {
        let sequence = number.to_string().parse().expect("a sequence number");
        let seconds = 1_795_132_800 + number * SHARD_HOURS * 60 * 60;
        let image = match number % 2 {
            1 => Image::Insert { new: order("ann", 70) },
            _ => Image::Remove { old: order("ann", 70), expired: false },
        };
        let shard = format!("shardId-{number}");
        let update = of_user(&system, &shard, &Change { sequence, seconds, image });
        for wanted in [Applied::Whole, Applied::Nothing] {
            let applied = system.rollups.apply(LABEL, &shard, &update).await.expect("applied");
            assert_eq!(applied, wanted);
        }
    }
    let items = scan(&dynamodb.url, &system.model.table.rollups_table).await;
    let row = items.iter().find(|item| item["SK"]["S"] == "all#ann").expect("the row");
    let names = row.as_object().expect("an item").keys();
    let watermarks = names.filter(|name| name.starts_with('@')).count();
    let needed = 72 / SHARD_HOURS as usize + 1;
    assert!((needed..needed + 5).contains(&watermarks), "{watermarks}");
    system.delete_tables().await;
}
