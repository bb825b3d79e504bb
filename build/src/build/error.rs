//! The reasons why a build ends before its rollups are ready.

use thiserror::Error;

use crate::capture::CaptureError;
use crate::export::ExportError;
use crate::scan::ScanError;
use crate::spool::SpoolError;

/// The reason why a build has ended. Nothing that is half done is answered; the same command
/// continues, within 23 hours of the cut.
#[derive(Debug, Error)]
pub enum BuildError {
    /// Name a rollup of the definition.
    #[error("unknown rollup `{0}`; expected a rollup of the definition file")]
    UnknownRollup(String),
    /// Start the processor first: it registers the table.
    #[error(
        "the rollups table has no state item; start the processor of this table once (on Lambda, \
         invoke it), then build again"
    )]
    Unregistered,
    /// Enable the stream.
    #[error(
        "the table of items has no stream; enable one with the view type NEW_AND_OLD_IMAGES, then \
         build again"
    )]
    NoStream,
    /// Give the rollup another name and another key.
    #[error(
        "cannot build a new revision of the rollup `{0}`: its `key` places its items among those \
         of the table, where the items of the old revision are; give the rollup a new name and \
         another `key`"
    )]
    Colocated(String),
    /// Raise the margin of the cut.
    #[error("writing the state item takes longer than the margin of the cut; raise `--cut-margin`")]
    LateCut,
    /// Build again.
    #[error(
        "the build of the rollup `{0}` was aborted meanwhile, by `weir build --abort` or because \
         the table was created again; build again"
    )]
    Aborted(String),
    /// The stream cannot be read.
    #[error("could not capture the stream: {0}")]
    Capture(#[from] CaptureError),
    /// The table cannot be scanned.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// The export cannot be used.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The spool cannot be written or read.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// A rollup item cannot take its base.
    #[error("DynamoDB rejects the base of the rollup item {item}: {source}")]
    Parked {
        /// The rollup item.
        item: String,
        /// The error of DynamoDB.
        source: weir_table::Error,
    },
    /// DynamoDB rejected a request, or did not answer it.
    #[error(transparent)]
    Table(#[from] weir_table::Error),
}
