//! A rollup: which items it counts, into which groups and time buckets, and what it measures of them.

use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;

use crate::attribute::Attribute;
use crate::filter::Filter;

/// A rollup, with every name resolved.
#[derive(Clone, Debug)]
pub struct Rollup {
    /// Its name.
    pub name: String,
    /// The entity whose items it counts.
    pub entity: String,
    /// Which of them.
    pub filter: Filter,
    /// The attributes whose values make its groups; none for one global group. One of them may be a set, of which each member
    /// makes a group.
    pub dimensions: Vec<Attribute>,
    /// The timestamp that places an item in time; `None` when `all` is the only granularity.
    pub time: Option<Attribute>,
    /// The granularities it keeps, finest first.
    pub granularities: Vec<Granularity>,
    /// The zone whose calendar cuts time into buckets.
    pub time_zone: TimeZone,
    /// The name of that zone, as the definition file has it.
    pub time_zone_name: String,
    /// What it measures, by name.
    pub measures: Vec<NamedMeasure>,
    /// Over how many partitions each of its groups is spread; 1 for one that is not.
    pub stripes: u16,
}

/// A measure and its name.
#[derive(Clone, Debug)]
pub struct NamedMeasure {
    /// The name it has in answers.
    pub name: String,
    /// What it is.
    pub measure: Measure,
}

/// What is measured of the items of a group.
#[derive(Clone, Debug)]
pub enum Measure {
    /// How many there are.
    Count,
    /// The sum of an attribute.
    Sum(Attribute),
    /// The mean of an attribute over the items that have it.
    Avg(Attribute),
}

/// The most stripes that a rollup may have: a question reads each of them.
pub const MAX_STRIPES: u16 = 64;

/// The names of the measures in the definition file.
pub const MEASURES: [&str; 3] = ["count", "sum(attribute)", "avg(attribute)"];

/// How long a time bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Granularity {
    /// A minute.
    Minute,
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
    /// The measure of that name.
    pub fn measure(&self, name: &str) -> Option<&Measure> {
        self.measures.iter().find(|known| known.name == name).map(|known| &known.measure)
    }

    /// The attributes that are measured, each once.
    pub fn measured(&self) -> Vec<&Attribute> {
        let mut attributes: Vec<&Attribute> = Vec::new();
        for attribute in self.measures.iter().filter_map(|known| known.measure.attribute()) {
            if !attributes.iter().any(|seen| seen.name == attribute.name) {
                attributes.push(attribute);
            }
        }
        attributes
    }
}

impl Measure {
    /// The attribute it reads, if it reads one.
    pub fn attribute(&self) -> Option<&Attribute> {
        match self {
            Self::Count => None,
            Self::Sum(attribute) | Self::Avg(attribute) => Some(attribute),
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count => formatter.write_str("count"),
            Self::Sum(attribute) => write!(formatter, "sum({})", attribute.name),
            Self::Avg(attribute) => write!(formatter, "avg({})", attribute.name),
        }
    }
}

impl Granularity {
    /// Every granularity, finest first.
    pub const EVERY: [Self; 8] = [
        Self::Minute,
        Self::Hour,
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Quarter,
        Self::Year,
        Self::All,
    ];

    /// Its name, in the definition file, in requests and in keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
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
