//! A way to a DynamoDB in which a transaction of somebody else's holds an item: each write to it is a conflict.
//!
//! The conflict is answered below the SDK, where DynamoDB would answer it; everything else goes on to DynamoDB.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use table::Connection;

const ANSWER: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionConflictException","message":"held"}"#;

/// A transaction that holds the items of a partition until it is ended.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// What the requests that conflict say.
    key: String,
    /// The operation that conflicts.
    operation: &'static str,
    is_open: Arc<AtomicBool>,
    refused: Arc<AtomicUsize>,
}

impl Transaction {
    /// Holds the items with this partition key.
    pub fn on(partition: &str) -> Self {
        let key = format!("{{\"S\":\"{partition}\"}}");
        Self {
            key,
            operation: ".UpdateItem",
            is_open: Arc::new(AtomicBool::new(true)),
            refused: Arc::default(),
        }
    }

    /// Holds them against other transactions.
    #[must_use]
    pub fn against_transactions(self) -> Self {
        Self { operation: ".TransactWriteItems", ..self }
    }

    /// The connection, through which no such write of such an item comes while this is open.
    pub fn before(&self, connection: Connection) -> Connection {
        let inner = connection.sdk_config().http_client().expect("a connection has one");
        connection.with_http_client(Holding { inner, transaction: self.clone() })
    }

    /// Lets go.
    pub fn end(self) {
        self.is_open.store(false, Ordering::SeqCst);
    }

    /// How many writes have conflicted.
    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }

    fn conflicts_with(&self, request: &HttpRequest) -> bool {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let body = request.body().bytes().unwrap_or_default();
        let is_of_key = std::str::from_utf8(body).is_ok_and(|body| body.contains(&self.key));
        self.is_open.load(Ordering::SeqCst) && target.ends_with(self.operation) && is_of_key
    }
}

#[derive(Clone, Debug)]
struct Holding {
    inner: SharedHttpClient,
    transaction: Transaction,
}

#[derive(Debug)]
struct HoldingConnector {
    inner: SharedHttpConnector,
    transaction: Transaction,
}

impl HttpClient for Holding {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(HoldingConnector { inner, transaction: self.transaction.clone() })
    }
}

impl HttpConnector for HoldingConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if !self.transaction.conflicts_with(&request) {
            return self.inner.call(request);
        }
        self.transaction.refused.fetch_add(1, Ordering::SeqCst);
        let status = 400.try_into().expect("a status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, ANSWER.into())))
    }
}
