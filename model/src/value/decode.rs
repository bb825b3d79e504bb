//! Stored values as JSON, guided by an attribute's type.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_dynamo::AttributeValue;
use serde_json::{Map, Value};

use crate::attribute::{Attribute, AttributeType, Members};
use crate::number::Number;

/// Whether hidden attributes are decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hidden {
    /// They are, for the program itself.
    Included,
    /// They are not, for callers over HTTP.
    LeftOut,
}

/// Returns the JSON form of a stored value; the inverse of [`encode`](super::encode) for a value of
/// the right type.
pub fn decode(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => Value::String(text.clone()),
        AttributeValue::N(text) => number_to_json(text),
        AttributeValue::Bool(value) => Value::Bool(*value),
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::B(bytes) => Value::String(STANDARD.encode(bytes)),
        AttributeValue::Ss(members) => {
            sorted(members.iter().map(|text| Value::String(text.clone())))
        }
        AttributeValue::Ns(members) => sorted(members.iter().map(|text| number_to_json(text))),
        AttributeValue::Bs(members) => {
            sorted(members.iter().map(|bytes| Value::String(STANDARD.encode(bytes))))
        }
        AttributeValue::L(members) => Value::Array(members.iter().map(decode).collect()),
        AttributeValue::M(members) => {
            let mut names: Vec<_> = members.keys().collect();
            names.sort();
            Value::Object(
                names.into_iter().map(|name| (name.clone(), decode(&members[name]))).collect(),
            )
        }
    }
}

/// Returns a number as JSON with all its digits; text that is not a number as a string.
pub fn number_to_json(text: &str) -> Value {
    match text.parse::<Number>() {
        Ok(number) => serde_json::from_str(&number.to_string())
            .unwrap_or_else(|_| Value::String(text.to_owned())),
        Err(_) => Value::String(text.to_owned()),
    }
}

/// Returns a stored value of a type without its hidden attributes.
pub(crate) fn shown_as(kind: &AttributeType, value: &AttributeValue) -> AttributeValue {
    match (kind, value) {
        (AttributeType::List(Some(rule)), AttributeValue::L(members)) => {
            let members = members.iter().map(|member| shown_as(&rule.kind, member));
            AttributeValue::L(members.collect())
        }
        (AttributeType::Map(Members::Each(rule)), AttributeValue::M(members)) => {
            let members = members.iter();
            let members =
                members.map(|(name, member)| (name.clone(), shown_as(&rule.kind, member)));
            AttributeValue::M(members.collect())
        }
        (AttributeType::Map(Members::Named(attributes)), AttributeValue::M(members)) => {
            let shown =
                attributes.iter().filter(|attribute| !attribute.hidden).filter_map(|known| {
                    Some((known.field.clone(), shown_as(&known.kind, members.get(&known.field)?)))
                });
            AttributeValue::M(shown.collect())
        }
        _ => value.clone(),
    }
}

/// Returns the JSON form of a stored value of a type; a value of another type is returned by its
/// own.
pub(crate) fn decode_as(kind: &AttributeType, value: &AttributeValue, hidden: Hidden) -> Value {
    match (kind, value) {
        (AttributeType::List(Some(rule)), AttributeValue::L(members)) => {
            members.iter().map(|member| decode_as(&rule.kind, member, hidden)).collect()
        }
        (AttributeType::Map(Members::Each(rule)), AttributeValue::M(members)) => {
            let mut members: Vec<_> = members.iter().filter(|(_, value)| !is_null(value)).collect();
            members.sort_by_key(|(name, _)| *name);
            let members = members
                .into_iter()
                .map(|(name, member)| (name.clone(), decode_as(&rule.kind, member, hidden)));
            Value::Object(members.collect())
        }
        (AttributeType::Map(Members::Named(attributes)), AttributeValue::M(members)) => {
            Value::Object(decode_object(attributes, members, hidden))
        }
        _ => decode(value),
    }
}

/// Returns the JSON object of stored values: the declared attributes, in the definition's order.
pub(crate) fn decode_object(
    attributes: &[Attribute],
    stored: &HashMap<String, AttributeValue>,
    hidden: Hidden,
) -> Map<String, Value> {
    let shown =
        attributes.iter().filter(|attribute| hidden == Hidden::Included || !attribute.hidden);
    let members = shown.filter_map(|attribute| {
        let value = stored.get(&attribute.field).filter(|value| !is_null(value))?;
        Some((attribute.name.clone(), decode_as(&attribute.kind, value, hidden)))
    });
    members.collect()
}

/// Returns whether a stored value is null.
pub(crate) fn is_null(value: &AttributeValue) -> bool {
    matches!(value, AttributeValue::Null(_))
}

fn sorted(members: impl Iterator<Item = Value>) -> Value {
    let mut members: Vec<_> = members.collect();
    members.sort_by_cached_key(|member| match member {
        Value::Number(number) => (number.to_string().parse::<Number>().ok(), String::new()),
        other => (None, other.to_string()),
    });
    Value::Array(members)
}
