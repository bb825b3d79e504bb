//! `Weir-Token`: the token of what a request wrote, with which a rollup question waits until it is
//! counted.
//!
//! **Invariant:** only an answer that says that something was written has one, and its time is one
//! of DynamoDB's.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use weir_table::Table;

/// The header.
const TOKEN: HeaderName = HeaderName::from_static(weir_http::WRITE_TOKEN);

/// Adds the token to the answer of a write that succeeded, if DynamoDB dated its answers.
pub(crate) async fn added(State(table): State<Table>, request: Request, next: Next) -> Response {
    let (mut response, token) = table.with_token(next.run(request)).await;
    if let Some(token) = token.filter(|_| response.status().is_success()) {
        let token = HeaderValue::from_str(&token.to_string()).expect("base64url is ASCII");
        response.headers_mut().insert(TOKEN, token);
    }
    response
}
