//! Since when this process is, and when it was ready for its first request.
//!
//! **Invariant:** a cold start is counted once in a process, however often it says that it is
//! ready.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::metrics;

/// The name of a process that has not given one.
const UNNAMED: &str = "weir";

static STARTED: OnceLock<(&str, Instant)> = OnceLock::new();
static IS_READY: AtomicBool = AtomicBool::new(false);

/// Returns the name of this function: `writer`, `reader`, `processor`.
pub fn service() -> &'static str {
    STARTED.get().map_or(UNNAMED, |(service, _)| service)
}

/// Counts a cold start, with the time since [`start`](crate::start). To be called on Lambda before
/// the first request is asked for.
///
/// The time that Lambda takes to fetch the code and to start the process is not known here; the
/// `Init Duration` of its `REPORT` line has it all.
pub fn ready() {
    if IS_READY.swap(true, Ordering::Relaxed) {
        return;
    }
    metrics::COLD_STARTS.add_by(&[service()], 1);
    if let Some((_, started)) = STARTED.get() {
        metrics::INIT_DURATION.record_by(&[service()], started.elapsed().as_secs_f64() * 1e3);
    }
}

/// Sets the name of this process. The first call counts.
pub(crate) fn started(service: &'static str) {
    let _ = STARTED.set((service, Instant::now()));
}
