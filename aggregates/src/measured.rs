//! Measures read from rollup items and their detail items.
//!
//! The numbers of rollup items make a value by the [formula](crate::formulas) of the measure;
//! detail items are read as its shape says.

use weir_model::rollup::{AnswerShape, DetailPart, Direction, NamedMeasure};
use weir_model::{AttributeValue, Measure, Number, Rollup};

use crate::amounts::Amounts;
use crate::details::Details;
use crate::formulas::{Formula, MeasureSpec, QUOTIENT_PLACES};
pub use crate::measured_value::MeasuredValue;
use crate::sketch::Sketch;

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
    let formula = MeasureSpec::new(measure).formula;
    if let Formula::Ratio { over, under } = formula {
        let part = |name: &str| -> Result<Option<Number>, String> {
            let Some(part) = rollup.measure(name) else { return Ok(None) };
            Ok(number(measured(rollup, part, amounts, rows)?))
        };
        let (over, under) = (part(over)?, part(under)?);
        let ratio = over.zip(under).and_then(|(over, under)| over.over(&under, QUOTIENT_PLACES));
        return Ok(ratio.into());
    }
    match (Details::for_measure(measure), rows(measure)) {
        (Some(details), Some(read)) => value_of_details(details, measure, &formula, read),
        _ => Ok(formula.value(amounts)),
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

/// Returns the most decimal places of the values of a measure; `None` if they are not numbers.
pub fn decimal_places(measure: &Measure) -> Option<u32> {
    let scale = match MeasureSpec::new(measure).formula {
        Formula::Amount(accumulator) => accumulator.scale(),
        Formula::Mean(of) | Formula::StdDev { of, .. } => of.attribute.scale() + QUOTIENT_PLACES,
        Formula::Variance { of, .. } => 2 * of.attribute.scale() + QUOTIENT_PLACES,
        Formula::Ratio { .. } => QUOTIENT_PLACES,
        Formula::Quantile(of, _) => of.attribute.scale(),
        Formula::Details => match measure.shape().answer {
            AnswerShape::Value(of) if of.kind().is_numeric() => of.attribute.scale(),
            _ => return None,
        },
        Formula::Counts(_) | Formula::Bins(..) => return None,
    };
    Some(scale)
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

fn value_of_details(
    details: Details<'_>,
    measure: &Measure,
    formula: &Formula<'_>,
    read: DetailsRead,
) -> Result<MeasuredValue, String> {
    let value = |text: &String| {
        let error = || format!("a row with `{text}`, which is no value of `{}`", details.name());
        details.value(text).ok_or_else(error)
    };
    let shape = measure.shape();
    let part = shape.details.map(|source| source.part);
    match (formula, part, read) {
        (Formula::Quantile(of, quantile), _, DetailsRead::Sketch(sketch)) => {
            Ok(sketch.quantile(*quantile, of.attribute.scale()).into())
        }
        (_, Some(DetailPart::Counted), DetailsRead::Values(values)) => {
            let count = i128::try_from(values.len()).expect("fewer rows than i128 holds");
            Ok(MeasuredValue::Number(Number::from_units(count, 0)))
        }
        (_, Some(DetailPart::End { direction, limit }), DetailsRead::Values(mut values)) => {
            if direction == Direction::Descending {
                values.reverse();
            }
            values.truncate(usize::from(limit));
            match (shape.answer, values.first()) {
                (AnswerShape::List(_), _) => listed(values, value),
                (_, Some((text, _))) => value(text).map(MeasuredValue::Value),
                (_, None) => Ok(MeasuredValue::Nothing),
            }
        }
        (_, Some(DetailPart::MostFrequent { limit }), DetailsRead::Values(mut values)) => {
            // Stable: what is equally frequent stays in the order of the values.
            values.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            values.truncate(usize::from(limit));
            listed(values, value)
        }
        _ => Err(format!("rows of another kind than `{measure}` is read from")),
    }
}

fn listed(
    values: Vec<(String, i128)>,
    value: impl Fn(&String) -> Result<AttributeValue, String>,
) -> Result<MeasuredValue, String> {
    let values = values.into_iter().map(|(text, count)| Ok((value(&text)?, count)));
    values.collect::<Result<_, String>>().map(MeasuredValue::Values)
}
