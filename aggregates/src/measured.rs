//! Measures made of what is kept: of the numbers of rollup items, and of their detail items.
//!
//! | measure | is |
//! |---|---|
//! | `avg` | sum / count, rounded to six more places than the attribute has |
//! | `variance` | (n · Σx² − (Σx)²) / (n · (n − 1)), of the population divided by n², rounded as `avg` at twice the places |
//! | `stddev` | its root, rounded as `avg` |
//! | `ratio` | rounded to six places |
//!
//! **Invariant:** everything is computed with exact decimals and rounded once, half to even, at the
//! end.

use weir_model::rollup::{AnswerShape, NamedMeasure};
use weir_model::{AttributeValue, Measure, Number, Rollup};

use crate::amounts::{Accumulator, Amounts, HIGH_SQUARE};
use crate::details::Details;
use crate::sketch::Sketch;

/// The decimal places that a quotient has beyond those of its attribute.
const QUOTIENT_PLACES: u32 = 6;

/// The value of a measure.
#[derive(Clone, Debug, PartialEq)]
pub enum MeasuredValue {
    /// There is none: a mean or an extreme of nothing.
    Nothing,
    /// A number.
    Number(Number),
    /// A value as items have it; an instant is text.
    Value(AttributeValue),
    /// Values, each with how many items have it.
    Values(Vec<(AttributeValue, i128)>),
    /// The number of items that have each of the values that there may be.
    Counts(Vec<(String, i128)>),
    /// The number of values between two edges; a value on an edge is in the bin above.
    Bins(Vec<(Option<Number>, Option<Number>, i128)>),
}

/// The detail items that one measure is read from.
#[derive(Clone, Debug, PartialEq)]
pub enum DetailsRead {
    /// The texts of value detail items in their order, each with its count: all of them, or those
    /// that the measure needs.
    Values(Vec<(String, i128)>),
    /// All bins.
    Sketch(Sketch),
}

/// Returns the value of a measure.
///
/// `rows` are those that the measure is read from; a `distinct` of one rollup item needs none.
///
/// # Errors
/// The detail item that is none.
pub fn measured(
    rollup: &Rollup,
    measure: &Measure,
    amounts: &Amounts,
    rows: &dyn Fn(&Measure) -> Option<DetailsRead>,
) -> Result<MeasuredValue, String> {
    if let Measure::Ratio { over, under } = measure {
        let part = |name: &String| -> Result<Option<Number>, String> {
            let Some(part) = rollup.measure(name) else { return Ok(None) };
            Ok(number(measured(rollup, part, amounts, rows)?))
        };
        let (over, under) = (part(over)?, part(under)?);
        let ratio = over.zip(under).and_then(|(over, under)| over.over(&under, QUOTIENT_PLACES));
        return Ok(of_option(ratio));
    }
    match (Details::for_measure(measure), rows(measure)) {
        (Some(kind), Some(read)) => of_rows(kind, measure, read),
        _ => Ok(of_amounts(measure, amounts)),
    }
}

/// Returns the number that a value is; `None` for any other value.
pub fn number(answer: MeasuredValue) -> Option<Number> {
    match answer {
        MeasuredValue::Number(number) => Some(number),
        MeasuredValue::Value(AttributeValue::N(text)) => text.parse().ok(),
        _ => None,
    }
}

/// Returns the value of a measure if nothing is counted: a count is 0, and there is no mean and no
/// extreme.
pub fn of_nothing(rollup: &Rollup, known: &NamedMeasure) -> MeasuredValue {
    measured(rollup, &known.measure, &Amounts::default(), &details_of_nothing)
        .unwrap_or(MeasuredValue::Nothing)
}

/// Returns the detail items of a measure if nothing is counted: none for a list, `None` otherwise.
pub fn details_of_nothing(measure: &Measure) -> Option<DetailsRead> {
    let is_listed = matches!(measure.shape().answer, AnswerShape::List(_));
    is_listed.then(|| DetailsRead::Values(Vec::new()))
}

fn of_amounts(measure: &Measure, amounts: &Amounts) -> MeasuredValue {
    let count = |accumulator: &Accumulator| {
        MeasuredValue::Number(Number::from_units(amounts.get(accumulator), 0))
    };
    let quotient = |of: &weir_model::rollup::Source| of.attribute.scale() + QUOTIENT_PLACES;
    match measure {
        Measure::Count => count(&Accumulator::Items),
        Measure::Present(of) => count(&Accumulator::present(of)),
        Measure::Distinct(of) => count(&Accumulator::distinct(of)),
        Measure::Sum(of) => MeasuredValue::Number(sum(amounts, &Accumulator::sum(of))),
        Measure::Avg(of) => {
            let present = Number::from_units(amounts.get(&Accumulator::present(of)), 0);
            of_option(sum(amounts, &Accumulator::sum(of)).over(&present, quotient(of)))
        }
        Measure::Variance { of, is_population } => {
            let places = 2 * of.attribute.scale() + QUOTIENT_PLACES;
            of_option(variance(amounts, of, *is_population, places))
        }
        Measure::StdDev { of, is_population } => {
            // Twice the places, so that the root of what was rounded is the root, rounded.
            let variance = variance(amounts, of, *is_population, 4 * quotient(of));
            of_option(variance.and_then(|variance| variance.root(quotient(of))))
        }
        Measure::CountBy(of) => {
            let counted = |value: &str| {
                let count = amounts.get(&Accumulator::equal(of, value));
                (value.to_owned(), count)
            };
            MeasuredValue::Counts(of.kind().values_of_few().into_iter().map(counted).collect())
        }
        Measure::Histogram { of, edges } => {
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
        Measure::Extreme { .. }
        | Measure::Extremes { .. }
        | Measure::Top { .. }
        | Measure::AtEnd { .. }
        | Measure::Quantile { .. }
        | Measure::Ratio { .. } => MeasuredValue::Nothing,
    }
}

fn of_rows(
    rows: Details<'_>,
    measure: &Measure,
    read: DetailsRead,
) -> Result<MeasuredValue, String> {
    let value = |text: &String| {
        rows.value(text)
            .ok_or_else(|| format!("a row with `{text}`, which is no value of `{}`", rows.name()))
    };
    match (measure, read) {
        (Measure::Quantile { of, quantile }, DetailsRead::Sketch(sketch)) => {
            Ok(of_option(sketch.quantile(*quantile, of.attribute.scale())))
        }
        (Measure::Distinct(_), DetailsRead::Values(values)) => {
            let count = i128::try_from(values.len()).expect("fewer rows than i128 holds");
            Ok(MeasuredValue::Number(Number::from_units(count, 0)))
        }
        (
            Measure::Extreme { end, .. } | Measure::AtEnd { end, .. },
            DetailsRead::Values(values),
        ) => {
            let outermost = match end {
                weir_model::rollup::Direction::Ascending => values.first(),
                weir_model::rollup::Direction::Descending => values.last(),
            };
            match outermost {
                Some((text, _)) => value(text).map(MeasuredValue::Value),
                None => Ok(MeasuredValue::Nothing),
            }
        }
        (Measure::Extremes { end, limit, .. }, DetailsRead::Values(mut values)) => {
            if *end == weir_model::rollup::Direction::Descending {
                values.reverse();
            }
            values.truncate(usize::from(*limit));
            listed(values, value)
        }
        (Measure::Top { limit, .. }, DetailsRead::Values(mut values)) => {
            // Stable: what is equally frequent stays in the order of the values.
            values.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            values.truncate(usize::from(*limit));
            listed(values, value)
        }
        (measure, _) => Err(format!("rows of another kind than `{measure}` is read from")),
    }
}

fn listed(
    values: Vec<(String, i128)>,
    value: impl Fn(&String) -> Result<AttributeValue, String>,
) -> Result<MeasuredValue, String> {
    let values = values.into_iter().map(|(text, count)| Ok((value(&text)?, count)));
    values.collect::<Result<_, String>>().map(MeasuredValue::Values)
}

fn of_option(number: Option<Number>) -> MeasuredValue {
    number.map_or(MeasuredValue::Nothing, MeasuredValue::Number)
}

fn sum(amounts: &Amounts, accumulator: &Accumulator) -> Number {
    Number::from_units(amounts.get(accumulator), accumulator.scale())
}

/// Returns the variance; `None` of fewer items than it needs.
fn variance(
    amounts: &Amounts,
    of: &weir_model::rollup::Source,
    is_population: bool,
    places: u32,
) -> Option<Number> {
    let count = amounts.get(&Accumulator::present(of));
    let others = if is_population { count } else { count - 1 };
    if others <= 0 {
        return None;
    }
    let [low, high] = Accumulator::squares(of);
    let unit = Number::from_units(HIGH_SQUARE, low.scale());
    let high = Number::from_units(amounts.get(&high), 0).times(&unit);
    let squares = sum(amounts, &low).plus(&high);
    let sum = sum(amounts, &Accumulator::sum(of));
    let (count, others) = (Number::from_units(count, 0), Number::from_units(others, 0));
    let spread = count.times(&squares).minus(&sum.times(&sum));
    spread.over(&count.times(&others), places)
}
