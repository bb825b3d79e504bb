//! A rollup: which items it counts, into which groups and time buckets, and what it measures of
//! them.

mod colocated;
mod direction;
pub mod keep;
mod measure;
mod shape;
mod source;

pub(crate) use colocated::cut;
pub use colocated::{ColocatedKey, ROLLUP_MARK};
pub use direction::Direction;
pub use measure::{
    MAX_HISTOGRAM_EDGES, MAX_LISTED_VALUES, MEASURES, Measure, NamedMeasure, Quantile,
};
pub use shape::{AnswerShape, DetailKind, DetailPart, DetailSource, Shape};
pub use source::Source;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;
use serde_dynamo::Item;

use crate::filter::{Condition, Filter, Test};
use crate::foreign::Foreign;

/// A rollup, with every name resolved.
#[derive(Clone, Debug)]
pub struct Rollup {
    /// Its name.
    pub name: String,
    /// The entity whose items it counts.
    pub entity: String,
    /// Which of them.
    pub filter: Filter,
    /// The attributes that the filter compares.
    pub compared: Vec<Source>,
    /// The values that make its groups; none for one global group. One of them may be a set or a
    /// list, of which each member makes a group.
    pub dimensions: Vec<Source>,
    /// The timestamp that places an item in time; `None` when `all` is the only granularity.
    pub time: Option<Source>,
    /// The granularities it keeps, finest first.
    pub granularities: Vec<Granularity>,
    /// The zone whose calendar cuts time into buckets.
    pub time_zone: TimeZone,
    /// The name of that zone, as the definition file has it.
    pub time_zone_name: String,
    /// The measures, by name.
    pub measures: Vec<NamedMeasure>,
    /// Over how many partitions each of its groups is spread; 1 for one that is not.
    pub stripes: u16,
    /// How long buckets are kept after their end, in seconds; those of other granularities for
    /// good.
    pub keep: BTreeMap<Granularity, u64>,
    /// The fate of an item's contribution when DynamoDB deletes it because its time to
    /// live has passed.
    pub on_ttl_expiry: OnExpiry,
    /// By what the groups of a bucket are ranked.
    pub rank: Option<Rank>,
    /// The key of its rollup items in the table of items; `None` if the table of rollups has them.
    pub colocated: Option<ColocatedKey>,
    /// The number of its revision: each has rollup items of its own. [`Rollup::FIRST_REVISION`] in
    /// a definition file; the state of the rollups says which one is counted and read.
    pub revision: u32,
}

/// The treatment of the contribution of an item whose time to live has passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnExpiry {
    /// It is subtracted, as when a client deletes the item.
    #[default]
    Retract,
    /// It stays.
    Keep,
}

/// How the groups of a rollup are ranked in each bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rank {
    /// The name of the measure.
    pub by: String,
    /// The dimensions, by position, each value of which has a ranking of its own.
    pub within: Vec<usize>,
}

/// The most groups on each side of one that are asked for as its neighbours.
pub const MAX_NEIGHBOURS: u32 = 50;

/// The most stripes that a rollup may have: a question reads each of them.
pub const MAX_STRIPES: u16 = 64;

/// How long a time bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Granularity {
    /// A minute.
    Minute,
    /// A quarter of an hour.
    QuarterHour,
    /// An hour.
    Hour,
    /// A calendar day.
    Day,
    /// Seven days from a Monday.
    Week,
    /// A calendar month.
    Month,
    /// Three months from January, April, July or October.
    Quarter,
    /// A calendar year.
    Year,
    /// All time: one bucket.
    All,
}

impl Rollup {
    /// The revision that a definition begins with.
    pub const FIRST_REVISION: u32 = 1;

    /// Returns the name that begins the keys of its items in the table of rollups: `sales`, or
    /// `sales@2` from the second revision on.
    pub fn stored_name(&self) -> Cow<'_, str> {
        Self::name_of_revision(&self.name, self.revision)
    }

    /// Returns the stored name of a revision of the rollup of that name.
    pub fn name_of_revision(name: &str, revision: u32) -> Cow<'_, str> {
        match revision {
            Self::FIRST_REVISION => Cow::Borrowed(name),
            revision => Cow::Owned(format!("{name}@{revision}")),
        }
    }

    /// Returns whether the rollup's items are stored in the table of items.
    pub fn is_colocated(&self) -> bool {
        self.colocated.is_some()
    }

    /// Returns the measure of that name.
    pub fn measure(&self, name: &str) -> Option<&Measure> {
        self.measures.iter().find(|known| known.name == name).map(|known| &known.measure)
    }

    /// Returns the measures at these positions, in their order.
    pub fn measures_at(&self, positions: &[usize]) -> Vec<&NamedMeasure> {
        positions.iter().map(|position| &self.measures[*position]).collect()
    }

    /// Returns whether an item satisfies the filter.
    ///
    /// # Errors
    /// A foreign value that a condition would have to compare, where every other condition holds.
    /// `exists` compares nothing.
    pub fn admits(&self, item: &Item) -> Result<bool, Foreign> {
        let mut foreign = None;
        for condition in &self.filter.conditions {
            match self.foreign_operand(condition, item) {
                Some(found) => foreign = foreign.or(Some(found)),
                None if !condition.holds(item) => return Ok(false),
                None => {}
            }
        }
        foreign.map_or(Ok(true), Err)
    }

    fn foreign_operand(&self, condition: &Condition, item: &Item) -> Option<Foreign> {
        if matches!(condition.test, Test::Exists(_)) {
            return None;
        }
        let is_of = |source: &&Source| source.path.is_by_names(&condition.path);
        self.compared.iter().find(is_of)?.foreign(item)
    }

    /// Returns the measure that ranks its groups.
    pub fn ranked_by(&self) -> Option<&Measure> {
        self.measure(&self.rank.as_ref()?.by)
    }

    /// Returns whether a measure is an estimate: a quantile, or a ratio of one.
    pub fn is_estimated(&self, measure: &Measure) -> bool {
        // A ratio is not part of a ratio.
        let parts = measure.parts().into_iter().flatten().filter_map(|name| self.measure(name));
        parts.chain([measure]).any(|measure| measure.shape().is_estimate)
    }

    /// Returns whether it needs the index of ranks.
    pub fn needs_ranks(&self) -> bool {
        let by_index = |known: &NamedMeasure| {
            let details = known.measure.shape().details;
            details.is_some_and(|details| matches!(details.part, DetailPart::MostFrequent { .. }))
        };
        self.rank.is_some() || self.measures.iter().any(by_index)
    }
}

impl Granularity {
    /// Every granularity, finest first.
    pub const EVERY: [Self; 9] = [
        Self::Minute,
        Self::QuarterHour,
        Self::Hour,
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Quarter,
        Self::Year,
        Self::All,
    ];

    /// Returns its name, in the definition file, in requests and in keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::QuarterHour => "quarter_hour",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
            Self::All => "all",
        }
    }
}

impl fmt::Display for Granularity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Granularity {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::EVERY.into_iter().find(|granularity| granularity.name() == text).ok_or(())
    }
}
