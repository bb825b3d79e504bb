//! What is logged, and where.
//!
//! | format | where | for |
//! |---|---|---|
//! | [`Format::Json`] | standard output | Lambda, and whatever else collects lines from processes |
//! | [`Format::Text`] | standard error | people at a terminal |
//!
//! ```json
//! {"timestamp":"2026-11-20T12:00:00.123456Z","level":"INFO","message":"a batch was handled","shard":"shardId-…",
//!  "records":12,…,"lambda_request_id":"8f5…","xray_trace_id":"1-57…","target":"processor::report"}
//! ```
//!
//! `RUST_LOG` chooses what is logged, `info` if unset. CloudWatch takes a line without `timestamp` and `level` for INFO, so
//! both are in every line; fields of the spans that an event is in are beside its own, so that every line of an invocation
//! has its ids.
//!
//! **Invariant:** an event is one line, and so is a panic.

mod json;

use std::io::{self, IsTerminal};
use std::panic;

use tracing::Subscriber;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::fmt::{self, MakeWriter, format::JsonFields};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};
use tracing_subscriber::util::SubscriberInitExt;

/// What is logged unless `RUST_LOG` says otherwise.
const DEFAULT_FILTER: &str = "info";

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An object on standard output.
    Json,
    /// Text on standard error, in colours where that is a terminal.
    Text,
}

/// The layer that writes each event as one JSON object in a line.
pub fn json<S, W>(writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fmt::layer().fmt_fields(JsonFields::new()).event_format(json::Flat).with_writer(writer)
}

/// Begins to log. Does nothing when something logs already.
pub(crate) fn init(format: Format, service: &'static str) {
    let filter =
        || EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        Format::Json => Box::new(json(io::stdout).with_filter(filter())),
        Format::Text => {
            let text = fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
            Box::new(text.with_filter(filter()))
        }
    };
    let subscriber = tracing_subscriber::registry().with(lines);
    #[cfg(feature = "opentelemetry")]
    let (subscriber, not_traced) = match crate::opentelemetry::layer_from_env(service) {
        Ok(spans) => (subscriber.with(spans), None),
        Err(error) => (subscriber.with(None), Some(error)),
    };
    #[cfg(not(feature = "opentelemetry"))]
    let (not_traced, _) = (None::<std::convert::Infallible>, service);
    if subscriber.try_init().is_err() {
        tracing::debug!("something logs already");
        return;
    }
    if let Some(error) = not_traced {
        tracing::error!(%error, "spans are not exported");
    }
    log_panics();
}

/// Makes panics events, in the span that they happen in.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let reason = panic.payload_as_str().unwrap_or("without a message");
        let location = panic.location().map(ToString::to_string);
        tracing::error!(panic = reason, location, "a panic");
    }));
}
