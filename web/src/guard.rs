//! The layers around the routes of every application: they reject requests that are not meant for
//! it, and keep browsers and caches from misusing its answers.
//!
//! | header of an answer | value | reason |
//! |---|---|---|
//! | `X-Content-Type-Options` | `nosniff` | a browser must not run stored text |
//! | `Cache-Control` | `no-store` | items and numbers are private, and stale at once |
//! | | `private, no-cache`, if the answer has an `ETag` | a browser may revalidate it |
//!
//! There are no CORS headers, so no page of another origin reads an answer. API Gateway adds them
//! where they are configured.
//!
//! **Invariant:** every answer has both headers, problems included. A handler that sets one itself
//! keeps its value.

use axum::Router;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, ETAG, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};

use crate::hosts::HostRules;

const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const REVALIDATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// Adds the check of host and origin, and the headers, to an application that
/// [`finish`](crate::finish()) does not make.
pub fn guard(router: Router) -> Router {
    router.layer(from_fn(checked)).layer(from_fn(headed))
}

/// Rejects a request that names another host, unless it asks for `/health`, or comes from a page of
/// another site.
pub(crate) async fn checked(request: Request, next: Next) -> Response {
    let rules = request.extensions().get::<HostRules>().cloned();
    let (head, body) = request.into_parts();
    match rules.map_or(Ok(()), |rules| rules.check(&head)) {
        Ok(()) => next.run(Request::from_parts(head, body)).await,
        Err(problem) => problem.into_response(),
    }
}

/// Adds the headers to an answer.
pub(crate) async fn headed(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    add_headers(response.headers_mut());
    response
}

fn add_headers(headers: &mut HeaderMap) {
    let caching = if headers.contains_key(ETAG) { REVALIDATE } else { NO_STORE };
    headers.entry(X_CONTENT_TYPE_OPTIONS).or_insert(NOSNIFF);
    headers.entry(CACHE_CONTROL).or_insert(caching);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_with_a_version_can_be_kept_by_its_browser_and_no_other_can() {
        let mut headers = HeaderMap::new();
        add_headers(&mut headers);
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[CACHE_CONTROL], "no-store");
        let mut headers = HeaderMap::from_iter([(ETAG, HeaderValue::from_static("\"7\""))]);
        add_headers(&mut headers);
        assert_eq!(headers[CACHE_CONTROL], "private, no-cache");
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
        add_headers(&mut headers);
        assert_eq!(headers[CACHE_CONTROL], "public, max-age=60");
    }
}
