//! The reasons why a build ends before its rollups are ready.

use thiserror::Error;

use crate::capture::CaptureError;
use crate::export::ExportError;
use crate::scan::ScanError;
use crate::spool::SpoolError;
use crate::unknown_rollup::{UnknownRollup, quoted};

/// The reason why a build has ended. Nothing that is half done is answered; the same command
/// continues, within 23 hours of the cut.
#[derive(Debug, Error)]
pub enum BuildError {
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
    #[error(
        "the table of items has no stream; enable one with the view type NEW_AND_OLD_IMAGES, then \
         run the same command again"
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
    /// Find out who gave it up, and build again if nobody else does.
    #[error(
        "the build of the rollup `{0}` was given up meanwhile: by `weir build --abort`, by a build \
         of another definition file, or because the table was created again; if no other build is \
         under way, run the same command again: it begins a new one"
    )]
    Aborted(String),
    /// Begin the build first.
    #[error(
        "no build of the rollup {} is under way, so no export fits: its time must be at least \
         three minutes after the cut; run the command without `--from-export` until it prints the \
         cut, export the table, then run this command again",
        quoted(.0)
    )]
    ExportWithoutCut(Vec<String>),
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

impl BuildError {
    /// Returns whether the same request to DynamoDB may succeed later.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::Table(error) if error.is_retryable())
    }
}
