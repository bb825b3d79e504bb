//! Access patterns: the ways in which an entity's items are read, each a partition of the table or of an index.
//!
//! ```text
//! [entities.order]                          the table         PK, SK             every partition can be listed
//! GSI1PK = "STATUS#{status}"                the index GSI1    GSI1PK, GSI1SK     so can those of each index it is in
//! [entities.order.patterns.paid]            a pattern         one of both, with an order and a filter of its own
//! ```

use std::collections::HashMap;

use serde_dynamo::Item;
use serde_json::{Map, Value};

use crate::condition::Predicate;
use crate::entity::{Entity, FieldError, KeyTemplate};
use crate::nearest::nearest;
use crate::table::Index;
use crate::template::{Segment, Template};

/// A way in which items of an entity are read.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// Its name: that of the index unless the file has one.
    pub name: String,
    /// The index that is read; the table if absent.
    pub index: Option<String>,
    /// What makes the partition key.
    pub partition: KeyTemplate,
    /// What makes the sort key.
    pub sort: Option<KeyTemplate>,
    /// The first attributes of the sort key: those that are given with the partition.
    pub by: Vec<String>,
    /// Whether the greatest sort key comes first unless asked otherwise.
    pub descending: bool,
    /// What holds of its items.
    pub filter: Predicate,
}

/// The items that are read of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The partition key's value.
    pub partition: String,
    /// What their sort keys begin with.
    pub beginning: String,
    /// Whether that is the whole sort key.
    pub is_whole: bool,
}

/// The sort keys that a pattern's items have in a partition.
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
    /// The listing of a partition of the table.
    pub fn of_table(entity: &Entity) -> Self {
        let own = &entity.keys[..entity.primary];
        Self::over(&entity.name, None, own[0].clone(), own.get(1).cloned())
    }

    /// The listing of a partition of an index; `None` for an entity that is not in it.
    pub fn of_index(entity: &Entity, index: &Index) -> Option<Self> {
        let of = |name: &String| entity.keys.iter().find(|key| key.key == *name).cloned();
        let partition = of(&index.partition_key)?;
        let sort = match &index.sort_key {
            Some(name) => Some(of(name)?),
            None => None,
        };
        Some(Self::over(&index.name, Some(&index.name), partition, sort))
    }

    fn over(
        name: &str,
        index: Option<&String>,
        partition: KeyTemplate,
        sort: Option<KeyTemplate>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            index: index.cloned(),
            partition,
            sort,
            by: Vec::new(),
            descending: false,
            filter: Predicate::always(),
        }
    }

    /// The attributes that must be given, in order: those of the partition key, and of the sort key those of `by`.
    pub fn given_attributes(&self) -> Vec<&str> {
        let mut names = self.partition.template.attributes();
        names.extend(self.by.iter().map(String::as_str));
        names
    }

    /// The attributes of the sort key that are not given, in order: the first is what ranges are about.
    pub fn open_attributes(&self) -> Vec<&str> {
        let given = self.given_attributes();
        let sort = self.sort.iter().flat_map(|key| key.template.attributes());
        sort.filter(|name| !given.contains(name)).collect()
    }

    /// The partition key's value that the given texts make, one for each attribute in it.
    ///
    /// # Errors
    /// Every text that is no value of its attribute, and every attribute that is missing.
    pub fn partition_from_text(
        &self,
        entity: &Entity,
        texts: &[(&str, &str)],
    ) -> Result<String, Vec<FieldError>> {
        let item = entity.item_from_text(texts)?;
        entity.render(&self.partition, &item).map_err(|error| vec![error])
    }

    /// The sort keys of its items that have the given attributes as this one.
    ///
    /// # Errors
    /// The attribute that is missing or does not fit.
    pub fn sort_keys(&self, entity: &Entity, item: &Item) -> Result<SortKeys, FieldError> {
        let Some(key) = &self.sort else { return Ok(SortKeys::Every) };
        let given = self.given_attributes();
        let is_open = |segment: &Segment| matches!(segment, Segment::Field { attribute, .. } if !given.contains(&attribute.as_str()));
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
}

impl Pattern {
    /// What is read where these members are given: each attribute that must be, and any number of those that the sort key goes on
    /// with, in their order.
    ///
    /// # Errors
    /// Every member that is none of them or no value of its attribute, and every attribute that is missing.
    pub fn reading(
        &self,
        entity: &Entity,
        object: &Map<String, Value>,
    ) -> Result<Reading, Vec<FieldError>> {
        let mut errors = Vec::new();
        let (given, open) = (self.given_attributes(), self.open_attributes());
        let mut values = HashMap::new();
        for (name, json) in object.iter().filter(|(_, json)| !json.is_null()) {
            let known = || given.iter().chain(&open).copied();
            let attribute = entity.attribute(name).filter(|_| known().any(|other| other == name));
            let Some(attribute) = attribute else {
                let near = nearest(name, known());
                let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
                let names: Vec<_> = known().collect();
                let message = format!(
                    "`{}` is not read by it; {near}expected {}",
                    self.name,
                    names.join(", ")
                );
                errors.push(FieldError::new(name, message));
                continue;
            };
            match attribute.normalise(json) {
                Ok(value) => drop(values.insert(attribute.field.clone(), value)),
                Err(invalid) => errors.push(FieldError::new(name, invalid)),
            }
        }
        let is_missing = |name: &str| object.get(name).is_none_or(Value::is_null);
        for name in given.iter().filter(|name| is_missing(name)) {
            errors
                .push(FieldError::new(name, format!("is missing, `{}` is read by it", self.name)));
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
        let item = Item::from(values);
        let partition = entity.render(&self.partition, &item).map_err(|error| vec![error])?;
        let (beginning, is_whole) = self.beginning(entity, &item).map_err(|error| vec![error])?;
        Ok(Reading { partition, beginning, is_whole })
    }

    /// What the sort keys of items begin with that have these attributes, and whether that is all of it.
    fn beginning(&self, entity: &Entity, item: &Item) -> Result<(String, bool), FieldError> {
        let Some(KeyTemplate { template, .. }) = &self.sort else {
            return Ok((String::new(), false));
        };
        let is_open = |segment: &Segment| match segment {
            Segment::Literal(_) => false,
            Segment::Field { attribute, .. } => {
                entity.attribute(attribute).is_none_or(|attribute| attribute.of(item).is_none())
            }
        };
        let end = template.segments.iter().position(is_open);
        let segments = template.segments[..end.unwrap_or(template.segments.len())].to_vec();
        let text = Template { segments, escape: template.escape }.render(&entity.attributes, item);
        let text = text.map_err(|error| FieldError::new(&self.name, error))?;
        Ok((text, end.is_none()))
    }
}

impl Template {
    /// What stands behind the segment at that position, up to the next attribute; and whether that is the end.
    pub fn literal_behind(&self, position: usize) -> (String, bool) {
        let behind = &self.segments[position + 1..];
        let texts = behind.iter().map_while(|segment| match segment {
            Segment::Literal(text) => Some(text.as_str()),
            Segment::Field { .. } => None,
        });
        let is_end = !behind.iter().any(|segment| matches!(segment, Segment::Field { .. }));
        (texts.collect(), is_end)
    }
}
