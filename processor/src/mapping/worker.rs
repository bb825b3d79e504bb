//! One shard, from its checkpoint to its end: read, cut a batch, deliver it, save the checkpoint.
//!
//! **Invariant:** a checkpoint is saved only after the handler answered for all it covers, or with
//! what was discarded of it; a record is forgotten only after that.

mod delivery;

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use weir_table::Table;
use weir_table::checkpoints::{
    self, Checkpoint, Checkpoints, Lease, OnFailureRecord, ResponseContext,
};
use weir_telemetry::metrics;

use super::backoff::Backoff;
use super::batch::{Buffer, Limits, Shard, Step};
use super::filter::FilterCriteria;
use super::gaps::Gaps;
use super::in_flight::InFlight;
use super::progress::ProgressTracker;
use super::reader::{ShardReader, is_our_own};
use super::retry::Policy;
use super::stream::{ReadError, Stream};
use crate::event::Record;

/// How many reads in a row must find nothing before that is taken for the end of a shard on AWS.
const EMPTY_READS: usize = 5;

/// The state that the workers of one stream share while the lease is held.
#[derive(Debug)]
pub(super) struct Context<H> {
    pub(super) stream: Stream,
    pub(super) checkpoints: Checkpoints,
    pub(super) lease: Lease,
    pub(super) limits: Limits,
    pub(super) policy: Policy,
    pub(super) filters: FilterCriteria,
    pub(super) idle_pause: Duration,
    pub(super) shutdown_timeout: Duration,
    pub(super) in_flight: InFlight,
    pub(super) handler: Arc<H>,
    pub(super) tracker: Arc<ProgressTracker>,
    pub(super) gaps: Gaps,
    pub(super) visibility_margin: Duration,
    /// Until when the stream was handled before, in seconds since the epoch; its beginning where
    /// that is not known.
    pub(super) complete_until: i64,
    /// The table of items, where its rollups have a state.
    pub(super) table: Option<Table>,
}

/// Why a worker ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ended {
    /// The shard was read to its end and all of it was handled: its children may start.
    Done,
    /// It was asked to.
    Stopped,
    /// The shard does not exist any more; what was read of it was handled.
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
    reader: ShardReader,
    buffer: Buffer,
    /// Until when, in seconds since the epoch, it is known that nothing waits which was not read.
    read_until: Option<i64>,
    /// When the latest reads in a row began that found nothing.
    quiet: VecDeque<Instant>,
    /// Whether the shard exists no more: what was read of it is all there is.
    is_gone: bool,
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
        let reader = ShardReader::new(context.stream.clone(), shard_id, sequence_number);
        let buffer = Buffer::new(context.limits.clone());
        Worker {
            context,
            stop,
            checkpoint,
            reader,
            buffer,
            read_until: None,
            quiet: VecDeque::new(),
            is_gone: false,
            failure: None,
            reading: Backoff::default(),
            invoking: Backoff::default(),
        }
    }

    /// Works until the shard ends or it is asked to stop; a batch in flight is finished first.
    pub(super) async fn run(mut self) -> Ended {
        while !*self.stop.borrow() {
            let shard = Shard {
                open: self.checkpoint.open_window,
                read_until: self.read_until,
                has_ended: self.is_gone || self.reader.has_ended(),
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
            biased;
            _ = self.stop.wait_for(|stop| *stop) => return Err(Ended::Stopped),
            read = self.reader.read() => read,
        };
        if self.reader.take_gap() {
            self.note_gap().await;
        }
        match read {
            Ok(records) if records.is_empty() => {
                self.reading.reset();
                self.read_until = Some(began_at);
                // Its children may have records.
                if self.reader.has_ended() {
                    return Ok(());
                }
                if self.buffer.is_empty() {
                    self.context.tracker.caught_up(&self.checkpoint.shard_id, began);
                    self.settle(began);
                }
                let pause = self.context.idle_pause;
                self.pause(within.map_or(pause, |within| within.min(pause))).await
            }
            Ok(records) => {
                self.reading.reset();
                self.quiet.clear();
                self.sort(records);
                self.save_passed().await
            }
            Err(ReadError::Gone) => {
                if !self.reader.has_ended() {
                    self.note_gap().await;
                    let (shard_id, after) = (&self.checkpoint.shard_id, self.reader.position());
                    tracing::error!(
                        shard_id,
                        ?after,
                        "the shard is gone and was not read to its end: records after this one are \
                         lost"
                    );
                }
                self.is_gone = true;
                Ok(())
            }
            Err(error) => {
                metrics::READS_FAILED.add(1);
                let (shard_id, pause) = (&self.checkpoint.shard_id, self.reading.pause());
                tracing::warn!(shard_id, %error, ?pause, "reading the shard failed, trying again");
                self.pause(pause).await
            }
        }
    }

    /// Takes note of a read that found nothing: AWS may give an empty page before the end of a
    /// shard, an emulator does not.
    fn settle(&mut self, began: Instant) {
        let proof = if self.context.visibility_margin.is_zero() { 1 } else { EMPTY_READS };
        self.quiet.push_back(began);
        while self.quiet.len() > proof {
            self.quiet.pop_front();
        }
        if let Some(first) = self.quiet.front().filter(|_| self.quiet.len() == proof) {
            self.context.tracker.settled(&self.checkpoint.shard_id, *first);
        }
    }

    /// Notes that records behind those that were read are lost.
    async fn note_gap(&self) {
        let since = self.read_until.unwrap_or(self.context.complete_until);
        self.context.gaps.note(since).await;
    }

    /// Takes the records that are to be handed over, and passes over the others.
    fn sort(&mut self, records: Vec<Record>) {
        let (now, read) = (Instant::now(), records.len());
        let last = records.last();
        self.read_until = last.and_then(|last| last.dynamodb.approximate_creation_date_time);
        let mut filtered = 0;
        let Context { stream, checkpoints, .. } = &*self.context;
        let is_shared = stream.table() == Some(checkpoints.table_name());
        for record in records {
            if is_shared && is_our_own(&record) {
                continue;
            }
            if self.context.filters.admits(&record) {
                self.buffer.push(record, now);
            } else {
                self.buffer.pass(record);
                filtered += 1;
            }
        }
        tracing::debug!(shard_id = self.checkpoint.shard_id, read, filtered, "records were read");
        self.context.tracker.filtered(filtered);
    }

    /// Moves the checkpoint past what was passed over, where nothing before it waits.
    async fn save_passed(&mut self) -> Result<(), Ended> {
        let Some(passed) = self.buffer.take_passed() else { return Ok(()) };
        self.checkpoint.sequence_number = Some(passed.sequence_number);
        self.save(None).await?;
        self.context.tracker.handled(&self.checkpoint, 0, passed.second);
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), Ended> {
        if self.is_gone {
            return Err(Ended::Gone);
        }
        self.checkpoint.done = true;
        self.save(None).await?;
        self.context.tracker.done(&self.checkpoint.shard_id);
        Err(Ended::Done)
    }

    /// Saves the checkpoint, however often that takes; with what was discarded, where it moves past
    /// that.
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
            biased;
            _ = self.stop.wait_for(|stop| *stop) => Err(Ended::Stopped),
            () = sleep(pause) => Ok(()),
        }
    }
}

pub(super) fn epoch_secs() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    since_epoch.expect("the clock is past 1970").as_secs() as i64
}
