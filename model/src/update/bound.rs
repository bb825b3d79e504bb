//! Conditions that an update needs, so that the item satisfies its definition afterwards.

use crate::condition::Predicate;
use crate::field_error::FieldError;

/// A condition on an item before an update, so that it satisfies its definition after it.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// The condition.
    pub holds: Predicate,
    /// The error if it does not hold.
    pub error: FieldError,
}
