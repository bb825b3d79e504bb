//! The item that a key names, where the key does not determine the item's attributes.
//!
//! | a key attribute that the primary key has as | the key determines it | Weir compares it |
//! |---|---|---|
//! | `{name}`, `{number:08}`, `{number:desc08}` | yes | no |
//! | `{at:month}`; `{at}` in the other key | yes | no |
//! | `{name:lower}` with `lower = true` | yes | no |
//! | `{name:lower}`, `{name:upper}`, `{at:month}` | no | yes |
//!
//! **Invariant:** the item that a key names has the attributes that the key was made from, each as
//! the value that its type says it is, however it is written.

use serde_dynamo::Item;

use super::{Entity, ItemKey};
use crate::attribute::Attribute;
use crate::condition::Predicate;
use crate::filter::Test;
use crate::path::Path;

impl ItemKey {
    /// Returns whether a stored item is the one of the entity that this key names.
    pub fn names(&self, entity: &Entity, item: &Item) -> bool {
        entity.matches(item) && entity.named(&self.attributes).holds(item)
    }
}

impl Entity {
    /// Returns whether items with different key attributes may have the same primary key.
    pub fn has_lossy_key(&self) -> bool {
        self.undetermined().next().is_some()
    }

    /// Returns the names of the key attributes that the primary key does not determine.
    pub fn undetermined_names(&self) -> Vec<&str> {
        self.undetermined().map(|attribute| attribute.name.as_str()).collect()
    }

    /// Returns what holds of an item with the primary key of these attributes exactly if it has
    /// the same key attributes. Always, where the key says so by itself.
    pub fn named(&self, attributes: &Item) -> Predicate {
        let same = self.undetermined().map(|attribute| {
            let value = attribute.value_in(attributes).cloned();
            let test = value.map_or(Test::Exists(false), |value| Test::In(vec![value]));
            Predicate::comparing(&Path::from_attribute(attribute), attribute, test)
        });
        Predicate::All(same.collect())
    }

    fn undetermined(&self) -> impl Iterator<Item = &Attribute> {
        let templates = || self.keys[..self.primary].iter().map(|key| &key.template);
        let is_determined = move |attribute: &Attribute| {
            let mut formats = templates().flat_map(|template| template.formats(&attribute.name));
            formats.any(|format| format.is_lossless(attribute))
        };
        let attributes = self.key_attributes().into_iter().filter_map(|name| self.attribute(name));
        attributes.filter(move |attribute| !is_determined(attribute))
    }
}
