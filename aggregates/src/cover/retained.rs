//! The buckets in time that a rollup keeps, and for how long.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use weir_model::rollup::keep;
use weir_model::{Granularity, Rollup};

use crate::calendar::Calendar;
use crate::contribution::expiry;
use crate::period::Period;

/// The buckets in time that a rollup keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetainedBuckets {
    /// The rollup's name.
    pub rollup: String,
    /// Their granularities, finest first.
    pub granularities: Vec<Granularity>,
    /// The seconds for which they are kept after their end; other granularities do not expire.
    pub keep: BTreeMap<Granularity, u64>,
    /// Their time zone.
    pub zone: TimeZone,
    /// Its name.
    pub zone_name: String,
    /// When that is asked: what was not kept any more then is gone.
    pub now: Timestamp,
}

impl RetainedBuckets {
    /// Returns the buckets in time that a rollup keeps at an instant.
    pub fn at(rollup: &Rollup, now: Timestamp) -> Self {
        let kept = rollup.granularities.iter().copied();
        Self {
            rollup: rollup.name.clone(),
            granularities: kept.filter(|granularity| *granularity != Granularity::All).collect(),
            keep: rollup.keep.clone(),
            zone: rollup.time_zone.clone(),
            zone_name: rollup.time_zone_name.clone(),
            now,
        }
    }

    /// Returns the same, if nothing were ever gone.
    pub(super) fn for_good(&self) -> Self {
        Self { keep: BTreeMap::new(), ..self.clone() }
    }

    /// Returns their names, how long they are kept if not for good, and their zone's: `it keeps
    /// hour for 2w, day in UTC`.
    pub fn names(&self) -> String {
        let name = |granularity: &Granularity| match self.keep.get(granularity) {
            Some(seconds) => format!("{granularity} for {}", keep::text(*seconds)),
            None => granularity.to_string(),
        };
        let names: Vec<_> = self.granularities.iter().map(name).collect();
        match names.is_empty() {
            true => "it keeps no buckets in time".to_owned(),
            false => format!("it keeps {} in {}", names.join(", "), self.zone_name),
        }
    }

    /// Whether a bucket that ends then is kept.
    pub(crate) fn has(&self, granularity: Granularity, end: Timestamp) -> bool {
        let expires_at = expiry(&self.keep, granularity, end);
        expires_at.is_none_or(|expires_at| expires_at > self.now.as_second())
    }

    /// Returns the first bucket of a granularity that is kept and ends behind an instant.
    pub(crate) fn first_behind(
        &self,
        calendar: &Calendar,
        granularity: Granularity,
        instant: Timestamp,
    ) -> Option<Period> {
        let period = calendar.period(granularity, instant)?;
        if self.has(granularity, period.end) {
            return Some(period);
        }
        let keep = i64::try_from(*self.keep.get(&granularity)?).ok()?;
        // Buckets that end after this instant are kept, and so is the bucket that contains it.
        let since = Timestamp::from_second(self.now.as_second().saturating_sub(keep)).ok()?;
        calendar.period(granularity, since)
    }
}
