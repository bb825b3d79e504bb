//! A function's answer as the response that an HTTP API makes of it.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// The response of a function. An API takes one without a status for a body; here it is a mistake.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProxyResponse {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    cookies: Vec<String>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// Returns the response; nothing when the answer is none.
pub(super) fn response(payload: &[u8]) -> Option<Response> {
    let answer: ProxyResponse = serde_json::from_slice(payload).ok()?;
    let mut response = Response::builder().status(answer.status_code);
    if !answer.headers.contains_key(CONTENT_TYPE.as_str()) {
        response = response.header(CONTENT_TYPE, "text/plain; charset=utf-8");
    }
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    for cookie in &answer.cookies {
        response = response.header(SET_COOKIE, cookie);
    }
    let body = answer.body.unwrap_or_default();
    let body = match answer.is_base64_encoded {
        true => STANDARD.decode(body).ok()?,
        false => body.into_bytes(),
    };
    response.body(Body::from(body)).ok()
}
