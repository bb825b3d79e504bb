//! A club whose members join, change and leave; a log of what a reactor was handed; faults on
//! demand.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use serde_json::{Value, json};
use weir_model::{AttributeValue, ItemType};
use weir_processor::{Changes, Processor, StreamChange};
use weir_table::Rollups;
use weir_testing::conflicts::Transaction;
use weir_testing::fixture::fixture;
use weir_testing::recount::{DAY_MONTH_ALL, Rollup};
use weir_testing::system::System;

const ROLLUPS: [Rollup<'_>; 1] = [Rollup {
    name: "points",
    by: &["plan"],
    time: "joined",
    buckets: DAY_MONTH_ALL,
    measured: &["points"],
    admits: |item| item["_et"]["S"] == "member",
}];

/// A member as a reactor sees it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) points: i64,
    pub(crate) secret: Option<String>,
}

impl ItemType for Member {
    const ENTITY: &'static str = "member";
}

/// The system around the club's table.
pub(crate) struct Club {
    pub(crate) system: System,
}

/// What a reactor was handed, in order, with repetitions: the item's id, and the event's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<(String, String)>>>);

/// How often the records of an item will still fail.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(Arc<Mutex<BTreeMap<String, u32>>>);

impl Club {
    pub(crate) async fn open() -> Self {
        Self::open_with(&fixture("club")).await
    }

    /// A club whose members leave when their time has passed.
    pub(crate) async fn with_expiry() -> Self {
        Self::open_with(&fixture("club").replace("[table]", "[table]\nttl = \"expires\"")).await
    }

    async fn open_with(definition: &str) -> Self {
        Self { system: System::open(definition).await }
    }

    /// Puts a member, with what else is given about it.
    pub(crate) async fn put(&self, id: &str, more: Value) {
        let (status, answer) =
            self.system.http.send("PUT", &format!("/member/{id}"), Some(&more)).await;
        assert_eq!(status, 200, "{answer}");
    }

    pub(crate) async fn delete(&self, id: &str) {
        let (status, _) = self.system.http.send("DELETE", &format!("/member/{id}"), None).await;
        assert_eq!(status, 204, "{id}");
    }

    /// Members of these numbers join, in this order; each has a plan of its own.
    pub(crate) async fn join(&self, numbers: impl IntoIterator<Item = usize>) {
        for number in numbers {
            let id = id(number);
            self.put(&id, json!({ "plan": id, "points": number })).await;
        }
    }

    /// A processor that can count every member but the one of this number, while the transaction
    /// lasts.
    pub(crate) async fn held_at(&self, number: usize) -> (Processor, Transaction) {
        let transaction = Transaction::on(&format!("points#{}", id(number)));
        let connection = transaction.before(self.system.dynamodb.connect().await);
        let rollups = Rollups::new(&connection, &self.system.model.table);
        (Processor::new(self.system.model.clone()).rollups(rollups), transaction)
    }

    /// Compares the rollups with a recount of the members.
    pub(crate) async fn assert_rollups_exact(&self) {
        self.system.assert_exact(&ROLLUPS).await;
    }
}

/// The id of the member of this number.
pub(crate) fn id(number: usize) -> String {
    format!("m{number:02}")
}

pub(crate) fn ids(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(id).collect()
}

impl Log {
    /// The processor with one more reactor: it notes each change, and then meets what befalls its
    /// item.
    pub(crate) fn noting(
        &self,
        processor: Processor,
        meet: impl Fn(&str) -> Result<(), String> + Send + Sync + 'static,
    ) -> Processor {
        let (log, meet) = (self.clone(), Arc::new(meet));
        processor.react("noting", move |changes: Changes| {
            let (log, meet) = (log.clone(), meet.clone());
            changes.try_for_each(move |record| ready(meet(&log.note(record))))
        })
    }

    /// Notes a change and returns the id of its item.
    fn note(&self, record: StreamChange) -> String {
        let image = &record.change.image;
        let item = image.new_image().or(image.old_image()).expect("an image");
        let Some(AttributeValue::S(id)) = item.get("id") else { panic!("{item:?}") };
        self.0.lock().expect("no panic").push((id.clone(), record.event_id));
        id.clone()
    }

    /// What was noted: ids of items, each with the id of the event.
    pub(crate) fn entries(&self) -> Vec<(String, String)> {
        self.0.lock().expect("no panic").clone()
    }

    /// The ids of the items.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.entries().into_iter().map(|(id, _)| id).collect()
    }
}

impl Faults {
    /// The records of these items fail so often each.
    pub(crate) fn new(faults: impl IntoIterator<Item = (String, u32)>) -> Self {
        Self(Arc::new(Mutex::new(faults.into_iter().collect())))
    }

    /// Whether the item fails now, which it then does once less.
    pub(crate) fn strike(&self, id: &str) -> bool {
        let mut faults = self.0.lock().expect("no panic");
        let Some(left) = faults.get_mut(id).filter(|left| **left > 0) else { return false };
        *left -= 1;
        true
    }
}
