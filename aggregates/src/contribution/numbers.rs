//! The amounts that an item adds to the numbers of a rollup item.

use weir_model::{Item, Rollup};

use crate::amounts::{Accumulator, Amounts};
use crate::formulas::{Formula, MeasureSpec};
use crate::skip::Skip;

/// Returns the accumulator that ranks a rollup's items.
pub(super) fn score(rollup: &Rollup) -> Option<Accumulator> {
    match MeasureSpec::new(rollup.ranked_by()?).formula {
        Formula::Amount(accumulator) => Some(accumulator),
        _ => None,
    }
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
        for (accumulator, amount) in MeasureSpec::new(&known.measure).numbers.amounts(item)? {
            amounts.set(accumulator, amount);
        }
    }
    if let Some(accumulator) = score {
        let amount = amounts.get(accumulator);
        amounts.set(Accumulator::Score { scale: accumulator.scale() }, amount);
    }
    Ok(amounts)
}
