//! The reasons why the lease of a stream cannot be shown or broken.

use thiserror::Error;
use weir_table::checkpoints;

/// The reason why the lease cannot be shown or broken.
#[derive(Debug, Error)]
pub enum Error {
    /// The environment.
    #[error(transparent)]
    Environment(#[from] weir_startup::StartError),
    /// The table cannot be described.
    #[error("could not read the stream of table {table}")]
    Table {
        /// The table.
        table: String,
        /// Why.
        source: weir_table::Error,
    },
    /// The table has no stream, so nothing polls it.
    #[error("table {0} has no stream, expected one with NEW_AND_OLD_IMAGES")]
    NoStream(String),
    /// The lease changed after it was shown.
    #[error("the lease was not broken, it changed after it was shown: {0}; run the command again")]
    Changed(checkpoints::Error),
    /// The lease cannot be read or written.
    #[error(transparent)]
    Checkpoints(checkpoints::Error),
}
