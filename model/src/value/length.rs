//! The lengths of stored values.

use serde_dynamo::AttributeValue;

/// Returns the length to which `min_length` and `max_length` apply, for the types that have one.
pub(crate) fn length(value: &AttributeValue) -> Option<usize> {
    match value {
        AttributeValue::S(text) => Some(text.chars().count()),
        AttributeValue::B(bytes) => Some(bytes.len()),
        AttributeValue::Ss(members) | AttributeValue::Ns(members) => Some(members.len()),
        AttributeValue::Bs(members) => Some(members.len()),
        AttributeValue::L(members) => Some(members.len()),
        AttributeValue::M(members) => Some(members.len()),
        AttributeValue::N(_) | AttributeValue::Bool(_) | AttributeValue::Null(_) => None,
    }
}

/// Returns a number of members as a stored value.
pub(crate) fn count(count: usize) -> AttributeValue {
    AttributeValue::N(count.to_string())
}
