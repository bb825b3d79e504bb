//! A stop on the way to a DynamoDB, below the SDK: requests are seen there, and answered there,
//! held up, or let through.

use std::fmt;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use futures::future::BoxFuture;
use weir_table::Connection;

/// The fate of a request.
pub(crate) enum Fate {
    /// It continues to DynamoDB.
    Pass,
    /// It is answered with this body and status 400 instead.
    Refuse(&'static str),
    /// It continues to DynamoDB after that.
    After(BoxFuture<'static, ()>),
    /// It continues to DynamoDB, and this function sees the response.
    Observe(Box<dyn FnOnce(&HttpResponse) + Send>),
}

type Decide = Arc<dyn Fn(&HttpRequest) -> Fate + Send + Sync>;

/// Returns the connection, with this function deciding on each request.
pub(crate) fn intercepted(
    connection: Connection,
    decide: impl Fn(&HttpRequest) -> Fate + Send + Sync + 'static,
) -> Connection {
    let inner = connection.sdk_config().http_client().expect("a connection has one");
    connection.with_http_client(Stop { inner, decide: Arc::new(decide) })
}

/// Before a client, or before one of its connectors.
#[derive(Clone)]
struct Stop<C> {
    inner: C,
    decide: Decide,
}

impl<C> fmt::Debug for Stop<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Stop")
    }
}

impl HttpClient for Stop<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Stop { inner, decide: Arc::clone(&self.decide) })
    }
}

impl HttpConnector for Stop<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match (self.decide)(&request) {
            Fate::Pass => self.inner.call(request),
            Fate::Refuse(body) => {
                let status = 400.try_into().expect("a status");
                HttpConnectorFuture::ready(Ok(HttpResponse::new(status, body.into())))
            }
            Fate::After(wait) => {
                let inner = self.inner.clone();
                HttpConnectorFuture::new(async move {
                    wait.await;
                    inner.call(request).await
                })
            }
            Fate::Observe(observe) => {
                let response = self.inner.call(request);
                HttpConnectorFuture::new(async move {
                    let response = response.await?;
                    observe(&response);
                    Ok(response)
                })
            }
        }
    }
}

/// Returns whether a request is this operation, such as `UpdateItem`, and its body holds this text.
pub(crate) fn is(request: &HttpRequest, operation: &str, text: &str) -> bool {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    let body = request.body().bytes().unwrap_or_default();
    let names = target.strip_suffix(operation).is_some_and(|rest| rest.ends_with('.'));
    names && std::str::from_utf8(body).is_ok_and(|body| body.contains(text))
}
