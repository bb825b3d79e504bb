//! The processor: rollups and no reactors, as a Lambda function or, anywhere else, behind the local
//! event source mapping.
//!
//! Its environment configures it: [`weir_startup::variables`] lists every variable.
//!
//! It stops by SIGTERM or Ctrl-C: it logs the batches in flight, waits for them as long as
//! `WEIR_SHUTDOWN_TIMEOUT_SECS` allows, and releases the lease. A second container that started
//! meanwhile waits for the lease.

use std::process::ExitCode;

use weir_processor::Processor;
use weir_telemetry::log::Format;

#[tokio::main]
async fn main() -> ExitCode {
    // Outside Lambda it runs in containers, whose lines are collected rather than read.
    weir_startup::run("processor", Format::Json, async { Processor::from_env().await?.run().await })
        .await
}
