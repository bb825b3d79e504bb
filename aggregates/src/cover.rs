//! Covers: the fewest buckets of a rollup that exactly make up an interval.
//!
//! ```text
//! from 03-30T22:00 to 06-02      hour hour │ day │ month (04) │ month (05) │ day
//! ```
//!
//! A bucket that is not kept any more is not there: of a long range the beginning may be days where
//! the end is hours.
//!
//! **Invariant:** the buckets of a cover are all kept, and follow each other from the beginning of
//! the period to its end; no fewer do.

mod retained;
mod search;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use thiserror::Error;
use weir_model::Rollup;

pub use self::retained::RetainedBuckets;
use self::search::Search;
use crate::bucket::Bucket;
use crate::calendar::Calendar;
use crate::instant::local;
use crate::period::Period;

/// The most buckets of a cover, and the most instants that are tried for one.
pub const MAX_BUCKETS: usize = 100_000;

/// Adjacent buckets of one granularity: a range of sort keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The oldest.
    pub first: Bucket,
    /// The newest, included; the same as `first` for one bucket.
    pub last: Bucket,
}

/// The reason why no buckets of a rollup make up a period.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Uncovered {
    /// An edge of the period is within a bucket.
    #[error("{}", self.message(&local(*.at, &.kept.zone), &.kept.zone))]
    Edge {
        /// The edge.
        edge: Edge,
        /// That edge.
        at: Timestamp,
        /// The nearest edge before it that could be asked for; `None` when that is none.
        before: Option<Timestamp>,
        /// The nearest edge behind it.
        after: Option<Timestamp>,
        /// The buckets that the rollup keeps.
        kept: Box<RetainedBuckets>,
    },
    /// There were buckets that make up the period, and they are not kept any more.
    #[error("{}", self.message(&local(*.at, &.kept.zone), &.kept.zone))]
    Gone {
        /// The edge that could be another one; the beginning if there is a gap after it.
        edge: Edge,
        /// That edge.
        at: Timestamp,
        /// Whether buckets do begin or end there, but there are none on the way to the other edge.
        is_gap: bool,
        /// The nearest edge before it that could be asked for; at a gap, where the period could
        /// end. `None` when that is none.
        before: Option<Timestamp>,
        /// The nearest edge behind it; at a gap, where the period could begin.
        after: Option<Timestamp>,
        /// The buckets that the rollup keeps.
        kept: Box<RetainedBuckets>,
    },
    /// The period is too long for the buckets.
    #[error("{}", self.message("", &.0.zone))]
    TooMany(Box<RetainedBuckets>),
}

/// An edge of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Its beginning.
    Start,
    /// Its end.
    End,
}

/// Returns the fewest buckets of the granularities that a rollup keeps (not all time), in its time
/// zone, that are kept at an instant and exactly make up a period; oldest first.
///
/// # Errors
/// [`Uncovered`], with the edge that is not one of the buckets', or what is not kept any more, or
/// when they would be more than [`MAX_BUCKETS`].
pub fn cover(rollup: &Rollup, period: &Period, now: Timestamp) -> Result<Vec<Bucket>, Uncovered> {
    let kept = RetainedBuckets::at(rollup, now);
    Search { kept, calendar: Calendar::for_rollup(rollup), period: *period }.cover()
}

/// Returns the runs of adjacent buckets of one granularity, in order: each can be read as one range
/// of sort keys.
pub fn runs(buckets: &[Bucket]) -> Vec<Run> {
    let follows = |left: &Bucket, right: &Bucket| {
        left.granularity == right.granularity && left.end.is_some() && left.end == right.start
    };
    let runs = buckets.chunk_by(follows);
    runs.filter_map(|run| Some(Run { first: run.first()?.clone(), last: run.last()?.clone() }))
        .collect()
}

impl Uncovered {
    /// Returns the message, with the edge named in other words and the nearest ones in another
    /// zone.
    pub fn message(&self, named: &str, zone: &TimeZone) -> String {
        let shown = |near: &Option<Timestamp>| near.map(|near| local(near, zone));
        let near = |before, after| expected([shown(before), shown(after)]);
        match self {
            Self::TooMany(kept) => format!(
                "more than {MAX_BUCKETS} buckets of `{}` ({}); expected a shorter range",
                kept.rollup,
                kept.names()
            ),
            Self::Edge { edge, before, after, kept, .. } => format!(
                "{named} is not where a bucket of `{}` {} ({}){}",
                kept.rollup,
                edge.verb(),
                kept.names(),
                near(before, after)
            ),
            Self::Gone { is_gap: true, before, after, kept, .. } => {
                let after = shown(after).map(|after| format!("from={after}"));
                let before = shown(before).map(|before| format!("to={before}"));
                format!(
                    "what follows {named} is made of buckets of `{}` that are not kept any more \
                     ({}){}",
                    kept.rollup,
                    kept.names(),
                    expected([after, before])
                )
            }
            Self::Gone { edge, before, after, kept, .. } => format!(
                "{named} is where a bucket of `{}` {} that is not kept any more ({}){}",
                kept.rollup,
                edge.verb(),
                kept.names(),
                near(before, after)
            ),
        }
    }
}

impl Edge {
    /// Returns what a bucket does at the edge, as a verb.
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Self::Start => "begins",
            Self::End => "ends",
        }
    }
}

/// Returns the edges that could be used instead, if there are any.
fn expected(instead: [Option<String>; 2]) -> String {
    let instead: Vec<_> = instead.into_iter().flatten().collect();
    match instead.is_empty() {
        true => String::new(),
        false => format!("; expected {}", instead.join(" or ")),
    }
}
