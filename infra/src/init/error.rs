//! The reasons why a table has no draft.

use std::io;
use std::path::PathBuf;

use thiserror::Error;
use weir_model::draft::DraftError;

/// The reason why there is no draft.
#[derive(Debug, Error)]
pub enum Error {
    /// The table cannot be read.
    #[error("could not sample the table `{table}`")]
    Table {
        /// The table.
        table: String,
        /// Why.
        source: weir_table::Error,
    },
    /// The sample makes no definition.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// The file cannot be written.
    #[error("could not write the draft to {path}: {source}")]
    File {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
