//! Real process death: the built processor is killed with SIGKILL at random moments, many times,
//! while the table changes, on a DynamoDB that keeps all in a file. In the end every rollup equals
//! a recount of the items.
//!
//! `WEIR_PROCESSOR_KILLS` makes it larger than the default, which is for every day; `WEIR_SEED`
//! repeats the moments of a run as far as a machine lets them be repeated.

#![cfg(unix)]

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use weir_testing::deployed::{folder, variables};
use weir_testing::dynamodb::TestDynamo;
use weir_testing::flights::{self, DEFINITION, path, rows};
use weir_testing::process::Process;
use weir_testing::recount::{Rows, assert_exact, scan, stored};
use weir_testing::running::PATIENCE;
use weir_testing::system::System;

/// How often the process is killed, unless `WEIR_PROCESSOR_KILLS` says otherwise.
const KILLS: usize = 20;
/// Flights that are written in the life of each process; every third is deleted again, every fifth
/// is changed.
const FLIGHTS_PER_LIFE: usize = 15;
/// How long a process lives at most, in milliseconds, once it reads the stream; one in eight dies
/// as it starts.
const LONGEST_LIFE_MS: f64 = 1_500.0;
const EARLY_DEATHS: f64 = 0.125;
/// Small, so that many batches are cut short.
const BATCH_RECORDS: &str = "7";
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

fn start(dynamodb: &TestDynamo, system: &System, folder: &TempDir) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_processor"));
    command
        .env_clear()
        .envs(variables(system, folder, &dynamodb.url))
        .env("WEIR_POLLER_NAME", "the one that dies")
        .env("WEIR_BATCH_SIZE", BATCH_RECORDS)
        .env("RUST_LOG", "warn,weir_processor::mapping::lease_session=info");
    Process::start(command)
}

#[tokio::test(flavor = "multi_thread")]
async fn rollups_are_exact_after_the_processor_was_killed_at_any_moment() {
    let folder = folder(DEFINITION);
    let dynamodb = TestDynamo::start_in(folder.path()).await;
    let system = System::start(&dynamodb, DEFINITION).await;
    let kills = number("WEIR_PROCESSOR_KILLS").map_or(KILLS, |kills| kills as usize);
    let seed = number("WEIR_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("WEIR_SEED={seed} repeats these moments");
    let mut moments = fastrand::Rng::with_seed(seed);

    let flights = rows(kills * FLIGHTS_PER_LIFE);
    for flights in flights.chunks(FLIGHTS_PER_LIFE) {
        let process = start(&dynamodb, &system, &folder);
        if moments.f64() > EARLY_DEATHS {
            process.says("reading the shard").await;
        }
        // Squared: many short lives, some long enough to get somewhere.
        let life = Duration::from_millis((LONGEST_LIFE_MS * moments.f64().powi(2)) as u64);
        tokio::join!(change(&system, flights), tokio::time::sleep(life));
        assert!(process.kill(), "it did not end by itself");
    }
    let counted = stored(&scan(&dynamodb.url, &system.model.table.rollups_table).await).len();
    assert!(counted > kills, "they died too early: {counted} rollup items");
    let (kept, recounted) = settled(&dynamodb, &system, &folder).await;
    assert_exact(&kept, &recounted);
    let items = recounted.len();
    println!("{kills} kills left {counted} rollup items, in the end {items} were exact");
}

/// Writes flights, deletes some of them and changes others.
async fn change(system: &System, flights: &[Value]) {
    let (status, answer) = system.http.send("POST", "/batch/flight", Some(&flights.into())).await;
    assert_eq!((status, &answer["written"]), (200, &json!(flights.len())), "{answer}");
    for flight in flights.iter().step_by(3) {
        assert_eq!(system.http.send("DELETE", &path(flight), None).await.0, 204);
    }
    for flight in flights.iter().step_by(5) {
        let mut late = flight.clone();
        late["delay"] = json!(77);
        assert_eq!(system.http.send("PUT", &path(flight), Some(&late)).await.0, 200);
    }
}

/// The rollups and their recount, once one more process has brought them together or patience ends.
async fn settled(dynamodb: &TestDynamo, system: &System, folder: &TempDir) -> (Rows, Rows) {
    let _process = start(dynamodb, system, folder);
    let table = &system.model.table;
    let recounted = flights::recount(&scan(&dynamodb.url, &table.name).await);
    let asked = Instant::now();
    loop {
        let kept = stored(&scan(&dynamodb.url, &table.rollups_table).await);
        if kept == recounted || asked.elapsed() > PATIENCE {
            return (kept, recounted);
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is {text}, expected a number")))
}
