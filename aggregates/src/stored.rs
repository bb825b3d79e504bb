//! The accumulators of stored rollup items.

use weir_model::{AttributeValue, Item, Number, Rollup};

use crate::amounts::{Accumulator, Amounts};

/// Reads the accumulators of a stored rollup item.
///
/// # Errors
/// The accumulator that holds no number of its scale.
pub fn read_amounts(rollup: &Rollup, item: &Item) -> Result<Amounts, String> {
    let mut amounts = Amounts::default();
    for accumulator in Accumulator::for_rollup(rollup) {
        let name = accumulator.attribute_name();
        let units = match item.get(&name) {
            None => 0,
            Some(AttributeValue::N(text)) => text
                .parse::<Number>()
                .ok()
                .filter(|number| number.decimal_places() <= accumulator.scale())
                .and_then(|number| number.to_units(accumulator.scale()))
                .ok_or_else(|| format!("the accumulator `{name}` is {text}"))?,
            Some(other) => {
                return Err(format!("the accumulator `{name}` is {other:?}, expected a number"));
            }
        };
        amounts.add(accumulator, units);
    }
    Ok(amounts)
}
