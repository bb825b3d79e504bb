//! Accumulators: the numbers a rollup item holds, and amounts to add to them.
//!
//! | accumulator | stored as | is |
//! |---|---|---|
//! | items | `count` | how many items there are |
//! | present | `count(total)` | how many of them have the attribute |
//! | sum | `sum(total)` | the sum of the attribute |
//!
//! Measures are made of accumulators when they are read, so a new measure over accumulators that are kept already
//! needs nothing recounted.
//!
//! **Invariant:** amounts are integers (units of an attribute's last decimal place) and form a commutative group under
//! addition; nothing is ever rounded after it has been read from an item.

use std::collections::BTreeMap;

use model::attribute::{Attribute, AttributeType};
use model::{AttributeValue, Measure, Number, Rollup};

/// Decimal places at which an attribute without a declared scale is measured.
pub const DEFAULT_SCALE: u32 = 9;
/// A number is measured when its magnitude is below ten to this power…
const MAX_MAGNITUDE_DIGITS: u32 = 20;
/// …and it has fewer units than ten to this power, so that 10^9 of them fit DynamoDB's 38 digits.
const MAX_UNIT_DIGITS: u32 = 29;

/// A number that a rollup item holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Accumulator {
    /// How many items there are.
    Items,
    /// How many of them have the attribute.
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
}

/// What is added to the accumulators of one rollup item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amounts(BTreeMap<Accumulator, i128>);

impl Accumulator {
    /// The name of the attribute that holds it.
    pub fn attribute_name(&self) -> String {
        match self {
            Self::Items => "count".to_owned(),
            Self::Present { attribute } => format!("count({attribute})"),
            Self::Sum { attribute, .. } => format!("sum({attribute})"),
        }
    }

    /// The decimal places of its units.
    pub fn scale(&self) -> u32 {
        match self {
            Self::Items | Self::Present { .. } => 0,
            Self::Sum { scale, .. } => *scale,
        }
    }

    /// Every accumulator that a rollup keeps: the count of items always, for it tells an empty group from none.
    pub fn of(rollup: &Rollup) -> Vec<Self> {
        let measured = rollup.measured().into_iter().flat_map(|attribute| {
            let name = attribute.name.clone();
            [
                Self::Present { attribute: name.clone() },
                Self::Sum { attribute: name, scale: scale(attribute) },
            ]
        });
        std::iter::once(Self::Items).chain(measured).collect()
    }
}

impl Amounts {
    /// Adds an amount to an accumulator.
    ///
    /// Amounts come from items and are bounded (below 10^29 units each), so a sum of a batch fits an i128.
    pub fn add(&mut self, accumulator: Accumulator, amount: i128) {
        *self.0.entry(accumulator).or_insert(0) += amount;
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

    /// Whether nothing would change.
    pub fn is_zero(&self) -> bool {
        self.0.values().all(|amount| *amount == 0)
    }

    /// The amount of an accumulator, in its units.
    pub fn get(&self, accumulator: &Accumulator) -> i128 {
        self.0.get(accumulator).copied().unwrap_or(0)
    }

    /// The amounts that are not zero, as the numbers that DynamoDB adds.
    pub fn to_add(&self) -> impl Iterator<Item = (String, Number)> {
        let nonzero = self.0.iter().filter(|(_, amount)| **amount != 0);
        nonzero.map(|(accumulator, amount)| {
            (accumulator.attribute_name(), Number::from_units(*amount, accumulator.scale()))
        })
    }

    /// The value of a measure of these accumulators; `None` for a mean of nothing.
    ///
    /// A mean is rounded half to even to six more decimal places than its attribute has.
    pub fn measure(&self, measure: &Measure) -> Option<Number> {
        match measure {
            Measure::Count => Some(Number::from_units(self.get(&Accumulator::Items), 0)),
            Measure::Sum(attribute) => Some(self.sum(attribute)),
            Measure::Avg(attribute) => {
                let present = self.get(&Accumulator::Present { attribute: attribute.name.clone() });
                self.sum(attribute).divided_by(present, scale(attribute) + MEAN_PLACES)
            }
        }
    }

    fn sum(&self, attribute: &Attribute) -> Number {
        let scale = scale(attribute);
        Number::from_units(
            self.get(&Accumulator::Sum { attribute: attribute.name.clone(), scale }),
            scale,
        )
    }
}

/// How many decimal places a mean has beyond those of its attribute.
const MEAN_PLACES: u32 = 6;

/// The decimal places at which an attribute is measured.
pub fn scale(attribute: &Attribute) -> u32 {
    match attribute.kind {
        AttributeType::Integer => 0,
        AttributeType::Decimal { scale } => scale,
        _ => DEFAULT_SCALE,
    }
}

/// A stored number in units of the attribute's scale, rounded half to even; `None` when it is no number, or one too
/// large to be added up safely.
pub fn units(attribute: &Attribute, value: &AttributeValue) -> Option<i128> {
    let AttributeValue::N(text) = value else { return None };
    let units = text.parse::<Number>().ok()?.to_units(scale(attribute))?;
    let digits = (MAX_MAGNITUDE_DIGITS + scale(attribute)).min(MAX_UNIT_DIGITS);
    (units.unsigned_abs() < 10_u128.pow(digits)).then_some(units)
}
