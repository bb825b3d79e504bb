//! The purpose of encoding a JSON value: to store it, or to compare it with stored values.

use crate::limits::MAX_DEPTH;
use crate::write_context::WriteContext;

/// The purpose of encoding a JSON value, and its depth in its attribute.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Encoding {
    stored_with: Option<WriteContext>,
    depth: usize,
}

impl Encoding {
    /// To be stored: it satisfies every rule and has every default.
    pub(crate) fn to_store(context: WriteContext) -> Self {
        Self { stored_with: Some(context), depth: 0 }
    }

    /// To be compared with what is stored: of the right types.
    pub(crate) fn to_compare() -> Self {
        Self { stored_with: None, depth: 0 }
    }

    /// The same in so many lists and maps.
    #[must_use]
    pub(crate) fn at(self, depth: usize) -> Self {
        Self { depth, ..self }
    }

    /// The same of a member.
    #[must_use]
    pub(crate) fn deeper(self) -> Self {
        self.at(self.depth + 1)
    }

    /// Returns the context of the write; `None` if the value is not stored.
    pub(crate) fn stored_with(self) -> Option<WriteContext> {
        self.stored_with
    }

    /// Returns whether a value may be so deep, and hold something if it is a list or a map.
    pub(crate) fn fits(self, holds: bool) -> bool {
        self.depth + usize::from(holds) < MAX_DEPTH
    }
}
