//! Metrics in the log, in CloudWatch's embedded metric format: no request, no permission, no agent.
//!
//! ```json
//! {"_aws":{"Timestamp":1763640000000,"CloudWatchMetrics":[{"Namespace":"Weir",
//!  "Dimensions":[["table"]],"Metrics":[{"Name":"processor_records","Unit":"Count"}]}]},
//!  "table":"shop","processor_records":12}
//! ```
//!
//! A line for each set of dimensions; a counter's value is what was added since the last flush, and
//! one to which nothing was added is left out. Its recorder has one flaw for us, that a gauge is
//! repeated at each flush whether it was set or not, so nothing that is measured on Lambda is a
//! gauge.
//!
//! **Invariant:** lines are written whole, in one write.

use std::io::{self, Write};
use std::sync::{Mutex, OnceLock, PoisonError};

use metrics_cloudwatch_embedded::{Builder, Collector};
use thiserror::Error;

use super::{IS_EMBEDDED, NAMESPACE, TABLE, describe};

/// Where metrics are gathered, and where they are written.
static INSTALLED: OnceLock<Embedded> = OnceLock::new();

struct Embedded {
    collector: &'static Collector,
    output: Mutex<Box<dyn Write + Send>>,
}

/// Why metrics are not written.
#[derive(Debug, Error)]
#[error("metrics cannot be recorded: {0}")]
pub struct EmbeddedError(Box<dyn std::error::Error + Send + Sync>);

/// Gathers the metrics of this process from now on, for [`flush`] to write. `table` is the table of
/// items.
///
/// # Errors
/// Metrics are recorded by something else already.
pub fn install(table: &str, output: impl Write + Send + 'static) -> Result<(), EmbeddedError> {
    let builder =
        Builder::new().cloudwatch_namespace(NAMESPACE).with_dimension(TABLE, table.to_owned());
    let collector = builder.init().map_err(EmbeddedError)?;
    IS_EMBEDDED.store(true, std::sync::atomic::Ordering::Relaxed);
    describe();
    let _ = INSTALLED.set(Embedded { collector, output: Mutex::new(Box::new(output)) });
    Ok(())
}

/// [`install`], to standard output, on Lambda; elsewhere nothing.
///
/// # Errors
/// Metrics are recorded by something else already.
pub fn install_on_lambda(table: &str) -> Result<(), EmbeddedError> {
    if crate::on_lambda() { install(table, io::stdout()) } else { Ok(()) }
}

/// Writes what was measured since the last time, if anything gathers it.
pub fn flush() {
    let Some(Embedded { collector, output }) = INSTALLED.get() else { return };
    let mut lines = Vec::new();
    let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
    let written = collector.flush(&mut lines).and_then(|()| output.write_all(&lines));
    if let Err(error) = written.and_then(|()| output.flush()) {
        tracing::warn!(%error, "metrics are lost");
    }
}
