//! The accumulators of stored rollup items and detail items.

use weir_model::{AttributeValue, Item, Number, Rollup};

use crate::amounts::{Accumulator, Amounts};

/// The amounts of a stored item, and its accumulators that hold something else.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoredAmounts {
    /// The amounts; none for an accumulator that the item lacks or that is unreadable.
    pub amounts: Amounts,
    /// The accumulators whose attribute is not a number of their scale, with the number that it is.
    pub unreadable: Vec<(Accumulator, Option<String>)>,
}

impl StoredAmounts {
    /// Reads accumulators of a stored item.
    pub fn read(accumulators: &[Accumulator], item: &Item) -> Self {
        let mut stored = Self::default();
        for accumulator in accumulators {
            let value = item.get(&accumulator.attribute_name());
            match (units(accumulator, value), value) {
                (Ok(Some(units)), _) => stored.amounts.add(accumulator.clone(), units),
                (Ok(None), _) => {}
                (Err(_), Some(AttributeValue::N(number))) => {
                    stored.unreadable.push((accumulator.clone(), Some(number.clone())));
                }
                (Err(_), _) => stored.unreadable.push((accumulator.clone(), None)),
            }
        }
        stored
    }
}

/// Reads the accumulators of a stored rollup item.
///
/// # Errors
/// The accumulator that holds no number of its scale.
pub fn read_amounts(rollup: &Rollup, item: &Item) -> Result<Amounts, String> {
    let mut amounts = Amounts::default();
    for accumulator in Accumulator::for_rollup(rollup) {
        let units = units(&accumulator, item.get(&accumulator.attribute_name()))?;
        amounts.add(accumulator, units.unwrap_or(0));
    }
    Ok(amounts)
}

/// Returns the units that a stored attribute holds; `None` without the attribute.
fn units(
    accumulator: &Accumulator,
    value: Option<&AttributeValue>,
) -> Result<Option<i128>, String> {
    let name = accumulator.attribute_name();
    match value {
        None => Ok(None),
        Some(AttributeValue::N(text)) => text
            .parse::<Number>()
            .ok()
            .filter(|number| number.decimal_places() <= accumulator.scale())
            .and_then(|number| number.to_units(accumulator.scale()))
            .map(Some)
            .ok_or_else(|| format!("the accumulator `{name}` is {text}")),
        Some(other) => Err(format!("the accumulator `{name}` is {other:?}, expected a number")),
    }
}
