//! What the processor says of a batch: one line of the log and exact metrics, whether the batch is
//! handled, delivered again, handled in part, or failed. One test, for a process has one recorder.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tower::{Layer, ServiceExt};
use tracing::instrument::WithSubscriber;
use tracing_subscriber::layer::SubscriberExt;
use weir_cli::synth::template::{Filters, Options, template};
use weir_processor::Processor;
use weir_processor::event::Event;
use weir_table::{Connection, Rollups};
use weir_telemetry::metrics::{self, embedded};
use weir_telemetry::{Call, Invocations};
use weir_testing::conflicts::Transaction;
use weir_testing::emf::{Lines, by_dimensions};
use weir_testing::flights::{DEFINITION, path, rows};
use weir_testing::http::Client;
use weir_testing::system::{Captured, System};

const FLIGHTS: usize = 40;
/// Beside the flights, one is replaced, one deleted, one put without its destination, and something
/// else put.
const RECORDS: usize = FLIGHTS + 4;
/// How old the newest record is made.
const AGE: Duration = Duration::from_secs(5);
const REQUEST_ID: &str = "8f507cfc-example-4697-b07a-ac58fc914c95";
const XRAY_HEADER: &str =
    "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

/// The logs of a batch, and its metrics by their set of dimensions.
struct BatchOutput {
    log: Vec<Value>,
    metrics: Vec<(Vec<String>, Value)>,
}

struct World {
    system: System,
    metrics: Lines,
}

impl World {
    /// Handles an event as the runtime of Lambda does, and returns its logs and metrics.
    async fn handle(&self, processor: Processor, event: Event) -> BatchOutput {
        let log = Lines::default();
        let writer = log.clone();
        let layer = weir_telemetry::log::json(move || writer.clone());
        let subscriber = tracing_subscriber::registry()
            .with(layer)
            .with(tracing_subscriber::filter::LevelFilter::INFO);
        let processor = Arc::new(processor);
        let handler = tower::service_fn(move |event: Event| {
            let processor = processor.clone();
            async move { processor.handle(event).await }
        });
        let call = |_: &Event| Call {
            request_id: REQUEST_ID.to_owned(),
            xray_header: Some(XRAY_HEADER.to_owned()),
        };
        let service = Invocations::new(call).layer(handler);
        let _ = async { service.oneshot(event).await }.with_subscriber(subscriber).await;
        BatchOutput { log: log.take(), metrics: by_dimensions(self.metrics.take()) }
    }

    async fn put(&self, item: Value) {
        let request = json!({ "TableName": self.system.model.table.name, "Item": item });
        Client::new(&self.system.dynamodb.url).dynamodb("PutItem", &request).await;
    }

    /// Puts a text where a rollup item sums: the update of it is refused for good.
    async fn spoil(&self) {
        let origin = rows(1)[0]["origin"].as_str().expect("text").to_owned();
        let key = format!("flights_by_origin#{origin}");
        let item = json!({ "PK": { "S": key }, "SK": { "S": "all" }, "sum(delay)": { "S": "?" } });
        let request = json!({ "TableName": self.system.model.table.rollups_table, "Item": item });
        Client::new(&self.system.dynamodb.url).dynamodb("PutItem", &request).await;
    }

    /// Everything that is done to the table, as one event whose newest record has a known age.
    async fn event(&self) -> Event {
        let flights = rows(FLIGHTS);
        let http = &self.system.http;
        let (status, answer) = http.send("POST", "/batch/flight", Some(&json!(flights))).await;
        assert_eq!(status, 200, "{answer}");
        let mut replaced = flights[1].clone();
        replaced["delay"] = json!("77");
        assert_eq!(http.send("PUT", &path(&replaced), Some(&replaced)).await.0, 200);
        assert_eq!(http.send("DELETE", &path(&flights[2]), None).await.0, 204);
        self.put(
            json!({ "PK": { "S": "AIRPORT#XXX" }, "SK": { "S": "1" }, "_et": { "S": "flight" },
            "origin": { "S": "XXX" }, "departure": { "S": "2001-01-01T00:00:00Z" },
            "delay": { "N": "1" }, "distance": { "N": "1" } }),
        )
        .await;
        self.put(json!({ "PK": { "S": "something" }, "SK": { "S": "else" } })).await;
        let mut event = Captured::read(&self.system).await.cut(RECORDS).remove(0);
        assert_eq!(event.records.len(), RECORDS);
        let newest = (SystemTime::now() - AGE).duration_since(UNIX_EPOCH).expect("after 1970");
        for record in &mut event.records {
            let time = newest.as_secs() as i64 - 60;
            record.dynamodb.approximate_creation_date_time = Some(time);
        }
        event.records[7].dynamodb.approximate_creation_date_time = Some(newest.as_secs() as i64);
        event
    }
}

impl BatchOutput {
    /// The line of the batch: the only one of its level.
    fn line(&self) -> &Value {
        let info: Vec<_> = self.log.iter().filter(|line| line["level"] == "INFO").collect();
        let [line] = info.as_slice() else { panic!("one line a batch, found {info:#?}") };
        assert_eq!(line["message"], "a batch was handled");
        assert_eq!(line["lambda_request_id"], REQUEST_ID);
        assert_eq!(line["xray_trace_id"], "1-5759e988-bd862e3fe1be46a994272793");
        line
    }

    /// What a line says of these.
    fn counts(&self, names: &[&str]) -> Vec<u64> {
        names.iter().map(|name| self.line()[name].as_u64().expect(name)).collect()
    }

    /// The value of a metric, for these values of its dimensions; 0 for one that is left out.
    fn metric(&self, metric: &metrics::Metric, values: &[&str]) -> u64 {
        let mut set = vec![metrics::TABLE.to_owned()];
        set.extend(metric.dimensions.iter().map(ToString::to_string));
        let has_values = |line: &Value| {
            metric.dimensions.iter().zip(values).all(|(name, value)| line[name] == *value)
        };
        let mut lines = self.metrics.iter().filter(|(found, _)| *found == set);
        let line = lines.find(|(_, line)| has_values(line));
        line.and_then(|(_, line)| line[metric.cloudwatch].as_u64()).unwrap_or_default()
    }

    fn levels(&self) -> Vec<&str> {
        self.log.iter().map(|line| line["level"].as_str().expect("a level")).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_one_line_and_its_metrics_are_exact() {
    let system = System::open(DEFINITION).await;
    let metrics = Lines::default();
    embedded::install(&system.model.table.name, metrics.clone()).expect("the only recorder");
    let world = World { system, metrics };
    let event = world.event().await;
    world.spoil().await;
    embedded::flush();
    world.metrics.take();

    let first = world.handle(world.system.processor(), event.clone()).await;
    let written = a_handled_batch(&world, &first, &event);
    an_alarm_looks_at_what_is_written(&world, &first);

    let again = world.handle(world.system.processor(), event.clone()).await;
    let counted = again.counts(&["whole", "refolded", "duplicate", "parked", "failed"]);
    assert_eq!(counted, [0, 0, written, 1, 0], "nothing counts twice but the refusal");
    assert_eq!(again.metric(&metrics::UPDATES_DUPLICATE, &[]), written);
    assert_eq!(again.metric(&metrics::UPDATES_ABSORBED, &[]), 0, "a counter is what was added");

    a_batch_in_part(&world, event.clone(), written).await;
    a_batch_that_fails(&world, event.clone()).await;
    an_event_that_is_refused(&world, event).await;
}

/// Returns how many rollup items were written.
fn a_handled_batch(world: &World, output: &BatchOutput, event: &Event) -> u64 {
    let line = output.line();
    assert_eq!(line["outcome"], "done");
    assert_eq!(line["shard"].as_str(), event.shard_id.as_deref());
    let of_records = output.counts(&["records", "inserted", "modified", "removed"]);
    assert_eq!(of_records, [RECORDS as u64, FLIGHTS as u64 + 2, 1, 1]);
    assert_eq!(
        output.counts(&["refolded", "duplicate", "parked", "failed", "skipped"]),
        [0, 0, 1, 0, 1]
    );
    let duration_ms = line["duration_ms"].as_u64().expect("a duration");
    let lag_ms = line["lag_ms"].as_u64().expect("a lag");
    // The time of a record has no fraction of its second, and the test itself takes a while.
    let expected = AGE.as_millis() as u64..AGE.as_millis() as u64 + 1_000 + 20_000;
    assert!(expected.contains(&lag_ms) && duration_ms < 20_000, "{line}");

    // One line each for the images that were not counted and for what was parked; nothing per
    // record.
    let mut levels = output.levels();
    levels.sort_unstable();
    assert_eq!(levels, ["ERROR", "INFO", "WARN"]);
    assert!(
        output.log.iter().all(|line| line["lambda_request_id"] == REQUEST_ID),
        "{:?}",
        output.log
    );

    let whole = line["whole"].as_u64().expect("a count");
    let units = line["write_units"].as_f64().expect("DynamoDB says what was consumed");
    // A unit for each update, two for the record of what was parked and its mark.
    assert!(units >= (whole + 2) as f64, "{units} units for {whole} updates");
    assert_eq!(output.metric(&metrics::WRITE_UNITS, &[]), units.round() as u64);
    assert_eq!(output.metric(&metrics::PROCESSOR_RECORDS, &[]), RECORDS as u64);
    assert_eq!(output.metric(&metrics::PROCESSOR_CHANGES, &["flight"]), RECORDS as u64 - 1);
    assert_eq!(output.metric(&metrics::PROCESSOR_CHANGES, &["none"]), 1);
    assert_eq!(output.metric(&metrics::IMAGES_SKIPPED, &["dimension_absent"]), 1);
    assert_eq!(output.metric(&metrics::UPDATES_ABSORBED, &[]), whole);
    assert_eq!(output.metric(&metrics::UPDATES_PARKED, &[]), 1);
    let (_, all) = output.metrics.iter().find(|(set, _)| set == &["table"]).expect("a line");
    assert_eq!(all[metrics::PROCESSOR_ITERATOR_AGE.cloudwatch], json!([lag_ms as f64]));
    assert_eq!(all["table"], json!(world.system.model.table.name));
    whole
}

/// An alarm on a metric that nobody writes is silent for ever.
fn an_alarm_looks_at_what_is_written(world: &World, output: &BatchOutput) {
    let options = Options {
        code: "target/lambda".to_owned(),
        definition: "definition".to_owned(),
        filters: Filters::Definition,
        existing_table: false,
    };
    let template = template(&world.system.model, &options);
    let alarm = &template["Resources"]["ParkedUpdatesAlarm"]["Properties"];
    let dimensions: Vec<_> = alarm["Dimensions"].as_array().expect("a list").iter().collect();
    let [dimension] = dimensions.as_slice() else { panic!("{dimensions:?}") };
    assert_eq!(dimension["Value"], json!({ "Ref": "Table" }), "the name of the table of items");
    let set = [dimension["Name"].as_str().expect("a name").to_owned()];
    let (_, line) = output.metrics.iter().find(|(found, _)| *found == set).expect("such a line");
    let directive = &line["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(alarm["Namespace"], directive["Namespace"]);
    let named = directive["Metrics"].as_array().expect("a list").iter();
    assert!(
        named.clone().any(|metric| metric["Name"] == alarm["MetricName"]),
        "{} is not among {:?}",
        alarm["MetricName"],
        named.collect::<Vec<_>>()
    );
    assert_eq!(line[alarm["MetricName"].as_str().expect("a name")], 1, "one was parked");
}

/// Another shard, so that nothing was absorbed, and a rollup item that somebody else holds.
async fn a_batch_in_part(world: &World, mut event: Event, written: u64) {
    event.shard_id = Some("shardId-00000000000000000002-00000000".to_owned());
    let destination = &rows(4)[3];
    let text = |name: &str| destination[name].as_str().expect("text");
    let held = format!("flights_by_route#{}#{}", text("origin"), text("destination"));
    let transaction = Transaction::on(&held);
    let connection = transaction.before(world.system.dynamodb.connect().await);
    let rollups = Rollups::new(&connection, &world.system.model.table);
    let processor = Processor::new(world.system.model.clone()).rollups(rollups);
    let output = world.handle(processor, event).await;
    let line = output.line();
    assert_eq!(line["outcome"], "in part");
    assert!(line["again_from"].is_string(), "{line}");
    let [whole, failed] = output.counts(&["whole", "failed"])[..] else { unreachable!("two") };
    assert!(failed > 0, "{line}");
    assert_eq!(whole + failed, written);
    assert_eq!(output.metric(&metrics::UPDATES_FAILED, &[]), failed);
    assert_eq!(output.levels().iter().filter(|level| **level == "ERROR").count(), 2);
}

async fn a_batch_that_fails(world: &World, event: Event) {
    let connection: Connection = world.system.dynamodb.connect().await;
    let mut table = world.system.model.table.clone();
    table.rollups_table = "no-such-table".to_owned();
    let rollups = Rollups::new(&connection, &table);
    let processor = Processor::new(world.system.model.clone()).rollups(rollups);
    let output = world.handle(processor, event).await;
    assert_eq!(output.line()["outcome"], "failed");
    assert_eq!(output.line()["write_units"], Value::Null, "unknown is not zero");
    assert_eq!(
        output.metric(&metrics::PROCESSOR_RECORDS, &[]),
        RECORDS as u64,
        "and it is flushed"
    );
}

/// What is no batch is no line, and what was measured before is flushed with it.
async fn an_event_that_is_refused(world: &World, mut event: Event) {
    event.shard_id = None;
    metrics::UPDATES_PARKED.add(5);
    let output = world.handle(world.system.processor(), event).await;
    assert_eq!(output.log, [""; 0]);
    assert_eq!(output.metric(&metrics::UPDATES_PARKED, &[]), 5);
}
