//! How a capture reads: from where, how often, and until when.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;
use weir_rollups::SequenceNumber;
use weir_table::STREAM_RETENTION_SECS;

use super::error::CaptureError;

/// The shortest time between two reads of a shard. DynamoDB allows five in a second for all readers
/// of a shard, of which Lambda takes up to four.
const READ_INTERVAL_MS: u64 = 500;
/// The time between two looks for new shards. A shard lives for hours.
const LISTING_INTERVAL_SECS: u64 = 10;
/// How much sooner than the stream trims its records a capture counts them as lost.
const RETENTION_MARGIN_SECS: i64 = 5 * 60;

/// Where a capture begins to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaptureStart {
    /// Behind the newest record: for a cut that is chosen afterwards.
    Latest,
    /// At the oldest record: for the cut of a build that was interrupted.
    TrimHorizon,
    /// Behind a record of each of these shards, by id, and at the oldest record of the others: for
    /// a verification, which needs the records that the processor has not acknowledged.
    After(HashMap<String, SequenceNumber>),
}

/// The settings of a capture.
#[derive(Clone, Copy, Debug)]
pub struct CaptureSettings {
    /// The shortest time between two reads of a shard.
    pub read_interval: Duration,
    /// The time between two looks for new shards, unless one has ended.
    pub listing_interval: Duration,
    /// The clock that continues while the machine sleeps: that of the machine, or that of a
    /// simulated world.
    pub wall_clock: fn() -> SystemTime,
}

/// The end of a capture: the end of the scan and the time after which a record can be read.
///
/// A shard is complete when several reads in a row that began at `not_before` or later bring
/// nothing, or one brings a record of the time `seconds` or later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaptureEnd {
    /// The end by the clock of this process.
    pub not_before: Instant,
    /// The end by DynamoDB's clock, in seconds since 1970.
    pub seconds: u32,
}

impl CaptureEnd {
    /// Returns the end at a time of DynamoDB's clock, in seconds since 1970, and after a pause from
    /// now on.
    pub(crate) fn new(until: i64, pause: Duration) -> Self {
        let seconds = u32::try_from(until).expect("a time before 2106");
        Self { not_before: Instant::now() + pause, seconds }
    }
}

impl Default for CaptureSettings {
    fn default() -> Self {
        Self {
            read_interval: Duration::from_millis(READ_INTERVAL_MS),
            listing_interval: Duration::from_secs(LISTING_INTERVAL_SECS),
            wall_clock: SystemTime::now,
        }
    }
}

/// Returns whether the stream may have trimmed records of a time, in seconds since 1970.
pub(super) fn is_trimmed(seconds: i64, now: SystemTime) -> bool {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let age = i64::try_from(now).unwrap_or(i64::MAX) - seconds;
    age > STREAM_RETENTION_SECS - RETENTION_MARGIN_SECS
}

/// Checks that the stream still has the records from the cut on.
pub(crate) fn check_age(cut: u32, now: SystemTime) -> Result<(), CaptureError> {
    match is_trimmed(i64::from(cut), now) {
        true => Err(CaptureError::CutTooOld { cut }),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_of_more_than_a_day_ago_is_refused() {
        let now = 1_795_982_400;
        let clock = UNIX_EPOCH + Duration::from_secs(u64::from(now));
        check_age(now + 120, clock).expect("a cut that is to come");
        check_age(now - 23 * 60 * 60, clock).expect("the stream has its records");
        let error = check_age(now - 24 * 60 * 60, clock).expect_err("too old").to_string();
        assert!(error.contains("24 hours"), "{error}");
    }
}
