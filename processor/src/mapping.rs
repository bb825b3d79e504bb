//! The local event source mapping: what Lambda does between a DynamoDB stream and a function, in
//! this process.
//!
//! ```text
//! stream ─► shards, parents first ─► batches ─► event ─► handler ─► response ─► checkpoint
//! ```
//!
//! It hands the handler what Lambda would hand it and believes its answer as Lambda would. A record
//! is delivered at least once, in the order of its shard the first time, and for as long as it
//! takes; a shard waits for its own failures and for no other shard.
//!
//! | to see                                                   | read       |
//! |----------------------------------------------------------|------------|
//! | which shards may be read: a function of values           | `lineage`  |
//! | which checkpoints are needed no more: such a function   | `pruning`  |
//! | which records are handed over: functions of values      | `filter`   |
//! | how records become batches: a function of values         | `batch`    |
//! | which records are retried or discarded: a function of values | `retry` |
//! | when a tumbling window is over: a function of values    | `window`   |
//! | what an answer means: a function of values               | `verdict`  |
//! | one shard, read and handled                              | `worker`   |
//! | the batches in flight, and how long a stop waits for them | `in_flight` |
//! | all shards, for as long as this poller holds the lease   | `lease_session`  |
//! | how far it has got, for those who wait for it            | `progress` |
//! | the same, stored for readers                             | `reporting` |
//! | how lost records are noted                               | `gaps`     |
//! | the stream for others than the mapping: without lease and checkpoints | `stream_reader` |
//!
//! **Invariant:** no checkpoint is saved for a record before the handler answered for it.

mod backoff;
mod batch;
mod environment;
mod error;
mod filter;
mod gaps;
mod in_flight;
mod lease_session;
mod lineage;
mod progress;
mod pruning;
mod reader;
mod reporting;
mod retry;
mod settings;
mod stream;
mod stream_reader;
mod verdict;
mod window;
mod worker;

pub use error::Error;
pub use filter::{FilterCriteria, FilterError, MAX_FILTERS, MAX_PATTERN_CHARS};
pub use progress::{Progress, ShardProgress, Snapshot, Stopped};
pub use settings::{
    DEFAULT_BATCH_RECORDS, DEFAULT_SHUTDOWN_TIMEOUT_SECS, DEFAULT_TUMBLING_WINDOW_SECS,
    IDLE_PAUSE_MS, LEASE_TIME_TO_LIVE_SECS, MAX_BATCH_RECORDS, MAX_BATCHING_WINDOW_SECS,
    MAX_RECORD_AGE_SECS, MAX_RETRY_ATTEMPTS, MAX_SHUTDOWN_TIMEOUT_SECS, MAX_TUMBLING_WINDOW_SECS,
    MIN_RECORD_AGE_SECS, Settings, Source,
};
pub use stream_reader::{
    ShardPage, ShardPages, ShardReadError, StreamListing, StreamReader, StreamShard,
};

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::config::Builder;
use aws_sdk_dynamodbstreams::config::retry::RetryPartition;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use weir_table::checkpoints::{self, Checkpoints, HeldLease, Lease, LeaseWatch};
use weir_table::{Connection, Table};
use weir_telemetry::metrics;

use self::backoff::Backoff;
use self::batch::Limits;
use self::gaps::Gaps;
use self::in_flight::InFlight;
use self::lease_session::{LeaseSession, Outcome};
use self::progress::ProgressTracker;
use self::retry::Policy;
use self::stream::Stream;
use self::worker::Context;
use crate::tracking;

/// How often to ask for a lease that another poller holds: it may be given up at any time.
const LEASE_POLL_MS: u64 = 500;

/// A poller of one stream.
#[derive(Debug)]
pub struct EventSourceMapping {
    client: Client,
    checkpoints: Checkpoints,
    settings: Settings,
    tracker: Arc<ProgressTracker>,
    /// The table of items, where its rollups have a state.
    table: Option<Table>,
    /// Whether another poller was seen to hold the lease.
    has_waited: AtomicBool,
}

impl EventSourceMapping {
    /// A mapping that reads streams over this connection and keeps its place in these checkpoints.
    pub fn new(connection: &Connection, checkpoints: Checkpoints, settings: Settings) -> Self {
        EventSourceMapping {
            client: streams_client(connection),
            checkpoints,
            settings,
            tracker: Arc::new(ProgressTracker::new()),
            table: None,
            has_waited: AtomicBool::new(false),
        }
    }

    /// Keeps the state of this table's rollups: follows the table to another stream, notes lost
    /// records, and stores how far the stream and each of its shards were handled.
    #[must_use]
    pub fn of_table(mut self, table: Table) -> Self {
        self.table = Some(table);
        self
    }

    /// Whether it stores how far the stream and its shards were handled.
    pub(crate) fn stores_progress(&self) -> bool {
        self.table.is_some()
    }

    /// A view of how far it gets, to be taken before it runs.
    pub fn progress(&self) -> Progress {
        self.tracker.progress()
    }

    /// Polls until `shutdown` resolves; then the batches in flight are finished, or aborted after
    /// [`Settings::shutdown_timeout`], and the lease is given up.
    ///
    /// The handler gets the JSON of a Lambda event and answers with the JSON of a response. An
    /// error and a panic are a failed invocation. It is called for several shards at a time, and
    /// for one shard never twice at a time.
    pub async fn run<H, F>(
        self,
        handler: H,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), Error>
    where
        H: Fn(Vec<u8>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Vec<u8>, String>> + Send + 'static,
    {
        self.settings.check()?;
        metrics::describe();
        let (stop, stopped) = watch::channel(false);
        let work = self.work(Arc::new(handler), stopped);
        tokio::pin!(work, shutdown);
        tokio::select! {
            biased;
            ended = &mut work => return ended,
            () = &mut shutdown => {}
        }
        stop.send_replace(true);
        work.await
    }

    /// Holds the lease, and holds it again when it was lost, until it is asked to stop.
    ///
    /// A call that fails at its first try is an error; one that worked before is retried.
    async fn work<H, F>(self, handler: Arc<H>, mut stop: watch::Receiver<bool>) -> Result<(), Error>
    where
        H: Fn(Vec<u8>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Vec<u8>, String>> + Send + 'static,
    {
        let mut stream = Stream::find(self.client.clone(), &self.settings.source).await?;
        let mut backoff = Backoff::default();
        // Whether the stream was found to be gone, and that was noted.
        let mut is_gone = false;
        loop {
            let error = match self.hold(&stream, &handler, &mut stop).await {
                Ok(Outcome::Stopped) => return Ok(()),
                Ok(Outcome::Replaced(arn)) => {
                    backoff.reset();
                    stream = stream.with_arn(arn);
                    if self.open_state(&mut stop).await { continue } else { return Ok(()) }
                }
                Ok(Outcome::LeaseLost) => {
                    backoff.reset();
                    metrics::LEASES_LOST.add(1);
                    tracing::warn!("the lease was lost, waiting to take it again");
                    continue;
                }
                Err(error @ Error::Gone { .. }) if self.table.is_some() && self.has_worked() => {
                    if let Some(arn) = self.other_stream(&stream).await {
                        stream = stream.with_arn(arn);
                        is_gone = false;
                        if self.open_state(&mut stop).await { continue } else { return Ok(()) }
                    }
                    if !std::mem::replace(&mut is_gone, true) {
                        let since = self.complete_until(&stream).await?;
                        Gaps::new(self.table.clone()).note(since).await;
                    }
                    error
                }
                Err(error) if error.may_pass() && self.has_worked() => error,
                Err(error) => return Err(error),
            };
            let pause = backoff.pause();
            tracing::warn!(%error, ?pause, "polling was interrupted, trying again");
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return Ok(()),
                () = sleep(pause) => {}
            }
        }
    }

    /// The stream that the table has instead of one that does not exist any more.
    async fn other_stream(&self, gone: &Stream) -> Option<String> {
        let arn = lease_session::latest_stream(self.table.as_ref()?).await?;
        Some(arn).filter(|arn| arn != gone.arn())
    }

    /// Opens the state of the rollups for another stream, which notes what was lost. Retries until
    /// that is stored; returns whether it was, which it is not if the mapping is to stop.
    async fn open_state(&self, stop: &mut watch::Receiver<bool>) -> bool {
        let Some(table) = &self.table else { return true };
        let mut backoff = Backoff::default();
        loop {
            let error = match table.open_rollups().await {
                Ok(opened) => {
                    tracking::note(&opened);
                    return true;
                }
                Err(error) => weir_table::error::chain(&error),
            };
            let pause = backoff.pause();
            tracing::error!(error, ?pause, "could not open the state of the rollups, trying again");
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return false,
                () = sleep(pause) => {}
            }
        }
    }

    /// Whether DynamoDB has answered before, if only that another poller holds the lease.
    fn has_worked(&self) -> bool {
        self.tracker.has_listed() || self.has_waited.load(Ordering::Relaxed)
    }

    /// Takes the lease and polls while it lasts.
    async fn hold<H, F>(
        &self,
        stream: &Stream,
        handler: &Arc<H>,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<Outcome, Error>
    where
        H: Fn(Vec<u8>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Vec<u8>, String>> + Send + 'static,
    {
        // A lease that was just taken is kept, and given up in order, rather than left to expire.
        let (lease, leased) = tokio::select! {
            biased;
            taken = self.acquire(stream.label()) => taken?,
            _ = stop.wait_for(|stop| *stop) => return Ok(Outcome::Stopped),
        };
        let Settings { batch_size, batching_window, tumbling_window, .. } = self.settings;
        let policy = Policy {
            maximum_retry_attempts: self.settings.maximum_retry_attempts,
            maximum_record_age: self.settings.maximum_record_age,
            bisects: self.settings.bisect_batch_on_function_error,
        };
        let context = Context {
            stream: stream.clone(),
            checkpoints: self.checkpoints.clone(),
            lease,
            limits: Limits::new(batch_size, batching_window, tumbling_window),
            policy,
            filters: self.settings.filter_criteria.clone(),
            idle_pause: self.settings.idle_pause,
            shutdown_timeout: self.settings.shutdown_timeout,
            in_flight: InFlight::default(),
            handler: Arc::clone(handler),
            tracker: Arc::clone(&self.tracker),
            gaps: Gaps::new(self.table.clone()),
            visibility_margin: self.settings.visibility_margin,
            complete_until: self.complete_until(stream).await?,
            table: self.table.clone(),
        };
        LeaseSession::new(context).serve(leased, stop).await
    }

    /// Takes the lease once no other poller has it, and returns when it began to run.
    async fn acquire(&self, label: &str) -> Result<(Lease, Instant), Error> {
        let Settings { owner, lease_time_to_live, .. } = &self.settings;
        self.tracker.unleased(label);
        let mut watch = LeaseWatch::default();
        let mut is_waiting = false;
        loop {
            let asked = Instant::now();
            let held = match self.checkpoints.acquire(label, owner, *lease_time_to_live).await {
                Ok(lease) => return Ok((lease, asked)),
                Err(checkpoints::Error::Held(held)) => held,
                Err(error) => return Err(error.into()),
            };
            self.has_waited.store(true, Ordering::Relaxed);
            let remaining = watch.remaining(&held, *lease_time_to_live, Instant::now());
            if remaining.is_zero() {
                if let Some(taken) = self.take_over(&held).await? {
                    return Ok(taken);
                }
                sleep(Duration::from_millis(LEASE_POLL_MS)).await;
                continue;
            }
            if !is_waiting {
                let held = checkpoints::Error::Held(held);
                tracing::info!(?remaining, "waiting: {held}; it expires unless it is renewed");
                is_waiting = true;
            }
            sleep(remaining.min(Duration::from_millis(LEASE_POLL_MS))).await;
        }
    }

    /// Until when a stream was handled, in seconds since the epoch, as far as it is stored; else
    /// its beginning.
    async fn complete_until(&self, stream: &Stream) -> Result<i64, Error> {
        let progress = match self.table {
            Some(_) => self.checkpoints.progress(stream.label()).await?,
            None => None,
        };
        Ok(progress.map_or(stream.began_at(), |progress| progress.complete_through_ms / 1_000))
    }

    /// Takes a lease that expired, unless it was renewed at the last moment.
    async fn take_over(&self, held: &HeldLease) -> Result<Option<(Lease, Instant)>, Error> {
        let Settings { owner, lease_time_to_live, .. } = &self.settings;
        let asked = Instant::now();
        match self.checkpoints.take_over(held, owner, *lease_time_to_live).await {
            Ok(lease) => {
                let (from, renewed_at) = (&held.owner, &held.updated_at);
                tracing::info!(from, renewed_at, "took over a lease that was not renewed");
                Ok(Some((lease, asked)))
            }
            Err(checkpoints::Error::Held(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Returns a client of DynamoDB Streams. It has a retry quota of its own: another poller of the
/// process does not use it up.
fn streams_client(connection: &Connection) -> Client {
    let quota = RetryPartition::custom("weir").build();
    let config = Builder::from(connection.sdk_config()).retry_partition(quota);
    Client::from_conf(config.build())
}

impl Error {
    /// Whether trying again may help.
    fn may_pass(&self) -> bool {
        matches!(self, Error::Streams { .. } | Error::Checkpoints(_))
    }
}
