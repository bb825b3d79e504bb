//! Relations: how an item leads to others, by attributes that it has itself.
//!
//! | way | an item leads to | which is read by |
//! |---|---|---|
//! | one | the item whose key its attributes make | BatchGetItem, with those of other items |
//! | many | the items of a partition that its attributes make | a Query |
//! | through | the items to which links of such a partition lead | a Query, and BatchGetItem |
//!
//! [`Include`] is a relation that is asked for, with those of the related items; it says what to
//! read, and `table` reads it.
//!
//! **Invariant:** an item without an attribute that a relation is made from, or with a value that
//! no key is made from, leads nowhere.

mod include;
mod related;

use std::ops::RangeInclusive;

use crate::pattern::Pattern;

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
    /// Its kind, with the attributes that lead there.
    pub kind: RelationKind,
}

/// The kind of a relation: to one item, to many, or through links.
#[derive(Clone, Debug, PartialEq)]
pub enum RelationKind {
    /// To one item, by its key.
    One(Vec<Binding>),
    /// To the items of a partition.
    Many(Listing),
    /// To the items that links lead to.
    Through {
        /// The entity that the links are.
        link: String,
        /// The links of an item.
        links: Listing,
        /// The attributes of a link that make the key of the item to which it leads.
        key: Vec<Binding>,
    },
}

/// An attribute of a related item, and the attribute that has its value at the start of the
/// relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
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
    /// The attributes that the pattern must be given.
    pub bindings: Vec<Binding>,
    /// The most that are answered at once.
    pub limit: u32,
    /// Whether the greatest sort key comes first.
    pub descending: bool,
}

impl Relation {
    /// Returns whether it leads to many items.
    pub fn is_many(&self) -> bool {
        !matches!(self.kind, RelationKind::One(_))
    }

    /// Returns the bindings to attributes of the item at which it begins.
    pub fn bindings(&self) -> &[Binding] {
        match &self.kind {
            RelationKind::One(bindings) => bindings,
            RelationKind::Many(listing) | RelationKind::Through { links: listing, .. } => {
                &listing.bindings
            }
        }
    }
}

#[cfg(test)]
mod tests;
