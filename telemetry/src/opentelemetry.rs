//! Spans over OTLP, where the environment says so.
//!
//! | variable | is | unless set |
//! |---|---|---|
//! | `OTEL_EXPORTER_OTLP_ENDPOINT` | the collector, such as `http://localhost:4318`; spans go to `/v1/traces` there | nothing is exported |
//! | `OTEL_SERVICE_NAME` | who exports | `writer`, `reader`, `processor` |
//!
//! and what else the OpenTelemetry SDK reads: `OTEL_TRACES_SAMPLER`, `OTEL_RESOURCE_ATTRIBUTES`,
//! `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_EXPORTER_OTLP_TIMEOUT`, `OTEL_BSP_…`.
//!
//! ```text
//! X-Ray or W3C header ─► invocation ─► batch ───┬─► DynamoDB UpdateItem
//!                                   └► request ─┴─► DynamoDB GetItem
//! ```
//!
//! **Invariant:** a collector that does not answer costs an invocation at most the five seconds
//! that the SDK waits for a flush, and nothing else: its response is not an error of the process.

use std::env;
use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider,
};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Level, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;
use ureq::Agent;

use crate::TraceParent;

/// Names the collector.
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// Names who exports; the SDK reads it.
const SERVICE_NAME: &str = "OTEL_SERVICE_NAME";
/// How long an export may take, all in all: a collector is near, and Lambda is billed while it is
/// waited for.
const EXPORT_TIMEOUT_MS: u64 = 2_000;

static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// Sends what is exported. It blocks, on the thread that the SDK has for that, and so needs no
/// runtime.
#[derive(Debug)]
struct Blocking(Agent);

/// Returns the layer that exports spans, if the environment names a collector.
///
/// # Errors
/// The problem with its address.
pub(crate) fn layer_from_env<S>(
    service: &'static str,
) -> Result<Option<impl Layer<S> + Send + Sync>, ExporterBuildError>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    match env::var_os(ENDPOINT) {
        Some(endpoint) if !endpoint.is_empty() => layer(service, None).map(Some),
        _ => Ok(None),
    }
}

/// Returns the layer that exports spans to this URL, or to the one that the environment names. One
/// process has one.
///
/// # Errors
/// The problem with the URL.
pub fn layer<S>(
    service: &'static str,
    url: Option<&str>,
) -> Result<impl Layer<S> + Send + Sync, ExporterBuildError>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    let provider = provider(service, url)?;
    let tracer = PROVIDER.get_or_init(|| provider).tracer(env!("CARGO_PKG_NAME"));
    let layer = tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_target(false)
        .with_threads(false)
        .with_location(false);
    // Ours are at the level `info`, those of the libraries below it; events are the log's.
    Ok(layer
        .with_filter(filter_fn(|metadata| metadata.is_span() && metadata.level() <= &Level::INFO)))
}

/// Exports what has ended and was not exported.
pub(crate) async fn flush() {
    let Some(provider) = PROVIDER.get() else { return };
    // It blocks until the thread of the exporter is done.
    let flushed = tokio::task::spawn_blocking(|| provider.force_flush()).await;
    if let Ok(Err(error)) = flushed {
        tracing::warn!(%error, "spans are lost");
    }
}

/// Makes a span of the caller the parent of a span of Weir.
pub(crate) fn set_parent(span: &Span, parent: TraceParent) {
    let flags = if parent.is_sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let (trace, id) = (TraceId::from(parent.trace_id), SpanId::from(parent.span_id));
    let context = SpanContext::new(trace, id, flags, true, TraceState::default());
    let context = Context::new().with_remote_span_context(context);
    if let Err(error) = span.set_parent(context) {
        tracing::debug!(%error, "a span has no parent");
    }
}

fn provider(
    service: &'static str,
    url: Option<&str>,
) -> Result<SdkTracerProvider, ExporterBuildError> {
    let agent = Agent::config_builder()
        .timeout_global(Some(Duration::from_millis(EXPORT_TIMEOUT_MS)))
        .http_status_as_error(false)
        .build()
        .new_agent();
    let mut exporter = SpanExporter::builder().with_http().with_http_client(Blocking(agent));
    if let Some(url) = url {
        exporter = exporter.with_endpoint(url);
    }
    let resource = Resource::builder();
    let resource = match env::var_os(SERVICE_NAME) {
        Some(_) => resource,
        None => resource.with_service_name(service),
    };
    let provider = SdkTracerProvider::builder().with_resource(resource.build());
    Ok(provider.with_batch_exporter(exporter.build()?).build())
}

impl HttpClient for Blocking {
    fn send_bytes<'this, 'sending>(
        &'this self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'sending>>
    where
        'this: 'sending,
        Self: 'sending,
    {
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let request = Request::from_parts(parts, body.to_vec());
            let (parts, mut body) = self.0.run(request)?.into_parts();
            Ok(Response::from_parts(parts, body.read_to_vec()?.into()))
        })
    }
}
