//! Coverage: whether every period of a series can be made of the buckets that a rollup keeps.
//!
//! With buckets of a day or less, which make up all longer ones, that depends on which buckets
//! begin at a period's edges, and so on the difference between the clock of the question and the
//! clock of the buckets. The difference changes only where one of the two clocks does, and a bucket
//! that is kept at one period is kept at all later ones. So of the periods whose edges are alike,
//! only the first is tried:
//!
//! ```text
//! │ first │ │ │ │ before the change │ with it │ behind it │ │ │ │ │ last │
//! ```
//!
//! **Invariant:** if each of the periods that are tried has a cover, every period has one.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use weir_model::{Granularity, Rollup};

use crate::calendar::Calendar;
use crate::clock;
use crate::cover::{RetainedBuckets, Uncovered, cover};
use crate::instant::just_before;
use crate::period::Period;

/// The most periods of a series.
pub const MAX_PERIODS: u64 = 100_000;
const DAY_SECONDS: u64 = 86_400;

/// A way to cut time into a series, and the rollup whose buckets have to make up its periods.
#[derive(Clone, Copy, Debug)]
pub(super) struct Coverage<'a> {
    pub(super) rollup: &'a Rollup,
    /// The calendar of the question, which may differ from that of the buckets.
    pub(super) calendar: &'a Calendar,
    /// The length of the periods.
    pub(super) every: Granularity,
    /// When the question is asked: buckets that have expired by then cannot be used.
    pub(super) now: Timestamp,
}

/// A period that the buckets do not make up.
#[derive(Clone, Debug)]
pub(super) struct Gap {
    pub(super) period: Period,
    pub(super) cause: Uncovered,
}

impl<'a> Coverage<'a> {
    /// Returns the same series in another calendar.
    pub(super) fn in_calendar(self, calendar: &'a Calendar) -> Self {
        Self { calendar, ..self }
    }

    /// Returns the series of periods of another length.
    pub(super) fn of_length(self, every: Granularity) -> Self {
        Self { every, ..self }
    }

    /// Returns the buckets that the rollup keeps at the time of the question.
    pub(super) fn kept(&self) -> RetainedBuckets {
        RetainedBuckets::at(self.rollup, self.now)
    }

    /// Returns the period of the series that an instant is in.
    pub(super) fn period(&self, instant: Timestamp) -> Option<Period> {
        self.calendar.period(self.every, instant)
    }

    /// Returns about how many periods a range has.
    pub(super) fn count(&self, range: &Period) -> u64 {
        let seconds = match self.every {
            Granularity::Week => 7 * DAY_SECONDS,
            Granularity::Month => 30 * DAY_SECONDS,
            Granularity::Quarter => 91 * DAY_SECONDS,
            Granularity::Year => 365 * DAY_SECONDS,
            Granularity::All => return 1,
            _ => clock::seconds(self.every).map_or(DAY_SECONDS, i64::unsigned_abs),
        };
        range.start.duration_until(range.end).as_secs().unsigned_abs().div_ceil(seconds)
    }

    /// Whether a question about the periods that a range lies in would be answered.
    pub(super) fn reaches(&self, range: &Period) -> bool {
        let first = self.period(range.start);
        let last = just_before(range.end).and_then(|instant| self.period(instant));
        first.zip(last).is_some_and(|(first, last)| {
            let whole = Period { start: first.start, end: last.end };
            self.count(&whole) <= MAX_PERIODS && self.first_gap(&whole).is_none()
        })
    }

    /// Whether the buckets that are kept make up a period.
    pub(super) fn covers(&self, period: &Period) -> bool {
        cover(self.rollup, period, self.now).is_ok()
    }

    /// Returns the first of the tried periods of a range that the buckets do not make up.
    pub(super) fn first_gap(&self, range: &Period) -> Option<Gap> {
        let gap = |period: Period| {
            let cause = cover(self.rollup, &period, self.now).err()?;
            Some(Gap { period, cause })
        };
        let own = Calendar::for_rollup(self.rollup);
        let short = self.short(&own, range.start);
        if short.is_empty() {
            return self.periods(range).find_map(gap);
        }
        let begin = |edge| -> Vec<bool> {
            short.iter().map(|granularity| own.begins(*granularity, edge)).collect()
        };
        let mut seen = BTreeSet::new();
        self.candidates(&own, range)
            .filter(|period| seen.insert((begin(period.start), begin(period.end))))
            .find_map(gap)
    }

    /// Returns the kept granularities of a day or less, if one of them is kept from an instant on.
    fn short(&self, own: &Calendar, start: Timestamp) -> Vec<Granularity> {
        let kept = self.kept();
        let is_kept = |granularity: &Granularity| {
            let bucket = own.period(*granularity, start);
            bucket.is_some_and(|bucket| kept.has(*granularity, bucket.end))
        };
        let short = kept.granularities.iter().copied().filter(|kept| *kept <= Granularity::Day);
        let short: Vec<_> = short.collect();
        if short.iter().any(is_kept) { short } else { Vec::new() }
    }

    /// Returns the first period of a range, those around each change of a clock, and the last.
    fn candidates<'b>(
        &'b self,
        own: &'b Calendar,
        range: &'b Period,
    ) -> impl Iterator<Item = Period> + 'b {
        let period = |instant: Timestamp| self.period(instant);
        let is_apart = self.calendar.zone != own.zone;
        let zones = [&self.calendar.zone, &own.zone].into_iter().filter(move |_| is_apart);
        let around = zones.flat_map(|zone| changes(zone, range)).flat_map(move |change| {
            let with = period(change);
            let before = just_before(change).and_then(period);
            [before, with, with.and_then(|with| period(with.end))].into_iter().flatten()
        });
        let last = just_before(range.end).and_then(period);
        let within = |period: &Period| range.start <= period.start && period.end <= range.end;
        period(range.start).into_iter().chain(around).chain(last).filter(within)
    }

    fn periods(&self, range: &Period) -> impl Iterator<Item = Period> {
        let all = std::iter::successors(self.period(range.start), |before| self.period(before.end));
        all.take_while(|period| period.end <= range.end)
    }
}

/// Returns when the clock of a zone changes within a range.
fn changes<'a>(zone: &'a TimeZone, range: &'a Period) -> impl Iterator<Item = Timestamp> + 'a {
    let changes = zone.following(range.start).map(|change| change.timestamp());
    changes.take_while(|change| *change < range.end)
}
