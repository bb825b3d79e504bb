//! Paths behind an HTTP API of API Gateway, which decodes a path twice before a function gets it as
//! `rawPath`.
//!
//! | a client sends | the function gets | and reads |
//! |---|---|---|
//! | `a%20b`, `a%23b` | `a b`, `a#b` | the value `a b`, `a#b` |
//! | `a%25252Fb` | `a%2Fb` | the value `a/b` |
//! | `a%2Fb` | `a/b` | two parts |
//! | `a%3Fb` | `a` | the value `a`: what is behind a `?` is lost |
//! | `a%25b` | nothing: the API answers 400 | |
//!
//! So `%`, `/` and `?` must be escaped thrice, and the paths that answers name are. `lambda_http`
//! makes a URL of a path as it is, in which `#` and `?` would end it, and a tab or a line break
//! would vanish: what a URL cannot hold is escaped again before. A function URL hands over a path
//! as it came, and nothing of this happens to it.
//!
//! That paths are decoded was observed and is not documented; `docs/deploying.md` says more.
//!
//! **Invariant:** a path that reaches a function names what it says and nothing shorter.

use std::convert::Infallible;

use axum::Router;
use axum::http::header::LOCATION;
use axum::http::{Extensions, HeaderValue};
use lambda_http::aws_lambda_events::apigw::{
    ApiGatewayV2httpRequest, ApiGatewayV2httpRequestContext,
};
use lambda_http::lambda_runtime::{LambdaInvocation, Runtime};
use lambda_http::request::{LambdaRequest, RequestContext};
use lambda_http::tower::ServiceExt;
use lambda_http::{Adapter, Context, Error, LambdaEvent, Service, service_fn};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use weir_telemetry::{Call, Invocations};

/// The characters that a path of a URL must escape. A `%` is not among them: it begins an escape,
/// or the path is refused.
const NOT_IN_PATHS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Serves an application as a Lambda function behind an HTTP API or a function URL.
pub(crate) async fn run(app: Router) -> Result<(), Error> {
    let answer = service_fn(move |request: lambda_http::Request| {
        let (app, decodes) = (app.clone(), is_decoded(&request));
        async move {
            let mut response = app.oneshot(request).await?;
            let location = response.headers().get(LOCATION).filter(|_| decodes);
            if let Some(location) = location.and_then(escaped_thrice) {
                response.headers_mut().insert(LOCATION, location);
            }
            Ok::<_, Infallible>(response)
        }
    });
    let mut adapter = Adapter::from(answer);
    let handler = service_fn(move |mut event: LambdaEvent<LambdaRequest>| {
        if let LambdaRequest::ApiGatewayV2(request) = &mut event.payload {
            escape(request);
        }
        adapter.call(event)
    });
    weir_telemetry::ready();
    Runtime::new(handler).layer(Invocations::new(call)).run().await
}

fn call(invocation: &LambdaInvocation) -> Call {
    let Context { request_id, xray_trace_id, .. } = &invocation.context;
    Call { request_id: request_id.clone(), xray_header: xray_trace_id.clone() }
}

/// Returns what API Gateway or a function URL says of a request; `None` on a plain server.
pub(crate) fn context(extensions: &Extensions) -> Option<&ApiGatewayV2httpRequestContext> {
    match extensions.get::<RequestContext>()? {
        RequestContext::ApiGatewayV2(context) => Some(context),
        _ => None,
    }
}

/// Escapes what of a path is none.
fn escape(request: &mut ApiGatewayV2httpRequest) {
    let path = request.raw_path.as_deref().unwrap_or_default();
    request.raw_path = Some(utf8_percent_encode(path, NOT_IN_PATHS).to_string());
}

/// Returns whether the path of this request was decoded on its way here: not by a function URL.
fn is_decoded(request: &lambda_http::Request) -> bool {
    let Some(context) = context(request.extensions()) else { return false };
    let domain = context.domain_name.as_deref();
    !domain.is_some_and(|domain| domain.contains(".lambda-url."))
}

/// Returns the path with those escapes that two decodings would take apart escaped twice more;
/// nothing where there are none.
fn escaped_thrice(path: &HeaderValue) -> Option<HeaderValue> {
    let path = path.to_str().ok()?;
    let mut parts = path.split('%');
    let mut again = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_taken_apart = ["25", "2F", "3F"].iter().any(|escape| part.starts_with(escape));
        again.push_str(if is_taken_apart { "%2525" } else { "%" });
        again.push_str(part);
    }
    HeaderValue::try_from(again).ok().filter(|again| again != path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_url_cannot_hold_is_escaped_and_escapes_are_left() {
        let cases = [
            ("/thing/a b", "/thing/a%20b"),
            ("/thing/a#b?c", "/thing/a%23b%3Fc"),
            ("/thing/a%2Fb/ü\t\\", "/thing/a%2Fb/%C3%BC%09%5C"),
            ("/thing/2001-01-01T00:00:00Z/a+b@c;d=e&f", "/thing/2001-01-01T00:00:00Z/a+b@c;d=e&f"),
            ("/thing/100%", "/thing/100%"),
        ];
        for (path, expected) in cases {
            let mut request = ApiGatewayV2httpRequest::default();
            request.raw_path = Some(path.to_owned());
            escape(&mut request);
            assert_eq!(request.raw_path.as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_location_survives_two_decodings() {
        let escaped = |path| escaped_thrice(&HeaderValue::from_static(path));
        let expected = HeaderValue::from_static("/thing/a%25252Fb%25253F%252525%20%25252541%23");
        assert_eq!(escaped("/thing/a%2Fb%3F%25%20%2541%23"), Some(expected));
        assert_eq!(escaped("/thing/a%20b%C3%BC"), None);
    }
}
