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

use crate::attribute::Attribute;
use crate::encoding::Encoding;
use crate::invalid::{Invalid, Mistakes};
use crate::step::Step;

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
