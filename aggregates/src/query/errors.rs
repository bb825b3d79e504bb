//! The mistakes of a question.

use std::fmt;

use thiserror::Error;

/// A mistake of a question: the parameter, the mistake, and the values that are allowed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{parameter}`: {message}")]
pub struct ParameterError {
    /// The parameter.
    pub parameter: String,
    /// The mistake, and the values that are allowed.
    pub message: String,
}

/// Every mistake of a question; one or more.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub struct ParameterErrors(pub Vec<ParameterError>);

impl ParameterError {
    /// Returns a mistake in a parameter.
    pub fn new(parameter: &str, message: impl Into<String>) -> Self {
        Self { parameter: parameter.to_owned(), message: message.into() }
    }
}

impl From<ParameterError> for ParameterErrors {
    fn from(error: ParameterError) -> Self {
        Self(vec![error])
    }
}

impl fmt::Display for ParameterErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        formatter.write_str(&errors.join("; "))
    }
}

/// Returns the value of a result, or collects its errors.
pub(super) fn noted<T>(
    result: Result<T, ParameterErrors>,
    errors: &mut Vec<ParameterError>,
) -> Option<T> {
    result.map_err(|wrong| errors.extend(wrong.0)).ok()
}
