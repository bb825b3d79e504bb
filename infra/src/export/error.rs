//! The reasons why a rollup is not exported.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use weir_query::QueryError;

/// The reason why a rollup is not exported.
#[derive(Debug, Error)]
pub enum Error {
    /// The rollup must not be answered, the question does not go with it, or DynamoDB did not
    /// answer.
    #[error(transparent)]
    Query(QueryError),
    /// Changes were lost.
    #[error(
        "the rollup `{rollup}` may lack changes since {since}, which were lost; build it again, \
         or export it as it is with --allow-incomplete"
    )]
    Incomplete {
        /// The name of the rollup.
        rollup: String,
        /// The time, RFC 3339.
        since: String,
    },
    /// A build has replaced the revision, or records were lost meanwhile.
    #[error(
        "the rollup `{rollup}` was replaced by a build, or lost changes, while it was exported; \
         the rows are of no use: export it again"
    )]
    Replaced {
        /// The name of the rollup.
        rollup: String,
    },
    /// Weir lacks the format.
    #[error(
        "--format parquet: this weir was built without it; expected csv or ndjson, or a weir that \
         was built with `--features parquet`"
    )]
    #[cfg(not(feature = "parquet"))]
    NoParquet,
    /// Bytes that a terminal would not show.
    #[error(
        "--format parquet is not text; expected --output PATH, or another program that reads it"
    )]
    BinaryToTerminal,
    /// The value does not fit the type of its column.
    #[error(
        "the column `{column}` has the value {value}, which is not {expected}; expected --format \
         csv or ndjson, or other --measures"
    )]
    #[cfg(feature = "parquet")]
    Value {
        /// The column.
        column: String,
        /// The value, as JSON.
        value: String,
        /// The type.
        expected: String,
    },
    /// The file cannot be written.
    #[error("could not write {}", .path.display())]
    Unwritable {
        /// Its path.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The output cannot be written.
    #[error("could not write the rows")]
    Output(#[source] io::Error),
    /// A signal asked for the end.
    #[error("interrupted: the rollup is not exported")]
    Interrupted,
}

impl Error {
    /// Returns the error of rows that were to be written to a file.
    pub(super) fn in_file(self, path: &Path) -> Self {
        match self {
            Self::Output(source) => Self::Unwritable { path: path.to_path_buf(), source },
            other => other,
        }
    }
}

/// Returns whether the same read may succeed later.
pub(super) fn is_passing(error: &QueryError) -> bool {
    matches!(error, QueryError::Table(error) if error.is_retryable())
}
