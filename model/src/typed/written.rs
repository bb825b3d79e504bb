//! Whether what was read of a made-up item is written as it was: with the same values, and nothing
//! else.
//!
//! Optional attributes may be left out, in the item and in the maps in it.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::attribute::{Attribute, AttributeType, Members, find, no_such_attribute};
use crate::entity::Entity;

/// Compares a value that was read with what it was read from; says where they differ.
pub(super) fn check<T: Serialize>(
    entity: &Entity,
    value: &T,
    sample: &Map<String, Value>,
) -> Result<(), String> {
    let written = serde_json::to_value(value).map_err(|error| error.to_string())?;
    let Value::Object(written) = written else {
        return Err(format!("it is written as {written}, expected an object"));
    };
    let root = Named { owner: &entity.name, attributes: &entity.attributes, place: "" };
    root.check(sample, &written)
}

/// An object of declared names, and where it is.
struct Named<'a> {
    owner: &'a str,
    attributes: &'a [Attribute],
    place: &'a str,
}

impl Named<'_> {
    fn check(&self, read: &Map<String, Value>, written: &Map<String, Value>) -> Result<(), String> {
        for (name, json) in written {
            let Some(attribute) = find(self.attributes, name) else {
                let place = self.place_of(name);
                let problem = no_such_attribute(self.owner, self.attributes, name);
                return Err(format!("`{place}`: {problem}"));
            };
            if !json.is_null() {
                value(attribute, &self.place_of(name), read.get(name), json)?;
            }
        }
        let lost = self.attributes.iter().find(|known| {
            known.required && read.contains_key(&known.name) && !written.contains_key(&known.name)
        });
        match lost {
            Some(lost) => {
                Err(format!("`{}` is required, and is not written", self.place_of(&lost.name)))
            }
            None => Ok(()),
        }
    }

    fn place_of(&self, name: &str) -> String {
        match self.place {
            "" => name.to_owned(),
            place => format!("{place}.{name}"),
        }
    }
}

fn value(
    attribute: &Attribute,
    place: &str,
    read: Option<&Value>,
    written: &Value,
) -> Result<(), String> {
    match (&attribute.kind, read, written) {
        (
            AttributeType::Map(Members::Named(attributes)),
            Some(Value::Object(read)),
            Value::Object(written),
        ) => {
            let owner = format!("`{place}`");
            Named { owner: &owner, attributes, place }.check(read, written)
        }
        (
            AttributeType::Map(Members::Each(rule)),
            Some(Value::Object(read)),
            Value::Object(written),
        ) if written.len() == read.len() => written.iter().try_for_each(|(name, json)| {
            value(rule, &format!("{place}.{name}"), read.get(name), json)
        }),
        (AttributeType::List(Some(rule)), Some(Value::Array(read)), Value::Array(written))
            if written.len() == read.len() =>
        {
            let mut members = read.iter().zip(written).enumerate();
            members.try_for_each(|(position, (read, json))| {
                value(rule, &format!("{place}[{position}]"), Some(read), json)
            })
        }
        _ => same(attribute, place, read, written),
    }
}

fn same(
    attribute: &Attribute,
    place: &str,
    read: Option<&Value>,
    written: &Value,
) -> Result<(), String> {
    let encoded = attribute.normalise(written);
    let encoded = encoded.map_err(|invalid| format!("`{place}` is written so: {invalid}"))?;
    if read.map(|json| attribute.normalise(json)) != Some(Ok(encoded)) {
        let read = read.map_or("absent".to_owned(), Value::to_string);
        return Err(format!("`{place}` was {read} and is written as {written}"));
    }
    Ok(())
}
