//! The error of one field of a request.

use serde::Serialize;
use thiserror::Error;

use crate::limits::{MAX_FIELD_CHARACTERS, MAX_MESSAGE_CHARACTERS};
use crate::shorten::shortened;

/// A field of a request that cannot be stored, with what was expected.
#[derive(Clone, Debug, Error, PartialEq, Eq, Serialize)]
#[error("`{field}`: {message}")]
pub struct FieldError {
    /// The attribute's name, or the path into it; or a name that is none.
    pub field: String,
    /// The mistake.
    pub message: String,
    /// How many more errors there are that are only counted (see [`crate::errors`]).
    #[serde(skip)]
    pub others: usize,
}

impl FieldError {
    /// Returns an error about a field. Both texts may come from a caller, so they are shortened.
    pub fn new(field: &str, message: impl ToString) -> Self {
        let field = shortened(field, MAX_FIELD_CHARACTERS).into_owned();
        let message = shortened(&message.to_string(), MAX_MESSAGE_CHARACTERS).into_owned();
        Self { field, message, others: 0 }
    }

    /// Returns the error with a prefix of the field, such as `keys[3].`.
    #[must_use]
    pub fn within(self, before: &str) -> Self {
        Self { others: self.others, ..Self::new(&format!("{before}{}", self.field), self.message) }
    }
}
