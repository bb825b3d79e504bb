//! The errors of a spool, by what to do about them.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A spool that cannot be used. In each case the build begins again with the same cut, for as long
/// as the stream has the records from the cut on.
#[derive(Debug, Error)]
pub enum SpoolError {
    /// Choose another folder.
    #[error(
        "could not create a folder for the spool in `{}`: {source}; choose a folder that can be \
         written",
        .parent.display()
    )]
    Create {
        /// The folder that was to have it.
        parent: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// Free space, or choose another folder.
    #[error(
        "could not write the spool to `{}` after {written} bytes: {source}; nothing was written to \
         the rollups; free space or choose another folder",
        .path.display()
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// The bytes that the file had.
        written: u64,
        /// The error of the operating system.
        source: io::Error,
    },
    /// Build again.
    #[error(
        "could not read the spool in `{}`: {source}; updates of the base that were applied are not \
         added twice",
        .path.display()
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system, or the mistake in the file.
        source: io::Error,
    },
}

impl SpoolError {
    /// Returns the error of a file that does not have what was written to it.
    pub(crate) fn corrupt(path: PathBuf, mistake: &str) -> Self {
        Self::Read { path, source: io::Error::new(io::ErrorKind::InvalidData, mistake) }
    }
}
