//! Actions of an update that the definition allows.

use super::operation::{Assignment, Operation};
use crate::path::Place;

/// An action that the definition allows.
pub(super) struct PlannedAction<'a> {
    pub(super) place: Place<'a>,
    pub(super) operation: Operation,
}

impl PlannedAction<'_> {
    /// Returns the operation at its place.
    pub(super) fn assignment(self) -> Assignment {
        Assignment { path: self.place.path, operation: self.operation }
    }
}
