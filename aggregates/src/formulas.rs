//! How each measure is kept and read: the numbers that a rollup item has of it, and the formula
//! that makes its value of them.
//!
//! | measure | is |
//! |---|---|
//! | `avg` | sum / count, rounded to six more places than the attribute has |
//! | `variance` | (n · Σx² − (Σx)²) / (n · (n − 1)), of the population divided by n², rounded as `avg` at twice the places |
//! | `stddev` | its root, rounded as `avg` |
//! | `ratio` | rounded to six places |
//!
//! The detail items of a measure follow from its [`shape`](Measure::shape). A new measure of a
//! known shape is a line of [`MeasureSpec::new`], and a [`Formula`] if no other measure has it.
//!
//! **Invariant:** everything is computed with exact decimals and rounded once, half to even, at the
//! end.

use weir_model::rollup::{Quantile, Source};
use weir_model::{Measure, Number, Rollup};

use crate::amounts::{Accumulator, Amounts, HIGH_SQUARE};
use crate::measured_value::MeasuredValue;
use crate::numbers::Numbers;

/// The decimal places that a quotient has beyond those of its attribute.
pub(crate) const QUOTIENT_PLACES: u32 = 6;

/// The numbers of a rollup item that a measure keeps, and the formula that makes its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MeasureSpec<'a> {
    /// The numbers that it keeps.
    pub(crate) numbers: Numbers<'a>,
    /// The formula.
    pub(crate) formula: Formula<'a>,
}

/// The formula that makes the value of a measure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Formula<'a> {
    /// One of its numbers.
    Amount(Accumulator),
    /// The mean of a number.
    Mean(&'a Source),
    /// The variance of a number.
    Variance {
        /// The number.
        of: &'a Source,
        /// Whether the items are the whole population, not a sample.
        is_population: bool,
    },
    /// The square root of the variance.
    StdDev {
        /// The number.
        of: &'a Source,
        /// As of [`Formula::Variance`].
        is_population: bool,
    },
    /// The count of each of a few values.
    Counts(&'a Source),
    /// The count of each bin between two edges.
    Bins(&'a Source, &'a [Number]),
    /// A measure divided by another, by their names.
    Ratio {
        /// The measure that is divided.
        over: &'a str,
        /// The measure that it is divided by.
        under: &'a str,
    },
    /// A value of a sketch.
    Quantile(&'a Source, Quantile),
    /// Values of detail items, as the shape of the measure says.
    Details,
}

impl<'a> MeasureSpec<'a> {
    /// Returns how a measure is kept and read.
    pub(crate) fn new(measure: &'a Measure) -> Self {
        let (numbers, formula) = match measure {
            Measure::Count => (Numbers::Items, Formula::Amount(Accumulator::Items)),
            Measure::Present(of) => {
                (Numbers::Present(of), Formula::Amount(Accumulator::present(of)))
            }
            Measure::Sum(of) => (Numbers::Sum(of), Formula::Amount(Accumulator::sum(of))),
            Measure::Distinct(of) => {
                (Numbers::Distinct(of), Formula::Amount(Accumulator::distinct(of)))
            }
            Measure::Avg(of) => (Numbers::Sum(of), Formula::Mean(of)),
            Measure::Variance { of, is_population } => {
                (Numbers::Squares(of), Formula::Variance { of, is_population: *is_population })
            }
            Measure::StdDev { of, is_population } => {
                (Numbers::Squares(of), Formula::StdDev { of, is_population: *is_population })
            }
            Measure::CountBy(of) => (Numbers::EachValue(of), Formula::Counts(of)),
            Measure::Histogram { of, edges } => {
                (Numbers::Bins(of, edges), Formula::Bins(of, edges))
            }
            Measure::Ratio { over, under } => (Numbers::None, Formula::Ratio { over, under }),
            Measure::Quantile { of, quantile } => (Numbers::None, Formula::Quantile(of, *quantile)),
            Measure::Extreme { .. }
            | Measure::Extremes { .. }
            | Measure::Top { .. }
            | Measure::AtEnd { .. } => (Numbers::None, Formula::Details),
        };
        Self { numbers, formula }
    }
}

impl Accumulator {
    /// Returns the accumulators of a rollup's items: the count of items always, for it tells an
    /// empty group from none.
    pub fn for_rollup(rollup: &Rollup) -> Vec<Self> {
        let mut all = vec![Self::Items];
        for known in &rollup.measures {
            for accumulator in MeasureSpec::new(&known.measure).numbers.accumulators() {
                if !all.contains(&accumulator) {
                    all.push(accumulator);
                }
            }
        }
        all
    }
}

impl Formula<'_> {
    /// Returns the value that the numbers of a rollup item make; nothing for a measure that is read
    /// from detail items, or from other measures.
    pub(crate) fn value(&self, amounts: &Amounts) -> MeasuredValue {
        let quotient_places = |of: &Source| of.attribute.scale() + QUOTIENT_PLACES;
        let number = match self {
            Self::Amount(accumulator) => Some(amount(amounts, accumulator)),
            Self::Mean(of) => {
                let present = amount(amounts, &Accumulator::present(of));
                amount(amounts, &Accumulator::sum(of)).over(&present, quotient_places(of))
            }
            Self::Variance { of, is_population } => {
                let places = 2 * of.attribute.scale() + QUOTIENT_PLACES;
                variance(amounts, of, *is_population, places)
            }
            Self::StdDev { of, is_population } => {
                // Twice the places, so that the root of what was rounded is the root, rounded.
                let variance = variance(amounts, of, *is_population, 4 * quotient_places(of));
                variance.and_then(|variance| variance.root(quotient_places(of)))
            }
            Self::Counts(of) => return counts(amounts, of),
            Self::Bins(of, edges) => return bins(amounts, of, edges),
            Self::Ratio { .. } | Self::Quantile(..) | Self::Details => None,
        };
        number.into()
    }
}

fn amount(amounts: &Amounts, accumulator: &Accumulator) -> Number {
    Number::from_units(amounts.get(accumulator), accumulator.scale())
}

fn counts(amounts: &Amounts, of: &Source) -> MeasuredValue {
    let counted = |value: &str| {
        let count = amounts.get(&Accumulator::equal(of, value));
        (value.to_owned(), count)
    };
    MeasuredValue::Counts(of.kind().values_of_few().into_iter().map(counted).collect())
}

fn bins(amounts: &Amounts, of: &Source, edges: &[Number]) -> MeasuredValue {
    let bins = Accumulator::bins(of, edges).into_iter();
    let counted = bins.filter_map(|bin| {
        let count = amounts.get(&bin);
        match bin {
            Accumulator::Between { from, to, .. } => Some((from, to, count)),
            _ => None,
        }
    });
    MeasuredValue::Bins(counted.collect())
}

/// Returns the variance; `None` of fewer items than it needs.
fn variance(amounts: &Amounts, of: &Source, is_population: bool, places: u32) -> Option<Number> {
    let count = amounts.get(&Accumulator::present(of));
    let others = if is_population { count } else { count - 1 };
    if others <= 0 {
        return None;
    }
    let [low, high] = Accumulator::squares(of);
    let unit = Number::from_units(HIGH_SQUARE, low.scale());
    let high = amount(amounts, &high).times(&unit);
    let squares = amount(amounts, &low).plus(&high);
    let sum = amount(amounts, &Accumulator::sum(of));
    let (count, others) = (Number::from_units(count, 0), Number::from_units(others, 0));
    let spread = count.times(&squares).minus(&sum.times(&sum));
    spread.over(&count.times(&others), places)
}
