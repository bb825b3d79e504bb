//! The reasons why a query has no answer.

use thiserror::Error;
use weir_model::shorten::{listed, quoted};
use weir_model::{Model, Rollup, suggestion};
use weir_rollups::{ParameterError, ParameterErrors};

/// The reason why a query has no answer.
#[derive(Debug, Error)]
pub enum QueryError {
    /// The definition has no rollup of this name. The message lists its rollups.
    #[error("{0}")]
    UnknownRollup(String),
    /// Parameters of the question that do not go with the rollup, each with what is allowed.
    #[error(transparent)]
    Question(#[from] ParameterErrors),
    /// The answer would read more than it may: the parameter, and what would read less.
    #[error("{0}")]
    TooMuch(ParameterError),
    /// The rollup lacks items of its table, or no processor has registered it.
    #[error("{0}")]
    Unbuilt(String),
    /// A build of the rollup is under way.
    #[error("{message}")]
    Building {
        /// The rollup and its progress.
        message: String,
        /// The time after which the question may be repeated, in seconds.
        retry_after_secs: u16,
    },
    /// A count is below zero, so the rollup lacks changes. It must be built again.
    #[error("{0}")]
    NegativeCount(String),
    /// DynamoDB did not answer.
    #[error(transparent)]
    Table(#[from] weir_table::Error),
}

impl QueryError {
    /// Returns the error of a query that would read too much, at one of its parameters.
    pub(crate) fn too_much(parameter: &str, message: impl Into<String>) -> Self {
        Self::TooMuch(ParameterError::new(parameter, message))
    }

    /// Returns the error of a query whose measures would read too much, with what reads less.
    pub(crate) fn too_much_measured(rollup: &Rollup, message: &str) -> Self {
        let buckets: Vec<_> = rollup.granularities.iter().map(|kept| kept.name()).collect();
        let advice = format!(
            "expected fewer groups, a shorter range or a smaller limit, other measures, or a \
             series of buckets that are kept ({} in {}), which read less",
            buckets.join(", "),
            rollup.time_zone_name
        );
        Self::too_much("measures", format!("{message}; {advice}"))
    }

    /// Whether a smaller query could be answered.
    pub(crate) fn is_too_much(&self) -> bool {
        match self {
            Self::TooMuch(_) => true,
            Self::Table(error) => error.is_over_budget(),
            _ => false,
        }
    }
}

/// Returns the rollup of this name.
///
/// # Errors
/// [`QueryError::UnknownRollup`] if the definition has none.
pub(crate) fn find_rollup<'a>(model: &'a Model, name: &str) -> Result<&'a Rollup, QueryError> {
    model.rollup(name).ok_or_else(|| QueryError::UnknownRollup(unknown_rollup(model, name)))
}

fn unknown_rollup(model: &Model, name: &str) -> String {
    let names: Vec<&str> = model.rollups.iter().map(|rollup| rollup.name.as_str()).collect();
    if names.is_empty() {
        return format!("{} is no rollup; the definition has none", quoted(name));
    }
    let near = suggestion(name, names.iter().copied());
    format!("{} is no rollup; {near}expected one of {}", quoted(name), listed(&names))
}
