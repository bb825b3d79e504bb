//! Work that blocks its thread: the files of a spool and of an export.
//!
//! A runtime of several threads moves its other tasks away meanwhile. One of a single thread
//! cannot, and would panic if it was asked to.

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

/// Runs work that blocks, on whatever runtime this is.
pub(crate) fn block<T>(work: impl FnOnce() -> T) -> T {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::MultiThread => block_in_place(work),
        _ => work(),
    }
}
