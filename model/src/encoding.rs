//! What a JSON value is encoded for: to be stored, or to be compared with what is.

use crate::entity::Fresh;
use crate::limits::MAX_DEPTH;

/// What a JSON value is encoded for, and how deep in its attribute it will be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Encoding {
    stored_with: Option<Fresh>,
    depth: usize,
}

impl Encoding {
    /// To be stored: it satisfies every rule and has every default.
    pub(crate) fn to_store(fresh: Fresh) -> Self {
        Self { stored_with: Some(fresh), depth: 0 }
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

    /// What defaults are made from; nothing where it is not stored.
    pub(crate) fn stored_with(self) -> Option<Fresh> {
        self.stored_with
    }

    /// Whether a value may be so deep, and hold something if it is a list or a map.
    pub(crate) fn fits(self, holds: bool) -> bool {
        self.depth + usize::from(holds) < MAX_DEPTH
    }
}
