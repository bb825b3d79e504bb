//! The traces of a request: one line of the log, its metrics, a span, and its id.
//!
//! ```json
//! {"level":"INFO","message":"a request was answered","method":"GET",
//! "route":"/order/{user}/{number}","status":404,
//! "problem":"not-found","duration_ms":3.1,"reads":1,"read_bytes":4096,
//! "request_id":"JKJaXmPLvHcESHA=","lambda_request_id":"…","xray_trace_id":"…"}
//! ```
//!
//! `reads` and `read_bytes` are what the request spent of its budget of reads; a writer reads
//! nothing.
//!
//! **Invariant:** a request that is answered has one such line. It has the pattern of the path and
//! not the path, no query, no header and no body: nothing in it is of an item or of a caller, but
//! for the id that a caller may have chosen.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use lambda_http::Context;
use tracing::field::Empty;
use tracing::{Instrument, Span, info_span};
use weir_table::Budget;
use weir_telemetry::{TraceParent, metrics};

use crate::problem::Kind;
use crate::request_id;

/// The header that names a caller's span.
const TRACEPARENT: &str = "traceparent";
/// The route of a path that is none.
const NO_ROUTE: &str = "none";

/// Answers a request, and says how.
pub(crate) async fn observed(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = request_id::from_request(&request);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    let span = span(&request, &id, route);
    let answering = request_id::scope(id.clone(), next.run(request));
    let mut response = answering.instrument(span.clone()).await;
    response.headers_mut().insert(request_id::HEADER, request_id::header_value(&id));

    let status = response.status();
    let problem = response.extensions().get::<Kind>().copied();
    let read = response.extensions().get::<Budget>().map(Budget::spent);
    let duration_ms = begun.elapsed().as_micros() as f64 / 1e3;
    span.in_scope(|| {
        tracing::info!(
            method = method.as_str(),
            route,
            status = status.as_u16(),
            problem = problem.map(|kind| kind.entry().slug),
            duration_ms,
            reads = read.map(|read| read.reads),
            read_bytes = read.map(|read| read.bytes),
            "a request was answered"
        );
    });
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    measure(status, problem, duration_ms);
    if let Some(read) = read {
        let service = weir_telemetry::service();
        metrics::HTTP_READS.record_by(&[service], read.reads as f64);
        metrics::HTTP_READ_BYTES.record_by(&[service], read.bytes as f64);
    }
    response
}

fn span(request: &Request, id: &str, route: &str) -> Span {
    let method = request.method();
    let span = info_span!(
        "request",
        request_id = id,
        otel.name = Empty,
        otel.kind = Empty,
        otel.status_code = Empty,
        http.request.method = Empty,
        http.route = Empty,
        http.response.status_code = Empty,
    );
    let attributes = [
        ("otel.name", &*format!("{method} {route}")),
        ("otel.kind", "server"),
        ("http.request.method", method.as_str()),
        ("http.route", route),
    ];
    weir_telemetry::set_attributes(&span, &attributes);
    // On Lambda it is within the span of the invocation.
    if request.extensions().get::<Context>().is_none() {
        let header = request.headers().get(TRACEPARENT).and_then(|value| value.to_str().ok());
        weir_telemetry::set_parent(&span, header.and_then(TraceParent::from_w3c));
    }
    span
}

fn measure(status: StatusCode, problem: Option<Kind>, duration_ms: f64) {
    let service = weir_telemetry::service();
    metrics::HTTP_REQUESTS.add_by(&[service, class(status)], 1);
    metrics::HTTP_DURATION.record_by(&[service], duration_ms);
    match problem {
        Some(Kind::Throttled) => metrics::HTTP_THROTTLED.add_by(&[service], 1),
        Some(Kind::Conflict) => metrics::HTTP_CONFLICTS.add_by(&[service], 1),
        _ => {}
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        5 => "5xx",
        _ => "1xx",
    }
}
