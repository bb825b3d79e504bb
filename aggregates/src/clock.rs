//! Buckets of the clock: local time cut to minutes, quarters of an hour, or hours.
//!
//! ```text
//! Lord Howe, when its clock goes back by half an hour, at 15:00Z
//!   hours at +11:00       │ 14:00Z ──────────┤
//!   hours at +10:30                 ┊ 14:30Z ├──────────┤      named by 14:30Z, begins at 15:00Z
//! ```
//!
//! **Invariant:** every instant is in exactly one bucket of each length, and no two have one name.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use weir_model::Granularity;

use crate::period::Period;

const NANOS_PER_SECOND: i128 = 1_000_000_000;
const MINUTE_SECONDS: i64 = 60;
const QUARTER_HOUR_SECONDS: i64 = 900;
const HOUR_SECONDS: i64 = 3600;

/// A bucket of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// The instant that names it: where it begins, or would if the clock had not changed since.
    pub(crate) name: Timestamp,
    /// Its period.
    pub(crate) period: Period,
}

/// Returns the length of a granularity of the clock; `None` for one of the calendar.
pub(crate) fn seconds(granularity: Granularity) -> Option<i64> {
    match granularity {
        Granularity::Minute => Some(MINUTE_SECONDS),
        Granularity::QuarterHour => Some(QUARTER_HOUR_SECONDS),
        Granularity::Hour => Some(HOUR_SECONDS),
        _ => None,
    }
}

/// Local time cut to a multiple of `seconds`, identified by the instant at which that is.
///
/// If the clock changes within it by another time than such multiples, the bucket ends there and
/// the next one begins there, at that offset's own cut. Offsets count in whole minutes: before time
/// zones were agreed, local mean times had seconds too.
pub(crate) fn cut(seconds: i64, instant: Timestamp, zone: &TimeZone) -> Option<Cut> {
    let offset = offset_seconds(zone, instant);
    let whole = i64::try_from(instant.as_nanosecond().div_euclid(NANOS_PER_SECOND)).ok()?;
    let start =
        Timestamp::from_second((whole + offset).div_euclid(seconds) * seconds - offset).ok()?;
    let end = start.checked_add(SignedDuration::from_secs(seconds)).ok()?;
    let is_cut_otherwise = |other: Timestamp| (offset_seconds(zone, other) - offset) % seconds != 0;
    // A change of the clock at the very instant counts as one before it.
    let just_after = instant.checked_add(SignedDuration::from_nanos(1)).ok()?;
    let began = zone.preceding(just_after).next().map(|change| change.timestamp());
    let changes = zone.following(instant).next().map(|change| change.timestamp());
    let period = Period {
        start: began.filter(|change| *change > start && is_cut_otherwise(start)).unwrap_or(start),
        end: changes.filter(|change| *change < end && is_cut_otherwise(*change)).unwrap_or(end),
    };
    Some(Cut { name: start, period })
}

/// Returns the bucket of that name. The instant itself may lie in the bucket before, where the
/// clock has changed since.
pub(crate) fn named(seconds: i64, name: Timestamp, zone: &TimeZone) -> Option<Cut> {
    let last = name.checked_add(SignedDuration::from_secs(seconds - 1)).ok()?;
    let candidates = [name, last].into_iter().filter_map(|instant| cut(seconds, instant, zone));
    candidates.into_iter().find(|cut| cut.name == name)
}

/// Returns a zone's offset in whole minutes, as seconds.
fn offset_seconds(zone: &TimeZone, instant: Timestamp) -> i64 {
    i64::from(zone.to_offset(instant).seconds()).div_euclid(MINUTE_SECONDS) * MINUTE_SECONDS
}
