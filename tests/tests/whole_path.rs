//! The whole path on real data: flights go in over HTTP, are corrected and removed, and every
//! rollup is compared with a recount of the items.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use weir_model::AttributeValue;
use weir_processor::Processor;
use weir_processor::event::{Event, Response};
use weir_table::{Applied, Connection, Rollups, ShardId};
use weir_testing::fixture::fixture;
use weir_testing::flights::{DEFINITION, ROLLUPS, every, path};
use weir_testing::recount::stored;
use weir_testing::system::{Captured, System};

/// How many steps apart the flights are that are loaded: few of them are then of many days and of
/// all months.
const STEP: usize = 100;
/// How many are loaded.
const ROWS: usize = 150;
/// Rows of one request to `/batch`.
const BATCH_ROWS: usize = 70;

fn flights(rows: usize) -> Vec<Value> {
    every(STEP, rows)
}

fn text<'a>(json: &'a Value, name: &str) -> &'a str {
    json[name].as_str().expect(name)
}

async fn load(system: &System, flights: &[Value]) {
    for rows in flights.chunks(BATCH_ROWS) {
        let (status, answer) = system.http.send("POST", "/batch/flight", Some(&rows.into())).await;
        assert_eq!((status, &answer["written"]), (200, &json!(rows.len())), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn flights_written_corrected_and_removed_over_http_are_counted_exactly() {
    let system = System::open(DEFINITION).await;
    let running = system.process(system.processor(), 100);
    let flights = flights(ROWS);
    load(&system, &flights).await;
    running.catch_up().await;
    assert!(system.assert_exact(&ROLLUPS).await > 500);

    // Every seventh flight is late by another amount, every eleventh is cancelled, every 13th is
    // loaded again.
    for flight in flights.iter().step_by(7) {
        let mut late = flight.clone();
        late["delay"] = json!(text(flight, "delay").parse::<i64>().expect("a number") + 14);
        let (status, answer) = system.http.send("PUT", &path(flight), Some(&late)).await;
        assert_eq!(status, 200, "{answer}");
    }
    for flight in flights.iter().step_by(11) {
        let (status, answer) = system.http.send("DELETE", &path(flight), None).await;
        assert_eq!((status, answer), (204, Value::Null));
    }
    let again: Vec<_> = flights.iter().step_by(13).cloned().collect();
    load(&system, &again).await;
    running.catch_up().await;
    system.assert_exact(&ROLLUPS).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reader_answers_what_a_recount_gives() {
    let system = System::open(DEFINITION).await;
    let running = system.process(system.processor(), 1000);
    let flights = flights(ROWS);
    load(&system, &flights).await;
    running.catch_up().await;

    let (mut delays, mut days) = (Vec::new(), BTreeMap::<String, u64>::new());
    for flight in flights.iter().filter(|flight| flight["origin"] == "ATL") {
        delays.push(text(flight, "delay").parse::<i64>().expect("a number"));
        *days.entry(format!("{}T00:00:00Z", &text(flight, "departure")[..10])).or_default() += 1;
    }
    assert!(days.len() > 1, "one day is too few to tell");
    let (status, answer) = system.http.get("/rollups/flights_by_origin?origin=ATL").await;
    assert_eq!((status, &answer["every"]), (200, &json!("all")));
    let (point, sum) = (&answer["points"][0], delays.iter().sum::<i64>());
    assert_eq!((&point["flights"], &point["delay"]), (&json!(delays.len()), &json!(sum)));
    let average = point["average_delay"].to_string().parse::<f64>().expect("a number");
    assert!((average - sum as f64 / delays.len() as f64).abs() < 1e-6, "{average}");

    let question = "/rollups/flights_by_origin?origin=ATL&every=day&from=2001-01-01&to=2001-04-01";
    let (_, answer) = system.http.get(question).await;
    let points = answer["points"].as_array().expect("points");
    let answered = points.iter().map(|point| {
        (text(point, "start").to_owned(), point["flights"].as_u64().expect("a count"))
    });
    assert_eq!(answered.collect::<BTreeMap<_, _>>(), days);

    let (_, first) = system.http.get(&format!("{question}&limit=1")).await;
    let cursor = text(&first, "cursor");
    let (_, second) = system.http.get(&format!("{question}&limit=1&cursor={cursor}")).await;
    assert_eq!([&first["points"][0], &second["points"][0]], [&points[0], &points[1]]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_processor_killed_again_and_again_counts_nothing_twice() {
    let system = System::open(DEFINITION).await;
    load(&system, &flights(100)).await;
    for round in 0..20_u64 {
        let running = system.process(system.processor(), 17);
        tokio::time::sleep(std::time::Duration::from_millis(10 + round * 9)).await;
        running.kill().await;
    }
    let running = system.process(system.processor(), 100);
    running.catch_up().await;
    system.assert_exact(&ROLLUPS).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_replayed_from_its_beginning_changes_nothing() {
    let system = System::open(DEFINITION).await;
    let flights = flights(80);
    load(&system, &flights).await;
    let running = system.process(system.processor(), 50);
    running.catch_up().await;
    running.stop().await;
    forget_checkpoints(&system).await;
    for flight in flights.iter().step_by(3) {
        system.http.send("DELETE", &path(flight), None).await;
    }
    let running = system.process(system.processor(), 7);
    running.catch_up().await;
    system.assert_exact(&ROLLUPS).await;
    running.stop().await;
}

/// Two processors that do not know of each other, on batches cut differently: overlapping
/// invocations for one shard.
#[tokio::test(flavor = "multi_thread")]
async fn overlapping_invocations_add_each_change_once() {
    let system = System::open(DEFINITION).await;
    load(&system, &flights(80)).await;
    let captured = Captured::read(&system).await;
    let (events, others) = (captured.cut(23), captured.cut(31));
    let (left, right) = (system.processor(), system.processor());
    let deliver = async |processor: &Processor, events: &[Event]| {
        for event in events {
            let response = processor.handle(event.clone()).await.expect("handled");
            assert_eq!(response, Response::success());
        }
    };
    tokio::join!(deliver(&left, &events), deliver(&right, &others));
    deliver(&left, &events[1..4]).await;
    system.assert_exact(&ROLLUPS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_rollups_table_fails_the_invocation_loudly() {
    let system = System::open(DEFINITION).await;
    load(&system, &flights(3)).await;
    let event = Captured::read(&system).await.cut(10).remove(0);
    let mut table = system.model.table.clone();
    table.rollups_table = "not-there".to_owned();
    let nowhere = Rollups::new(&Connection::to(&system.dynamodb.url).await, &table);
    let processor = Processor::new(system.model.clone()).rollups(nowhere);
    let error = processor.handle(event).await.expect_err("there is no table");
    assert!(
        weir_table::error::chain(&error).contains("the table `not-there` does not exist"),
        "{}",
        weir_table::error::chain(&error)
    );
}

async fn forget_checkpoints(system: &System) {
    let table = &system.model.table.rollups_table;
    let client = weir_testing::http::Client::new(&system.dynamodb.url);
    for item in system.stored_rollups().await {
        if item["PK"]["S"].as_str().is_some_and(|key| key.starts_with('@')) {
            let key = json!({"PK": item["PK"], "SK": item["SK"]});
            client.dynamodb("DeleteItem", &json!({"TableName": table, "Key": key})).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_are_there_already_are_taken_when_they_fit_and_refused_when_they_do_not() {
    let system = System::open(DEFINITION).await;
    let again = system.table.provision().await.expect("the same tables");
    assert!(!again.is_new);
    let other = DEFINITION
        .replace("sort_key = \"SK\"", "sort_key = \"range\"")
        .replace("\nSK =", "\nrange =");
    let model: weir_model::Model = other.parse().expect("valid");
    let model = model.with_table(&system.model.table.name, None);
    let table = weir_table::Table::new(&Connection::to(&system.dynamodb.url).await, model.into());
    let error = table.provision().await.expect_err("another sort key").to_string();
    assert!(error.ends_with("its keys are PK and SK, expected PK and range"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_says_what_it_did() {
    let system = System::open(DEFINITION).await;
    let change = |sequence: u64, origin: &str| {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let attributes = [
            ("_et".to_owned(), text("flight")),
            ("origin".to_owned(), text(origin)),
            ("destination".to_owned(), text("ORD")),
            ("departure".to_owned(), text("2001-01-01T00:00:00Z")),
            ("delay".to_owned(), AttributeValue::N("20".to_owned())),
        ];
        let new = attributes.into_iter().collect::<std::collections::HashMap<_, _>>().into();
        let sequence = sequence.to_string().parse().expect("a sequence number");
        weir_rollups::Change { sequence, seconds: 0, image: weir_rollups::Image::Insert { new } }
    };
    let fold = |shard: &str, range: std::ops::Range<u64>| {
        let changes: Vec<_> = range.map(|sequence| change(sequence, "ATL")).collect();
        let updates = weir_rollups::fold(&system.model, shard, &changes).updates;
        updates.into_iter().find(|update| update.key.sort == "all").expect("an update of all time")
    };
    let apply = async |shard: &str, range| {
        let update = fold(shard, range);
        system.rollups.apply(&ShardId::new("label", shard), &update).await.expect("applied")
    };
    assert_eq!(apply("shardId-1", 10..20).await, Applied::Whole);
    assert_eq!(apply("shardId-1", 10..20).await, Applied::Nothing);
    assert_eq!(apply("shardId-1", 15..25).await, Applied::Rest);
    assert_eq!(apply("shardId-2", 15..25).await, Applied::Whole);
    let rows = stored(&system.stored_rollups().await);
    assert_eq!(
        rows.values().map(|row| row["count"].clone()).collect::<Vec<_>>(),
        [bigdecimal::BigDecimal::from(25)]
    );
}

/// The tables of a definition that has changed are there already, and the processors count what
/// they counted: only a build begins another revision.
#[tokio::test(flavor = "multi_thread")]
async fn a_definition_that_changed_takes_its_tables_as_they_are() {
    let system = System::open(DEFINITION).await;
    let connection = system.dynamodb.connect().await;
    let provisioned = async |definition: &str| {
        let model: weir_model::Model = definition.parse().expect("valid");
        let model = model.with_table(&system.model.table.name, None);
        let table = weir_table::Table::new(&connection, model.into());
        table.provision().await.map_err(|error| error.to_string())?;
        table.read_rollups_state().await.map_err(|error| error.to_string())
    };
    let begun = provisioned(DEFINITION).await.expect("its own tables").expect("a state");
    assert_eq!(begun.revisions.len(), ROLLUPS.len());
    let added = "[rollups.added]\nof = \"flight\"\nmeasures = { n = \"count\" }\n[rollups.";
    for (from, to) in [
        ("gte = 15", "gte = 60"),
        (r#"buckets = ["day", "month", "all"]"#, r#"buckets = ["year", "all"]"#),
        ("[rollups.", added),
    ] {
        assert!(DEFINITION.contains(from), "{from}");
        let state = provisioned(&DEFINITION.replacen(from, to, 1)).await;
        assert_eq!(state.expect(to).expect("a state").revisions, begun.revisions, "{to}");
    }
}

/// The items that the mapping writes are recognised by their keys, but only where it writes:
/// elsewhere it is a key like others.
#[tokio::test(flavor = "multi_thread")]
async fn items_whose_keys_look_like_checkpoints_are_counted() {
    let rollup = "[rollups.things]\nof = \"thing\"\nmeasures = { things = \"count\" }";
    let definition = fixture("tenants").replace("\"THINGS#{tenant}\"", "\"{tenant}#{id}\"");
    let definition = definition.replace("SK = \"{id}\"", "SK = \"THING\"").with(rollup);
    let system = System::open(&definition).await;
    let running = system.process(system.processor(), 10);
    for tenant in ["acme", "@mapping", "@parked"] {
        let item = json!({ "tenant": tenant, "id": "1" });
        assert_eq!(system.http.send("POST", "/thing", Some(&item)).await.0, 201);
    }
    running.catch_up().await;
    let (_, answer) = system.http.get("/rollups/things").await;
    assert_eq!(answer["points"][0]["things"], json!(3));
    running.stop().await;
}
