//! The reads of a pattern, given some attributes: a partition, and the sort keys that begin
//! with what they make.
//!
//! ```text
//! SK = "ORDER#{placed}#{order}"    nothing of it is given    ORDER#…
//!                                  `placed`                  ORDER#2026-11-20T06:40:54Z#…
//!                                  both                      ORDER#2026-11-20T06:40:54Z#7
//!
//! PK = "TIMELINE#{at:month}"
//! SK = "{at}#{id}"                 `at`                      every sort key of the month
//!                                  `at` and `id`             2026-11-20T06:40:54Z#7
//! ```

use std::collections::HashMap;

use serde_dynamo::Item;
use serde_json::{Map, Value};

use super::{Partition, Pattern, SortKeys};
use crate::entity::Entity;
use crate::field_error::FieldError;
use crate::key_template::KeyTemplate;
use crate::nearest::suggestion;
use crate::shorten::listed;
use crate::template::{Segment, Template};

impl Pattern {
    /// Returns the partition for an item with the attributes that must be given.
    ///
    /// # Errors
    /// The attribute that is missing or does not fit.
    pub fn partition_of(&self, entity: &Entity, item: &Item) -> Result<Partition, FieldError> {
        self.narrowed(entity, item, &[])
    }

    /// The same, of the sort keys that have the given values of these further attributes.
    fn narrowed(
        &self,
        entity: &Entity,
        item: &Item,
        further: &[&str],
    ) -> Result<Partition, FieldError> {
        let key = self.partition_key(entity, item)?;
        Ok(Partition { key, range: self.sort_keys(entity, item, further)? })
    }

    /// Returns what is read, given these members: each attribute that must be, and any number of
    /// those that the sort key continues with, in their order.
    ///
    /// An attribute that the partition key shortens and the sort key has in full chooses the
    /// partition. It narrows the sort keys too where an attribute behind it is given.
    ///
    /// # Errors
    /// Every member that is not one of them or not a value of its attribute, and every attribute
    /// that is missing.
    pub fn partition_from_json(
        &self,
        entity: &Entity,
        object: &Map<String, Value>,
    ) -> Result<Partition, Vec<FieldError>> {
        let (given, open) = (self.given_attributes(), self.open_attributes(entity));
        let is_missing = |name: &str| object.get(name).is_none_or(Value::is_null);
        let is_extra = |name: &&str| !given.contains(name) && !is_missing(name);
        let further = open.iter().rposition(is_extra).map_or(0, |last| last + 1);
        let further = &open[..further];
        let (mut errors, mut values) = (Vec::new(), HashMap::new());
        for (name, json) in object.iter().filter(|(_, json)| !json.is_null()) {
            let is_known = given.iter().chain(&open).any(|other| other == name);
            let Some(attribute) = entity.attribute(name).filter(|_| is_known) else {
                errors.push(FieldError::new(name, self.not_read_by(entity, name)));
                continue;
            };
            let value = match further.contains(&name.as_str()) {
                true => attribute.normalise(json),
                false => self.given_from_json(attribute, json),
            };
            match value {
                Ok(value) => drop(values.insert(attribute.field.clone(), value)),
                Err(invalid) => errors.push(FieldError::new(name, invalid)),
            }
        }
        for name in given.iter().filter(|name| is_missing(name)) {
            let message = format!("is missing, `{}` is read by it", self.name);
            errors.push(FieldError::new(name, message));
        }
        let first = further.iter().position(|name| is_missing(name)).unwrap_or(further.len());
        for name in further.iter().skip(first).filter(|name| !is_missing(name)) {
            let message =
                format!("the sort key has `{}` before it, expected that too", further[first]);
            errors.push(FieldError::new(name, message));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        self.narrowed(entity, &values.into(), further).map_err(|error| vec![error])
    }

    /// Returns the sort keys of its items that have the given values: of what the partition
    /// determines, and of these further attributes.
    fn sort_keys(
        &self,
        entity: &Entity,
        item: &Item,
        further: &[&str],
    ) -> Result<SortKeys, FieldError> {
        let Some(key) = &self.sort else { return Ok(SortKeys::Every) };
        let is_open = |segment: &Segment| match segment {
            Segment::Literal(_) => false,
            Segment::Field { attribute, format, .. } => {
                !self.determines(entity, attribute, *format) && !further.contains(&&**attribute)
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

    /// Returns the message about an attribute by which the pattern does not read.
    fn not_read_by(&self, entity: &Entity, name: &str) -> String {
        let mut known = self.given_attributes();
        let open = self.open_attributes(entity);
        let open: Vec<_> = open.into_iter().filter(|name| !known.contains(name)).collect();
        known.extend(open);
        let near = suggestion(name, known.iter().copied());
        format!("`{}` is not read by it; {near}expected {}", self.name, listed(&known))
    }
}
