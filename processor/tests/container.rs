//! The built processor as it runs in a container: told by its environment, stopped by SIGTERM.

#![cfg(unix)]

use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use weir_table::checkpoints::Checkpoints;
use weir_testing::deployed::{folder, variables};
use weir_testing::dynamodb::TestDynamo;
use weir_testing::faulty::{Fate, Faulty};
use weir_testing::flights::{self, DEFINITION, rows};
use weir_testing::http::Client;
use weir_testing::process::Process;
use weir_testing::recount::{assert_exact, scan, stored};
use weir_testing::running::PATIENCE;
use weir_testing::system::System;

/// How often to look again.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// A table with its rollups, without a processor.
struct World {
    dynamodb: TestDynamo,
    system: System,
    folder: tempfile::TempDir,
}

impl World {
    async fn start() -> Self {
        let dynamodb = TestDynamo::start().await;
        let system = System::start(&dynamodb, DEFINITION).await;
        Self { dynamodb, system, folder: folder(DEFINITION) }
    }

    /// The leases and checkpoints.
    async fn checkpoints(&self) -> Checkpoints {
        let connection = self.dynamodb.connect().await;
        Checkpoints::new(connection.dynamodb(), &self.system.model.table.rollups_table)
    }

    fn process(&self, settings: &[(&str, &str)]) -> Process {
        self.process_at(&self.dynamodb.url, settings)
    }

    /// A process that finds its DynamoDB at this URL.
    fn process_at(&self, url: &str, settings: &[(&str, &str)]) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_processor"));
        command
            .env_clear()
            .envs(variables(&self.system, &self.folder, url))
            .envs(settings.iter().copied());
        Process::start(command)
    }

    async fn load(&self, flights: &[Value]) {
        let (status, answer) =
            self.system.http.send("POST", "/batch/flight", Some(&flights.into())).await;
        assert_eq!((status, &answer["written"]), (200, &json!(flights.len())), "{answer}");
    }

    /// Puts a text where the rollup item of all time of a flight's origin counts.
    async fn spoil(&self, flight: &Value) {
        let origin = flight["origin"].as_str().expect("text");
        let partition = format!("flights_by_origin#{origin}");
        let item = json!({ "PK": { "S": partition }, "SK": { "S": "all" }, "count": { "S": "?" } });
        let request = json!({ "TableName": self.system.model.table.rollups_table, "Item": item });
        Client::new(&self.dynamodb.url).dynamodb("PutItem", &request).await;
    }

    /// The lease once it is such.
    async fn lease(&self, is_such: impl Fn(&Value) -> bool) -> Value {
        let asked = Instant::now();
        loop {
            let items = scan(&self.dynamodb.url, &self.system.model.table.rollups_table).await;
            let lease = items.into_iter().find(|item| item["SK"]["S"] == "@lease");
            if let Some(lease) = lease.filter(&is_such) {
                return lease;
            }
            assert!(asked.elapsed() < PATIENCE, "the lease does not become so");
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// Waits until the rollups are what a recount gives.
    async fn becomes_exact(&self) {
        let (url, table) = (&self.dynamodb.url, &self.system.model.table);
        let recounted = flights::recount(&scan(url, &table.name).await);
        let asked = Instant::now();
        loop {
            let stored = stored(&scan(url, &table.rollups_table).await);
            if stored == recounted || asked.elapsed() > PATIENCE {
                return assert_exact(&stored, &recounted);
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// Waits until some rollup item is there.
    async fn counts_something(&self) {
        let asked = Instant::now();
        while stored(&scan(&self.dynamodb.url, &self.system.model.table.rollups_table).await)
            .is_empty()
        {
            assert!(asked.elapsed() < PATIENCE, "nothing is counted");
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// Waits until a checkpoint says that something was handled.
    async fn handled(&self) {
        let asked = Instant::now();
        loop {
            let items = scan(&self.dynamodb.url, &self.system.model.table.rollups_table).await;
            if items.iter().any(|item| item["sequence_number"]["S"].is_string()) {
                return;
            }
            assert!(asked.elapsed() < PATIENCE, "nothing is handled");
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminated_process_finishes_and_gives_its_lease_up() {
    let world = World::start().await;
    world.load(&rows(40)).await;
    let process = world.process(&[("WEIR_BATCH_SIZE", "7")]);
    world.handled().await;
    process.terminate();
    assert!(process.ended().await.success(), "being told to stop is no failure");
    world.lease(|lease| lease["expires_at_ms"]["N"] == "0").await;

    // The next one goes on at once, and in the end everything is counted once.
    let process = world.process(&[("WEIR_POLLER_NAME", "the next")]);
    process.says("reading the shard").await;
    world.lease(|lease| lease["owner"]["S"] == "the next").await;
    world.becomes_exact().await;
    process.terminate();
    assert!(process.ended().await.success());
}

/// A batch whose writes are not answered takes half a minute to fail, and Docker kills after ten
/// seconds.
#[tokio::test(flavor = "multi_thread")]
async fn a_terminated_process_says_what_it_waits_for_and_does_not_wait_for_ever() {
    let world = World::start().await;
    world.load(&rows(40)).await;
    let faulty = Faulty::before(&world.dynamodb.url).await;
    faulty.decide(|operation, body| {
        let is_of_rollups = operation == "UpdateItem" && body.contains("flights_by_origin#");
        if is_of_rollups { Fate::StallDone } else { Fate::Pass }
    });
    let process = world.process_at(&faulty.url, &[("WEIR_SHUTDOWN_TIMEOUT_SECS", "1")]);
    world.lease(|lease| lease["owner"]["S"].is_string()).await;
    world.counts_something().await;
    process.terminate();
    let line = line_of(&process.says("stopping: waiting for the batch in flight").await);
    assert_eq!(line["level"], "INFO", "{line}");
    assert!(line["shard_id"].is_string() && line["records"].is_number(), "{line}");
    process.says("stopped before the batch in flight was handled").await;
    assert!(process.ended().await.success(), "being told to stop is no failure");
    world.lease(|lease| lease["expires_at_ms"]["N"] == "0").await;

    // What was written and not acknowledged is delivered again, and counted once.
    let next = world.process(&[]);
    world.becomes_exact().await;
    next.terminate();
    assert!(next.ended().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_served_where_the_environment_says() {
    let world = World::start().await;
    let address = free_address();
    let variables =
        [("WEIR_METRICS_ADDRESS", address.as_str()), ("WEIR_BATCHING_WINDOW_SECS", "1")];
    let process = world.process(&variables);
    process.says("reading the shard").await;
    world.load(&rows(40)).await;
    world.becomes_exact().await;
    let one_more = &rows(41)[40..];
    world.spoil(&one_more[0]).await;
    world.load(one_more).await;

    let service = Client::new(&format!("http://{address}"));
    let asked = Instant::now();
    let text = loop {
        let text = service.raw("GET", "/metrics", "").await.into_body();
        let caught_up = text.lines().any(|line| {
            line.starts_with("weir_mapping_iterator_age_ms{shard=\"shardId-")
                && line.ends_with(" 0")
        });
        if caught_up && text.contains("weir_mapping_records_total 41\n") {
            break text;
        }
        assert!(asked.elapsed() < PATIENCE, "{text}");
        tokio::time::sleep(LOOK_INTERVAL).await;
    };
    let response = service.raw("GET", "/metrics", "").await;
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    assert_eq!(response.headers()["cache-control"], "no-store");
    let foreign = [("Origin", "https://evil.example")];
    assert_eq!(service.send_with(&foreign, "GET", "/metrics", None).await.0, 403);
    let line = line_of(&process.says("a batch was handled").await);
    assert_eq!((&line["level"], &line["outcome"]), (&json!("INFO"), &json!("done")), "{line}");
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.rsplit(' ').next());
        line.unwrap_or_else(|| panic!("no {name} in\n{text}")).to_owned()
    };
    assert_eq!(value("weir_mapping_shards{stream="), "1");
    assert_ne!(value("weir_mapping_invocations_total"), "0");
    assert_ne!(value("weir_rollups_updates_absorbed_total"), "0");
    assert_ne!(value("weir_rollups_updates_parked_total"), "0");
    assert_eq!(value("weir_rollups_updates_failed_total"), "0");
    assert_eq!(value("weir_processor_records_total"), "41");
    assert_eq!(value("weir_processor_changes_total{entity=\"flight\"}"), "41");
    assert_ne!(value("weir_processor_iterator_age_ms_bucket{le=\"+Inf\"}"), "0");
    let units: u64 = value("weir_rollups_write_units_total").parse().expect("a whole number");
    let absorbed: u64 = value("weir_rollups_updates_absorbed_total").parse().expect("a number");
    assert!(units >= absorbed, "{units} units for {absorbed} updates");
    assert!(text.contains("# TYPE weir_mapping_records_total counter"), "{text}");
    assert!(text.contains("# HELP weir_mapping_iterator_age_ms Age of the last record"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_was_deleted_is_a_metric_and_the_process_waits_for_it() {
    let world = World::start().await;
    world.load(&rows(5)).await;
    let address = free_address();
    let process = world.process(&[("WEIR_METRICS_ADDRESS", address.as_str())]);
    world.becomes_exact().await;
    let request = json!({ "TableName": world.system.model.table.name });
    Client::new(&world.dynamodb.url).dynamodb("DeleteTable", &request).await;
    let service = Client::new(&format!("http://{address}"));
    let asked = Instant::now();
    loop {
        let text = service.raw("GET", "/metrics", "").await.into_body();
        if text.contains("\nweir_mapping_table_missing 1\n") {
            break;
        }
        assert!(asked.elapsed() < PATIENCE, "{text}");
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
    process.says(&format!("\"table\":\"{}\"", world.system.model.table.name)).await;
    process.terminate();
    assert!(process.ended().await.success(), "it was still running");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_that_cannot_be_served_there_end_the_process() {
    let world = World::start().await;
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    for (value, says) in [
        ("9090", "WEIR_METRICS_ADDRESS is `9090`, expected an IP address and a port"),
        (&address, "metrics cannot be served at 127.0.0.1"),
    ] {
        let process = world.process(&[("WEIR_METRICS_ADDRESS", value)]);
        process.says(says).await;
        assert!(!process.ended().await.success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_waits_for_the_lease_of_the_first() {
    let world = World::start().await;
    let first = world.process(&[]);
    first.says("reading the shard").await;
    let owner = world.lease(|lease| lease["owner"]["S"].is_string()).await["owner"].clone();
    let owner = owner["S"].as_str().expect("a name");
    let (id, random) = (first.id(), owner.rsplit(' ').next().expect("a last word"));
    assert!(owner.starts_with(&format!("processor {id} on ")) && random.len() == 8, "{owner}");

    let address = free_address();
    let second = world.process(&[("WEIR_METRICS_ADDRESS", &address)]);
    let waiting = second.says("waiting: ").await;
    assert!(waiting.contains(&format!("is held by {owner}")), "{waiting}");
    let service = Client::new(&format!("http://{address}"));
    let metrics = async || service.raw("GET", "/metrics", "").await.into_body();
    let held = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("weir_mapping_lease_held{stream="));
        line.and_then(|line| line.rsplit(' ').next()).map(str::to_owned)
    };
    let waits = metrics().await;
    assert_eq!(held(&waits).as_deref(), Some("0"), "{waits}");
    assert!(!waits.contains("weir_mapping_iterator_age_ms{"), "it reads no shard: {waits}");
    first.terminate();
    assert!(first.ended().await.success());
    second.says("reading the shard").await;
    let reads = metrics().await;
    assert_eq!(held(&reads).as_deref(), Some("1"), "{reads}");

    // Somebody breaks its lease: it knows no shard's age until it has the lease again.
    let kept = world.checkpoints().await;
    let label = world.system.stream_arn.rsplit('/').next().expect("a label").to_owned();
    let broken = kept.held_lease(&label).await.expect("a read").expect("a holder");
    kept.break_lease(&broken).await.expect("as it was seen");
    let other = kept.acquire(&label, "other", PATIENCE).await.expect("it is given up");
    second.says("the lease was lost").await;
    let asked = Instant::now();
    let lost = loop {
        let lost = metrics().await;
        if held(&lost).as_deref() == Some("0") {
            break lost;
        }
        assert!(asked.elapsed() < PATIENCE, "{lost}");
        tokio::time::sleep(LOOK_INTERVAL).await;
    };
    let is_age = |line: &&str| line.starts_with("weir_mapping_iterator_age_ms{");
    assert!(lost.lines().filter(is_age).all(|line| line.ends_with(" NaN")), "{lost}");
    kept.release(&other).await.expect("it is ours");
    assert_eq!(lost.lines().filter(is_age).count(), 1, "{lost}");
}

/// A processor that is deployed before its definition is built counts what the state names.
#[tokio::test(flavor = "multi_thread")]
async fn a_processor_whose_definition_was_changed_counts_the_rollups_that_are_built() {
    let world = World::start().await;
    world.load(&rows(5)).await;
    let process = world.process(&[]);
    world.becomes_exact().await;
    process.terminate();
    assert!(process.ended().await.success());
    let changed = DEFINITION.replace("gte = 15", "gte = 1");
    std::fs::write(world.folder.path().join("weir.toml"), changed).expect("written");
    let process = world.process(&[]);
    world.load(&rows(9)).await;
    world.becomes_exact().await;
    process.terminate();
    assert!(process.ended().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_setting_ends_the_process_at_once_and_is_named() {
    let world = World::start().await;
    let process = world.process(&[("WEIR_TUMBLING_WINDOW_SECS", "901")]);
    process.says("WEIR_TUMBLING_WINDOW_SECS is `901`, expected a whole number from 1 to 900").await;
    assert!(!process.ended().await.success());
}

/// What a line of the log says: it is an object with a time.
fn line_of(line: &str) -> Value {
    let said: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
    assert!(said["timestamp"].is_string(), "{line}");
    said
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").to_string()
}
