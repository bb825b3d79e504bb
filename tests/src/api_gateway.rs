//! The HTTP API of a deployment in front of its functions: a server that turns requests into events
//! and answers back.
//!
//! ```text
//! request ─► route, or 404 ─► event (payload format 2.0) ─► function ─► its answer, or 500, or 503
//! ```
//!
//! | the API itself says | when |
//! |---|---|
//! | 400 | a path is not percent-encoded UTF-8, once decoded and again |
//! | 404 | no route takes the method, as HEAD and OPTIONS, or the path is `/` |
//! | 413 | the body has more than 10 MB, or its event more than 6 |
//! | 500 | the function failed, or its answer is none |
//! | 503 | the function was too late |
//!
//! **Invariant:** its routes are those of the template; who asks is taken for authorised.

mod answer;
mod event;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::net::TcpListener;
use weir_model::Model;

use self::event::{ApiRequest, raw_path};
use crate::functions::Function;
use crate::http::Client;

/// The path of every route.
const ANY_PATH: &str = "/{proxy+}";
/// The most bytes of a request's body.
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// Its routes: a method, and the function that takes it with every path.
type Routes = Vec<(Method, Arc<Function>)>;

/// Serves the API of a model's functions for as long as the runtime lives.
pub async fn serve(model: &Model, writer: Arc<Function>, reader: Arc<Function>) -> Client {
    let reads = weir_http::routes::reads(model);
    let reads = reads.iter().map(|route| (route.operation.method(), reader.clone()));
    let writes = weir_http::routes::writes(model);
    let writes = writes.iter().map(|route| (route.operation.method(), writer.clone()));
    // The first wins: what both have, such as `/health`, the reader answers.
    let routes: Arc<Routes> = Arc::new(reads.chain(writes).collect());
    let app = Router::new().fallback(handle).with_state(routes);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(weir_http::serve_on(listener, app, std::future::pending()));
    Client::new(&url)
}

/// Returns the event of `GET /health`.
pub fn health() -> Vec<u8> {
    let (parts, ()) = Request::get("/health").body(()).expect("a request").into_parts();
    let asked =
        ApiRequest { parts: &parts, raw_path: "/health", route_key: "GET /{proxy+}", body: &[] };
    asked.event().to_string().into_bytes()
}

async fn handle(State(routes): State<Arc<Routes>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let Some(raw_path) = raw_path(parts.uri.path()) else {
        return said(StatusCode::BAD_REQUEST, "Bad Request");
    };
    let route = routes.iter().find(|(method, _)| *method == parts.method);
    let Some((method, function)) = route.filter(|_| raw_path != "/") else {
        return said(StatusCode::NOT_FOUND, "Not Found");
    };
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return said(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
    };
    let route_key = format!("{method} {ANY_PATH}");
    let asked =
        ApiRequest { parts: &parts, raw_path: &raw_path, route_key: &route_key, body: &body };
    let invoked = function.invoke(asked.event().to_string().into_bytes()).await;
    match invoked {
        Ok(payload) => answer::response(&payload)
            .unwrap_or_else(|| said(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")),
        Err(error) if error.is_of_request_size() => {
            said(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")
        }
        Err(error) if error.is_timeout() => {
            said(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
        }
        Err(_) => said(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
    }
}

/// Returns an answer of the API's own.
fn said(status: StatusCode, message: &str) -> Response {
    (status, axum::Json(json!({ "message": message }))).into_response()
}
