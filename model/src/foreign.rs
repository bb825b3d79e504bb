//! Foreign values: stored values that are not values of the type that their attribute declares.
//! Other programs write such values; Weir never does.
//!
//! | declared | a stored value of the type |
//! |---|---|
//! | `string` | text |
//! | `enum` | one of its `values` |
//! | `number` | a number |
//! | `integer` | a number without decimal places |
//! | `decimal` | a number with at most `scale` decimal places |
//! | `boolean` | a boolean |
//! | `timestamp` as `rfc3339` | RFC 3339 text, years 0000 to 9999, any offset and precision |
//! | `timestamp` as `epoch`, `epoch_ms` | a number of seconds or milliseconds in these years |
//! | `binary`, `set`, `map` | bytes, a set of the declared members, a map |
//! | `list` | a list, each member of which is of the declared type or null |
//! | `any` | anything |
//!
//! Rules such as `min` and `pattern` are not part of the type: a value that breaks them is not
//! foreign.
//!
//! **Invariant:** a value that an attribute encodes is not foreign. A stored null is absent, and
//! not foreign.

use std::fmt;

use serde_dynamo::AttributeValue;

use crate::attribute::{AttributeType, SetItems};
use crate::condition::StoredType;
use crate::instant::TimestampFormat;
use crate::number::Number;
use crate::shorten::listed;
use crate::value::{decode, shown};

/// A foreign value: where it is stored, and why it is not a value of the declared type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// The attribute, by its name in the definition, or the path into it.
    pub attribute: String,
    /// Why the value is foreign.
    pub reason: String,
}

impl fmt::Display for Foreign {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}`: {}", self.attribute, self.reason)
    }
}

impl AttributeType {
    /// Returns why a stored value is not a value of this type; `None` for a value of it, and for
    /// null.
    pub fn foreign(&self, value: &AttributeValue) -> Option<String> {
        if matches!(value, AttributeValue::Null(_)) {
            return None;
        }
        let stored = StoredType::from_value(value);
        if self.stored().is_some_and(|expected| expected != stored) {
            return Some(self.wrong_type(stored));
        }
        match (self, value) {
            (Self::Enum { values }, AttributeValue::S(text)) if !values.contains(text) => {
                let (text, values) = (shown(&decode(value)), listed(values));
                Some(format!("enum value {text} is not one of {values}"))
            }
            (Self::Number | Self::Integer | Self::Decimal { .. }, AttributeValue::N(text)) => {
                self.wrong_number(text)
            }
            (Self::Timestamp(format), value) if format.read(value).is_none() => {
                let (value, expected) = (shown(&decode(value)), format.expected());
                Some(format!("{value} is not a timestamp, expected {expected}"))
            }
            (Self::List(Some(rule)), AttributeValue::L(members)) => {
                members.iter().enumerate().find_map(|(position, member)| {
                    let reason = rule.kind.foreign(member)?;
                    Some(format!("member [{position}]: {reason}"))
                })
            }
            _ => None,
        }
    }

    /// Returns the DynamoDB type that values of this type are stored as; `None` for `any`.
    pub fn stored(&self) -> Option<StoredType> {
        Some(match self {
            Self::String | Self::Enum { .. } => StoredType::String,
            Self::Timestamp(TimestampFormat::Rfc3339 { .. }) => StoredType::String,
            Self::Timestamp(TimestampFormat::Epoch | TimestampFormat::EpochMs) => {
                StoredType::Number
            }
            Self::Number | Self::Integer | Self::Decimal { .. } => StoredType::Number,
            Self::Boolean => StoredType::Boolean,
            Self::Binary => StoredType::Binary,
            Self::Set(SetItems::String) => StoredType::StringSet,
            Self::Set(SetItems::Number) => StoredType::NumberSet,
            Self::Set(SetItems::Binary) => StoredType::BinarySet,
            Self::List(_) => StoredType::List,
            Self::Map(_) => StoredType::Map,
            Self::Any => return None,
        })
    }

    /// Returns what is said of a value that DynamoDB stores as another type.
    pub(crate) fn wrong_type(&self, stored: StoredType) -> String {
        let expected = self.stored().map_or("another type".to_owned(), StoredType::noun);
        let (stored, declared) = (stored.noun(), self.noun());
        format!("stored as {stored}, expected {expected}: {declared} is declared")
    }

    fn wrong_number(&self, text: &str) -> Option<String> {
        let Ok(number) = text.parse::<Number>() else {
            return Some(format!("{text} is not a number that DynamoDB stores"));
        };
        match self {
            Self::Integer if !number.is_integer() => {
                Some(format!("{number} has decimal places, expected an integer"))
            }
            Self::Decimal { scale } if number.decimal_places() > *scale => {
                let places = number.decimal_places();
                Some(format!("{number} has {places} decimal places, expected at most {scale}"))
            }
            _ => None,
        }
    }
}

impl TimestampFormat {
    /// Returns the stored form that values of the format have.
    fn expected(self) -> &'static str {
        match self {
            Self::Rfc3339 { .. } => "RFC 3339 text of the years 0000 to 9999",
            Self::Epoch => "a number of seconds since 1970, in the years 0000 to 9999",
            Self::EpochMs => "a number of milliseconds since 1970, in the years 0000 to 9999",
        }
    }
}

#[cfg(test)]
mod tests;
