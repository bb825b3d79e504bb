//! The failure of `weir build`.

use thiserror::Error;
use weir_build::BuildError;
use weir_table::error::chain;

/// The failure of `weir build`.
#[derive(Debug, Error)]
pub enum Error {
    /// The environment.
    #[error(transparent)]
    Environment(#[from] weir_startup::StartError),
    /// The build has failed.
    #[error("the build has failed: {}{}", chain(.source), way_to_continue(.source, *.has_begun))]
    Build {
        /// The reason.
        source: BuildError,
        /// Whether a revision was begun or continued.
        has_begun: bool,
    },
    /// A signal.
    #[error(
        "a signal ended the command; readers get nothing from an unfinished build: run the same \
         command again within 23 hours of the cut, and it continues, or give the build up with \
         `weir build --abort`"
    )]
    Interrupted,
    /// The items of replaced revisions are left.
    #[error(
        "the rollups are built, but items of replaced revisions could not be deleted: {0}; the \
         next build deletes them"
    )]
    Purge(#[source] BuildError),
}

impl Error {
    /// Returns the error of a builder that has begun nothing.
    pub(crate) fn before(source: BuildError) -> Self {
        Self::Build { source, has_begun: false }
    }
}

/// Returns how to continue after an error that can end a build under way.
fn way_to_continue(error: &BuildError, has_begun: bool) -> &'static str {
    match error {
        _ if !has_begun => "",
        BuildError::UnknownRollup { .. }
        | BuildError::Unregistered
        | BuildError::NoStream
        | BuildError::Colocated(_)
        | BuildError::LateCut
        | BuildError::ExportWithoutCut(_)
        | BuildError::Aborted(_) => "",
        BuildError::Capture(_)
        | BuildError::Scan(_)
        | BuildError::Export(_)
        | BuildError::Spool(_)
        | BuildError::Parked { .. }
        | BuildError::Table(_) => {
            "; nothing incomplete is served: run the same command again, and it continues what is \
             under way, or give that up with `weir build --abort`"
        }
    }
}
