//! The log: its format, its destination, its filter.
//!
//! | format | where | for |
//! |---|---|---|
//! | [`Format::Json`] | standard output | Lambda, and whatever else collects lines from processes |
//! | [`Format::Text`] | standard error | people at a terminal |
//!
//! ```json
//! {"timestamp":"2026-11-20T12:00:00.123456Z","level":"INFO","message":"a batch was handled",
//!  "shard":"shardId-…","records":12,…,"lambda_request_id":"8f5…","xray_trace_id":"1-57…",
//!  "target":"weir_processor::batch_log"}
//! ```
//!
//! `RUST_LOG` chooses what is logged, `info` if unset. CloudWatch takes a line without `timestamp`
//! and `level` for INFO, so both are in every line; fields of the spans that an event is in are
//! beside its own, so that every line of an invocation has its ids.
//!
//! **Invariant:** an event is one line, and so is a panic.

mod json;

use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::panic;

use tracing::Subscriber;
use tracing_subscriber::filter::{EnvFilter, LevelFilter};
use tracing_subscriber::fmt::{self, MakeWriter, format::JsonFields};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};
use tracing_subscriber::util::SubscriberInitExt;

/// The filter without `RUST_LOG`.
const DEFAULT_FILTER: &str = "info";
/// Where that is said.
const VARIABLE: &str = "RUST_LOG";
/// Those who write whole events, requests and answers into the log when they are let: never,
/// whatever is asked for.
const QUIET: [&str; 7] = [
    "lambda_runtime",
    "lambda_runtime_api_client",
    "lambda_http",
    "aws_smithy_runtime",
    "aws_smithy_http_client",
    "aws_sdk_dynamodb",
    "hyper",
];

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An object on standard output.
    Json,
    /// Text on standard error, in colours where that is a terminal.
    Text,
}

/// Returns the layer that writes each event as one JSON object in a line.
pub fn json<S, W>(writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fmt::layer().fmt_fields(JsonFields::new()).event_format(json::Flat).with_writer(writer)
}

/// Begins to log. Does nothing when something logs already.
pub(crate) fn init(format: Format, service: &'static str) {
    let (filter, refused) = filter(env::var_os(VARIABLE));
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        Format::Json => Box::new(json(io::stdout).with_filter(filter)),
        Format::Text => {
            let text = fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
            Box::new(text.with_filter(filter))
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
    if let Some(value) = refused {
        tracing::warn!(
            value,
            "RUST_LOG is no filter, expected one such as info or table=debug; it is taken for info"
        );
    }
    if cfg!(not(feature = "opentelemetry")) && env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT").is_some()
    {
        tracing::warn!(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, and this program was built without the feature \
             opentelemetry"
        );
    }
    log_panics();
}

/// Returns the filter, and the value of `RUST_LOG` that is not a filter.
fn filter(value: Option<OsString>) -> (EnvFilter, Option<String>) {
    let value = value.map(|value| value.to_string_lossy().into_owned());
    let read = value.as_deref().map(EnvFilter::try_new);
    let (filter, refused) = match read {
        Some(Ok(filter)) => (filter, None),
        Some(Err(_)) => (EnvFilter::new(DEFAULT_FILTER), value),
        None => (EnvFilter::new(DEFAULT_FILTER), None),
    };
    if filter.max_level_hint().is_none_or(|level| level <= LevelFilter::INFO) {
        return (filter, refused);
    }
    let quiet = QUIET.iter().map(|target| format!("{target}=info"));
    let quiet = quiet.map(|directive| directive.parse().expect("a target and a level"));
    (quiet.fold(filter, EnvFilter::add_directive), refused)
}

/// Makes panics events, in the span that they happen in.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let reason = panic.payload_as_str().unwrap_or("without a message");
        let location = panic.location().map(ToString::to_string);
        tracing::error!(panic = reason, location, "a panic");
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> (String, Option<String>) {
        let (filter, refused) = filter(Some(value.into()));
        (filter.to_string(), refused)
    }

    #[test]
    fn those_who_would_log_whole_events_are_never_let() {
        for value in ["trace", "debug", "info,lambda_runtime=trace", "table=trace"] {
            let (filter, refused) = shown(value);
            assert_eq!(refused, None);
            for target in QUIET {
                let directives = filter.split(',').filter(|one| one.starts_with(target));
                let levels: Vec<_> = directives.filter_map(|one| one.rsplit('=').next()).collect();
                assert!(levels.contains(&"info"), "{value}: {filter}");
                assert!(!levels.contains(&"trace"), "{value}: {filter}");
            }
        }
        assert_eq!(shown("error"), ("error".to_owned(), None), "nobody is made louder");
    }

    #[test]
    fn what_is_no_filter_is_told_of_and_taken_for_the_default() {
        for value in ["[[[", "info=loud"] {
            assert_eq!(shown(value), (DEFAULT_FILTER.to_owned(), Some(value.to_owned())));
        }
    }
}
