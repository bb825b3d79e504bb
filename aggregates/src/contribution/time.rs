//! The buckets that an item falls into, and until when they are kept.

use std::collections::BTreeMap;

use jiff::Timestamp;
use weir_model::{Granularity, Item, Rollup};

use crate::bucket::Bucket;
use crate::skip::{Part, Skip, typed};
use crate::watermark::UNKNOWN_SECONDS;

/// Returns the buckets that an item falls into, one of each length that is kept.
///
/// # Errors
/// The reason why its time cannot be counted.
pub(super) fn buckets(rollup: &Rollup, item: &Item) -> Result<Vec<Bucket>, Skip> {
    let Some(time) = rollup.time.as_ref().filter(|_| needs_time(rollup)) else {
        return Ok(vec![Bucket::all()]);
    };
    let value = typed(Part::Time, time, item)?;
    let value = value.ok_or_else(|| Skip::TimeAbsent(time.name().to_owned()))?;
    let beyond = || Skip::TimeRange(time.name().to_owned());
    let instant = time.kind().instant(value).ok_or_else(beyond)?;
    let at = |granularity: &Granularity| {
        Bucket::at(*granularity, instant, &rollup.time_zone).ok_or_else(beyond)
    };
    rollup.granularities.iter().map(at).collect()
}

/// When a bucket is not kept any more, in seconds since 1970; `None` for one that is kept for good.
pub(super) fn expires_at(rollup: &Rollup, bucket: &Bucket) -> Option<i64> {
    expiry(&rollup.keep, bucket.granularity, bucket.end?)
}

/// When a bucket that ends then is not kept any more, in seconds since 1970.
pub(crate) fn expiry(
    keep: &BTreeMap<Granularity, u64>,
    granularity: Granularity,
    end: Timestamp,
) -> Option<i64> {
    let kept = i64::try_from(*keep.get(&granularity)?).ok()?;
    Some(end.as_second().saturating_add(kept))
}

/// Whether a bucket was not kept any more when something was changed: nobody answers with it, and
/// its items may be gone.
pub(super) fn is_gone(rollup: &Rollup, bucket: &Bucket, seconds: u32) -> bool {
    seconds != UNKNOWN_SECONDS
        && expires_at(rollup, bucket).is_some_and(|expires_at| expires_at <= i64::from(seconds))
}

/// Whether any bucket is shorter than all time.
fn needs_time(rollup: &Rollup) -> bool {
    rollup.granularities.iter().any(|kept| *kept != Granularity::All)
}
