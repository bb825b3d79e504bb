//! A handler that remembers what it was handed, and how it answered.

use std::future::{Ready, ready};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use weir_processor::event::{Event, Record, Response};

/// The records of one invocation, and how many of them were acknowledged.
pub(crate) type SeenBatch = (Vec<String>, usize);

/// What the handler saw, and how it answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    batches: Arc<Mutex<Vec<SeenBatch>>>,
    invocations: Arc<AtomicUsize>,
}

impl Seen {
    /// Notes a batch of which so many records are acknowledged, and answers so. The final
    /// invocation for a window, which has no records, is no batch.
    pub(crate) fn answer(&self, event: &Event, acknowledged: usize) -> Result<Vec<u8>, String> {
        if event.is_final_invoke_for_window {
            assert_eq!(event.records, [], "a window is closed after its records were handled");
            return Ok(serde_json::to_vec(&Response::success()).expect("JSON"));
        }
        let names = event.records.iter().map(name_of).collect();
        self.batches.lock().expect("no panic").push((names, acknowledged));
        let response = match event.records.get(acknowledged) {
            Some(failed) => Response::retry_from(&failed.dynamodb.sequence_number),
            None => Response::success(),
        };
        Ok(serde_json::to_vec(&response).expect("JSON"))
    }

    /// Counts invocations from zero.
    pub(crate) fn next(&self) -> usize {
        self.invocations.fetch_add(1, Ordering::SeqCst)
    }

    /// All invocations.
    pub(crate) fn batches(&self) -> Vec<SeenBatch> {
        self.batches.lock().expect("no panic").clone()
    }

    /// The records that were acknowledged, in order, with repetitions.
    pub(crate) fn acknowledged(&self) -> Vec<String> {
        self.batches().iter().flat_map(|(names, count)| names[..*count].to_vec()).collect()
    }
}

/// The name of the event of this number: its sort key.
pub(crate) fn name(number: usize) -> String {
    format!("{number:06}")
}

pub(crate) fn names(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(name).collect()
}

pub(crate) fn parse(event: &[u8]) -> Event {
    serde_json::from_slice(event).expect("a Lambda event")
}

/// A handler that acknowledges everything.
pub(crate) fn accepting(
    seen: &Seen,
) -> impl Fn(Vec<u8>) -> Ready<Result<Vec<u8>, String>> + Send + Sync + 'static {
    let seen = seen.clone();
    move |event: Vec<u8>| {
        let event = parse(&event);
        ready(seen.answer(&event, event.records.len()))
    }
}

pub(crate) fn name_of(record: &Record) -> String {
    let keys = serde_json::to_value(&record.dynamodb.keys).expect("JSON");
    keys["SK"]["S"].as_str().expect("a sort key").to_owned()
}
