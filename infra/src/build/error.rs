//! The failure of `weir build`.

use thiserror::Error;

/// The failure of `weir build`.
#[derive(Debug, Error)]
pub enum Error {
    /// The environment.
    #[error(transparent)]
    Environment(#[from] weir_startup::StartError),
    /// The build has failed.
    #[error("the build has failed: {0}")]
    Build(#[from] weir_build::BuildError),
}
