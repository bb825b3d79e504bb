//! An example that is served: its definition file and its data, and what holds of it whatever was
//! done to it.
//!
//! ```text
//! history of requests ──► table ──stream──► every batch twice, cut again ──► rollups = recount
//!                           └── every way of reading = recount, every key = its template
//! ```
//!
//! **Invariant:** what must be is counted from a scan of the whole table, which no product code
//! does.

mod access;
mod locks;

use std::path::{Path, PathBuf};

use fastrand::Rng;
use serde_json::Value;
use weir_processor::Processor;
use weir_processor::event::{Event, Response};

use crate::dynamodb::TestDynamo;
use crate::recount::{Rollup, assert_all_exact, scan};
use crate::system::{Captured, System};

/// The most records of a batch of a history that is delivered.
const MAX_BATCH: usize = 20;
/// How many stretches of a history are delivered once more, when all of it has been.
const REPLAYS: usize = 3;

/// An example, around tables of its own.
pub struct Example {
    /// The name of its folder.
    pub name: &'static str,
    /// Where its tables are.
    pub dynamodb: TestDynamo,
    /// The system that serves it.
    pub system: System,
}

impl Example {
    /// Serves an example, without its data.
    pub async fn start(name: &'static str) -> Self {
        let dynamodb = TestDynamo::start().await;
        let system = System::start(&dynamodb, &read(&folder(name).join("weir.toml"))).await;
        Self { name, dynamodb, system }
    }

    /// Serves an example with the data that `weir dev` loads.
    pub async fn loaded(name: &'static str) -> Self {
        let example = Self::start(name).await;
        for load in &example.system.model.dev.load {
            let rows: Value = serde_json::from_str(&example.file(&load.file)).expect("JSON");
            let path = format!("/batch/{}", load.entity);
            let (status, report) = example.system.http.send("POST", &path, Some(&rows)).await;
            let count = rows.as_array().expect("an array of rows").len();
            assert_eq!((status, &report["written"]), (200, &count.into()), "{report}");
        }
        example
    }

    /// Deletes its tables: see `TestTable::delete_tables` for why those with expiring items must
    /// be.
    pub async fn end(self) {
        self.system.delete_tables().await;
    }

    /// Returns the text of a file in its folder.
    pub fn file(&self, name: &str) -> String {
        read(&folder(self.name).join(name))
    }

    /// Returns every item of the table, as DynamoDB's JSON has them.
    pub async fn items(&self) -> Vec<Value> {
        scan(&self.dynamodb.url, &self.system.model.table.name).await
    }

    /// Delivers what was changed since the last time as Lambda may: to two processors at once, in
    /// batches cut differently, and some of it again when all has been.
    ///
    /// # Panics
    /// When a batch is not taken whole.
    pub async fn deliver(&self, random: &mut Rng) {
        let changes = Captured::read(&self.system).await;
        let (events, others) =
            (changes.cut(random.usize(1..MAX_BATCH)), changes.cut(random.usize(1..MAX_BATCH)));
        let (left, right) = (self.system.processor(), self.system.processor());
        tokio::join!(handle(&left, &events), handle(&right, &others));
        for _ in 0..REPLAYS {
            let start = random.usize(0..events.len());
            handle(&right, &events[start..random.usize(start..events.len()) + 1]).await;
        }
    }

    /// Compares everything that is derived from the items with a recount: the keys of indexes, the
    /// locks of what is unique, what every way of reading answers, and these rollups, which must be
    /// all that there are.
    ///
    /// # Panics
    /// With the first that differs.
    pub async fn assert_exact(&self, rollups: &[Rollup<'_>]) {
        let names: Vec<_> = rollups.iter().map(|rollup| rollup.name).collect();
        let defined = self.system.model.rollups.iter().map(|rollup| rollup.name.as_str());
        assert_eq!(names, defined.collect::<Vec<_>>(), "the rollups of the definition");
        let compared = assert_all_exact(&self.dynamodb, &self.system.model, rollups).await;
        assert!(compared > 0 || rollups.is_empty(), "nothing was counted, so nothing was compared");
        locks::assert_exact(self).await;
        access::assert_exact(self).await;
    }
}

async fn handle(processor: &Processor, events: &[Event]) {
    for event in events {
        let response = processor.handle(event.clone()).await.expect("handled");
        assert_eq!(response, Response::success());
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
