//! The failure of `weir build`.

use thiserror::Error;

/// The failure of `weir build`.
#[derive(Debug, Error)]
pub enum Error {
    /// The environment.
    #[error(transparent)]
    Environment(#[from] weir_startup::StartError),
    /// The build has ended.
    #[error("the build has ended: {0}")]
    Build(#[from] weir_build::BuildError),
}
