//! The checks that an item has to pass so that a rollup counts it.
//!
//! A rollup counts an item as a whole or not at all, so a measure decides by the value that it
//! reads which items count: it leaves out those where the value is foreign or too large. A measure
//! or a bucket that is removed takes its checks with it, and items count that did not.
//!
//! Conditions and the types of values are not part of it: they are compared as fields of their own.
//!
//! **Invariant:** of two definitions that differ in measures, buckets and rankings alone, and have
//! equal checks, both count the same items. It follows [`crate::contribution`]: each check here is
//! a reason of [`crate::Skip`] there.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use weir_model::attribute::AttributeType;
use weir_model::rollup::Source;
use weir_model::table::{MAX_PARTITION_KEY_BYTES, MAX_SORT_KEY_BYTES};
use weir_model::{Granularity, Measure, Rollup};

use super::pair::{is_compared, needed_time, place};
use crate::bucket::Bucket;
use crate::details::{DetailSpec, Details};

/// One check of an item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Check {
    /// A value is absent, or of its declared type.
    Type(String),
    /// A value is there.
    Presence(String),
    /// A number is not too large.
    Magnitude(String),
    /// A number is not too large if the item has the time, too.
    MagnitudeAtTime(String, String),
    /// A time is not at the end of the calendar: the longer the bucket, the sooner it ends.
    Calendar(Granularity),
    /// The texts of a group leave so many bytes of a partition key for the rest.
    PartitionBytes(usize),
    /// The same of the key of a ranking, of the texts of some dimensions.
    RankingBytes(Vec<usize>, usize),
    /// The text of a value leaves so many bytes of a sort key for the bucket.
    SortBytes(String, usize),
}

/// The most bytes of the text of a number: DynamoDB's least number has 130 places, and 38 digits.
const MAX_NUMBER_BYTES: usize = 200;
/// The most bytes of the text of an instant or a boolean.
const MAX_SHORT_BYTES: usize = 40;
/// The most bytes of a character that is escaped in a key.
const MAX_ESCAPED_BYTES: usize = 3;
/// An instant with a bucket of each granularity. Labels of one granularity are of one length.
const ANY_SECOND: i64 = 1_795_156_854;

/// Returns the checks of a rollup. A check that another one implies is left out.
pub(super) fn checks(rollup: &Rollup) -> BTreeSet<Check> {
    let mut all: BTreeSet<Check> = BTreeSet::new();
    let compared = rollup.compared.iter().filter(|source| is_compared(rollup, source));
    all.extend(compared.map(|source| Check::Type(place(source))));
    for dimension in &rollup.dimensions {
        all.insert(Check::Type(place(dimension)));
        if !dimension.is_many() {
            all.insert(Check::Presence(place(dimension)));
        }
    }
    if let Some(time) = needed_time(rollup) {
        all.insert(Check::Type(place(time)));
        all.insert(Check::Presence(place(time)));
        let timed = rollup.granularities.iter().filter(|kept| **kept != Granularity::All);
        all.extend(timed.max().map(|longest| Check::Calendar(*longest)));
    }
    for known in &rollup.measures {
        all.extend(measure_checks(rollup, &known.measure));
    }
    if rollup.colocated.is_none() && !is_bounded(rollup, 0..rollup.dimensions.len()) {
        all.insert(Check::PartitionBytes(rollup.name.len()));
    }
    all.extend(ranking_check(rollup));
    without_implied(all)
}

/// Returns the checks that a measure makes.
pub(super) fn measure_checks(rollup: &Rollup, measure: &Measure) -> BTreeSet<Check> {
    let mut all = BTreeSet::new();
    let sources = measure.source().into_iter().chain(measure.time());
    all.extend(sources.map(|source| Check::Type(place(source))));
    match measure {
        Measure::Sum(of)
        | Measure::Avg(of)
        | Measure::Variance { of, .. }
        | Measure::StdDev { of, .. }
        | Measure::Histogram { of, .. }
        | Measure::Quantile { of, .. } => {
            all.insert(Check::Magnitude(place(of)));
        }
        Measure::Extreme { of, .. }
        | Measure::Extremes { of, .. }
        | Measure::Distinct(of)
        | Measure::Top { of, .. }
            if of.of_one().kind.is_numeric() =>
        {
            all.insert(Check::Magnitude(place(of)));
        }
        Measure::AtEnd { of, by, .. } if of.kind().is_numeric() => {
            all.insert(Check::MagnitudeAtTime(place(of), place(by)));
        }
        _ => {}
    }
    let specs = DetailSpec::for_rollup(rollup);
    let own = Details::for_measure(measure);
    for spec in specs.iter().filter(|spec| Some(spec.details) == own) {
        let is_ranked = matches!(measure, Measure::Top { .. });
        all.extend(details_checks(rollup, &spec.details, is_ranked));
    }
    all
}

/// Returns the check of the key of the ranking of a rollup's items.
pub(super) fn ranking_check(rollup: &Rollup) -> Option<Check> {
    let rank = rollup.rank.as_ref()?;
    let bytes = rollup.name.len() + ".ranks#".len() + longest_label(rollup);
    let is_bounded = is_bounded(rollup, rank.within.iter().copied());
    (!is_bounded).then(|| Check::RankingBytes(rank.within.clone(), bytes))
}

fn details_checks(rollup: &Rollup, details: &Details<'_>, is_ranked: bool) -> Vec<Check> {
    let mut all = Vec::new();
    let label = longest_label(rollup);
    if !is_bounded(rollup, 0..rollup.dimensions.len()) {
        let ranking = if is_ranked { label + "#".len() } else { 0 };
        let name = rollup.name.len() + ".".len() + details.name().len();
        all.push(Check::PartitionBytes(name + ranking));
    }
    let of = match details {
        Details::Values(of) | Details::Times { of, .. } => of,
        Details::Sketch(_) => return all,
    };
    let is_short = text_bytes(of).is_some_and(|bytes| bytes * 2 < MAX_SORT_KEY_BYTES);
    if !is_short {
        all.push(Check::SortBytes(details.name(), label));
    }
    all
}

/// Leaves out the checks that others imply: only the least room for keys counts.
fn without_implied(all: BTreeSet<Check>) -> BTreeSet<Check> {
    let is_implied = |check: &Check| {
        all.iter().any(|other| match (check, other) {
            (Check::MagnitudeAtTime(of, _), Check::Magnitude(other)) => of == other,
            (Check::PartitionBytes(bytes), Check::PartitionBytes(other)) => bytes < other,
            _ => false,
        })
    };
    all.iter().filter(|check| !is_implied(check)).cloned().collect()
}

/// Returns whether the texts of some dimensions never make a key too long.
fn is_bounded(rollup: &Rollup, positions: impl IntoIterator<Item = usize>) -> bool {
    let texts = positions.into_iter().map(|position| text_bytes(&rollup.dimensions[position]));
    let bytes: Option<usize> = texts.sum();
    // Half of a key is more than the names of a rollup and of an attribute.
    bytes.is_some_and(|bytes| bytes * 2 < MAX_PARTITION_KEY_BYTES)
        && rollup.name.len() * 4 < MAX_PARTITION_KEY_BYTES
}

/// Returns the most bytes of the text of a value in a key; `None` if there is no limit.
fn text_bytes(source: &Source) -> Option<usize> {
    match source.of_one().kind {
        AttributeType::Boolean | AttributeType::Timestamp(_) => Some(MAX_SHORT_BYTES),
        AttributeType::Number | AttributeType::Integer | AttributeType::Decimal { .. } => {
            Some(MAX_NUMBER_BYTES)
        }
        AttributeType::Enum { values } => {
            values.iter().map(|value| value.len() * MAX_ESCAPED_BYTES).max()
        }
        _ => None,
    }
}

/// Returns the bytes of the longest key of a bucket.
fn longest_label(rollup: &Rollup) -> usize {
    let instant = Timestamp::from_second(ANY_SECOND).expect("a time of this century");
    let label = |granularity: &Granularity| {
        let bucket = Bucket::at(*granularity, instant, &TimeZone::UTC);
        bucket.map_or(0, |bucket| bucket.key.len())
    };
    rollup.granularities.iter().map(label).max().unwrap_or(0)
}
