//! The keys of items: the values, and the attributes that they are made from.

use serde_dynamo::Item;

/// An item's primary key: the values of the partition key and, where the table has one, the sort
/// key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PrimaryKey {
    /// The partition key's value.
    pub partition: String,
    /// The sort key's value.
    pub sort: Option<String>,
}

/// The key of an item of an entity: the attributes that its primary key is made from, and the
/// primary key.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemKey {
    /// The attributes, as a stored item has them.
    pub attributes: Item,
    /// The key.
    pub primary: PrimaryKey,
}
