//! Relations: how an item leads to others, by attributes that it has itself.
//!
//! | way | an item leads to | which is read by |
//! |---|---|---|
//! | one | the item whose key its attributes make | BatchGetItem, with those of other items |
//! | many | the items of a partition that its attributes make | a Query |
//! | through | the items that links lead to, which are in such a partition | a Query, and BatchGetItem |
//!
//! [`Include`] is a relation that is asked for, with those of the related items; it says what to read, and `table` reads it.
//!
//! **Invariant:** an item without an attribute that a relation is made from, or with a value that no key is made from, leads
//! nowhere.

mod include;

use std::collections::HashMap;
use std::ops::RangeInclusive;

use serde_dynamo::Item;

use crate::entity::{Entity, ItemKey};
use crate::nearest::nearest;
use crate::pattern::{Partition, Pattern};
use crate::shorten::listed;
use crate::template::scalar_text;

pub use include::{Include, IncludeError, MAX_INCLUDES, MAX_LEVELS, Scope};

/// How many related items may be answered at once.
pub const LIMIT: RangeInclusive<u32> = 1..=1000;
/// How many are, unless the file says otherwise.
pub const DEFAULT_LIMIT: u32 = 100;

/// How items of an entity lead to items of the same or another.
#[derive(Clone, Debug, PartialEq)]
pub struct Relation {
    /// Its name.
    pub name: String,
    /// The entity that it leads to.
    pub to: String,
    /// How it leads there.
    pub way: Way,
}

/// How a relation leads to its items.
#[derive(Clone, Debug, PartialEq)]
pub enum Way {
    /// To one item, by its key.
    One(Vec<With>),
    /// To the items of a partition.
    Many(Listing),
    /// To the items that links lead to.
    Through {
        /// The entity that the links are.
        link: String,
        /// The links of an item.
        links: Listing,
        /// What of a link makes the key of the item that it leads to.
        key: Vec<With>,
    },
}

/// An attribute of a related item, and the attribute that has its value where the relation begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct With {
    /// The attribute of the related item.
    pub attribute: String,
    /// The attribute of the item that leads to it.
    pub from: String,
}

/// Many related items: those of a partition, in an order, so many at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// How they are read.
    pub pattern: Pattern,
    /// What makes the attributes that the pattern must be given.
    pub with: Vec<With>,
    /// The most that are answered at once.
    pub limit: u32,
    /// Whether the greatest sort key comes first.
    pub descending: bool,
}

impl Relation {
    /// Whether it leads to many items.
    pub fn is_many(&self) -> bool {
        !matches!(self.way, Way::One(_))
    }

    /// What is made from the attributes of the item that it begins at.
    pub fn with(&self) -> &[With] {
        match &self.way {
            Way::One(with) => with,
            Way::Many(listing) | Way::Through { links: listing, .. } => &listing.with,
        }
    }
}

impl Entity {
    /// The relation of that name.
    pub fn relation(&self, name: &str) -> Option<&Relation> {
        self.relations.iter().find(|relation| relation.name == name)
    }

    /// What is said of a name that is none of its relations'.
    pub fn no_such_relation(&self, name: &str) -> String {
        let names: Vec<&str> = self.relations.iter().map(|known| known.name.as_str()).collect();
        match nearest(name, names.iter().copied()) {
            _ if names.is_empty() => format!("{} has no relations", self.name),
            Some(near) => format!("{} has no such relation; did you mean `{near}`?", self.name),
            None => format!("{} has no such relation; it has {}", self.name, listed(&names)),
        }
    }
}

impl Listing {
    /// The items that an item of `from` is related to; `None` where it leads nowhere.
    fn of(&self, from: &Entity, item: &Item, to: &Entity) -> Option<Partition> {
        let values = values(&self.with, from, item, to)?;
        self.pattern.partition_of(to, &values).ok()
    }
}

/// The key of the item of `to` that an item of `from` leads to; `None` where it leads nowhere.
fn key(with: &[With], from: &Entity, item: &Item, to: &Entity) -> Option<ItemKey> {
    to.key_of(values(with, from, item, to)?).ok()
}

/// What an item of `from` says of those of `to`, as they have it.
fn values(with: &[With], from: &Entity, item: &Item, to: &Entity) -> Option<Item> {
    let value = |With { attribute, from: source }: &With| {
        let (attribute, source) = (to.attribute(attribute)?, from.attribute(source)?);
        let text = scalar_text(&source.kind, source.of(item)?)?;
        Some((attribute.field.clone(), attribute.normalise_text(&text).ok()?))
    };
    Some(with.iter().map(value).collect::<Option<HashMap<_, _>>>()?.into())
}

#[cfg(test)]
mod tests;
