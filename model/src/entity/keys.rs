//! The keys that an item's attributes make: the primary key, and those of the indexes that the item
//! is in.
//!
//! | a key of an index | is there when |
//! |---|---|
//! | `STATUS#{status}` | the item has a status |
//! | `$note_1#due_{due?}` | the item has a due time, or the index's other key |
//! | `$note_1` | the item has the index's other key |
//!
//! The key ends before an optional attribute that is absent.
//!
//! **Invariant:** an item has no key that is another entity's to make, nor one of a lock.

use serde_dynamo::{AttributeValue, Item};

use super::{Entity, FieldError, KeyTemplate, PrimaryKey};
use crate::template::Template;
use crate::unique::LOCK;

impl Entity {
    /// Returns the primary key that the attributes of an item make.
    pub(super) fn primary_key_of(&self, item: &Item) -> Result<PrimaryKey, Vec<FieldError>> {
        let mut keys = Vec::new();
        let mut errors = Vec::new();
        for key in &self.keys[..self.primary] {
            match self.render(key, item) {
                Ok(text) => keys.push(text),
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut keys = keys.into_iter();
        let partition = keys.next().expect("an entity has a partition key");
        let key = PrimaryKey { partition, sort: keys.next() };
        self.refuse_others(&key)?;
        Ok(key)
    }

    /// Adds the key attributes. An item has those of the indexes that it is in.
    pub(super) fn add_keys(&self, item: &mut Item) -> Result<(), Vec<FieldError>> {
        let mut errors = Vec::new();
        match self.primary_key_of(item) {
            Ok(PrimaryKey { partition, sort }) => {
                let texts = std::iter::once(partition).chain(sort);
                for (key, text) in self.keys.iter().zip(texts) {
                    item.insert(key.key.clone(), AttributeValue::S(text));
                }
            }
            Err(found) => errors.extend(found),
        }
        for key in &self.keys[self.primary..] {
            if !self.has_index_key(key, item) {
                continue;
            }
            match self.render(key, item) {
                Ok(text) => drop(item.insert(key.key.clone(), AttributeValue::S(text))),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// Returns the templates of the keys of indexes, but of those that are attributes themselves.
    pub(crate) fn index_templates(&self) -> impl Iterator<Item = &KeyTemplate> {
        let is_attribute =
            |key: &KeyTemplate| self.attributes.iter().any(|attribute| attribute.field == key.key);
        self.keys[self.primary..].iter().filter(move |key| !is_attribute(key))
    }

    /// Returns whether a stored attribute is a part of the primary key, which no update may name.
    pub(crate) fn is_primary_key_field(&self, field: &str) -> bool {
        self.keys[..self.primary].iter().any(|key| key.key == field)
    }

    /// Returns whether an item has this key of an index: its attributes make it, and one of them is
    /// in it or in the key beside it. Two keys without any attribute, which together list all
    /// items, every item has.
    pub(crate) fn has_index_key(&self, key: &KeyTemplate, item: &Item) -> bool {
        let has = |name: &str| {
            self.attribute(name).is_some_and(|attribute| attribute.value_in(item).is_some())
        };
        let is_made = |template: &Template| template.is_made_from(has);
        let says = |template: &Template| template.attributes().into_iter().any(has);
        if !is_made(&key.template) {
            return false;
        }
        let names_none = key.template.attributes().is_empty();
        let mut beside =
            self.keys.iter().filter(|other| key.beside.contains(&other.key)).peekable();
        if says(&key.template) || names_none && beside.peek().is_none() {
            return true;
        }
        beside.any(|KeyTemplate { template, .. }| {
            is_made(template) && (says(template) || names_none && template.attributes().is_empty())
        })
    }

    /// Refuses a key that is not this entity's to make.
    fn refuse_others(&self, key: &PrimaryKey) -> Result<(), Vec<FieldError>> {
        let whose = if key.partition.starts_with(&format!("{LOCK}#")) {
            Some("the lock of a unique value".to_owned())
        } else {
            let claim = self.claims.iter().find(|claim| claim.has(key));
            claim.map(|claim| format!("one of `{}`", claim.entity))
        };
        let Some(whose) = whose else { return Ok(()) };
        let shown = [Some(key.partition.as_str()), key.sort.as_deref()];
        let shown = shown.into_iter().flatten().collect::<Vec<_>>().join(" / ");
        let names = self.key_attributes();
        let field = names.last().copied().unwrap_or(&self.keys[0].key);
        let message =
            format!("makes the key {shown}, which is {whose}; expected values that make another");
        Err(vec![FieldError::new(field, message)])
    }
}
