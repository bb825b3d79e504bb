//! The value of a measure, as it is before it is written as JSON, CSV or a cell of a table.

use weir_model::{AttributeValue, Number};

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

impl From<Option<Number>> for MeasuredValue {
    fn from(number: Option<Number>) -> Self {
        number.map_or(Self::Nothing, Self::Number)
    }
}
