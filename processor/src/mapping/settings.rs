//! The settings of an event source mapping: the stream, how to cut it into batches, and when to
//! discard.
//!
//! Names, bounds and defaults are Lambda's where Lambda has them. One rule of its API is not kept:
//! a batch size above 10 may go without a batching window, for an invocation in this process costs
//! nothing; what is read at once, up to 1000 records, is handed over at once.

use std::time::Duration;

use super::error::Error;
use super::filter::FilterCriteria;

/// As many records as Lambda hands over in one event.
pub const MAX_BATCH_RECORDS: usize = 10_000;
/// The batch size that Lambda uses by default.
pub const DEFAULT_BATCH_RECORDS: usize = 100;
/// The longest time that Lambda waits for a batch to fill.
pub const MAX_BATCHING_WINDOW_SECS: u64 = 300;
/// The longest tumbling window.
pub const MAX_TUMBLING_WINDOW_SECS: u64 = 900;
/// The default tumbling window. Nothing is kept in it: it is there to make events
/// carry the shard id.
pub const DEFAULT_TUMBLING_WINDOW_SECS: u64 = 60;
/// The most retries that can be set.
pub const MAX_RETRY_ATTEMPTS: u32 = 10_000;
/// The least age that can be set at which records are discarded.
pub const MIN_RECORD_AGE_SECS: u64 = 60;
/// The greatest, although a stream has its records for a day.
pub const MAX_RECORD_AGE_SECS: u64 = 604_800;
/// The pause after a read that found nothing: Lambda reads a shard four times a second.
pub const IDLE_PAUSE_MS: u64 = 250;
/// How long a lease outlives a poller that died without giving it up.
pub const LEASE_TIME_TO_LIVE_SECS: u64 = 10;
/// How long a poller that stops waits for its batches in flight. With the release of the lease it
/// is less than the 10 s after which `docker stop` kills, and the 30 s of ECS and Kubernetes.
pub const DEFAULT_SHUTDOWN_TIMEOUT_SECS: u64 = 8;
/// The longest shutdown timeout: as long as a Lambda function may run.
pub const MAX_SHUTDOWN_TIMEOUT_SECS: u64 = 900;

/// How often the progress of a stream is stored.
pub(super) const REPORT_INTERVAL_MS: u64 = 1_000;
/// How long after a write its record may appear in the stream, unless set: far more than is usual,
/// for DynamoDB promises nothing.
const VISIBILITY_MARGIN_MS: u64 = 5_000;

/// Where the records come from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Source {
    /// The newest stream of the table of this name.
    Table(String),
    /// The stream of this ARN.
    Stream(String),
}

/// The settings of an event source mapping; the names are Lambda's where Lambda has them.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The stream to read.
    pub source: Source,
    /// The holder of the lease. One name for one poller: a poller takes over at once from another
    /// of its name.
    pub owner: String,
    /// The most records in an event, 1 to [`MAX_BATCH_RECORDS`].
    pub batch_size: usize,
    /// How long to wait for a batch to fill, up to [`MAX_BATCHING_WINDOW_SECS`]; zero hands over
    /// what there is.
    pub batching_window: Duration,
    /// The length of the window named in each event, 1 s to [`MAX_TUMBLING_WINDOW_SECS`].
    pub tumbling_window: Duration,
    /// How often a batch is handed over again before it is discarded, up to [`MAX_RETRY_ATTEMPTS`];
    /// none is Lambda's −1: for as long as the stream has its records, and so is what is counted
    /// exactly.
    pub maximum_retry_attempts: Option<u32>,
    /// The age at which a record is discarded, [`MIN_RECORD_AGE_SECS`] to [`MAX_RECORD_AGE_SECS`];
    /// none is Lambda's −1: any age.
    pub maximum_record_age: Option<Duration>,
    /// Whether a batch that failed is cut in two, which consumes no attempt, until the record is
    /// found that fails.
    pub bisect_batch_on_function_error: bool,
    /// Which records are handed over; without filters, all. The others count as handled.
    pub filter_criteria: FilterCriteria,
    /// How long to pause after a read that found nothing.
    pub idle_pause: Duration,
    /// How long the lease lasts unless renewed; it is renewed three times in that time.
    pub lease_time_to_live: Duration,
    /// How long after a write its record may appear in the stream: so much older is the time up to
    /// which the stream counts as handled.
    pub visibility_margin: Duration,
    /// How long a poller that stops waits for its batches in flight, up to
    /// [`MAX_SHUTDOWN_TIMEOUT_SECS`]. Batches that are not handled by then are aborted, and
    /// delivered again by the next poller.
    pub shutdown_timeout: Duration,
}

impl Settings {
    /// Lambda's defaults, for this stream and this owner of the lease.
    pub fn new(source: Source, owner: impl Into<String>) -> Self {
        Settings {
            source,
            owner: owner.into(),
            batch_size: DEFAULT_BATCH_RECORDS,
            batching_window: Duration::ZERO,
            tumbling_window: Duration::from_secs(DEFAULT_TUMBLING_WINDOW_SECS),
            maximum_retry_attempts: None,
            maximum_record_age: None,
            bisect_batch_on_function_error: false,
            filter_criteria: FilterCriteria::default(),
            idle_pause: Duration::from_millis(IDLE_PAUSE_MS),
            lease_time_to_live: Duration::from_secs(LEASE_TIME_TO_LIVE_SECS),
            visibility_margin: Duration::from_millis(VISIBILITY_MARGIN_MS),
            shutdown_timeout: Duration::from_secs(DEFAULT_SHUTDOWN_TIMEOUT_SECS),
        }
    }

    /// Refuses what Lambda would refuse.
    pub(super) fn check(&self) -> Result<(), Error> {
        let refuse = |setting, value: String, expected: String| {
            Err(Error::Setting { setting, value, expected })
        };
        if !(1..=MAX_BATCH_RECORDS).contains(&self.batch_size) {
            let expected = format!("1 to {MAX_BATCH_RECORDS} records");
            return refuse("batch size", self.batch_size.to_string(), expected);
        }
        if self.batching_window > Duration::from_secs(MAX_BATCHING_WINDOW_SECS) {
            let expected = format!("at most {MAX_BATCHING_WINDOW_SECS} s");
            return refuse("batching window", format!("{:?}", self.batching_window), expected);
        }
        if !(1..=MAX_TUMBLING_WINDOW_SECS).contains(&self.tumbling_window.as_secs()) {
            let expected = format!("1 to {MAX_TUMBLING_WINDOW_SECS} s");
            return refuse("tumbling window", format!("{:?}", self.tumbling_window), expected);
        }
        if self.shutdown_timeout > Duration::from_secs(MAX_SHUTDOWN_TIMEOUT_SECS) {
            let expected = format!("at most {MAX_SHUTDOWN_TIMEOUT_SECS} s");
            return refuse("shutdown timeout", format!("{:?}", self.shutdown_timeout), expected);
        }
        if let Some(attempts) =
            self.maximum_retry_attempts.filter(|most| *most > MAX_RETRY_ATTEMPTS)
        {
            let expected = format!("at most {MAX_RETRY_ATTEMPTS}, or none for ever");
            return refuse("maximum retry attempts", attempts.to_string(), expected);
        }
        let ages = MIN_RECORD_AGE_SECS..=MAX_RECORD_AGE_SECS;
        if let Some(age) = self.maximum_record_age.filter(|age| !ages.contains(&age.as_secs())) {
            let expected = format!("{MIN_RECORD_AGE_SECS} to {MAX_RECORD_AGE_SECS} s, or none");
            return refuse("maximum record age", format!("{age:?}"), expected);
        }
        if self.owner.is_empty() {
            return refuse("owner", "empty".to_owned(), "a name".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(change: impl Fn(&mut Settings)) -> String {
        let mut settings = Settings::new(Source::Table("flights".to_owned()), "test");
        settings.check().expect("the defaults");
        change(&mut settings);
        settings.check().expect_err("a refusal").to_string()
    }

    #[test]
    fn what_lambda_would_refuse_is_refused() {
        assert_eq!(
            refusal(|settings| settings.batch_size = 0),
            "batch size is 0, expected 1 to 10000 records"
        );
        assert_eq!(
            refusal(|settings| settings.batching_window = Duration::from_secs(301)),
            "batching window is 301s, expected at most 300 s"
        );
        assert_eq!(
            refusal(|settings| settings.tumbling_window = Duration::ZERO),
            "tumbling window is 0ns, expected 1 to 900 s"
        );
        assert_eq!(
            refusal(|settings| settings.maximum_retry_attempts = Some(10_001)),
            "maximum retry attempts is 10001, expected at most 10000, or none for ever"
        );
        assert_eq!(
            refusal(|settings| settings.shutdown_timeout = Duration::from_secs(901)),
            "shutdown timeout is 901s, expected at most 900 s"
        );
        for (secs, written) in [(59, "59s"), (604_801, "604801s")] {
            assert_eq!(
                refusal(|settings| settings.maximum_record_age = Some(Duration::from_secs(secs))),
                format!("maximum record age is {written}, expected 60 to 604800 s, or none")
            );
        }
        assert_eq!(refusal(|settings| settings.owner.clear()), "owner is empty, expected a name");
    }
}
