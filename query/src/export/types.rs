//! The types of an export's columns, for formats that have types.

use serde_json::Value;
use weir_model::instant::{Offset, TimestampFormat};
use weir_model::rollup::{AnswerShape, NamedMeasure, Source};
use weir_model::{AttributeType, AttributeValue, Number, Rollup};
use weir_rollups::measured::decimal_places;

/// The type of a column. Every value may be absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// Text; a number of which the definition does not say how many digits it has, as its digits.
    Text,
    /// True or false.
    Boolean,
    /// An instant, and its form in rows.
    Instant(TimestampFormat),
    /// A count.
    Count,
    /// A number with at most so many decimal places.
    Decimal {
        /// The decimal places.
        places: u32,
    },
    /// JSON: a list.
    Json,
}

impl ColumnType {
    /// The edge of a bucket.
    const EDGE: Self = Self::Instant(TimestampFormat::Rfc3339 { places: 0, offset: Offset::Any });

    /// Returns the type of the values of an attribute, one of them if it is a set.
    fn for_values(of: &Source) -> Self {
        match of.of_one().kind {
            AttributeType::Boolean => Self::Boolean,
            AttributeType::Timestamp(format) => Self::Instant(format),
            AttributeType::Integer => Self::Decimal { places: 0 },
            AttributeType::Decimal { scale } => Self::Decimal { places: scale },
            _ => Self::Text,
        }
    }

    /// Returns the microseconds since 1970 of a value of [`ColumnType::Instant`]; `None` for any
    /// other value, and for an instant between two microseconds.
    pub fn micros(self, value: &Value) -> Option<i64> {
        let Self::Instant(format) = self else { return None };
        let stored = match value {
            Value::String(text) => AttributeValue::S(text.clone()),
            Value::Number(number) => AttributeValue::N(number.to_string()),
            _ => return None,
        };
        let instant = format.read(&stored)?;
        let is_whole = instant.subsec_nanosecond() % 1_000 == 0;
        is_whole.then(|| instant.as_microsecond())
    }

    /// Returns the units of a value of [`ColumnType::Decimal`] or [`ColumnType::Count`], such as
    /// cents; `None` for any other value, and for a number with more decimal places.
    pub fn units(self, value: &Value) -> Option<i128> {
        let places = match self {
            Self::Decimal { places } => places,
            Self::Count => 0,
            _ => return None,
        };
        let number: Number = value.as_number()?.to_string().parse().ok()?;
        (number.decimal_places() <= places).then(|| number.to_units(places)).flatten()
    }
}

/// Returns the types of the columns that [`Columns::for_export`] makes.
///
/// [`Columns::for_export`]: crate::Columns::for_export
pub(super) fn column_types(rollup: &Rollup, measures: &[&NamedMeasure]) -> Vec<ColumnType> {
    let mut types: Vec<_> = rollup.dimensions.iter().map(ColumnType::for_values).collect();
    types.extend([ColumnType::Text, ColumnType::EDGE, ColumnType::EDGE]);
    for NamedMeasure { measure, .. } in measures {
        let places = || decimal_places(measure).map(|places| ColumnType::Decimal { places });
        match measure.shape().answer {
            AnswerShape::Number { is_whole: true } => types.push(ColumnType::Count),
            AnswerShape::Number { is_whole: false } => {
                types.push(places().unwrap_or(ColumnType::Text));
            }
            AnswerShape::Value(of) => {
                types.push(places().unwrap_or_else(|| ColumnType::for_values(of)));
            }
            AnswerShape::List(_) => types.push(ColumnType::Json),
            AnswerShape::Counts(of) => {
                let count = of.kind().values_of_few().len();
                types.extend(std::iter::repeat_n(ColumnType::Count, count));
            }
            AnswerShape::Bins(edges) => {
                types.extend(std::iter::repeat_n(ColumnType::Count, edges.len() + 1));
            }
        }
    }
    types.push(ColumnType::Boolean);
    types
}
