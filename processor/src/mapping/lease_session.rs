//! A lease session: while this poller holds the lease of a stream, it lists the shards and runs a
//! worker for each.
//!
//! ```text
//! acquire ─► list shards ─► start workers ─► wait ─┬─► asked to stop ─► workers finish ─► release
//!                  ▲                               ├─► lease lost ─► workers finish
//!                  └ a worker ended, time, nudge ◄─┘
//! ```
//!
//! **Invariant:** once the poller is asked to stop, it waits for its workers no longer than the
//! shutdown timeout, whatever they do; the release of the lease has a limit of its own.

use std::collections::{HashMap, HashSet};
use std::future::{Future, pending};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep, timeout};
use weir_table::checkpoints::{self, Checkpoint, Checkpoints, Lease, Saved};
use weir_table::{STREAM_RETENTION_SECS, Table};
use weir_telemetry::metrics;

use super::error::Error;
use super::lineage::{self, Shard};
use super::pruning;
use super::reporting::Reporter;
use super::stream::Listing;
use super::worker::{Context, Ended, Worker, epoch_secs};

/// How often the shards are listed again. A shard lives for hours.
const LISTING_INTERVAL_SECS: u64 = 10;
/// How often a lease is renewed in the time that it lives.
const RENEWALS_PER_TIME_TO_LIVE: u32 = 3;
/// How much sooner than the stream trims its records a pause in reading it counts as a loss.
const RETENTION_MARGIN_SECS: i64 = 5 * 60;
/// How long a stream that was replaced must bring nothing before it is left, if its shards do not
/// end.
const REPLACED_QUIET_SECS: u64 = 60;
/// How long giving the lease up may take when the poller stops.
const RELEASE_LIMIT_SECS: u64 = 1;

/// How a session ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    /// The table has another stream, of this ARN, and this one was handled to its end.
    Replaced(String),
    /// It was asked to stop.
    Stopped,
    /// Another poller has the lease, or this one could not renew it in time.
    LeaseLost,
}

/// A stream that has replaced the one that is read.
#[derive(Debug)]
struct Replacement {
    arn: String,
    found_at: Instant,
}

/// A session with its workers.
#[derive(Debug)]
pub(super) struct LeaseSession<H> {
    context: Arc<Context<H>>,
    workers: JoinSet<Ended>,
    shards: HashMap<Id, String>,
    gone: HashSet<String>,
    halt: watch::Sender<bool>,
    /// When the stream was last seen to be enabled, in seconds since the epoch.
    enabled_at: Option<i64>,
    is_disabled: bool,
}

impl<H, F> LeaseSession<H>
where
    H: Fn(Vec<u8>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Vec<u8>, String>> + Send + 'static,
{
    pub(super) fn new(context: Context<H>) -> Self {
        LeaseSession {
            context: Arc::new(context),
            workers: JoinSet::new(),
            shards: HashMap::new(),
            gone: HashSet::new(),
            halt: watch::Sender::new(false),
            enabled_at: None,
            is_disabled: false,
        }
    }

    /// Polls until asked to stop, or until the lease is lost. The lease was taken or renewed at
    /// `leased`.
    pub(super) async fn serve(
        mut self,
        leased: Instant,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<Outcome, Error> {
        let context = Arc::clone(&self.context);
        let keeper = keep(&context.checkpoints, &context.lease, leased);
        tokio::pin!(keeper);
        let mut reporter = reporter(&context);

        context.tracker.leased(context.stream.label());

        // The reasons to end come first: a worker that ends meanwhile is waited for below.
        let outcome = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => Ok(Outcome::Stopped),
            () = &mut keeper => Ok(Outcome::LeaseLost),
            () = report(&mut reporter) => unreachable!("reporting does not end"),
            outcome = self.supervise() => outcome,
        };
        self.halt.send_replace(true);
        if let Ok(Outcome::LeaseLost) = outcome {
            context.tracker.unleased(context.stream.label());
            self.finish(stop).await;
            return outcome;
        }
        // The lease is renewed meanwhile. If it is lost, the workers are waited for nevertheless.
        tokio::select! {
            biased;
            () = self.finish(stop) => {}
            () = async { keeper.await; pending().await } => {}
        }
        let limit = Duration::from_secs(RELEASE_LIMIT_SECS);
        let report = async {
            if let Some(reporter) = &mut reporter {
                reporter.finish().await;
            }
        };
        let release = async {
            let ((), released) =
                futures::join!(report, context.checkpoints.release(&context.lease));
            released
        };
        let released = timeout(limit, release).await;
        context.tracker.unleased(context.stream.label());
        match released {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "the lease was not given up and has to expire")
            }
            Err(_) => {
                tracing::warn!(?limit, "the lease was not given up in time and has to expire")
            }
        }
        outcome
    }

    /// Waits for all workers, each of which finishes its batch in flight. From the moment at which
    /// the poller is asked to stop, it waits no longer than the shutdown timeout.
    async fn finish(&mut self, stop: &mut watch::Receiver<bool>) {
        let Context { in_flight, shutdown_timeout, .. } = &*self.context;
        let time_is_up = async {
            // An error means that the mapping was dropped, and this with it.
            let _ = stop.wait_for(|stop| *stop).await;
            in_flight.log_waiting(*shutdown_timeout);
            sleep(*shutdown_timeout).await;
        };
        tokio::select! {
            biased;
            () = finish(&mut self.workers) => {}
            () = time_is_up => {
                self.workers.shutdown().await;
                in_flight.abandon();
            }
        }
    }

    /// Starts workers as shards become readable, for ever unless something breaks.
    async fn supervise(&mut self) -> Result<Outcome, Error> {
        let (shards, saved) = self.look().await?;
        self.note_trimmed().await;
        for lost in lineage::lost(&shards, &saved) {
            self.context.gaps.note(lost.saved_at.min(self.context.complete_until)).await;
            let lost = &lost.checkpoint;
            tracing::warn!(
                shard_id = lost.shard_id,
                after = lost.sequence_number,
                "the shard was trimmed before its end was read; records after this one are lost"
            );
        }
        self.prune(&shards, &saved).await;
        let mut replacement: Option<Replacement> = None;
        loop {
            if replacement.is_none() {
                replacement = self.replacement().await;
            }
            if let Some(known) = &replacement
                && self.is_read_to_its_end(known)
            {
                return Ok(Outcome::Replaced(known.arn.clone()));
            }
            tokio::select! {
                biased;
                ended = next(&mut self.workers) => {
                    if self.note(ended)? == Some(Ended::LeaseLost) {
                        return Ok(Outcome::LeaseLost);
                    }
                }
                () = sleep(Duration::from_secs(LISTING_INTERVAL_SECS)) => {}
                () = self.context.tracker.nudged() => {}
            }
            match self.look().await {
                Ok((shards, saved)) => self.prune(&shards, &saved).await,
                Err(Error::Gone { .. }) if replacement.is_some() => {
                    let known = replacement.expect("it is some");
                    return Ok(Outcome::Replaced(known.arn));
                }
                Err(error @ Error::Gone { .. }) => return Err(error),
                Err(error) => tracing::warn!(%error, "looking for new shards failed"),
            }
        }
    }

    /// Notes the loss of records that this stream no longer has, if it was not handled for as long
    /// as it keeps records.
    async fn note_trimmed(&self) {
        let Context { stream, gaps, complete_until, visibility_margin, .. } = &*self.context;
        // Where nothing is known, the rollups began just now: see `weir_table::state`. The embedded
        // DynamoDB, which has no margin, keeps records until they are read.
        let is_known = *complete_until > stream.began_at() && !visibility_margin.is_zero();
        let age = epoch_secs() - complete_until;
        if is_known && age >= STREAM_RETENTION_SECS - RETENTION_MARGIN_SECS {
            gaps.note(*complete_until).await;
            tracing::error!(
                age_secs = age,
                "the stream was not read for as long as it keeps records; changes are lost"
            );
        }
    }

    /// Whether a stream that was replaced has no more records: every shard has ended, or nothing
    /// has come for a minute.
    fn is_read_to_its_end(&self, replacement: &Replacement) -> bool {
        let tracker = &self.context.tracker;
        tracker.has_ended()
            || replacement.found_at.elapsed() >= Duration::from_secs(REPLACED_QUIET_SECS)
                && tracker.is_caught_up(replacement.found_at)
    }

    /// Notes that changes are lost from the last look at which the stream was enabled.
    async fn note_disabled(&mut self, is_enabled: bool) {
        let Context { stream, tracker, gaps, complete_until, .. } = &*self.context;
        tracker.set_enabled(is_enabled);
        if is_enabled {
            self.enabled_at = Some(epoch_secs());
            self.is_disabled = false;
        } else if !self.is_disabled {
            gaps.note(self.enabled_at.unwrap_or(*complete_until)).await;
            tracing::error!(
                stream = stream.arn(),
                "the stream is disabled: writes to the table are not counted until it is enabled"
            );
            self.is_disabled = true;
        }
    }

    /// Looks whether the table has another stream than the one that is read.
    async fn replacement(&self) -> Option<Replacement> {
        let Context { table, stream, .. } = &*self.context;
        let arn = latest_stream(table.as_ref()?).await?;
        if arn == stream.arn() {
            return None;
        }
        tracing::error!(
            stream = stream.arn(),
            replacement = arn,
            "the table has another stream: the old one is read to its end, and changes between the \
             two are lost"
        );
        Some(Replacement { arn, found_at: Instant::now() })
    }

    /// Lists the shards and starts a worker on each that may be read.
    async fn look(&mut self) -> Result<(Vec<Shard>, Vec<Saved>), Error> {
        let began = Instant::now();
        let context = Arc::clone(&self.context);
        let Listing { shards, is_enabled, .. } = context.stream.shards().await?;
        self.note_disabled(is_enabled).await;
        let saved = context.checkpoints.load_saved(context.stream.label()).await?;

        let checkpoints = saved.iter().map(|saved| &saved.checkpoint);
        let done = checkpoints.clone().filter(|checkpoint| checkpoint.done);
        let done = done.map(|checkpoint| &checkpoint.shard_id).chain(&self.gone);
        let finished: HashSet<String> = done.cloned().collect();
        let running: HashSet<String> = self.shards.values().cloned().collect();
        for shard in lineage::startable(&shards, &finished, &running) {
            let known = checkpoints.clone().find(|checkpoint| checkpoint.shard_id == shard.id);
            self.start(known.cloned().unwrap_or_else(|| Checkpoint {
                shard_id: shard.id.clone(),
                ..Checkpoint::default()
            }));
        }
        let running = self.shards.values().cloned().collect();
        context.tracker.listed(began, &shards, &finished, &running);
        context.tracker.measure(context.stream.label(), self.shards.len());
        Ok((shards, saved))
    }

    /// Removes the checkpoints that are needed no more, each after the progress of its shard. One
    /// that cannot be removed is tried again at the next look.
    async fn prune(&self, shards: &[Shard], saved: &[Saved]) {
        let Context { stream, checkpoints, lease, table, .. } = &*self.context;
        let running = self.shards.values().cloned().collect();
        for old in pruning::prunable(shards, &running, saved, epoch_secs()) {
            let shard_id = &old.checkpoint.shard_id;
            if !stream.has_lost(shard_id).await {
                continue;
            }
            let removed = async {
                if table.is_some() {
                    checkpoints.remove_shard_progress(stream.label(), shard_id).await?;
                }
                checkpoints.remove(lease, old).await
            };
            match removed.await {
                Ok(()) => tracing::info!(shard_id, "the shard is gone, and its checkpoint with it"),
                Err(error) => {
                    tracing::warn!(shard_id, %error, "an old checkpoint was not removed");
                    return;
                }
            }
        }
    }

    fn start(&mut self, checkpoint: Checkpoint) {
        let (shard_id, after) = (&checkpoint.shard_id, checkpoint.sequence_number.as_deref());
        tracing::info!(shard_id, after, "reading the shard");
        let shard_id = shard_id.clone();
        let worker = Worker::new(Arc::clone(&self.context), checkpoint, self.halt.subscribe());
        let task = self.workers.spawn(worker.run());
        self.shards.insert(task.id(), shard_id);
    }

    /// Takes note of a worker that ended.
    fn note(&mut self, ended: Result<(Id, Ended), JoinError>) -> Result<Option<Ended>, Error> {
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let shard_id = self.shards.remove(&id).unwrap_or_default();
        match ended {
            Ok((_, ended)) => {
                tracing::info!(shard_id, ?ended, "reading the shard has ended");
                if ended == Ended::Gone {
                    self.gone.insert(shard_id);
                }
                Ok(Some(ended))
            }
            Err(error) => Err(Error::Worker { shard_id, reason: error.to_string() }),
        }
    }
}

/// Returns the ARN of a table's latest stream; `None` if it has none, or does not answer.
pub(super) async fn latest_stream(table: &Table) -> Option<String> {
    let described = table.describe().await;
    let is_missing = matches!(described, Err(weir_table::Error::MissingTable { .. }));
    metrics::TABLE_MISSING.set_by(&[], f64::from(u8::from(is_missing)));
    match described {
        Ok(items) => items.stream_arn().map(str::to_owned),
        Err(error) => {
            let (table, error) = (table.name(), weir_table::error::chain(&error));
            tracing::warn!(table, error, "the table cannot be described, trying again");
            None
        }
    }
}

/// Returns the store of the progress, where a reader would look for it.
fn reporter<H>(context: &Context<H>) -> Option<Reporter> {
    context.table.as_ref()?;
    let (checkpoints, progress) = (context.checkpoints.clone(), context.tracker.progress());
    Some(Reporter::new(checkpoints, &context.stream, progress, context.visibility_margin))
}

/// Stores the progress until it is dropped.
async fn report(reporter: &mut Option<Reporter>) {
    match reporter {
        Some(reporter) => reporter.run().await,
        None => pending().await,
    }
}

/// Waits for all workers, each of which finishes its batch in flight.
async fn finish(workers: &mut JoinSet<Ended>) {
    while workers.join_next().await.is_some() {}
}

/// The next worker to end; waits for ever while there is none.
async fn next(workers: &mut JoinSet<Ended>) -> Result<(Id, Ended), JoinError> {
    match workers.join_next_with_id().await {
        Some(ended) => ended,
        None => pending().await,
    }
}

/// Renews the lease again and again; returns when it is lost.
async fn keep(checkpoints: &Checkpoints, lease: &Lease, mut leased: Instant) {
    let interval = lease.time_to_live() / RENEWALS_PER_TIME_TO_LIVE;
    loop {
        sleep(interval).await;
        let began = Instant::now();
        let left = lease.time_to_live().saturating_sub(leased.elapsed());
        match timeout(left, checkpoints.renew(lease)).await {
            Ok(Ok(())) => leased = began,
            Ok(Err(checkpoints::Error::Lost { .. })) | Err(_) => return,
            Ok(Err(error)) => tracing::warn!(%error, "the lease was not renewed, trying again"),
        }
    }
}
