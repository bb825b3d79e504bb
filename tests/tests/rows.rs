//! Rows: those of nothing have a time to live however they came to count nothing, none that counts
//! something has one, and each remembers the shards of some days only; and how many an answer
//! reads.

mod bounds;

use serde_json::{Value, json};
use weir_model::{AttributeValue, Item};
use weir_rollups::{Change, Image, Update, fold};
use weir_table::{Applied, Outcome, Rollups, SettledUpdate, ShardId};
use weir_testing::failed_updates::FailedUpdates;
use weir_testing::fixture::fixture;
use weir_testing::gate::Gate;
use weir_testing::http::Client;
use weir_testing::json::object;
use weir_testing::system::System;

/// Rows for users, ends and octaves.
const SPEND: &str = r#"
[rollups.spend]
of = "order"
buckets = ["all"]
measures = { buyers = "distinct(user)", most = "max(total)", half = "median(total)" }
"#;
const LABEL: &str = "2026-11-20T00:00:00.000";
const SHARD: &str = "shardId-1";

/// The system of orders with those rows.
async fn spend() -> System {
    System::open(&fixture("orders").with(SPEND)).await
}

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
    let changes = images
        .into_iter()
        .enumerate()
        .map(|(position, image)| change(first + u32::try_from(position).expect("few"), image));
    let changes: Vec<Change> = changes.collect();
    for batch in changes.chunks(if at_once { changes.len() } else { 1 }) {
        for update in fold(&system.model, SHARD, batch).updates {
            system.rollups.apply(&ShardId::new(LABEL, SHARD), &update).await.expect("applied");
        }
    }
}

/// The rows, each with its count and whether it has a time to live.
async fn rows(system: &System) -> Vec<(String, String, bool)> {
    let items = system.stored_rollups().await;
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
        let system = spend().await;
        let images = vec![
            Image::Insert { new: order("ann", 70) },
            Image::Modify { old: order("ann", 70), new: order("bob", 7) },
            Image::Modify { old: order("bob", 7), new: order("cy", 700) },
        ];
        absorb(&system, 1, images, at_once).await;
        let kept = rows(&system).await;
        assert_eq!(kept.len(), 9, "{kept:?}");
        for (name, count, expires) in &kept {
            let is_last =
                name.ends_with("#cy") || name.ends_with("#03700") || name.ends_with("#+09");
            let wanted = if is_last { ("1", false) } else { ("0", true) };
            assert_eq!((count.as_str(), *expires), wanted, "{name}, at once: {at_once}");
        }
        let back = vec![Image::Modify { old: order("cy", 700), new: order("ann", 70) }];
        absorb(&system, 10, back, at_once).await;
        for (name, count, expires) in rows(&system).await {
            assert_eq!(count == "0", expires, "{name}: {count}");
        }
        system.delete_tables().await;
    }
}

/// A change of a shard.
fn change(number: u32, image: Image) -> Change {
    let sequence = number.to_string().parse().expect("a sequence number");
    Change { sequence, seconds: 1_795_132_800, image }
}

fn insert(user: &str) -> Image {
    Image::Insert { new: order(user, 70) }
}

fn remove(user: &str) -> Image {
    Image::Remove { old: order(user, 70), expired: false }
}

/// The update of a user's row.
fn of_user(system: &System, shard: &str, user: &str, changes: &[Change]) -> Update {
    let updates = fold(&system.model, shard, changes).updates;
    let key = format!("all#{user}");
    let is_of_user =
        |update: &Update| update.bookkeeping.crossing.is_some() && update.key.sort == key;
    updates.into_iter().find(is_of_user).expect("the row of a user")
}

/// The partition of the rows of users.
const USERS: &str = "spend.values(user)";

/// An update of a row that crosses zero, between its attempt and its transaction.
struct Attempted {
    gate: Gate,
    applied: tokio::task::JoinHandle<Applied>,
}

impl Attempted {
    /// Begins to apply an update of a shard, and waits until its transaction is to be sent.
    async fn start(system: &System, update: &Update) -> Self {
        let gate = Gate::for_transactions_with(USERS);
        let connection = gate.before(system.dynamodb.connect().await);
        let rollups = Rollups::new(&connection, &system.model.table);
        let update = update.clone();
        let applied = tokio::spawn(async move {
            rollups.apply(&ShardId::new(LABEL, SHARD), &update).await.expect("applied")
        });
        gate.reached().await;
        Self { gate, applied }
    }

    /// Sends its transaction.
    async fn finish(self) -> Applied {
        self.gate.open();
        self.applied.await.expect("no panic")
    }
}

/// How many different users the rollup item counts, and how many items each row of a user.
async fn users(system: &System) -> (String, Vec<(String, String)>) {
    let items = system.stored_rollups().await;
    let number = |item: &Value, name: &str| item[name]["N"].as_str().unwrap_or("0").to_owned();
    let of = |name: &'static str| items.iter().filter(move |item| item["PK"]["S"] == name);
    let distinct = of("spend").map(|item| number(item, "distinct(user)")).next();
    let row = |item: &Value| {
        let user = item["SK"]["S"].as_str().and_then(|key| key.strip_prefix("all#"));
        (user.expect("a row").to_owned(), number(item, "count"))
    };
    let mut rows: Vec<_> = of("spend.values(user)").map(row).collect();
    rows.sort();
    (distinct.unwrap_or_else(|| "0".to_owned()), rows)
}

fn row_of(update: &Update) -> Value {
    json!({ "PK": { "S": update.key.partition }, "SK": { "S": update.key.sort } })
}

/// An invocation of the same shard wrote the row and died before it gave it a time to live.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_another_invocation_made_one_of_nothing_is_given_a_time_to_live() {
    let system = spend().await;
    absorb(&system, 1, vec![insert("ann")], true).await;
    let update = of_user(&system, SHARD, "ann", &[change(2, remove("ann"))]);
    let attempted = Attempted::start(&system, &update).await;

    system.rollups.apply(&ShardId::new(LABEL, SHARD), &update).await.expect("applied");
    let request = json!({
        "TableName": system.model.table.rollups_table,
        "Key": row_of(&update),
        "UpdateExpression": "REMOVE expires_at",
    });
    Client::new(&system.dynamodb.url).dynamodb("UpdateItem", &request).await;

    assert_eq!(attempted.finish().await, Applied::Nothing);
    let ann = |(name, ..): &(String, String, bool)| name.ends_with("#ann");
    let row = rows(&system).await.into_iter().find(ann).expect("the row");
    assert_eq!((row.1.as_str(), row.2), ("0", true), "a row of nothing goes away");
    system.delete_tables().await;
}

/// Every write of such a row is a transaction, which does not say what the row is then.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_only_comes_and_goes_forgets_old_shards_too() {
    const SHARD_HOURS: u32 = 4;
    let system = spend().await;
    for number in 1..=100_u32 {
        let image = if number % 2 == 1 { insert("ann") } else { remove("ann") };
        let seconds = 1_795_132_800 + number * SHARD_HOURS * 60 * 60;
        let shard = format!("shardId-{number}");
        let update =
            of_user(&system, &shard, "ann", &[Change { seconds, ..change(number, image) }]);
        for wanted in [Applied::Whole, Applied::Nothing] {
            let applied =
                system.rollups.apply(&ShardId::new(LABEL, &shard), &update).await.expect("applied");
            assert_eq!(applied, wanted);
        }
    }
    let items = system.stored_rollups().await;
    let row = items.iter().find(|item| item["SK"]["S"] == "all#ann").expect("the row");
    let names = object(row).keys();
    let watermarks = names.filter(|name| name.starts_with('@')).count();
    let needed = 72 / SHARD_HOURS as usize + 1;
    assert!((needed..needed + 5).contains(&watermarks), "{watermarks}");
    system.delete_tables().await;
}

/// What comes between an update that is tried and its transaction.
#[derive(Clone, Copy, Debug)]
enum Between {
    Nothing,
    AnotherShard,
    TheRowIsGone,
    TheSameBatch,
    ALongerBatch,
    AShorterBatch,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_changed_since_it_was_tried_is_counted_once() {
    let cases = [
        (Between::Nothing, Applied::Whole, 1),
        (Between::AnotherShard, Applied::Whole, 2),
        (Between::TheRowIsGone, Applied::Whole, 1),
        (Between::TheSameBatch, Applied::Nothing, 1),
        (Between::ALongerBatch, Applied::Nothing, 0),
        (Between::AShorterBatch, Applied::Rest, 1),
    ];
    for (between, wanted, count) in cases {
        let system = spend().await;
        absorb(&system, 1, vec![insert("ann"), remove("ann")], true).await;
        let changes = [insert("ann"), remove("ann"), insert("ann"), remove("ann")];
        let changes = changes.into_iter().zip(3..).map(|(image, number)| change(number, image));
        let changes: Vec<_> = changes.collect();
        let update = of_user(&system, SHARD, "ann", &changes[..3]);
        let first = Attempted::start(&system, &update).await;
        let second = Attempted::start(&system, &update).await;
        let apply = async |shard: &str, changes: &[Change]| {
            let update = of_user(&system, shard, "ann", changes);
            system.rollups.apply(&ShardId::new(LABEL, shard), &update).await.expect("applied")
        };
        match between {
            Between::Nothing => {}
            Between::AnotherShard => {
                apply("shardId-2", &changes[..1]).await;
            }
            Between::TheRowIsGone => {
                let table = &system.model.table.rollups_table;
                let request = json!({ "TableName": table, "Key": row_of(&update) });
                Client::new(&system.dynamodb.url).dynamodb("DeleteItem", &request).await;
            }
            Between::TheSameBatch => {
                apply(SHARD, &changes[..3]).await;
            }
            Between::ALongerBatch => {
                apply(SHARD, &changes).await;
            }
            Between::AShorterBatch => {
                apply(SHARD, &changes[..1]).await;
            }
        }
        for (attempted, wanted) in [(first, wanted), (second, Applied::Nothing)] {
            assert_eq!(attempted.finish().await, wanted, "{between:?}");
        }
        let distinct = if count > 0 { "1" } else { "0" };
        let rows = vec![("ann".to_owned(), count.to_string())];
        assert_eq!(users(&system).await, (distinct.to_owned(), rows), "{between:?}");
        system.delete_tables().await;
    }
}

/// The rows of three users that come at once, one of which, or what counts them, holds something
/// that no processor has written.
#[tokio::test(flavor = "multi_thread")]
async fn what_refuses_one_row_of_a_transaction_leaves_the_others_counted() {
    let filler = "x".repeat(400 * 1024 - 60);
    let spoilt_row =
        |name: &str, value: Value| ("spend.values(user)", "all#ann", json!({ name: value }));
    let cases = [
        (spoilt_row("x", json!({ "S": filler })), ["bob", "cy"].as_slice()),
        (spoilt_row("count", json!({ "S": "?" })), &["bob", "cy"]),
        (spoilt_row("count", json!({ "N": "-0.5" })), &["bob", "cy"]),
        (("spend", "all", json!({ "distinct(user)": { "S": "?" } })), &[]),
    ];
    for ((partition, sort, mut item), counted) in cases {
        let system = spend().await;
        item["PK"] = json!({ "S": partition });
        item["SK"] = json!({ "S": sort });
        let request = json!({ "TableName": system.model.table.rollups_table, "Item": item });
        Client::new(&system.dynamodb.url).dynamodb("PutItem", &request).await;
        let mut updates = Vec::new();
        for (user, number) in ["ann", "bob", "cy"].into_iter().zip(1..) {
            updates.push(of_user(&system, SHARD, user, &[change(number, insert(user))]));
        }
        let failed = FailedUpdates::default();
        let connection = failed.before(system.dynamodb.connect().await);
        let rollups = Rollups::new(&connection, &system.model.table);
        let settled = rollups.apply_all(&ShardId::new(LABEL, SHARD), updates).await;
        assert!(failed.take() >= 3, "each row crosses zero, so each update fails first");
        assert_eq!(settled.len(), 3);
        for SettledUpdate { update, result } in settled {
            let user = update.key.sort.strip_prefix("all#").expect("a row");
            match result.expect("settled") {
                Outcome::Applied(applied) => {
                    assert_eq!((applied, counted.contains(&user)), (Applied::Whole, true))
                }
                Outcome::Parked(error) => {
                    assert!(error.is_refusal() && !counted.contains(&user), "{error:?}");
                }
            }
        }
        let (distinct, rows) = users(&system).await;
        let ones = rows.iter().filter(|(_, count)| count == "1").map(|(user, _)| user.as_str());
        assert_eq!(ones.collect::<Vec<_>>(), counted);
        assert_eq!(distinct, counted.len().to_string());
        system.delete_tables().await;
    }
}
