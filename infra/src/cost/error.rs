//! The failure of `weir cost`.

use thiserror::Error;

/// The failure of `weir cost`.
#[derive(Debug, Error)]
pub enum Error {
    /// The definition has no rollups.
    #[error("the definition has no rollups; expected at least one")]
    NoRollups,
    /// `--data` does not name a file and an entity.
    #[error("--data {given}: {problem}")]
    Data {
        /// The argument.
        given: String,
        /// The expected form.
        problem: String,
    },
    /// A file has no item of which the cost could be estimated.
    #[error("{file} has no row that can be stored; expected at least one{}", first(.problem))]
    NoRows {
        /// The file.
        file: String,
        /// The first row that cannot be stored, with the reason.
        problem: Option<String>,
    },
    /// A table has no item of which the cost could be estimated.
    #[error(
        "the sample of the table `{table}` has no item of an entity with rollups; expected one of \
         {entities}"
    )]
    NoItems {
        /// The table.
        table: String,
        /// The entities with rollups.
        entities: String,
    },
    /// The environment.
    #[error(transparent)]
    Environment(#[from] weir_startup::StartError),
    /// The table cannot be read.
    #[error("could not read {what}")]
    Read {
        /// What is read of the table.
        what: &'static str,
        /// The error of DynamoDB.
        source: weir_table::Error,
    },
    /// The cost exceeds `--max-cost`.
    #[error("the rollups cost {cost} per {per}, expected at most ${limit} (--max-cost)")]
    TooHigh {
        /// The dollars.
        cost: String,
        /// The unit, `million changes` or `month`.
        per: &'static str,
        /// The limit.
        limit: String,
    },
    /// The report cannot be written as JSON.
    #[error("could not write the cost as JSON")]
    Json(#[from] serde_json::Error),
}

fn first(problem: &Option<String>) -> String {
    problem.as_ref().map(|problem| format!("; {problem}")).unwrap_or_default()
}
