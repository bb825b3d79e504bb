//! A writer and a reader whose DynamoDB does not exist: each answer here is given before DynamoDB
//! is asked.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use tower::ServiceExt;
use weir_model::Model;
use weir_table::{Connection, Rollups, Table};
use weir_testing::fixture::fixture;

/// The answer to a request.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

/// The writer and the reader of the definition.
pub(crate) struct App {
    router: Router,
}

impl App {
    pub(crate) async fn new() -> Self {
        Self::with_definition(&fixture("limits")).await
    }

    /// The writer and the reader of another definition.
    pub(crate) async fn with_definition(definition: &str) -> Self {
        let model: Arc<Model> = Arc::new(definition.parse().expect("a definition"));
        let connection = Connection::to("http://127.0.0.1:1").await;
        let table = Table::new(&connection, Arc::clone(&model));
        let rollups = Rollups::new(&connection, &model.table);
        let router = weir_writer::app(table.clone()).merge(weir_reader::app(
            table,
            rollups,
            weir_reader::Settings::default(),
        ));
        Self { router: weir_http::finish(router, &weir_http::routes::all(&model)) }
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: impl Into<Body>) -> Reply {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let request = request.body(body.into()).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        Reply { status, text: String::from_utf8(body.into()).expect("text") }
    }
}

/// A text as a part of a URL.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// An object of so many members, whose names begin so.
pub(crate) fn members(count: usize, name: &str, value: &Value) -> Map<String, Value> {
    (0..count).map(|number| (format!("{name}{number}"), value.clone())).collect()
}
