//! The steps around each invocation of a Lambda function.
//!
//! ```text
//! next ──► span, with both ids ──► handler, answer sent ──► span ends ──► flush ──► next
//! ```
//!
//! The flush comes after the answer and before the next event is asked for, which is when Lambda
//! may freeze the process ("Cleanup", in "Building a custom runtime" of the Lambda developer
//! guide): the caller that waits for the answer does not wait for it.
//!
//! **Invariant:** an invocation is flushed whether it succeeds, fails, panics, or is none that the
//! handler can read.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower::{Layer, Service};
use tracing::field::Empty;
use tracing::{Instrument, Span, info_span};

use crate::trace_parent::{TraceParent, xray_root};

/// The data of an invocation beside its event.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// The id that Lambda gave the invocation.
    pub request_id: String,
    /// X-Ray's header.
    pub xray_header: Option<String>,
}

/// The layer around a Lambda runtime's service: a span for each invocation, and a flush after it.
///
/// It takes a function that finds the ids, so that this crate needs no Lambda.
#[derive(Clone, Debug)]
pub struct Invocations<S, F> {
    inner: S,
    call_of: F,
}

impl<F> Invocations<(), F> {
    /// Returns a layer that finds an invocation's ids so.
    pub fn new(call_of: F) -> Self {
        Self { inner: (), call_of }
    }
}

impl<S, F: Clone> Layer<S> for Invocations<(), F> {
    type Service = Invocations<S, F>;

    fn layer(&self, inner: S) -> Self::Service {
        Invocations { inner, call_of: self.call_of.clone() }
    }
}

impl<S, F, Request> Service<Request> for Invocations<S, F>
where
    S: Service<Request>,
    S::Future: 'static,
    F: Fn(&Request) -> Call,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let span = (self.call_of)(&request).span();
        let answered = span.in_scope(|| self.inner.call(request)).instrument(span);
        Box::pin(async move {
            let answer = answered.await;
            crate::flush().await;
            answer
        })
    }
}

impl Call {
    fn span(&self) -> Span {
        let header = self.xray_header.as_deref();
        let span = info_span!(
            "invocation",
            otel.name = Empty,
            lambda_request_id = self.request_id,
            xray_trace_id = header.and_then(xray_root),
        );
        crate::set_attributes(&span, &[("otel.name", crate::service())]);
        crate::set_parent(&span, header.and_then(TraceParent::from_xray));
        span
    }
}
