//! The shape of a measure: the form of its values, and the detail items that it is read from.
//!
//! Code that reads, describes or shows measures matches on shapes, so that a new measure of a known
//! shape concerns [`Measure::shape`](super::Measure::shape) and the code that computes it alone.

use crate::number::Number;
use crate::rollup::{Direction, Source};

/// The shape of a measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape<'a> {
    /// The form of its values.
    pub answer: AnswerShape<'a>,
    /// The detail items that it is read from; `None` if it is read from rollup items alone.
    pub details: Option<DetailSource<'a>>,
    /// Whether its values are estimates. A ratio is one if a part of it is.
    pub is_estimate: bool,
}

/// The form of the values of a measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AnswerShape<'a> {
    /// A number, which is whole if it counts.
    Number {
        /// Whether it counts.
        is_whole: bool,
    },
    /// A value of items.
    Value(&'a Source),
    /// A list of values of items, each with its count.
    List(&'a Source),
    /// A count for each of the few values that there may be.
    Counts(&'a Source),
    /// A count for each bin between two of these edges, and for those below and above.
    Bins(&'a [Number]),
}

/// The detail items that a measure is read from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DetailSource<'a> {
    /// Their kind.
    pub kind: DetailKind<'a>,
    /// The part of a bucket's detail items that is read.
    pub part: DetailPart,
}

/// A kind of detail items.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DetailKind<'a> {
    /// One for each different value.
    Values(&'a Source),
    /// One for each different time and value, in the order of the times.
    Times {
        /// The value.
        of: &'a Source,
        /// The time.
        by: &'a Source,
    },
    /// One for each octave of a number.
    Sketch(&'a Source),
}

/// The part of a bucket's detail items that a measure is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DetailPart {
    /// The first ones from one end.
    End {
        /// The end.
        direction: Direction,
        /// Their number.
        limit: u16,
    },
    /// None of one bucket, whose rollup item has their number; all of several buckets.
    Counted,
    /// The ones with the greatest counts, by an index. All of several buckets.
    MostFrequent {
        /// Their number.
        limit: u16,
    },
    /// All.
    All,
}

impl AnswerShape<'_> {
    /// Whether it is a number or a numeric value, so that its change is a number.
    pub fn is_numeric(&self) -> bool {
        match self {
            Self::Number { .. } => true,
            Self::Value(of) => of.kind().is_numeric(),
            Self::List(_) | Self::Counts(_) | Self::Bins(_) => false,
        }
    }
}
