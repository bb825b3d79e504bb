//! Accumulators: the numbers a rollup item or a detail item of it holds, and amounts to add to
//! them.
//!
//! | accumulator | stored as | is |
//! |---|---|---|
//! | items | `count` | how many items there are |
//! | present | `count(total)` | how many of them have the attribute |
//! | sum | `sum(total)` | the sum of the attribute |
//! | squares | `sumsq(total)`, `sumsq(total)/high` | the sum of its squares, in two numbers |
//! | equal | `count(status=paid)` | how many items have the value |
//! | between | `count(0<=total<10)` | how many values lie in the bin |
//! | distinct | `distinct(user_id)` | how many value rows there are |
//! | cell | `07` | how many values lie in a bin of a sketch |
//! | score | `score` | what ranks it |
//!
//! Measures are made of accumulators when they are read, so a new measure over accumulators that
//! are kept already needs nothing recounted.
//!
//! **Invariant:** amounts are integers (units of an attribute's last decimal place) and form a
//! commutative group under addition; nothing is ever rounded after it has been read from an item.

use std::collections::BTreeMap;

use weir_model::attribute::Attribute;
use weir_model::rollup::Source;
use weir_model::table::SCORE;
use weir_model::{AttributeValue, Number};

/// A number is measured when its magnitude is below ten to this power…
const MAX_MAGNITUDE_DIGITS: u32 = 20;
/// …and it has fewer units than ten to this power, so that 10^9 of them fit DynamoDB's 38 digits,
/// and 10^8 of their squares.
const MAX_UNIT_DIGITS: u32 = 29;
/// A square is kept as two numbers: units of this in the high one, the rest in the low one. Its
/// root is a whole number.
pub const HIGH_SQUARE: i128 = SQUARE_ROOT * SQUARE_ROOT;
const SQUARE_ROOT: i128 = 10_i128.pow(14);
/// The power of ten that [`HIGH_SQUARE`] is.
pub const HIGH_SQUARE_DIGITS: u32 = 28;

/// A number that a rollup item or a detail item of it holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Accumulator {
    /// The number of items.
    Items,
    /// The number of items that have the attribute.
    Present {
        /// The attribute.
        attribute: String,
    },
    /// The sum of the attribute.
    Sum {
        /// The attribute.
        attribute: String,
        /// The decimal places of its units.
        scale: u32,
    },
    /// The sum of the attribute's squares: what is left of each behind the units of the high part.
    Squares {
        /// The attribute.
        attribute: String,
        /// The decimal places of its units, twice those of the attribute.
        scale: u32,
    },
    /// The same, in units of [`HIGH_SQUARE`].
    HighSquares {
        /// The attribute.
        attribute: String,
    },
    /// The number of items that have one value of a few.
    Equal {
        /// The attribute.
        attribute: String,
        /// The value.
        value: String,
    },
    /// The number of values in a bin of a histogram.
    Between {
        /// The attribute.
        attribute: String,
        /// The edge below, included; `None` in the first bin.
        from: Option<Number>,
        /// The edge above, excluded; `None` in the last bin.
        to: Option<Number>,
    },
    /// The number of different values of the attribute.
    Distinct {
        /// The attribute.
        attribute: String,
    },
    /// The number of values in a cell of an octave of a sketch.
    Cell {
        /// The cell.
        cell: u8,
    },
    /// The score that ranks a rollup item or a detail item: a copy of another of its accumulators.
    Score {
        /// The decimal places of its units.
        scale: u32,
    },
}

/// Amounts to add to the accumulators of one rollup item or detail item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amounts(BTreeMap<Accumulator, i128>);

impl Accumulator {
    /// Returns the name of the attribute that holds it.
    pub fn attribute_name(&self) -> String {
        match self {
            Self::Items => "count".to_owned(),
            Self::Present { attribute } => format!("count({attribute})"),
            Self::Sum { attribute, .. } => format!("sum({attribute})"),
            Self::Squares { attribute, .. } => format!("sumsq({attribute})"),
            Self::HighSquares { attribute } => format!("sumsq({attribute})/high"),
            Self::Equal { attribute, value } => format!("count({attribute}={value})"),
            Self::Between { attribute, from, to } => {
                format!("count({})", bin(attribute, from.as_ref(), to.as_ref()))
            }
            Self::Distinct { attribute } => format!("distinct({attribute})"),
            Self::Cell { cell } => format!("{cell:02}"),
            Self::Score { .. } => SCORE.to_owned(),
        }
    }

    /// Whether it counts items, values or detail items, of which there cannot be fewer than none.
    fn is_count(&self) -> bool {
        match self {
            Self::Items
            | Self::Present { .. }
            | Self::Equal { .. }
            | Self::Between { .. }
            | Self::Distinct { .. }
            | Self::Cell { .. } => true,
            Self::Sum { .. }
            | Self::Squares { .. }
            | Self::HighSquares { .. }
            | Self::Score { .. } => false,
        }
    }

    /// Returns the decimal places of its units.
    pub fn scale(&self) -> u32 {
        match self {
            Self::Sum { scale, .. } | Self::Squares { scale, .. } | Self::Score { scale } => *scale,
            _ => 0,
        }
    }

    /// Returns the accumulator of the items that have a value.
    pub fn present(of: &Source) -> Self {
        Self::Present { attribute: of.name().to_owned() }
    }

    /// Returns the accumulator of the sum of a number.
    pub fn sum(of: &Source) -> Self {
        Self::Sum { attribute: of.name().to_owned(), scale: of.attribute.scale() }
    }

    /// Returns the low and the high part of a number's squares.
    pub fn squares(of: &Source) -> [Self; 2] {
        let attribute = of.name().to_owned();
        let scale = 2 * of.attribute.scale();
        [Self::Squares { attribute: attribute.clone(), scale }, Self::HighSquares { attribute }]
    }

    /// Returns the accumulator of the items that have one value of a few.
    pub fn equal(of: &Source, value: impl Into<String>) -> Self {
        Self::Equal { attribute: of.name().to_owned(), value: value.into() }
    }

    /// Returns the accumulator of the number of different values.
    pub fn distinct(of: &Source) -> Self {
        Self::Distinct { attribute: of.name().to_owned() }
    }

    /// Returns the accumulators of the bins of a histogram, from below the first edge to above the
    /// last.
    pub fn bins(of: &Source, edges: &[Number]) -> Vec<Self> {
        (0..=edges.len()).map(|position| Self::between(of, edges, position)).collect()
    }

    /// Returns the accumulator of the bin above so many edges of a histogram, and below the next.
    pub fn between(of: &Source, edges: &[Number], position: usize) -> Self {
        let from = position.checked_sub(1).map(|below| edges[below].clone());
        Self::Between { attribute: of.name().to_owned(), from, to: edges.get(position).cloned() }
    }
}

/// `0<=total<10`, as names of bins are.
fn bin(name: &str, from: Option<&Number>, to: Option<&Number>) -> String {
    let below = to.map(|to| format!("<{to}")).unwrap_or_default();
    match from {
        None => format!("{name}{below}"),
        Some(from) if to.is_none() => format!("{name}>={from}"),
        Some(from) => format!("{from}<={name}{below}"),
    }
}

/// Returns the low and the high part of a square.
pub fn square(units: i128) -> [i128; 2] {
    let magnitude = units.abs();
    let (high, low) = (magnitude / SQUARE_ROOT, magnitude % SQUARE_ROOT);
    // (high · r + low)² = high² · r² + 2 · high · low · r + low²
    let middle = 2 * high * low;
    let rest = (middle % SQUARE_ROOT) * SQUARE_ROOT + low * low;
    [rest % HIGH_SQUARE, high * high + middle / SQUARE_ROOT + rest / HIGH_SQUARE]
}

impl Amounts {
    /// Adds an amount to an accumulator.
    ///
    /// Amounts come from items and are bounded (below 10^29 units each), so a sum of a batch fits
    /// an i128.
    pub fn add(&mut self, accumulator: Accumulator, amount: i128) {
        *self.0.entry(accumulator).or_insert(0) += amount;
    }

    /// Makes an accumulator's amount this one.
    pub(crate) fn set(&mut self, accumulator: Accumulator, amount: i128) {
        self.0.insert(accumulator, amount);
    }

    /// Returns the accumulators and their amounts, in their units.
    pub fn iter(&self) -> impl Iterator<Item = (&Accumulator, i128)> {
        self.0.iter().map(|(accumulator, amount)| (accumulator, *amount))
    }

    /// Returns the number of accumulators.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there is no accumulator.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds other amounts to these.
    pub fn merge(&mut self, other: &Self) {
        for (accumulator, amount) in &other.0 {
            self.add(accumulator.clone(), *amount);
        }
    }

    /// These amounts taken away.
    #[must_use]
    pub fn negated(&self) -> Self {
        Self(self.0.iter().map(|(accumulator, amount)| (accumulator.clone(), -amount)).collect())
    }

    /// Leaves out the accumulators whose amount is zero.
    pub fn retain_nonzero(&mut self) {
        self.0.retain(|_, amount| *amount != 0);
    }

    /// Whether nothing would change.
    pub fn is_zero(&self) -> bool {
        self.0.values().all(|amount| *amount == 0)
    }

    /// Returns a count that is below zero, if there is one. No history of items gives one: changes
    /// were lost, or never counted.
    pub fn negative_count(&self) -> Option<(&Accumulator, i128)> {
        let mut counts = self.0.iter().filter(|(accumulator, _)| accumulator.is_count());
        counts.find(|(_, amount)| **amount < 0).map(|(accumulator, amount)| (accumulator, *amount))
    }

    /// Returns the amount of an accumulator, in its units.
    pub fn get(&self, accumulator: &Accumulator) -> i128 {
        self.0.get(accumulator).copied().unwrap_or(0)
    }

    /// Returns the amounts that are not zero, as the numbers that DynamoDB adds; and a score,
    /// without which an item is not in the index.
    pub fn to_add(&self) -> impl Iterator<Item = (String, Number)> {
        let is_needed =
            |accumulator: &Accumulator| matches!(accumulator, Accumulator::Score { .. });
        let added = self.0.iter();
        let added = added.filter(move |(known, amount)| **amount != 0 || is_needed(known));
        added.map(|(accumulator, amount)| {
            (accumulator.attribute_name(), Number::from_units(*amount, accumulator.scale()))
        })
    }
}

/// Returns a stored number in units of the attribute's scale, rounded half to even; `None` when it
/// is not a number, or one too large to be added up safely.
pub fn units(attribute: &Attribute, value: &AttributeValue) -> Option<i128> {
    let AttributeValue::N(text) = value else { return None };
    let scale = attribute.scale();
    let units = text.parse::<Number>().ok()?.to_units(scale)?;
    let digits = (MAX_MAGNITUDE_DIGITS + scale).min(MAX_UNIT_DIGITS);
    (units.unsigned_abs() < 10_u128.pow(digits)).then_some(units)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_count_below_zero_is_found_and_a_sum_below_zero_is_none() {
        let sum = Accumulator::Sum { attribute: "total".to_owned(), scale: 0 };
        let present = Accumulator::Present { attribute: "total".to_owned() };
        let mut amounts = Amounts::default();
        amounts.add(Accumulator::Items, 2);
        amounts.add(sum, -7);
        assert_eq!(amounts.negative_count(), None);
        amounts.add(present.clone(), -1);
        assert_eq!(amounts.negative_count(), Some((&present, -1)));
    }

    proptest! {
        #[test]
        fn the_parts_of_a_square_make_it(
            units in prop_oneof![
                -10_i128.pow(18)..10_i128.pow(18),
                -10_i128.pow(29)..10_i128.pow(29),
            ],
        ) {
            let [low, high] = square(units);
            let whole = |units| Number::from_units(units, 0);
            let made = whole(high).times(&whole(HIGH_SQUARE)).plus(&whole(low));
            prop_assert_eq!(made, whole(units).times(&whole(units)));
            prop_assert!((0..HIGH_SQUARE).contains(&low));
        }
    }
}
