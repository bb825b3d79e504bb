//! The body of a request: JSON of a known shape and a bounded size, or a problem.
//!
//! | extractor | shape | limit |
//! |---|---|---|
//! | [`NoBody`] | none, `null` or `{}` | 64 bytes |
//! | [`JsonObject`] | an object | 400 KB, which is also DynamoDB's limit on an item |
//! | [`JsonRows`] | an array of at most 500 values | 4 MB, below the 6 MB that Lambda takes |
//!
//! **Invariant:** no more of a body is read than its limit; what is read of it is taken whole (see
//! [`weir_model::json`]).

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};
use weir_model::shorten::quoted;
use weir_model::value::shown;
use weir_model::{json, limits};

use crate::form::JSON;
use crate::problem::{Kind, Problem};
use crate::serve::timeout_in;

/// The largest body of one item, in bytes.
pub const MAX_ITEM_BYTES: usize = limits::MAX_ITEM_BYTES;
/// The largest body of a batch, in bytes.
pub const MAX_BATCH_BYTES: usize = 4 * 1024 * 1024;
/// The most rows of a batch.
pub const MAX_BATCH_ROWS: usize = 500;

/// The bodies that say nothing: some clients send one of them with every request.
const EMPTY: [&[u8]; 3] = [b"", b"null", b"{}"];
/// The longest of them with white space around it, in bytes.
const MAX_EMPTY_BYTES: usize = 64;

/// No body, or one that says nothing. Another one is rejected: a condition in it would be ignored.
#[derive(Clone, Copy, Debug)]
pub struct NoBody;

/// A body that is one JSON object.
#[derive(Clone, Debug)]
pub struct JsonObject(pub Map<String, Value>);

/// A body that is a JSON array; what each row is, is for the handler to say.
#[derive(Clone, Debug)]
pub struct JsonRows(pub Vec<Value>);

impl<S: Send + Sync> FromRequest<S> for NoBody {
    type Rejection = Problem;

    async fn from_request(mut request: Request, _state: &S) -> Result<Self, Problem> {
        let method = request.method().clone();
        DefaultBodyLimit::max(MAX_EMPTY_BYTES).apply(&mut request);
        let body = Bytes::from_request(request, &()).await;
        if body.is_ok_and(|body| EMPTY.contains(&body.trim_ascii())) {
            return Ok(Self);
        }
        let detail = format!("{method} has a body, expected none; `where` is a parameter");
        Err(Problem::new(Kind::Validation, detail))
    }
}

impl<S: Send + Sync> FromRequest<S> for JsonObject {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        match read(request, MAX_ITEM_BYTES, limits::MAX_JSON_VALUES).await? {
            Value::Object(object) => Ok(Self(object)),
            other => Err(other_shape("an object", &other)),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for JsonRows {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        match read(request, MAX_BATCH_BYTES, limits::MAX_BATCH_JSON_VALUES).await? {
            Value::Array(rows) if rows.len() > MAX_BATCH_ROWS => {
                let detail =
                    format!("the body has {} rows, expected at most {MAX_BATCH_ROWS}", rows.len());
                Err(Problem::new(Kind::PayloadTooLarge, detail))
            }
            Value::Array(rows) => Ok(Self(rows)),
            other => Err(other_shape("an array of objects", &other)),
        }
    }
}

async fn read(
    mut request: Request,
    limit_bytes: usize,
    limit_values: usize,
) -> Result<Value, Problem> {
    check_type(request.headers())?;
    check_length(request.headers(), limit_bytes)?;
    DefaultBodyLimit::max(limit_bytes).apply(&mut request);
    let body = Bytes::from_request(request, &()).await.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return too_large(limit_bytes);
        }
        if let Some(limit) = timeout_in(&rejection) {
            let seconds = limit.as_secs_f64();
            let detail = format!("the body is not whole, expected all of it within {seconds} s");
            return Problem::new(Kind::RequestTimeout, detail);
        }
        Problem::new(Kind::BadJson, "the body ends before it is whole")
    })?;
    json::parse_within(&body, limit_values)
        .map_err(|error| Problem::new(Kind::BadJson, format!("the body is not JSON: {error}")))
}

/// Rejects every content type but plain JSON in UTF-8. `application/vnd.dynamodb+json` and
/// `application/merge-patch+json` are JSON too, but their members mean something else: read as
/// plain JSON, they would be stored as attributes. A body without a content type is rejected
/// because a page of any site can send one: only with `application/json` does a browser ask first
/// (CORS preflight).
fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let unsupported = |found: String| {
        let detail = format!("{found}, expected application/json in UTF-8");
        Err(Problem::new(Kind::UnsupportedMediaType, detail))
    };
    if !headers.contains_key(CONTENT_TYPE) {
        return unsupported("the body has no content type".to_owned());
    }
    for value in headers.get_all(CONTENT_TYPE) {
        let given = String::from_utf8_lossy(value.as_bytes());
        if !is_plain_json(&given) {
            return unsupported(format!("the content type is {}", quoted(&given)));
        }
    }
    Ok(())
}

fn is_plain_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(|part| part.trim().to_ascii_lowercase());
    let essence = parts.next();
    essence.as_deref() == Some(JSON)
        && parts.all(|parameter| match parameter.split_once('=') {
            Some(("charset", charset)) => matches!(charset.trim_matches('"'), "utf-8" | "utf8"),
            _ => true,
        })
}

/// Refuses a body that says it is too large before any of it is read.
fn check_length(headers: &HeaderMap, limit_bytes: usize) -> Result<(), Problem> {
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    match length.and_then(|text| text.parse::<usize>().ok()) {
        Some(bytes) if bytes > limit_bytes => Err(too_large(limit_bytes)),
        _ => Ok(()),
    }
}

fn too_large(limit_bytes: usize) -> Problem {
    let detail = format!("expected a body of at most {limit_bytes} bytes");
    Problem::new(Kind::PayloadTooLarge, detail)
}

fn other_shape(expected: &str, found: &Value) -> Problem {
    let detail = format!("the body is {}, expected {expected}", shown(found));
    Problem::new(Kind::BadJson, detail)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    const JSON_TYPE: Option<&str> = Some(JSON);

    async fn object(content_type: Option<&str>, body: &str) -> Result<Map<String, Value>, Problem> {
        let mut request = Request::builder();
        if let Some(content_type) = content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        let request = request.body(Body::from(body.to_owned())).expect("a request");
        JsonObject::from_request(request, &()).await.map(|JsonObject(object)| object)
    }

    #[tokio::test]
    async fn a_body_is_read_as_plain_json_with_its_content_type() {
        let types = [
            "application/json",
            "APPLICATION/JSON; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
            "application/json ; profile=x",
        ];
        for content_type in types {
            assert!(object(Some(content_type), r#"{"a":1}"#).await.is_ok(), "{content_type}");
        }
    }

    #[tokio::test]
    async fn a_body_without_a_content_type_is_rejected() {
        for body in [r#"{"a":1}"#, ""] {
            let problem = object(None, body).await.expect_err("no content type");
            assert_eq!(problem.kind(), Kind::UnsupportedMediaType);
            let expected = "the body has no content type, expected application/json in UTF-8";
            assert_eq!(problem.detail(), expected);
        }
    }

    #[tokio::test]
    async fn every_other_content_type_is_rejected_by_name() {
        let types = [
            "application/vnd.dynamodb+json",
            "Application/Vnd.DynamoDB+JSON; charset=utf-8",
            "application/x-amz-json-1.0",
            "application/merge-patch+json",
            "application/json-patch+json",
            "application/ld+json",
            "application/x-ndjson",
            "application/json; charset=utf-16",
            "application/json, text/plain",
            "application/x-www-form-urlencoded",
            "text/json",
            "text/plain",
            "json",
            "",
        ];
        for content_type in types {
            let problem = object(Some(content_type), r#"{"a":1}"#).await.expect_err(content_type);
            assert_eq!(problem.kind(), Kind::UnsupportedMediaType, "{content_type}");
            let named = format!("the content type is `{content_type}`, expected application/json");
            assert!(problem.detail().starts_with(&named), "{}", problem.detail());
        }
    }

    #[tokio::test]
    async fn of_two_content_types_both_must_be_plain_json() {
        let request = Request::builder()
            .header(CONTENT_TYPE, "application/json")
            .header(CONTENT_TYPE, "application/vnd.dynamodb+json")
            .body(Body::from("{}"))
            .expect("a request");
        let problem = JsonObject::from_request(request, &()).await.expect_err("two types");
        assert_eq!(problem.kind(), Kind::UnsupportedMediaType);
    }

    #[tokio::test]
    async fn a_body_that_cannot_be_read_says_why() {
        let cases = [
            (Some("text/plain"), "{}", Kind::UnsupportedMediaType, "`text/plain`"),
            (JSON_TYPE, "{\"a\":1,\n]", Kind::BadJson, "line 2 column 1"),
            (JSON_TYPE, "", Kind::BadJson, "line 1 column 0"),
            (JSON_TYPE, r#"{"a":1,"a":2}"#, Kind::BadJson, "the name `a` occurs twice"),
            (JSON_TYPE, "[1]", Kind::BadJson, "the body is [1], expected an object"),
        ];
        for (content_type, body, kind, detail) in cases {
            let problem = object(content_type, body).await.expect_err(body);
            assert_eq!(problem.kind(), kind, "{body}");
            assert!(problem.detail().contains(detail), "{}", problem.detail());
        }
    }

    #[tokio::test]
    async fn a_body_at_the_limit_is_read_and_one_byte_more_is_not() {
        let body = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
        assert!(object(JSON_TYPE, &body(MAX_ITEM_BYTES)).await.is_ok());
        let problem = object(JSON_TYPE, &body(MAX_ITEM_BYTES + 1)).await.expect_err("too large");
        assert_eq!(problem.kind(), Kind::PayloadTooLarge);
    }

    #[tokio::test]
    async fn numbers_keep_every_digit() {
        let digits = "12345678901234567890.123456789012345678";
        let object = object(JSON_TYPE, &format!("{{\"n\":{digits}}}")).await.expect("an object");
        assert_eq!(object["n"].to_string(), digits);
    }
}
