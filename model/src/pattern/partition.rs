//! What a pattern reads where some attributes are given: a partition, and the sort keys that begin with what they make.
//!
//! ```text
//! SK = "ORDER#{placed}#{order}"    nothing of it is given    ORDER#…
//!                                  `placed`                  ORDER#2026-11-20T06:40:54Z#…
//!                                  both                      ORDER#2026-11-20T06:40:54Z#7
//! ```

use std::collections::HashMap;

use serde_dynamo::Item;
use serde_json::{Map, Value};

use super::Pattern;
use crate::entity::{Entity, FieldError, KeyTemplate};
use crate::nearest::suggestion;
use crate::template::{Segment, Template};

/// A range of sort keys of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// The partition key.
    pub key: String,
    /// The sort keys.
    pub range: SortKeys,
}

/// The sort keys of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SortKeys {
    /// Any, or there are none.
    Every,
    /// Those that begin with this text.
    BeginsWith(String),
    /// This one.
    Is(String),
}

impl Pattern {
    /// What is read where an item has these attributes: each that must be given, and any number of those that the sort key goes
    /// on with.
    ///
    /// # Errors
    /// The attribute that is missing or does not fit.
    pub fn partition_of(&self, entity: &Entity, item: &Item) -> Result<Partition, FieldError> {
        let key = entity.render(&self.partition, item)?;
        Ok(Partition { key, range: self.sort_keys(entity, item)? })
    }

    /// What is read where these members are given: each attribute that must be, and any number of those that the sort key goes on
    /// with, in their order.
    ///
    /// # Errors
    /// Every member that is none of them or no value of its attribute, and every attribute that is missing.
    pub fn partition_from_json(
        &self,
        entity: &Entity,
        object: &Map<String, Value>,
    ) -> Result<Partition, Vec<FieldError>> {
        let (given, open) = (self.given_attributes(), self.open_attributes());
        let (mut errors, mut values) = (Vec::new(), HashMap::new());
        for (name, json) in object.iter().filter(|(_, json)| !json.is_null()) {
            let is_known = given.iter().chain(&open).any(|other| other == name);
            let Some(attribute) = entity.attribute(name).filter(|_| is_known) else {
                errors.push(FieldError::new(name, self.not_read_by(name)));
                continue;
            };
            match attribute.normalise(json) {
                Ok(value) => drop(values.insert(attribute.field.clone(), value)),
                Err(invalid) => errors.push(FieldError::new(name, invalid)),
            }
        }
        let is_missing = |name: &str| object.get(name).is_none_or(Value::is_null);
        for name in given.iter().filter(|name| is_missing(name)) {
            let message = format!("is missing, `{}` is read by it", self.name);
            errors.push(FieldError::new(name, message));
        }
        let first = open.iter().position(|name| is_missing(name)).unwrap_or(open.len());
        for name in open.iter().skip(first).filter(|name| !is_missing(name)) {
            let message =
                format!("the sort key has `{}` before it, expected that too", open[first]);
            errors.push(FieldError::new(name, message));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        self.partition_of(entity, &values.into()).map_err(|error| vec![error])
    }

    /// The sort keys of its items that have the same attributes as this one.
    fn sort_keys(&self, entity: &Entity, item: &Item) -> Result<SortKeys, FieldError> {
        let Some(key) = &self.sort else { return Ok(SortKeys::Every) };
        let is_open = |segment: &Segment| match segment {
            Segment::Literal(_) => false,
            Segment::Field { attribute, .. } => {
                entity.attribute(attribute).is_none_or(|attribute| attribute.of(item).is_none())
            }
        };
        let Some(open) = key.template.segments.iter().position(is_open) else {
            return Ok(SortKeys::Is(entity.render(key, item)?));
        };
        let segments = key.template.segments[..open].to_vec();
        if segments.is_empty() {
            return Ok(SortKeys::Every);
        }
        let template = Template { segments, escape: key.template.escape };
        Ok(SortKeys::BeginsWith(entity.render(&KeyTemplate { template, ..key.clone() }, item)?))
    }

    /// What is said of an attribute by which it does not read.
    fn not_read_by(&self, name: &str) -> String {
        let mut known = self.given_attributes();
        known.extend(self.open_attributes());
        let near = suggestion(name, known.iter().copied());
        format!("`{}` is not read by it; {near}expected {}", self.name, known.join(", "))
    }
}
