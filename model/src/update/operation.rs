//! The operations of an update: the new value of each place.

use serde_dynamo::AttributeValue;

use crate::path::Path;

/// The operation at one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// The place.
    pub path: Path,
    /// The operation.
    pub operation: Operation,
}

/// An operation on a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// Sets this value.
    Value(AttributeValue),
    /// Sets this value, unless there is one.
    ValueIfAbsent(AttributeValue),
    /// Adds this number; to 0 if there is none.
    Plus(AttributeValue),
    /// Subtracts this number; from 0 if there is none.
    Minus(AttributeValue),
    /// Puts these members behind the list.
    Append(AttributeValue),
    /// Puts these members before the list.
    Prepend(AttributeValue),
    /// Adds these members to the set.
    Union(AttributeValue),
    /// Removes these members from the set.
    Without(AttributeValue),
    /// Adds one to the version; 1 if there is none.
    NextVersion,
    /// Removes the value.
    Nothing,
}
