//! The failure of `weir parked`.

use thiserror::Error;
use weir_table::checkpoints;
use weir_table::error::chain;

/// The failure of `weir parked`.
#[derive(Debug, Error)]
pub enum Error {
    /// DynamoDB rejected a request, or did not answer it.
    #[error("could not read the records of rejected updates: {}", chain(.0))]
    Table(#[source] weir_table::Error),
    /// The same, of the batches.
    #[error("could not read the records of discarded batches: {0}")]
    Checkpoints(#[source] checkpoints::Error),
}
