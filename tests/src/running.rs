//! An event source mapping in a task of its own: waited for, stopped, killed.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use weir_processor::mapping::{Error, EventSourceMapping, Progress, Snapshot};

/// Long enough for a slow machine, short enough to notice that something hangs.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A mapping that runs, or has ended by itself.
pub struct Running {
    /// How far it has got.
    pub progress: Progress,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), Error>>,
}

impl Running {
    /// Runs a mapping with a handler of Lambda's JSON.
    pub fn start<H, F>(mapping: EventSourceMapping, handler: H) -> Self
    where
        H: Fn(Vec<u8>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Vec<u8>, String>> + Send + 'static,
    {
        let progress = mapping.progress();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(mapping.run(handler, async {
            let _ = stopped.await;
        }));
        Self { progress, stop, task }
    }

    /// Waits until every change made so far has been handled.
    pub async fn catch_up(&self) {
        self.catch_up_within(PATIENCE).await;
    }

    /// The same for many records.
    ///
    /// # Panics
    /// When this time ends before.
    pub async fn catch_up_within(&self, limit: Duration) {
        let caught_up = self.progress.caught_up_after(Instant::now());
        let caught_up = tokio::time::timeout(limit, caught_up).await;
        caught_up.expect("patience").expect("a mapping that runs");
    }

    /// Waits until its progress is such.
    pub async fn reaches(&mut self, is_such: impl Fn(&Snapshot) -> bool) {
        let asked = Instant::now();
        while !is_such(&self.progress.snapshot()) {
            let left = PATIENCE.saturating_sub(asked.elapsed());
            let changed = tokio::time::timeout(left, self.progress.changed()).await;
            changed.expect("patience").expect("a mapping that runs");
        }
    }

    /// Stops after the batch in flight.
    pub async fn stop(self) {
        self.stop.send(()).expect("a mapping that runs");
        let ended = tokio::time::timeout(PATIENCE, self.task).await.expect("patience");
        ended.expect("no panic").expect("a clean end");
    }

    /// Ends as a process does that is killed: nothing is finished, nothing is given up.
    pub async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    /// Waits until it ends by itself, and says why it did.
    pub async fn ended(self) -> Error {
        let ended = tokio::time::timeout(PATIENCE, self.task).await.expect("patience");
        ended.expect("no panic").expect_err("an error")
    }
}
