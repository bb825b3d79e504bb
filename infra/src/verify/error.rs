//! The failure of `weir verify`.

use thiserror::Error;
use weir_build::VerifyError;
use weir_table::error::chain;

/// The failure of `weir verify`.
#[derive(Debug, Error)]
pub enum Error {
    /// The verification has ended before everything was compared.
    #[error("could not verify the rollups: {}", chain(.0))]
    Verify(#[source] VerifyError),
    /// A signal.
    #[error(
        "a signal ended the command; repairs that it has printed are done, and the same command \
         begins again"
    )]
    Interrupted,
}
