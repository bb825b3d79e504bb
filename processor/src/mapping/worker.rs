//! One shard, from its checkpoint to its end: read, cut a batch, invoke, judge the answer, save the
//! checkpoint.
//!
//! **Invariant:** a checkpoint is saved only after the handler answered for all it covers, and a
//! record is forgotten only after that.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use table::checkpoints::{self, Checkpoint, Checkpoints, Lease, OpenWindow};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::backoff::Backoff;
use super::batch::{Buffer, Limits, Shard, Step};
use super::progress::Board;
use super::reader::{Reader, is_our_own};
use super::stream::{ReadError, Stream};
use super::verdict::{Verdict, verdict};
use super::window;
use crate::event::{Event, Record, State};

/// What the workers of one stream share while the lease is held.
#[derive(Debug)]
pub(super) struct Context<H> {
    pub(super) stream: Stream,
    pub(super) checkpoints: Checkpoints,
    pub(super) lease: Lease,
    pub(super) limits: Limits,
    pub(super) idle_pause: Duration,
    pub(super) handler: Arc<H>,
    pub(super) board: Arc<Board>,
}

/// Why a worker ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ended {
    /// The shard was read to its end and all of it was handled: its children may start.
    Done,
    /// It was told to.
    Stopped,
    /// The shard does not exist any more.
    Gone,
    /// Another poller has the lease.
    LeaseLost,
}

/// The worker of one shard.
#[derive(Debug)]
pub(super) struct Worker<H> {
    context: Arc<Context<H>>,
    stop: watch::Receiver<bool>,
    checkpoint: Checkpoint,
    reader: Reader,
    buffer: Buffer,
    /// When the latest read began, in seconds since the epoch, if it found nothing.
    found_nothing_at: Option<i64>,
    reading: Backoff,
    invoking: Backoff,
}

impl<H, F> Worker<H>
where
    H: Fn(Vec<u8>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Vec<u8>, String>> + Send + 'static,
{
    /// Goes on from a checkpoint.
    pub(super) fn new(
        context: Arc<Context<H>>,
        checkpoint: Checkpoint,
        stop: watch::Receiver<bool>,
    ) -> Self {
        let Checkpoint { shard_id, sequence_number, .. } = checkpoint.clone();
        let reader = Reader::new(context.stream.clone(), shard_id, sequence_number);
        let buffer = Buffer::new(context.limits.clone());
        let (reading, invoking) = (Backoff::default(), Backoff::default());
        let found_nothing_at = None;
        Worker { context, stop, checkpoint, reader, buffer, found_nothing_at, reading, invoking }
    }

    /// Works until the shard ends or it is told to stop; a batch in flight is finished first.
    pub(super) async fn run(mut self) -> Ended {
        while !*self.stop.borrow() {
            let shard = Shard {
                open: self.checkpoint.open_window,
                found_nothing_at: self.found_nothing_at,
                has_ended: self.reader.has_ended(),
            };
            let taken = match self.buffer.step(Instant::now(), shard) {
                Step::Invoke(count) => self.deliver(count).await,
                Step::Close => self.close().await,
                Step::Read { within } => self.read(within).await,
                Step::Finish => self.finish().await,
            };
            if let Err(ended) = taken {
                return ended;
            }
        }
        Ended::Stopped
    }

    async fn read(&mut self, within: Option<Duration>) -> Result<(), Ended> {
        let (began, began_at) = (Instant::now(), epoch_secs());
        let read = tokio::select! {
            read = self.reader.read() => read,
            _ = self.stop.wait_for(|stop| *stop) => return Err(Ended::Stopped),
        };
        match read {
            Ok(records) if records.is_empty() => {
                self.reading.reset();
                self.found_nothing_at = Some(began_at);
                if self.buffer.is_empty() {
                    self.context.board.caught_up(&self.checkpoint.shard_id, began);
                }
                if self.reader.has_ended() {
                    return Ok(());
                }
                let pause = self.context.idle_pause;
                self.pause(within.map_or(pause, |within| within.min(pause))).await
            }
            Ok(records) => {
                self.reading.reset();
                self.found_nothing_at = None;
                let others = records.into_iter().filter(|record| !is_our_own(record));
                self.buffer.extend(others, Instant::now());
                Ok(())
            }
            Err(ReadError::Gone) => Err(Ended::Gone),
            Err(error) => {
                let (shard_id, pause) = (&self.checkpoint.shard_id, self.reading.pause());
                tracing::warn!(shard_id, %error, ?pause, "reading the shard failed, trying again");
                self.pause(pause).await
            }
        }
    }

    /// Invokes the handler with the first records and keeps those that it did not handle.
    async fn deliver(&mut self, count: usize) -> Result<(), Ended> {
        let window = self.buffer.window(self.checkpoint.open_window);
        let records = self.buffer.take(count);
        let mut event = self.event(records, window);
        let verdict = verdict(self.invoke(&event).await, &event.records);
        let handled = match &verdict {
            Verdict::Handled => count,
            Verdict::RetryFrom(index) => *index,
            Verdict::RetryAll(_) => 0,
        };
        let left = event.records.split_off(handled);
        if let Some(last) = event.records.pop() {
            self.invoking.reset();
            self.checkpoint.open_window = window;
            self.checkpoint.sequence_number = Some(last.dynamodb.sequence_number);
            self.save().await?;
            self.context.board.handled(&self.checkpoint, handled as u64);
        }
        if verdict == Verdict::Handled {
            return Ok(());
        }
        self.buffer.put_back(left);
        self.context.board.failed();
        let (shard_id, pause) = (&self.checkpoint.shard_id, self.invoking.pause());
        tracing::warn!(shard_id, count, handled, ?verdict, ?pause, "delivering the rest again");
        self.pause(pause).await
    }

    /// Makes the final invocation for the open window. One that fails is made again, and holds the
    /// shard.
    async fn close(&mut self) -> Result<(), Ended> {
        let mut event = self.event(Vec::new(), self.checkpoint.open_window);
        event.is_final_invoke_for_window = true;
        let verdict = verdict(self.invoke(&event).await, &[]);
        if verdict == Verdict::Handled {
            self.invoking.reset();
            self.checkpoint.open_window = None;
            return self.save().await;
        }
        self.context.board.failed();
        let (shard_id, pause) = (&self.checkpoint.shard_id, self.invoking.pause());
        let window = &event.window;
        tracing::warn!(shard_id, ?window, ?verdict, ?pause, "closing the window again");
        self.pause(pause).await
    }

    fn event(&self, records: Vec<Record>, window: Option<OpenWindow>) -> Event {
        Event {
            records,
            window: window.and_then(window::named),
            shard_id: Some(self.checkpoint.shard_id.clone()),
            event_source_arn: Some(self.context.stream.arn().to_owned()),
            state: State,
            is_final_invoke_for_window: false,
            is_window_terminated_early: false,
        }
    }

    /// A task of its own, so that a panic is a failed invocation and not the end of the worker.
    async fn invoke(&self, event: &Event) -> Result<Vec<u8>, String> {
        let event = serde_json::to_vec(event).expect("an event is JSON: its keys are text");
        let handler = Arc::clone(&self.context.handler);
        let invocation = tokio::spawn(async move { handler(event).await });
        invocation.await.unwrap_or_else(|error| Err(error.to_string()))
    }

    async fn finish(&mut self) -> Result<(), Ended> {
        self.checkpoint.done = true;
        self.save().await?;
        self.context.board.done(&self.checkpoint.shard_id);
        Err(Ended::Done)
    }

    /// Saves the checkpoint, however often that takes.
    async fn save(&mut self) -> Result<(), Ended> {
        let mut backoff = Backoff::default();
        loop {
            match self.context.checkpoints.save(&self.context.lease, &self.checkpoint).await {
                Ok(()) => return Ok(()),
                Err(checkpoints::Error::Lost { .. }) => return Err(Ended::LeaseLost),
                Err(error) => {
                    let pause = backoff.pause();
                    tracing::warn!(%error, ?pause, "no checkpoint saved, trying again");
                    self.pause(pause).await?;
                }
            }
        }
    }

    async fn pause(&mut self, pause: Duration) -> Result<(), Ended> {
        tokio::select! {
            () = sleep(pause) => Ok(()),
            _ = self.stop.wait_for(|stop| *stop) => Err(Ended::Stopped),
        }
    }
}

fn epoch_secs() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    since_epoch.expect("the clock is past 1970").as_secs() as i64
}
