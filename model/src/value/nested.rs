//! Maps and lists whose members follow rules.
//!
//! | in a | `null` is | a mistake is found at |
//! |---|---|---|
//! | list | no value of a member | `[2]`, `[2].price` |
//! | map of any names | the same as absent | `.integrity` |
//! | map with attributes | the same as absent | `.zip` |

use std::collections::HashMap;

use serde_dynamo::AttributeValue;
use serde_json::{Map, Value};

use super::{Hidden, is_null};
use crate::attribute::{Attribute, AttributeType, Members};
use crate::encoding::Encoding;
use crate::invalid::{Invalid, Mistakes};
use crate::object;
use crate::path::Step;

/// Encodes the members of a list.
pub(super) fn list(
    rule: &Attribute,
    members: &[Value],
    encoding: Encoding,
) -> Result<AttributeValue, Invalid> {
    let (mut values, mut mistakes) = (Vec::new(), Mistakes::default());
    for (position, member) in members.iter().enumerate() {
        match rule.encode_as(member, encoding.deeper()) {
            Ok(value) => values.push(value),
            Err(invalid) => mistakes.add_within(invalid, || Step::Position(position)),
        }
    }
    mistakes.end().map(|()| AttributeValue::L(values))
}

/// Encodes the members of a map of any names.
pub(super) fn each(
    rule: &Attribute,
    members: &Map<String, Value>,
    encoding: Encoding,
) -> Result<AttributeValue, Invalid> {
    let mut values = HashMap::new();
    let mut mistakes = Mistakes::default();
    if members.contains_key("") {
        mistakes.note(super::unnamed);
    }
    let given = members.iter().filter(|(name, member)| !name.is_empty() && !member.is_null());
    for (name, member) in given {
        match rule.encode_as(member, encoding.deeper()) {
            Ok(value) => drop(values.insert(name.clone(), value)),
            Err(invalid) => mistakes.add_within(invalid, || Step::Name(name.clone())),
        }
    }
    mistakes.end().map(|()| AttributeValue::M(values))
}

/// A stored value of that type without what is hidden in it.
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

/// The JSON form of a stored value of that type; what is of another type, as it is.
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
            Value::Object(object::decode(attributes, members, hidden))
        }
        _ => super::decode(value),
    }
}
