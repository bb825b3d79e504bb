//! Stores how far each shard was handled, at most once a second and shard.
//!
//! On Lambda the handler calls [`ProgressStore::acknowledge`] at the end of an invocation, for
//! nothing of a function runs after its answer. Records that were acknowledged within a second
//! after a write are stored by a later invocation of the shard; its final invocation for a tumbling
//! window, which has no records, is one. The local event source mapping stores the same beside its
//! batches.
//!
//! **Invariant:** a position is stored only after every record up to it was acknowledged; a write
//! that fails, or takes longer than [`WRITE_TIMEOUT`], changes the outcome of no batch.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::{Instant, timeout};
use weir_rollups::{SequenceNumber, Watermark};
use weir_table::ShardId;
use weir_table::checkpoints::Checkpoints;
use weir_table::error::chain;
use weir_telemetry::metrics;

use crate::event::Response;

/// The least time between two writes of one shard.
const WRITE_INTERVAL: Duration = Duration::from_secs(1);
/// How long a write may take: the answer of an invocation waits for it.
const WRITE_TIMEOUT: Duration = Duration::from_millis(300);

/// The positions of the shards that this process handles.
#[derive(Debug)]
pub(crate) struct ProgressStore {
    checkpoints: Checkpoints,
    shards: Mutex<HashMap<ShardId, Known>>,
}

/// A position that is known of a shard.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// The last record that was acknowledged.
    last: Watermark,
    is_stored: bool,
    /// When the last write began.
    written_at: Option<Instant>,
}

impl ProgressStore {
    /// Stores positions in a table of rollups.
    pub(crate) fn new(checkpoints: Checkpoints) -> Self {
        Self { checkpoints, shards: Mutex::default() }
    }

    /// Notes that the records of a shard up to one were acknowledged, or no more than before, and
    /// stores the position that is known if the last write was a second ago.
    pub(crate) async fn acknowledge(&self, shard: &ShardId, last: Option<Watermark>) {
        if let Some(due) = self.due(shard, last, Instant::now(), WRITE_INTERVAL) {
            self.write(shard, due).await;
        }
    }

    /// Notes the same and stores the position, whenever the last write was.
    pub(crate) async fn store(&self, shard: &ShardId, last: Watermark) {
        if let Some(due) = self.due(shard, Some(last), Instant::now(), Duration::ZERO) {
            self.write(shard, due).await;
        }
    }

    /// Returns the position that is to be written now, and notes that it is.
    fn due(
        &self,
        shard: &ShardId,
        last: Option<Watermark>,
        now: Instant,
        interval: Duration,
    ) -> Option<Watermark> {
        let mut shards = self.shards.lock().expect("no holder panics");
        if let Some(last) = last {
            if !shards.contains_key(shard) {
                // A shard ends after some hours; a function may live longer.
                shards.retain(|_, state| !state.is_settled(now));
            }
            let state = shards.entry(shard.clone()).or_insert(Known::new(last));
            if last.sequence > state.last.sequence {
                (state.last, state.is_stored) = (last, false);
            }
        }
        let state = shards.get_mut(shard)?;
        let waited = state.written_at.is_none_or(|at| now.duration_since(at) >= interval);
        if state.is_stored || !waited {
            return None;
        }
        state.written_at = Some(now);
        Some(state.last)
    }

    async fn write(&self, shard: &ShardId, last: Watermark) {
        let saving = self.checkpoints.save_shard_progress(shard, last);
        let error = match timeout(WRITE_TIMEOUT, saving).await {
            Ok(Ok(())) => return self.note_stored(shard, last),
            Ok(Err(error)) => chain(&error),
            Err(_) => format!("no answer within {WRITE_TIMEOUT:?}"),
        };
        metrics::PROGRESS_FAILED.add(1);
        let shard = &shard.id;
        tracing::warn!(shard, error, "could not store the progress of the shard");
    }

    fn note_stored(&self, shard: &ShardId, stored: Watermark) {
        let mut shards = self.shards.lock().expect("no holder panics");
        if let Some(state) = shards.get_mut(shard).filter(|state| state.last == stored) {
            state.is_stored = true;
        }
    }
}

impl Known {
    fn new(last: Watermark) -> Self {
        Self { last, is_stored: false, written_at: None }
    }

    /// Whether nothing is left to write, and nothing has to wait.
    fn is_settled(&self, now: Instant) -> bool {
        let waited = self.written_at.is_none_or(|at| now.duration_since(at) >= WRITE_INTERVAL);
        self.is_stored && waited
    }
}

/// Returns the last record that a response acknowledges of those that were delivered; `None` if it
/// acknowledges none.
pub(crate) fn acknowledged(delivered: &[Watermark], response: &Response) -> Option<Watermark> {
    let failed = response.batch_item_failures.iter();
    let failed = failed.map(|failure| failure.item_identifier.as_deref()?.parse().ok());
    let failed: Option<Vec<SequenceNumber>> = failed.collect();
    let first = failed?.into_iter().min();
    let acknowledged = delivered.iter().filter(|record| first.is_none_or(|f| record.sequence < f));
    acknowledged.max_by_key(|record| record.sequence).copied()
}

#[cfg(test)]
mod tests {
    use weir_table::Connection;

    use super::*;

    fn record(number: u32) -> Watermark {
        let sequence = number.to_string().parse().expect("a sequence number");
        Watermark { sequence, seconds: 1_000 + number }
    }

    async fn progress() -> ProgressStore {
        let connection = Connection::to("http://127.0.0.1:1").await;
        ProgressStore::new(Checkpoints::new(connection.dynamodb(), "shop-rollups"))
    }

    #[tokio::test]
    async fn a_shard_is_written_at_most_once_an_interval_and_only_for_something_new() {
        let (progress, start) = (progress().await, Instant::now());
        let (a, b) = (ShardId::new("2026", "a"), ShardId::new("2026", "b"));
        let due = |shard, last: Option<u32>, after_ms| {
            let now = start + Duration::from_millis(after_ms);
            progress.due(shard, last.map(record), now, WRITE_INTERVAL)
        };
        assert_eq!(due(&a, None, 0), None, "nothing is known");
        assert_eq!(due(&a, Some(1), 0), Some(record(1)));
        progress.note_stored(&a, record(1));
        assert_eq!(due(&a, Some(2), 999), None, "too early");
        assert_eq!(due(&b, Some(7), 999), Some(record(7)), "another shard");
        assert_eq!(due(&a, None, 1_000), Some(record(2)), "the end of a window");
        progress.note_stored(&a, record(2));
        assert_eq!(due(&a, Some(1), 5_000), None, "a batch that was delivered again");
        assert_eq!(due(&b, None, 5_000), Some(record(7)), "the first write failed");
    }

    #[tokio::test]
    async fn shards_that_have_nothing_to_write_are_forgotten() {
        let (progress, start) = (progress().await, Instant::now());
        for number in 0..100 {
            let now = start + WRITE_INTERVAL * number;
            let shard = ShardId::new("2026", format!("shard-{number}"));
            assert!(progress.due(&shard, Some(record(number)), now, WRITE_INTERVAL).is_some());
            progress.note_stored(&shard, record(number));
        }
        assert_eq!(progress.shards.lock().expect("no holder panics").len(), 1);
    }

    #[test]
    fn a_response_acknowledges_what_is_before_the_record_to_retry_from() {
        let delivered = [record(9), record(10), record(11)];
        let of = |response| acknowledged(&delivered, &response);
        assert_eq!(of(Response::success()), Some(record(11)));
        assert_eq!(of(Response::retry_from("11")), Some(record(10)));
        assert_eq!(of(Response::retry_from("10")), Some(record(9)), "numbers, not texts");
        assert_eq!(of(Response::retry_from("9")), None);
        assert_eq!(acknowledged(&[], &Response::success()), None);
    }
}
