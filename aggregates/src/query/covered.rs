//! Whether every period of a series can be made of what a rollup keeps.
//!
//! With buckets of a day or less, which make up all longer ones, that depends on which buckets begin at a period's edges, and so
//! on how far the clock of the question is from the clock of the buckets. That changes only where one of the two clocks does.
//! What is kept at one period is kept at all behind it. So of the periods whose edges are alike, the first is tried:
//!
//! ```text
//! │ first │ │ │ │ before the change │ with it │ behind it │ │ │ │ │ last │
//! ```
//!
//! **Invariant:** where each of the periods that are tried has a cover, every period has.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use model::{Granularity, Rollup};

use crate::calendar::{Calendar, Period};
use crate::cover::{Kept, Uncovered, cover};

/// The first period of a range that cannot be made, of those that are tried, and why.
pub(super) fn first_uncovered(
    rollup: &Rollup,
    calendar: &Calendar,
    every: Granularity,
    range: &Period,
    now: Timestamp,
) -> Option<(Period, Uncovered)> {
    let tried = |period: Period| Some((period, cover(rollup, &period, now).err()?));
    let own = Calendar::of(rollup);
    let short = short(&Kept::at(rollup, now), &own, range.start);
    if short.is_empty() {
        return periods(calendar, every, range).find_map(tried);
    }
    let begin = |edge| -> Vec<bool> { short.iter().map(|kept| own.begins(*kept, edge)).collect() };
    let mut seen = BTreeSet::new();
    candidates(calendar, &own, every, range)
        .filter(|period| seen.insert((begin(period.start), begin(period.end))))
        .find_map(tried)
}

/// The instant before another.
pub(super) fn just_before(instant: Timestamp) -> Option<Timestamp> {
    instant.checked_sub(SignedDuration::from_nanos(1)).ok()
}

/// The lengths of a day or less that are kept from an instant on.
fn short(kept: &Kept, own: &Calendar, start: Timestamp) -> Vec<Granularity> {
    let is_kept = |granularity: Granularity| {
        own.period(granularity, start).is_some_and(|bucket| kept.has(granularity, bucket.end))
    };
    let short = kept.granularities.iter().copied().filter(|kept| *kept <= Granularity::Day);
    match short.clone().any(is_kept) {
        true => short.collect(),
        false => Vec::new(),
    }
}

/// The first period, those around each change of one of the clocks, and the last.
fn candidates<'a>(
    calendar: &'a Calendar,
    own: &'a Calendar,
    every: Granularity,
    range: &'a Period,
) -> impl Iterator<Item = Period> + 'a {
    let period = move |instant: Timestamp| calendar.period(every, instant);
    let is_apart = calendar.zone != own.zone;
    let zones = [&calendar.zone, &own.zone].into_iter().filter(move |_| is_apart);
    let around = zones.flat_map(move |zone| changes(zone, range)).flat_map(move |change| {
        let with = period(change);
        let before = just_before(change).and_then(period);
        [before, with, with.and_then(|with| period(with.end))].into_iter().flatten()
    });
    let last = just_before(range.end).and_then(period);
    let within = |period: &Period| range.start <= period.start && period.end <= range.end;
    period(range.start).into_iter().chain(around).chain(last).filter(within)
}

/// When the clock of a zone changes within a range.
fn changes<'a>(zone: &'a TimeZone, range: &'a Period) -> impl Iterator<Item = Timestamp> + 'a {
    let changes = zone.following(range.start).map(|change| change.timestamp());
    changes.take_while(|change| *change < range.end)
}

fn periods(
    calendar: &Calendar,
    every: Granularity,
    range: &Period,
) -> impl Iterator<Item = Period> {
    let first = calendar.period(every, range.start);
    let all = std::iter::successors(first, move |before| calendar.period(every, before.end));
    all.take_while(move |period| period.end <= range.end)
}
