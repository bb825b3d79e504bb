//! The errors of a start: what must be changed before the program can run.

use std::path::PathBuf;

use thiserror::Error;
use weir_http::{CursorKeyError, HostsError, ServeError};
use weir_model::DefinitionError;

/// A variable whose value is not valid: its name, the value, and what is allowed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{name} is `{value}`, expected {expected}")]
pub struct InvalidVariable {
    /// The name of the variable.
    pub name: &'static str,
    /// Its value.
    pub value: String,
    /// The values that are allowed.
    pub expected: String,
}

/// An error of a program's start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A variable with Weir's prefix that no program reads.
    #[error("the environment sets {name}, which nothing reads; {expected}")]
    Unknown {
        /// The name of the variable.
        name: String,
        /// The names that are close, or all names.
        expected: String,
    },
    /// A variable whose value is not valid.
    #[error(transparent)]
    Invalid(#[from] InvalidVariable),
    /// One table for items and rollups.
    #[error(
        "ROLLUPS_TABLE_NAME is `{table}`, the table of items, expected a table of its own; a `key` \
         of a rollup keeps its items in the table of items"
    )]
    OneTable {
        /// The name of the table.
        table: String,
    },
    /// The definition file cannot be read.
    #[error("the definition file {path} cannot be read (WEIR_FILE names another)")]
    File {
        /// The path of the file.
        path: PathBuf,
        /// The error of the file system.
        source: std::io::Error,
    },
    /// The definition file has problems.
    #[error("{error}: {}", problems(error))]
    Definition {
        /// The problems.
        error: DefinitionError,
    },
    /// `WEIR_ALLOWED_HOSTS` is not a list of host names.
    #[error(transparent)]
    Hosts(#[from] HostsError),
    /// `WEIR_CURSOR_KEY` is missing or not valid.
    #[error(transparent)]
    CursorKey(#[from] CursorKeyError),
    /// The application cannot be served.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// Returns the problems of a definition in one line.
fn problems(error: &DefinitionError) -> String {
    error.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
