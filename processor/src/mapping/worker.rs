//! One shard, from its checkpoint to its end: read, cut a batch, deliver it, save the checkpoint.
//!
//! **Invariant:** a checkpoint is saved only after the handler answered for all it covers, or with
//! what was discarded of it; a record is forgotten only after that.

mod delivery;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use table::checkpoints::{self, Checkpoint, Checkpoints, Lease, OnFailureRecord, ResponseContext};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::backoff::Backoff;
use super::batch::{Buffer, Limits, Shard, Step};
use super::disposal::Policy;
use super::progress::Board;
use super::reader::{Reader, is_our_own};
use super::stream::{ReadError, Stream};

/// What the workers of one stream share while the lease is held.
#[derive(Debug)]
pub(super) struct Context<H> {
    pub(super) stream: Stream,
    pub(super) checkpoints: Checkpoints,
    pub(super) lease: Lease,
    pub(super) limits: Limits,
    pub(super) policy: Policy,
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
    /// How the last invocation ended, if it failed.
    failure: Option<ResponseContext>,
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
        Worker {
            context,
            stop,
            checkpoint,
            reader,
            buffer,
            found_nothing_at: None,
            failure: None,
            reading: Backoff::default(),
            invoking: Backoff::default(),
        }
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

    async fn finish(&mut self) -> Result<(), Ended> {
        self.checkpoint.done = true;
        self.save(None).await?;
        self.context.board.done(&self.checkpoint.shard_id);
        Err(Ended::Done)
    }

    /// Saves the checkpoint, however often that takes; with what was discarded, where it moves past that.
    async fn save(&mut self, discarded: Option<&OnFailureRecord>) -> Result<(), Ended> {
        let mut backoff = Backoff::default();
        loop {
            let Context { checkpoints, lease, .. } = &*self.context;
            let saved = match discarded {
                Some(record) => checkpoints.discard(lease, &self.checkpoint, record).await,
                None => checkpoints.save(lease, &self.checkpoint).await,
            };
            match saved {
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

pub(super) fn epoch_secs() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    since_epoch.expect("the clock is past 1970").as_secs() as i64
}
