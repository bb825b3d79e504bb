//! Defaults of attributes.

use serde_dynamo::AttributeValue;
use serde_json::Value;
use uuid::Builder;

use super::{Attribute, write_time};
use crate::write_context::WriteContext;

/// The value of an attribute that a written item lacks.
#[derive(Clone, Debug, PartialEq)]
pub enum DefaultValue {
    /// A given value, encoded.
    Value(AttributeValue),
    /// A given map or list in which something may have a default of its own: it is encoded with
    /// each item.
    Json(Value),
    /// A new random UUID (version 4).
    Uuid,
    /// A new ULID, which sorts by the time it was made.
    Ulid,
    /// The time of the write.
    Now,
}

impl Attribute {
    /// Returns the default of the attribute for a new item.
    pub(crate) fn default_value(&self, context: WriteContext) -> Option<AttributeValue> {
        Some(match self.default.as_ref()? {
            DefaultValue::Value(value) => value.clone(),
            DefaultValue::Json(json) => {
                self.encode(json, context).expect("a default is checked with the definition")
            }
            DefaultValue::Uuid => {
                let uuid = Builder::from_random_bytes((context.random)()).into_uuid();
                AttributeValue::S(uuid.to_string())
            }
            DefaultValue::Ulid => {
                let millis = u64::try_from(context.now.as_millisecond()).unwrap_or(0);
                let random = u128::from_be_bytes((context.random)());
                AttributeValue::S(ulid::Ulid::from_parts(millis, random).to_string())
            }
            DefaultValue::Now => write_time(&self.kind, context),
        })
    }
}
