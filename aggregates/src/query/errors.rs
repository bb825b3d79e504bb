//! What is wrong with a question.

use std::fmt;

use thiserror::Error;

/// Why a question cannot be answered: the parameter, what is wrong with it, and what could be asked.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{parameter}`: {message}")]
pub struct ParameterError {
    /// The parameter.
    pub parameter: String,
    /// What is wrong and what was expected.
    pub message: String,
}

/// Every mistake of a question; one or more.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub struct ParameterErrors(pub Vec<ParameterError>);

impl ParameterError {
    /// What is wrong with a parameter.
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

/// What is right; what is wrong is noted for later.
pub(super) fn noted<T>(
    result: Result<T, ParameterErrors>,
    errors: &mut Vec<ParameterError>,
) -> Option<T> {
    result.map_err(|wrong| errors.extend(wrong.0)).ok()
}
