//! Logs, metrics and traces of all functions.
//!
//! ```text
//! main ──start──► log        tracing events, one line each ──► standard output or error
//!      ──embed──► metrics    the registry ──► CloudWatch's embedded metric format, or others
//!                 traces     spans, with the feature `opentelemetry` ──► OTLP
//! Lambda ──► Invocations ──► the handler; then everything is flushed
//! ```
//!
//! | to see | read |
//! |---|---|
//! | every metric there is, with both its names | [`metrics`] |
//! | what a line of the log looks like | [`mod@log`] |
//! | what is done around each invocation of a function | [`Invocations`] |
//! | where a span's parent comes from | [`TraceParent`] |
//!
//! **Invariant:** code that emits a metric, an event or a span does not know where it goes; a
//! process that has not called [`start`] sends nothing anywhere.

mod cold_start;
mod invocation;
pub mod log;
pub mod metrics;
#[cfg(feature = "opentelemetry")]
pub mod opentelemetry;
mod trace_parent;

pub use cold_start::{ready, service};
pub use invocation::{Call, Invocations};
pub use trace_parent::TraceParent;

/// Begins to log, and to trace where the environment says so. To be called once, first of all in
/// `main`.
///
/// `service` names the function in metrics and traces; `elsewhere` is how it logs where there is no
/// Lambda.
pub fn start(service: &'static str, elsewhere: log::Format) {
    cold_start::started(service);
    let format = if on_lambda() { log::Format::Json } else { elsewhere };
    log::init(format, service);
}

/// Returns whether this process is a Lambda function.
pub fn on_lambda() -> bool {
    std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some()
}

/// Sends what was measured and traced and has not been sent: after an invocation, and before a
/// process ends.
pub async fn flush() {
    metrics::embedded::flush();
    #[cfg(feature = "opentelemetry")]
    opentelemetry::flush().await;
}

/// Gives a span attributes for traces, which its fields of these names must be there for. Where no
/// spans are exported they stay empty, so that no line of text repeats them.
pub fn set_attributes(span: &tracing::Span, attributes: &[(&'static str, &str)]) {
    if cfg!(feature = "opentelemetry") {
        for (name, value) in attributes {
            span.record(*name, *value);
        }
    }
}

/// Makes `parent` the parent of a span that is not entered yet, where spans are exported.
pub fn set_parent(span: &tracing::Span, parent: Option<TraceParent>) {
    #[cfg(feature = "opentelemetry")]
    if let Some(parent) = parent {
        opentelemetry::set_parent(span, parent);
    }
    #[cfg(not(feature = "opentelemetry"))]
    let _ = (span, parent);
}
