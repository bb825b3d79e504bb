//! Attributes whose values the library writes by itself.

use serde_dynamo::AttributeValue;

use super::AttributeType;
use crate::instant::TimestampFormat;
use crate::write_context::WriteContext;

/// The message about a request that gives such an attribute a value.
pub(crate) const MANAGED: &str = "is kept by the library, no request gives it a value";

/// The rule by which the library writes an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManagedBy {
    /// The time of the item's last write.
    WrittenAt,
    /// The number of the item's writes: 1 when it is created, one more with each write.
    Version,
}

impl ManagedBy {
    /// Returns the value in an item that is written whole for the first time.
    pub(crate) fn first(self, kind: &AttributeType, context: WriteContext) -> AttributeValue {
        match self {
            Self::WrittenAt => write_time(kind, context),
            Self::Version => AttributeValue::N("1".to_owned()),
        }
    }
}

/// Returns the time of the write as a timestamp of that format.
pub(crate) fn write_time(kind: &AttributeType, context: WriteContext) -> AttributeValue {
    let format = match kind {
        AttributeType::Timestamp(format) => *format,
        _ => TimestampFormat::rfc3339(3),
    };
    format.encode(format.truncate(context.now)).expect("a truncated instant fits its format")
}
