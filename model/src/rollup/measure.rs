//! The measures of a rollup over the items of a group.
//!
//! | measure | is kept as | a change costs, for each granularity |
//! |---|---|---|
//! | `count`, `count(a)`, `sum(a)`, `avg(a)`, `variance(a)`, `stddev(a)`, `count_by(a)`, `histogram(a, …)`, `ratio(m, n)` | numbers of the rollup item | nothing beyond the rollup item's write |
//! | `min(a)`, `max(a)`, `smallest(a, k)`, `largest(a, k)` | a value row for each different value | one write for each value that comes or goes |
//! | `first(a)`, `last(a)` | a value row for each different time and value | the same |
//! | `distinct(a)` | value rows, and a number of the rollup item | the same; a transaction where a value is new or gone |
//! | `top(a, k)` | value rows with an index by their count | the same, and the index's writes |
//! | `quantile(a, q)` | a row for each octave of values, with 50 bins | one write for each octave that a value comes to or leaves |

use std::fmt;

use crate::number::Number;
use crate::rollup::{AnswerShape, DetailKind, DetailPart, DetailSource, Direction, Shape, Source};

/// The measures of the definition file, as messages list them.
pub const MEASURES: [&str; 22] = [
    "count",
    "count(attribute)",
    "sum(attribute)",
    "avg(attribute)",
    "variance(attribute)",
    "variance_pop(attribute)",
    "stddev(attribute)",
    "stddev_pop(attribute)",
    "min(attribute)",
    "max(attribute)",
    "smallest(attribute, 3)",
    "largest(attribute, 3)",
    "distinct(attribute)",
    "top(attribute, 10)",
    "count_by(attribute)",
    "first(attribute)",
    "last(attribute)",
    "median(attribute)",
    "p95(attribute)",
    "quantile(attribute, 0.95)",
    "histogram(attribute, 0, 10, 100)",
    "ratio(measure, measure)",
];

/// The most values that `top`, `smallest` and `largest` list.
pub const MAX_LISTED_VALUES: u16 = 100;
/// The most edges of a histogram: each bin is a number of the rollup item.
pub const MAX_HISTOGRAM_EDGES: usize = 50;

/// A measure and its name.
#[derive(Clone, Debug)]
pub struct NamedMeasure {
    /// The name it has in answers.
    pub name: String,
    /// The measure.
    pub measure: Measure,
}

/// A measure of the items of a group.
#[derive(Clone, Debug, PartialEq)]
pub enum Measure {
    /// How many there are.
    Count,
    /// How many of them have a value.
    Present(Source),
    /// The sum of a number.
    Sum(Source),
    /// The mean of a number over the items that have it.
    Avg(Source),
    /// The variance of a number over the items that have it.
    Variance {
        /// The number.
        of: Source,
        /// Of the items as the whole population (divided by n), or as a sample (by n − 1).
        is_population: bool,
    },
    /// The square root of the variance.
    StdDev {
        /// The number.
        of: Source,
        /// As of [`Measure::Variance`].
        is_population: bool,
    },
    /// The least or the greatest value.
    Extreme {
        /// The value.
        of: Source,
        /// Which end.
        end: Direction,
    },
    /// The least or the greatest different values, each with how many items have it.
    Extremes {
        /// The value.
        of: Source,
        /// Which end.
        end: Direction,
        /// How many.
        limit: u16,
    },
    /// How many different values there are.
    Distinct(Source),
    /// The most frequent values, each with how many items have it.
    Top {
        /// The value.
        of: Source,
        /// How many.
        limit: u16,
    },
    /// How many items have each value of an enum or a boolean.
    CountBy(Source),
    /// The value of the item that is the first or the last by a time.
    AtEnd {
        /// The value.
        of: Source,
        /// The time.
        by: Box<Source>,
        /// Which end: the least time or the greatest.
        end: Direction,
    },
    /// The least value that a part of the values does not exceed, to one percent of it.
    Quantile {
        /// The number.
        of: Source,
        /// The part.
        quantile: Quantile,
    },
    /// How many values lie in each stretch between two edges; a value on an edge is in the stretch
    /// above.
    Histogram {
        /// The number.
        of: Source,
        /// The edges, ascending.
        edges: Vec<Number>,
    },
    /// One measure divided by another.
    Ratio {
        /// The name of the measure that is divided.
        over: String,
        /// The name of the measure that it is divided by.
        under: String,
    },
}

/// A part of all values, from 0 to 1, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Quantile {
    millionths: u32,
}

impl Quantile {
    /// Millionths of a whole.
    const WHOLE: u32 = 1_000_000;
    /// Decimal places of a part.
    const PLACES: u32 = 6;

    /// Returns the part that a number is; `None` unless it is from 0 to 1 with at most six decimal
    /// places.
    pub fn from_number(number: &Number) -> Option<Self> {
        let is_exact = number.decimal_places() <= Self::PLACES;
        let millionths = number.to_units(Self::PLACES).filter(|_| is_exact)?;
        let millionths = u32::try_from(millionths).ok().filter(|part| *part <= Self::WHOLE)?;
        Some(Self { millionths })
    }

    /// Returns the part that a percentage such as `p95` is.
    pub(crate) fn of_percent(text: &str) -> Option<Self> {
        let percent: u32 = text.strip_prefix('p')?.parse().ok()?;
        let is_percent = (1..=99).contains(&percent) && text == format!("p{percent:02}");
        is_percent.then_some(Self { millionths: percent * (Self::WHOLE / 100) })
    }

    /// Returns the position, from 0, of the value among so many in ascending order: of the nearest
    /// rank, the least value that this part of the values does not exceed, as SQL's
    /// `percentile_disc` has it. The part 0 is the least value.
    pub fn rank(self, count: u128) -> u128 {
        let rank = (count * u128::from(self.millionths)).div_ceil(u128::from(Self::WHOLE));
        rank.saturating_sub(1)
    }
}

impl fmt::Display for Quantile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Number::from_units(i128::from(self.millionths), Self::PLACES).fmt(formatter)
    }
}

impl Measure {
    /// Returns the value it reads of each item, if it reads one.
    pub fn source(&self) -> Option<&Source> {
        match self {
            Self::Count | Self::Ratio { .. } => None,
            Self::Present(of)
            | Self::Sum(of)
            | Self::Avg(of)
            | Self::Variance { of, .. }
            | Self::StdDev { of, .. }
            | Self::Extreme { of, .. }
            | Self::Extremes { of, .. }
            | Self::Distinct(of)
            | Self::Top { of, .. }
            | Self::CountBy(of)
            | Self::AtEnd { of, .. }
            | Self::Quantile { of, .. }
            | Self::Histogram { of, .. } => Some(of),
        }
    }

    /// Returns the time by which it chooses an item, if it does.
    pub fn time(&self) -> Option<&Source> {
        match self {
            Self::AtEnd { by, .. } => Some(by),
            _ => None,
        }
    }

    /// Returns whether it is one number that changes add to, so that it can rank groups.
    pub fn is_additive(&self) -> bool {
        matches!(self, Self::Count | Self::Present(_) | Self::Sum(_) | Self::Distinct(_))
    }

    /// Returns the names of the two measures that a ratio is made of.
    pub fn parts(&self) -> Option<[&str; 2]> {
        match self {
            Self::Ratio { over, under } => Some([over, under]),
            _ => None,
        }
    }

    /// Returns whether it is one number, so that it can be part of a ratio.
    pub fn is_number(&self) -> bool {
        self.parts().is_none() && self.shape().answer.is_numeric()
    }

    /// Returns whether it reveals values of items, rather than their number alone.
    pub(crate) fn reveals_values(&self) -> bool {
        match self {
            Self::Count | Self::Present(_) => false,
            Self::Sum(_)
            | Self::Avg(_)
            | Self::Variance { .. }
            | Self::StdDev { .. }
            | Self::Extreme { .. }
            | Self::Extremes { .. }
            | Self::Distinct(_)
            | Self::Top { .. }
            | Self::CountBy(_)
            | Self::AtEnd { .. }
            | Self::Quantile { .. }
            | Self::Histogram { .. }
            // Its parts are measures themselves.
            | Self::Ratio { .. } => true,
        }
    }

    /// Returns the form of its values, and the detail items that it is read from.
    pub fn shape(&self) -> Shape<'_> {
        let values = |of| DetailKind::Values(of);
        let (answer, details) = match self {
            Self::Count | Self::Present(_) => (AnswerShape::Number { is_whole: true }, None),
            Self::Sum(_)
            | Self::Avg(_)
            | Self::Variance { .. }
            | Self::StdDev { .. }
            | Self::Ratio { .. } => (AnswerShape::Number { is_whole: false }, None),
            Self::Extreme { of, end } => {
                let part = DetailPart::End { direction: *end, limit: 1 };
                (AnswerShape::Value(of), Some((values(of), part)))
            }
            Self::Extremes { of, end, limit } => {
                let part = DetailPart::End { direction: *end, limit: *limit };
                (AnswerShape::List(of), Some((values(of), part)))
            }
            Self::Distinct(of) => {
                let whole = AnswerShape::Number { is_whole: true };
                (whole, Some((values(of), DetailPart::Counted)))
            }
            Self::Top { of, limit } => {
                let part = DetailPart::MostFrequent { limit: *limit };
                (AnswerShape::List(of), Some((values(of), part)))
            }
            Self::CountBy(of) => (AnswerShape::Counts(of), None),
            Self::AtEnd { of, by, end } => {
                let part = DetailPart::End { direction: *end, limit: 1 };
                (AnswerShape::Value(of), Some((DetailKind::Times { of, by }, part)))
            }
            Self::Quantile { of, .. } => {
                let number = AnswerShape::Number { is_whole: false };
                (number, Some((DetailKind::Sketch(of), DetailPart::All)))
            }
            Self::Histogram { edges, .. } => (AnswerShape::Bins(edges), None),
        };
        let details = details.map(|(kind, part)| DetailSource { kind, part });
        Shape { answer, details, is_estimate: matches!(self, Self::Quantile { .. }) }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pop = |is_population: &bool| if *is_population { "_pop" } else { "" };
        match self {
            Self::Count => formatter.write_str("count"),
            Self::Present(of) => write!(formatter, "count({})", of.name()),
            Self::Sum(of) => write!(formatter, "sum({})", of.name()),
            Self::Avg(of) => write!(formatter, "avg({})", of.name()),
            Self::Variance { of, is_population } => {
                write!(formatter, "variance{}({})", pop(is_population), of.name())
            }
            Self::StdDev { of, is_population } => {
                write!(formatter, "stddev{}({})", pop(is_population), of.name())
            }
            Self::Extreme { of, end: Direction::Ascending } => {
                write!(formatter, "min({})", of.name())
            }
            Self::Extreme { of, end: Direction::Descending } => {
                write!(formatter, "max({})", of.name())
            }
            Self::Extremes { of, end: Direction::Ascending, limit } => {
                write!(formatter, "smallest({}, {limit})", of.name())
            }
            Self::Extremes { of, end: Direction::Descending, limit } => {
                write!(formatter, "largest({}, {limit})", of.name())
            }
            Self::Distinct(of) => write!(formatter, "distinct({})", of.name()),
            Self::Top { of, limit } => write!(formatter, "top({}, {limit})", of.name()),
            Self::CountBy(of) => write!(formatter, "count_by({})", of.name()),
            Self::AtEnd { of, by, end: Direction::Ascending } => {
                write!(formatter, "first({}, {})", of.name(), by.name())
            }
            Self::AtEnd { of, by, end: Direction::Descending } => {
                write!(formatter, "last({}, {})", of.name(), by.name())
            }
            Self::Quantile { of, quantile } => {
                write!(formatter, "quantile({}, {quantile})", of.name())
            }
            Self::Histogram { of, edges } => {
                write!(formatter, "histogram({}", of.name())?;
                edges.iter().try_for_each(|edge| write!(formatter, ", {edge}"))?;
                formatter.write_str(")")
            }
            Self::Ratio { over, under } => write!(formatter, "ratio({over}, {under})"),
        }
    }
}
