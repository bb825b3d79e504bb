//! What a service logs, and where: JSON with a time on Lambda, plain text on standard error elsewhere.
//!
//! `RUST_LOG` chooses what is logged (`info` by default). CloudWatch takes a line without a time and a level for INFO,
//! so both are in every line.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::util::SubscriberInitExt;

/// What is logged unless `RUST_LOG` says otherwise.
const DEFAULT_FILTER: &str = "info";

/// Begins to log. Does nothing when something logs already.
pub fn init() {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let begun = if on_lambda() {
        fmt().json().flatten_event(true).with_env_filter(filter).finish().try_init()
    } else {
        let colours = std::io::stderr().is_terminal();
        let plain = fmt().with_writer(std::io::stderr).with_ansi(colours);
        plain.with_env_filter(filter).finish().try_init()
    };
    if begun.is_err() {
        tracing::debug!("something logs already");
    }
}

/// Whether this process is a Lambda function.
pub(crate) fn on_lambda() -> bool {
    std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some()
}
