//! The reason why an item is not counted, and the check that a value is of its declared type.
//!
//! **Invariant:** every value that a rollup reads of an item passes `typed`, so a foreign value
//! leaves the item out as a whole, whether it is a dimension, the time or a measured value.

use std::fmt;

use weir_model::foreign::Foreign;
use weir_model::rollup::Source;
use weir_model::{AttributeValue, Item};

/// The reason why an item of a rollup could not be counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Skip {
    /// A dimension is absent.
    DimensionAbsent(String),
    /// The time is absent.
    TimeAbsent(String),
    /// A value is not of its declared type.
    Foreign(Part, Foreign),
    /// A bucket of the time would go beyond the years 0000 to 9999.
    TimeRange(String),
    /// A measured number is too large to be added up safely.
    MeasureRange(String),
    /// The group's values make a key that is too long, or, beside items, an empty one.
    KeyTooLong,
}

/// The part of a rollup that reads a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Its `where`.
    Where,
    /// A dimension.
    Dimension,
    /// The time.
    Time,
    /// A measure.
    Measure,
}

/// Returns the value of an item that a part of a rollup reads, if it is there.
///
/// # Errors
/// [`Skip::Foreign`] for one that is not of its declared type.
pub(crate) fn typed<'i>(
    part: Part,
    source: &Source,
    item: &'i Item,
) -> Result<Option<&'i AttributeValue>, Skip> {
    match source.foreign(item) {
        Some(foreign) => Err(Skip::Foreign(part, foreign)),
        None => Ok(source.value_in(item)),
    }
}

/// Returns as [`typed`], of a set or a list its different members.
pub(crate) fn typed_values(
    part: Part,
    source: &Source,
    item: &Item,
) -> Result<Vec<AttributeValue>, Skip> {
    typed(part, source, item)?;
    Ok(source.values_of(item).expect("a value of its declared type has members of it"))
}

impl Skip {
    /// Returns the kind of the reason, without the attribute's name.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::DimensionAbsent(_) => "dimension_absent",
            Self::TimeAbsent(_) => "time_absent",
            Self::Foreign(Part::Where, _) => "where_type",
            Self::Foreign(Part::Dimension, _) => "dimension_type",
            Self::Foreign(Part::Time, _) => "time_type",
            Self::Foreign(Part::Measure, _) => "measure_type",
            Self::TimeRange(_) => "time_range",
            Self::MeasureRange(_) => "measure_range",
            Self::KeyTooLong => "key_too_long",
        }
    }

    /// Returns the attribute that it is about, by its name in the definition.
    pub fn attribute(&self) -> Option<&str> {
        match self {
            Self::DimensionAbsent(name)
            | Self::TimeAbsent(name)
            | Self::TimeRange(name)
            | Self::MeasureRange(name) => Some(name),
            Self::Foreign(_, foreign) => Some(&foreign.attribute),
            Self::KeyTooLong => None,
        }
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DimensionAbsent(name) => write!(formatter, "the dimension `{name}` is absent"),
            Self::TimeAbsent(name) => write!(formatter, "the time `{name}` is absent"),
            Self::Foreign(_, foreign) => foreign.fmt(formatter),
            Self::TimeRange(name) => write!(
                formatter,
                "`{name}`: a bucket of this time does not lie in the years 0000 to 9999"
            ),
            Self::MeasureRange(name) => write!(
                formatter,
                "`{name}`: too large to be added up safely, expected a number below 10^20, and \
                 10^29 in units of its last place"
            ),
            Self::KeyTooLong => formatter.write_str(
                "its values make a key that is empty or too long, expected at most 2048 bytes of \
                 a partition key and 1024 of a sort key",
            ),
        }
    }
}
