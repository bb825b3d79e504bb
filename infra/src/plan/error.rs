//! The failure of `weir plan`.

use thiserror::Error;

/// The failure of `weir plan`.
#[derive(Debug, Error)]
pub enum Error {
    /// The environment.
    #[error(transparent)]
    Environment(#[from] weir_startup::StartError),
    /// The facts that the plan is made from cannot be read.
    #[error("could not read {what}")]
    Read {
        /// The fact.
        what: &'static str,
        /// The error of DynamoDB.
        source: weir_table::Error,
    },
    /// The plan has changes that would lose stored items or count them twice, or that cannot be
    /// built.
    #[error("the plan is rejected: {0}")]
    Rejected(String),
    /// A build cannot begin.
    #[error("the rollups cannot be built: {0}")]
    Precondition(String),
    /// The plan cannot be written as JSON.
    #[error("could not write the plan as JSON")]
    Json(#[from] serde_json::Error),
}
