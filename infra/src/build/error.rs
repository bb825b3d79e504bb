//! The failure of `weir build`.

use thiserror::Error;
use weir_build::BuildError;

/// The failure of `weir build`.
#[derive(Debug, Error)]
pub enum Error {
    /// The environment.
    #[error(transparent)]
    Environment(#[from] weir_startup::StartError),
    /// The build has failed.
    #[error("the build has failed: {0}{way}", way = way_to_continue(.0))]
    Build(#[from] BuildError),
    /// The items of replaced revisions are left.
    #[error(
        "the rollups are built, but items of replaced revisions could not be deleted: {0}; the \
         next build deletes them"
    )]
    Purge(#[source] BuildError),
}

/// Returns how to continue after an error that can end a build under way.
fn way_to_continue(error: &BuildError) -> &'static str {
    match error {
        BuildError::UnknownRollup(_)
        | BuildError::Unregistered
        | BuildError::NoStream
        | BuildError::Colocated(_)
        | BuildError::LateCut
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
