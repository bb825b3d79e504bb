//! The reasons why a verification ends before everything was compared.

use thiserror::Error;
use weir_table::checkpoints;

use crate::capture::CaptureError;
use crate::scan::ScanError;
use crate::spool::SpoolError;
use crate::unknown_rollup::UnknownRollup;

/// The reason why a verification has ended. It has written nothing but the repairs that it has
/// reported; the same command begins again.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// Name a rollup of the definition.
    #[error(transparent)]
    UnknownRollup(#[from] UnknownRollup),
    /// Start the processor first: it registers the table.
    #[error(
        "the rollups table has no state item; start the processor of this table once (on Lambda, \
         invoke it), then run the same command again"
    )]
    Unregistered,
    /// Enable the stream.
    #[error("the table of items has no stream; enable one with the view type NEW_AND_OLD_IMAGES")]
    NoStream,
    /// Let the processor count the old stream first.
    #[error(
        "the table of items has another stream than the processor counts; start the processor, let \
         it read the old stream to its end, then run the same command again"
    )]
    OtherStream,
    /// Verify again.
    #[error(
        "the rollup `{0}` was replaced or retired while it was verified; run the same command again"
    )]
    Replaced(String),
    /// The stream cannot be read.
    #[error("could not capture the stream: {0}")]
    Capture(#[from] CaptureError),
    /// A table cannot be scanned.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// The spool cannot be written or read.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The progress of the shards cannot be read.
    #[error("could not read how far the shards were handled: {0}")]
    Progress(#[from] checkpoints::Error),
    /// DynamoDB rejected a request, or did not answer it.
    #[error(transparent)]
    Table(#[from] weir_table::Error),
}
