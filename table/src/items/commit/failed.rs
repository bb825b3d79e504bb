//! The error of a transaction, with the write that caused it.

use crate::error::Error;

/// The error of a transaction, and the position of the write that caused it, if it was one.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) index: Option<usize>,
    pub(crate) error: Error,
}

impl Failed {
    /// Creates the error of one write.
    pub(super) fn at(index: usize, error: Error) -> Self {
        Self { index: Some(index), error }
    }

    /// Creates an error of the whole transaction.
    pub(super) fn whole(error: Error) -> Self {
        Self { index: None, error }
    }
}
