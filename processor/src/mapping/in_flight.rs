//! The invocations in flight: what a poller waits for when it stops, and how it stops waiting.
//!
//! ```text
//! stop ─► say which batches are waited for ─┬─► they end in time: their checkpoints are saved
//!                                           └─► time is up: they are aborted and delivered again
//! ```
//!
//! Aborting a batch is safe. No checkpoint names its records, so the next poller delivers all of
//! them, and the watermarks drop the updates that were already written.
//!
//! **Invariant:** an invocation is aborted only after the worker that waits for it has ended: the
//! worker would take it for a failed one, and might discard its records.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::Instant;

/// The invocations in flight, by shard: a shard has at most one.
#[derive(Debug, Default)]
pub(super) struct InFlight(Mutex<BTreeMap<String, Invocation>>);

#[derive(Debug)]
struct Invocation {
    records: usize,
    began: Instant,
    abort: AbortHandle,
}

impl InFlight {
    /// An invocation with this many records began.
    pub(super) fn begin(&self, shard_id: &str, records: usize, abort: AbortHandle) {
        let invocation = Invocation { records, began: Instant::now(), abort };
        self.lock().insert(shard_id.to_owned(), invocation);
    }

    /// The invocation of a shard ended.
    pub(super) fn end(&self, shard_id: &str) {
        self.lock().remove(shard_id);
    }

    /// Logs each batch that a poller waits for before it stops, and for how long it will wait.
    pub(super) fn log_waiting(&self, at_most: Duration) {
        for (shard_id, Invocation { records, began, .. }) in &*self.lock() {
            let running = began.elapsed();
            tracing::info!(
                shard_id,
                records,
                ?running,
                ?at_most,
                "stopping: waiting for the batch in flight"
            );
        }
    }

    /// Aborts what is still in flight. The workers have ended.
    pub(super) fn abandon(&self) {
        for (shard_id, Invocation { records, began, abort }) in std::mem::take(&mut *self.lock()) {
            let running = began.elapsed();
            tracing::warn!(
                shard_id,
                records,
                ?running,
                "stopped before the batch in flight was handled: it will be delivered again"
            );
            abort.abort();
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Invocation>> {
        self.0.lock().expect("nothing panics while it holds the lock")
    }
}
