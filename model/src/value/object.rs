//! Encodes objects whose names are declared: an item, and a map with attributes of its own.
//!
//! `null` is the same as absent.

use std::collections::{HashMap, HashSet};

use serde_dynamo::AttributeValue;
use serde_json::{Map, Value};

use crate::attribute::{Attribute, MANAGED, no_such_attribute};
use crate::encoding::Encoding;
use crate::invalid::{Invalid, Mistakes};
use crate::step::Step;

/// Encodes an object, whose attributes are stored at the depth of the encoding. `owner` names the
/// entity or the map in messages.
pub(crate) fn encode_object(
    owner: &str,
    attributes: &[Attribute],
    object: &Map<String, Value>,
    encoding: Encoding,
) -> Result<HashMap<String, AttributeValue>, Invalid> {
    let known: HashSet<_> = attributes.iter().map(|attribute| attribute.name.as_str()).collect();
    let mut mistakes = Mistakes::default();
    for name in object.keys().filter(|name| !known.contains(name.as_str())) {
        mistakes.note(|| {
            let unknown = Invalid::new(no_such_attribute(owner, attributes, name));
            unknown.within(&Step::Name(name.clone()))
        });
    }
    let mut values = HashMap::new();
    for attribute in attributes {
        match encode_one(attribute, object.get(&attribute.name), encoding) {
            Ok(value) => values.extend(value.map(|value| (attribute.field.clone(), value))),
            Err(invalid) => {
                mistakes.add_within(invalid, || Step::Name(attribute.name.clone()));
            }
        }
    }
    mistakes.end().map(|()| values)
}

fn encode_one(
    attribute: &Attribute,
    given: Option<&Value>,
    encoding: Encoding,
) -> Result<Option<AttributeValue>, Invalid> {
    let given = given.filter(|json| !json.is_null());
    match (given, attribute.kept, encoding.stored_with()) {
        (Some(_), Some(_), Some(_)) => Err(Invalid::new(MANAGED)),
        (Some(json), ..) => attribute.encode_as(json, encoding).map(Some),
        (None, _, None) => Ok(None),
        (None, Some(kept), Some(context)) => Ok(Some(kept.first(&attribute.kind, context))),
        (None, None, Some(context)) => match attribute.default_value(context) {
            None if attribute.required => Err(Invalid::new(attribute.required_message())),
            value => Ok(value),
        },
    }
}

#[cfg(test)]
mod tests;
