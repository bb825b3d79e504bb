//! What an attribute has without being given it: its default, and what the library keeps in it.

use serde_dynamo::AttributeValue;
use serde_json::Value;
use uuid::Builder;

use super::{Attribute, AttributeType};
use crate::entity::Fresh;
use crate::instant::TimestampFormat;
use crate::update::To;

/// What an absent attribute becomes when an item is written.
#[derive(Clone, Debug, PartialEq)]
pub enum DefaultValue {
    /// A given value, encoded.
    Value(AttributeValue),
    /// A given map or list in which something may have a default of its own: it is encoded with each item.
    Json(Value),
    /// A new random UUID (version 4).
    Uuid,
    /// A new ULID, which sorts by the time it was made.
    Ulid,
    /// The time of the write.
    Now,
}

/// What the library keeps in an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// When the item was last written.
    WrittenAt,
    /// How often the item was written: 1 when it is created, one more with each write.
    Version,
}

impl Attribute {
    /// The value of an attribute that a new item is not given.
    pub(crate) fn default_value(&self, fresh: Fresh) -> Option<AttributeValue> {
        Some(match self.default.as_ref()? {
            DefaultValue::Value(value) => value.clone(),
            DefaultValue::Json(json) => {
                self.encode(json, fresh).expect("a default is checked with the definition")
            }
            DefaultValue::Uuid => {
                let uuid = Builder::from_random_bytes((fresh.random)()).into_uuid();
                AttributeValue::S(uuid.to_string())
            }
            DefaultValue::Ulid => {
                let millis = u64::try_from(fresh.now.as_millisecond()).unwrap_or(0);
                let random = u128::from_be_bytes((fresh.random)());
                AttributeValue::S(ulid::Ulid::from_parts(millis, random).to_string())
            }
            DefaultValue::Now => now(&self.kind, fresh),
        })
    }

    /// What every update makes of it.
    pub(crate) fn on_update(&self, fresh: Fresh) -> Option<To> {
        Some(match self.kept? {
            Kept::WrittenAt => To::Value(now(&self.kind, fresh)),
            Kept::Version => To::NextVersion,
        })
    }
}

impl Kept {
    /// The value of an item that is written whole for the first time.
    pub(crate) fn first(self, kind: &AttributeType, fresh: Fresh) -> AttributeValue {
        match self {
            Self::WrittenAt => now(kind, fresh),
            Self::Version => AttributeValue::N("1".to_owned()),
        }
    }
}

/// The time of the write as a timestamp of that format has it.
fn now(kind: &AttributeType, fresh: Fresh) -> AttributeValue {
    let format = match kind {
        AttributeType::Timestamp(format) => *format,
        _ => TimestampFormat::rfc3339(3),
    };
    format.encode(format.truncate(fresh.now)).expect("a truncated instant fits its format")
}
