//! The amounts that an item adds to the numbers of a rollup item.

use weir_model::rollup::Source;
use weir_model::template::scalar_text;
use weir_model::{Item, Measure, Number, Rollup};

use crate::amounts::{Accumulator, Amounts, square, units};
use crate::skip::{Part, Skip, typed};

/// Returns the accumulator that ranks a rollup's items.
pub(super) fn score(rollup: &Rollup) -> Option<Accumulator> {
    let measure = rollup.ranked_by().filter(|measure| measure.is_additive())?;
    // An additive measure is the last of its accumulators; the others are counts.
    Accumulator::for_measure(measure).pop()
}

/// Returns the amounts that an item adds to the numbers of a rollup item, with its score.
///
/// # Errors
/// The measured value that cannot be counted.
pub(super) fn amounts(
    rollup: &Rollup,
    score: Option<&Accumulator>,
    item: &Item,
) -> Result<Amounts, Skip> {
    let mut amounts = Amounts::default();
    amounts.add(Accumulator::Items, 1);
    for known in &rollup.measures {
        for (accumulator, amount) in measured(&known.measure, item)? {
            amounts.set(accumulator, amount);
        }
    }
    if let Some(accumulator) = score {
        let amount = amounts.get(accumulator);
        amounts.set(Accumulator::Score { scale: accumulator.scale() }, amount);
    }
    Ok(amounts)
}

/// Returns the amounts that an item adds for one measure.
fn measured(measure: &Measure, item: &Item) -> Result<Vec<(Accumulator, i128)>, Skip> {
    let number = |of: &Source| -> Result<Option<i128>, Skip> {
        let Some(value) = typed(Part::Measure, of, item)? else { return Ok(None) };
        let too_large = || Skip::MeasureRange(of.name().to_owned());
        units(&of.attribute, value).ok_or_else(too_large).map(Some)
    };
    let amounts = match measure {
        Measure::Present(of) => typed(Part::Measure, of, item)?
            .map(|_| (Accumulator::present(of), 1))
            .into_iter()
            .collect(),
        Measure::Sum(of) | Measure::Avg(of) => match number(of)? {
            Some(units) => vec![(Accumulator::present(of), 1), (Accumulator::sum(of), units)],
            None => Vec::new(),
        },
        Measure::Variance { of, .. } | Measure::StdDev { of, .. } => match number(of)? {
            Some(units) => {
                let ([low, high], squares) = (square(units), Accumulator::squares(of));
                let mut amounts =
                    vec![(Accumulator::present(of), 1), (Accumulator::sum(of), units)];
                amounts.extend(squares.into_iter().zip([low, high]));
                amounts
            }
            None => Vec::new(),
        },
        Measure::CountBy(of) => {
            let text =
                typed(Part::Measure, of, item)?.and_then(|value| scalar_text(of.kind(), value));
            text.map(|text| (Accumulator::equal(of, text), 1)).into_iter().collect()
        }
        Measure::Histogram { of, edges } => match number(of)? {
            Some(units) => {
                // As decimals: an edge may be beyond all units.
                let value = Number::from_units(units, of.attribute.scale());
                let position = edges.iter().take_while(|edge| **edge <= value).count();
                vec![(Accumulator::between(of, edges, position), 1)]
            }
            None => Vec::new(),
        },
        _ => Vec::new(),
    };
    Ok(amounts)
}
