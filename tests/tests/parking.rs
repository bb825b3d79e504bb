//! Updates that DynamoDB refuses for good: written down, their rollup items marked, and nobody else
//! held up.

use serde_json::{Value, json};
use weir_model::TableDefinition;
use weir_processor::event::{Event, Record, Response};
use weir_table::Parked;
use weir_testing::conflicts::Transaction;
use weir_testing::flights::{DEFINITION, recount, rows};
use weir_testing::http::Client;
use weir_testing::recount::{assert_exact, scan, stored};
use weir_testing::system::{Captured, System};

/// How many flights there are.
const FLIGHTS: usize = 40;
/// The most bytes that an item may have: 400 KB, of which its names take some.
const MAX_ITEM_BYTES: usize = 400 * 1024;

/// A table with flights in it, and their events; nothing is counted yet.
async fn flights() -> (System, Event) {
    let system = System::open(DEFINITION).await;
    let flights = Value::from(rows(FLIGHTS));
    let (status, answer) = system.http.send("POST", "/batch/flight", Some(&flights)).await;
    assert_eq!(status, 200, "{answer}");
    let event = Captured::read(&system).await.cut(FLIGHTS).remove(0);
    (system, event)
}

/// The rollup item of all time of the first flight's origin.
fn key() -> (String, String) {
    let origin = rows(1)[0]["origin"].as_str().expect("text").to_owned();
    (format!("flights_by_origin#{origin}"), "all".to_owned())
}

/// Puts the rollup item with something in it that no processor has written.
async fn spoil(system: &System, name: &str, value: Value) {
    let (partition, sort) = key();
    let mut item = json!({ "PK": { "S": partition }, "SK": { "S": sort } });
    item[name] = value;
    let request = json!({ "TableName": system.model.table.rollups_table, "Item": item });
    Client::new(&system.dynamodb.url).dynamodb("PutItem", &request).await;
}

/// Handles the event, which must succeed, and compares every rollup item but the spoilt one with a
/// recount.
async fn handle(system: &System, event: &Event) -> Vec<Parked> {
    let response = system.processor().handle(event.clone()).await.expect("a response");
    assert_eq!(response, Response::success(), "the shard goes on");
    let mut recounted = recount(&system.stored().await);
    let mut kept = stored(&system.stored_rollups().await);
    assert!(recounted.remove(&key()).is_some());
    kept.remove(&key());
    assert_exact(&kept, &recounted);
    system.rollups.parked().await.expect("the records")
}

async fn point(system: &System) -> Value {
    let (partition, _) = key();
    let (rollup, origin) = partition.split_once('#').expect("a group");
    let (status, answer) = system.http.get(&format!("/rollups/{rollup}?origin={origin}")).await;
    assert_eq!(status, 200, "{answer}");
    answer["points"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_where_a_sum_was_parks_its_rollup_item_and_no_other() {
    let (system, event) = flights().await;
    spoil(&system, "sum(delay)", json!({ "S": "?" })).await;
    let parked = handle(&system, &event).await;
    let [one] = &parked[..] else { panic!("{parked:?}") };
    assert_eq!((one.key.partition.clone(), one.key.sort.clone()), key());
    assert!(one.reason.contains("incorrect data type"), "{}", one.reason);
    assert_eq!(one.refusals, 1);
    // Delivered again, it is refused again; that is still one record.
    let again = handle(&system, &event).await;
    let latest = again[0].latest.clone();
    assert!(latest >= one.latest);
    assert_eq!(again, [Parked { refusals: 2, latest, ..one.clone() }]);
    let point = point(&system).await;
    assert_eq!((&point["parked"], &point["flights"]), (&json!(true), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_of_a_parked_item_goes_with_the_items_of_its_rollup() {
    let (system, event) = flights().await;
    spoil(&system, "sum(delay)", json!({ "S": "?" })).await;
    assert_eq!(handle(&system, &event).await.len(), 1);
    let delete = async |name: &str| {
        let deleted = system.rollups.delete_items_of(&[name.to_owned()], None).await;
        (deleted.expect("deleted"), system.rollups.parked().await.expect("the records").len())
    };
    let (deleted, parked) = delete("delayed_by_origin").await;
    assert!(deleted > 0 && parked == 1, "{deleted} items, {parked} records");
    let (deleted, parked) = delete("flights_by_origin").await;
    assert!(deleted > 1 && parked == 0, "{deleted} items, {parked} records");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_period_that_a_point_is_compared_with_is_marked() {
    let (system, event) = flights().await;
    let (partition, _) = key();
    let item = json!({ "PK": { "S": partition }, "SK": { "S": "month#2000-12" },
        "@parked": { "S": "2026" } });
    let request = json!({ "TableName": system.model.table.rollups_table, "Item": item });
    Client::new(&system.dynamodb.url).dynamodb("PutItem", &request).await;
    system.processor().handle(event).await.expect("a response");
    let origin = partition.split_once('#').expect("a group").1;
    let range = "every=month&from=2001-01&to=2001-02&compare=previous_month";
    let path = format!("/rollups/flights_by_origin?origin={origin}&{range}");
    let (status, answer) = system.http.get(&path).await;
    assert_eq!(status, 200, "{answer}");
    let point = &answer["points"][0];
    assert_eq!((&point["parked"], &point["previous"]["parked"]), (&Value::Null, &json!(true)));
    assert_eq!(
        answer["compared"],
        json!({ "from": "2000-12-01T00:00:00Z", "to": "2001-01-01T00:00:00Z" })
    );
}

/// Until a rollup item is marked, readers take its numbers for exact ones.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_retried_until_the_rollup_item_is_marked() {
    let (system, event) = flights().await;
    spoil(&system, "sum(delay)", json!({ "S": "?" })).await;
    let marks = Transaction::on_parked_marks();
    let connection = marks.before(system.dynamodb.connect().await);
    let rollups = weir_table::Rollups::new(&connection, &system.model.table);
    let processor = weir_processor::Processor::new(system.model.clone()).rollups(rollups);
    let response = processor.handle(event.clone()).await.expect("a response");
    assert!(marks.refused() > 0, "the mark was written");
    let origin = rows(1)[0]["origin"].clone();
    let is_of_it = |record: &&Record| {
        let image = serde_json::to_value(&record.dynamodb.new_image).expect("JSON");
        image["origin"]["S"] == origin
    };
    let first = event.records.iter().find(is_of_it).expect("the flight is among them");
    assert_eq!(response, Response::retry_from(&first.dynamodb.sequence_number));

    marks.end();
    handle(&system, &event).await;
    assert_eq!(point(&system).await["parked"], json!(true));
}

/// A watermark that is no watermark must not be taken for none, or everything would count again.
#[tokio::test(flavor = "multi_thread")]
async fn a_watermark_that_cannot_be_read_parks_its_rollup_item() {
    let (system, event) = flights().await;
    let label = event.event_source_arn.as_deref().and_then(|arn| arn.rsplit('/').next());
    let shard = event.shard_id.as_deref().expect("a shard");
    let watermark = weir_rollups::watermark::name(label.expect("a label"), shard);
    for garbage in [json!({ "S": "?" }), json!({ "B": "AAAA" })] {
        spoil(&system, &watermark, garbage).await;
        let parked = handle(&system, &event).await;
        assert!(parked[0].reason.contains(&watermark), "{parked:?}");
    }
    assert_eq!(point(&system).await["parked"], json!(true), "whoever reads it knows");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_without_room_for_another_byte_is_parked_though_it_cannot_be_marked() {
    let (system, event) = flights().await;
    let (partition, sort) = key();
    let others = ["PK", "SK", "x"].concat().len() + partition.len() + sort.len();
    let filler = "x".repeat(MAX_ITEM_BYTES - others);
    spoil(&system, "x", json!({ "S": filler })).await;
    let parked = handle(&system, &event).await;
    assert_eq!(parked.len(), 1);
    assert!(parked[0].reason.contains("maximum allowed size"), "{}", parked[0].reason);
}

/// The records are items too, and somebody may write into them.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_updated_is_written_anew() {
    let (system, event) = flights().await;
    spoil(&system, "sum(delay)", json!({ "S": "?" })).await;
    let table = &system.model.table.rollups_table;
    handle(&system, &event).await;
    let kept = scan(&system.dynamodb.url, table).await;
    let mut record = kept.into_iter().find(|item| item["PK"]["S"] == "@parked").expect("a record");
    record["refusals"] = json!({ "S": "?" });
    let request = json!({ "TableName": table, "Item": record });
    Client::new(&system.dynamodb.url).dynamodb("PutItem", &request).await;
    assert_eq!(handle(&system, &event).await[0].refusals, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_point_that_is_not_parked_does_not_say_so() {
    let (system, event) = flights().await;
    let response = system.processor().handle(event).await.expect("a response");
    assert_eq!(response, Response::success());
    let point = point(&system).await;
    assert!(point["flights"].is_number() && point.get("parked").is_none(), "{point}");
    assert_eq!(system.rollups.parked().await.expect("none"), []);
}

/// A table with other keys refuses every update; parking them all would hide that.
#[tokio::test(flavor = "multi_thread")]
async fn a_rollups_table_of_other_keys_fails_the_invocation_and_parks_nothing() {
    let (system, event) = flights().await;
    let other = format!("{}-other", system.model.table.name);
    let request = json!({
        "TableName": other,
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
        "BillingMode": "PAY_PER_REQUEST",
    });
    Client::new(&system.dynamodb.url).dynamodb("CreateTable", &request).await;
    let table = TableDefinition { rollups_table: other.clone(), ..system.model.table.clone() };
    let rollups = weir_table::Rollups::new(&system.dynamodb.connect().await, &table);
    let processor = weir_processor::Processor::new(system.model.clone()).rollups(rollups);
    let error = processor.handle(event).await.expect_err("no update fits");
    let error = weir_table::error::chain(&error);
    assert!(error.contains("is not as the definition says"), "{error}");
    assert_eq!(scan(&system.dynamodb.url, &other).await, Vec::<Value>::new());
}
