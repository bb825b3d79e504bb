//! The attributes that the library writes with every update.

use super::operation::Operation;
use crate::attribute::{Attribute, ManagedBy, write_time};
use crate::write_context::WriteContext;

impl Attribute {
    /// Returns the operation of every update on this attribute, if the library manages it.
    pub(super) fn on_update(&self, context: WriteContext) -> Option<Operation> {
        Some(match self.kept? {
            ManagedBy::WrittenAt => Operation::Value(write_time(&self.kind, context)),
            ManagedBy::Version => Operation::NextVersion,
        })
    }
}
