//! A stop on the way to a DynamoDB, below the SDK: requests are seen there, and answered there or let through.

use std::fmt;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use table::Connection;

/// The body of an answer of status 400 that is given instead of DynamoDB's; `None` lets the request through.
type Intercept = Arc<dyn Fn(&HttpRequest) -> Option<&'static str> + Send + Sync>;

/// The connection, each request through which is shown to this function first.
pub(crate) fn intercepted(
    connection: Connection,
    intercept: impl Fn(&HttpRequest) -> Option<&'static str> + Send + Sync + 'static,
) -> Connection {
    let inner = connection.sdk_config().http_client().expect("a connection has one");
    connection.with_http_client(Stop { inner, intercept: Arc::new(intercept) })
}

/// Before a client, or before one of its connectors.
#[derive(Clone)]
struct Stop<C> {
    inner: C,
    intercept: Intercept,
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
        SharedHttpConnector::new(Stop { inner, intercept: Arc::clone(&self.intercept) })
    }
}

impl HttpConnector for Stop<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Some(body) = (self.intercept)(&request) else { return self.inner.call(request) };
        let status = 400.try_into().expect("a status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, body.into())))
    }
}
