//! Objects whose names are declared: an item, and a map with attributes of its own. JSON in, stored values out, and back.
//!
//! `null` is the same as absent.

use std::collections::{HashMap, HashSet};

use serde_dynamo::AttributeValue;
use serde_json::{Map, Value};

use crate::attribute::Attribute;
use crate::encoding::Encoding;
use crate::invalid::{Invalid, Mistakes};
use crate::nearest::nearest;
use crate::path::Step;
use crate::shorten::listed;
use crate::value::{self, Hidden};

/// Why no request gives an attribute a value.
pub(crate) const KEPT: &str = "is kept by the library, no request gives it a value";

/// Encodes an object, whose attributes will be so deep. `owner` is what has them.
pub(crate) fn encode(
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

/// The object of stored values: the declared ones, in the definition's order.
pub(crate) fn decode(
    attributes: &[Attribute],
    stored: &HashMap<String, AttributeValue>,
    hidden: Hidden,
) -> Map<String, Value> {
    let shown =
        attributes.iter().filter(|attribute| hidden == Hidden::Included || !attribute.hidden);
    let members = shown.filter_map(|attribute| {
        let value = stored.get(&attribute.field).filter(|value| !value::is_null(value))?;
        Some((attribute.name.clone(), value::decode_as(&attribute.kind, value, hidden)))
    });
    members.collect()
}

/// What is said of a name that is none of the attributes'.
pub(crate) fn no_such_attribute(owner: &str, attributes: &[Attribute], name: &str) -> String {
    let names = attributes.iter().map(|attribute| attribute.name.as_str());
    match nearest(name, names.clone()) {
        Some(candidate) => format!("{owner} has no such attribute; did you mean `{candidate}`?"),
        None => {
            format!("{owner} has no such attribute; it has {}", listed(names))
        }
    }
}

/// The attribute of that name.
pub(crate) fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.name == name)
}

fn encode_one(
    attribute: &Attribute,
    given: Option<&Value>,
    encoding: Encoding,
) -> Result<Option<AttributeValue>, Invalid> {
    let given = given.filter(|json| !json.is_null());
    match (given, attribute.kept, encoding.stored_with()) {
        (Some(_), Some(_), Some(_)) => Err(Invalid::new(KEPT)),
        (Some(json), ..) => attribute.encode_as(json, encoding).map(Some),
        (None, _, None) => Ok(None),
        (None, Some(kept), Some(fresh)) => Ok(Some(kept.first(&attribute.kind, fresh))),
        (None, None, Some(fresh)) => match attribute.default_value(fresh) {
            None if attribute.required => Err(Invalid::new(attribute.required_message())),
            value => Ok(value),
        },
    }
}

#[cfg(test)]
mod tests;
