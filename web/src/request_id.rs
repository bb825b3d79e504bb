//! The id of a request, by which its caller and the log speak of the same one.
//!
//! | host | id |
//! |---|---|
//! | Lambda | `requestContext.requestId` of API Gateway, as in its access log; else Lambda's |
//! | a plain server | the header `x-request-id` of up to 128 visible characters, else a new one |
//!
//! **Invariant:** an answer has it in `x-request-id`, and a problem that is logged has it in
//! `request_id`.

use axum::extract::Request;
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue};
use lambda_http::Context;
use uuid::Uuid;

use crate::gateway;

/// The header, of requests and of answers.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id that is taken from a caller, in bytes.
const MAX_BYTES: usize = 128;

tokio::task_local! {
    static CURRENT: String;
}

/// Returns the id of a request.
pub(crate) fn from_request(request: &Request) -> String {
    let extensions = request.extensions();
    let given = match extensions.get::<Context>() {
        Some(context) => of_gateway(extensions).or_else(|| Some(context.request_id.clone())),
        None => of_caller(request.headers()),
    };
    given.filter(|id| is_sane(id)).unwrap_or_else(|| Uuid::new_v4().to_string())
}

/// Returns the id of the request that is being answered.
pub(crate) fn current() -> Option<String> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Answers a request of this id.
pub(crate) async fn scope<F: Future>(id: String, answering: F) -> F::Output {
    CURRENT.scope(id, answering).await
}

/// Returns the id as the value of a header.
pub(crate) fn header_value(id: &str) -> HeaderValue {
    HeaderValue::from_str(id).expect("an id is visible ASCII")
}

fn of_gateway(extensions: &Extensions) -> Option<String> {
    gateway::context(extensions)?.request_id.clone()
}

fn of_caller(headers: &HeaderMap) -> Option<String> {
    headers.get(HEADER)?.to_str().ok().map(str::to_owned)
}

fn is_sane(id: &str) -> bool {
    (1..=MAX_BYTES).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn of_header(value: &[u8]) -> String {
        let value = HeaderValue::from_bytes(value).expect("a header");
        from_request(
            &Request::builder().header(HEADER, value).body(Body::empty()).expect("a request"),
        )
    }

    #[test]
    fn a_sane_id_is_kept_and_any_other_is_replaced() {
        assert_eq!(of_header(b"a-1/{}"), "a-1/{}");
        let longest = "x".repeat(MAX_BYTES);
        assert_eq!(of_header(longest.as_bytes()), longest);
        for strange in ["", "a b", "a\tb", "ü", &format!("{longest}x")] {
            let id = of_header(strange.as_bytes());
            assert!(Uuid::parse_str(&id).is_ok(), "{strange}: {id}");
        }
        let absent = Request::new(Body::empty());
        assert_ne!(from_request(&absent), from_request(&absent));
    }

    #[test]
    fn on_lambda_no_caller_chooses_the_id() {
        let mut request =
            Request::builder().header(HEADER, "forged").body(Body::empty()).expect("a request");
        let mut context = Context::default();
        context.request_id = "8f507cfc".to_owned();
        request.extensions_mut().insert(context);
        assert_eq!(from_request(&request), "8f507cfc");
    }
}
