//! Unique constraints: attributes that no two items of an entity may have alike.
//!
//! ```text
//! @unique#<entity>#<attribute+attribute>#<value>#<value> / @unique
//! one lock for each constraint of each item
//! ```
//!
//! A lock is an item of no entity in the same table. It is written in one transaction with the item
//! that owns it, and says by its own key what is taken. An item that lacks one of the attributes
//! takes nothing.
//!
//! **Invariant:** two items have the same lock exactly when they have the same values.

mod locks;

use crate::item_key::PrimaryKey;

/// The prefix of a lock's keys. No attribute of an entity's key can make it, for a `#` in a value
/// is escaped.
pub const LOCK: &str = "@unique";
/// The attribute of a lock that holds the key of the item that it belongs to.
pub const OWNER: &str = "@owner";

/// Attributes that no two items of an entity have alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unique {
    /// Their names, in the file's order.
    pub attributes: Vec<String>,
}

/// A lock: unique values, which one item has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// The attributes that are alike in nobody else.
    pub attributes: Vec<String>,
    /// Where it is.
    pub key: PrimaryKey,
}
