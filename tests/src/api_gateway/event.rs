//! A request as the event that an HTTP API makes of it: payload format 2.0 of Lambda proxy
//! integrations.
//!
//! | of the request | in the event |
//! |---|---|
//! | path | `rawPath`, decoded **twice**; what follows a `?` that the first decoding brings out is cut off |
//! | query | `rawQueryString` as it came; `queryStringParameters` decoded, repeated ones joined by commas |
//! | headers | lower-cased, repeated ones joined by commas; cookies apart |
//! | body | text for types that are text, base64 for others |
//!
//! That a path is decoded is in no documentation of AWS. It was observed behind real APIs in July
//! 2026, path by path, by the maintainers of `hotsock/voker` (`examples/aws-ingress-probe`):
//! `a%3Fb` arrives as `a`, `a%25b` is refused, `a%252Fb` arrives as `a/b`. REST APIs and function
//! URLs hand over the path as it came.

use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, COOKIE, USER_AGENT};
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

/// The types whose bodies come as text; any other comes in base64.
const TEXT: [&str; 5] =
    ["text/", "application/json", "application/javascript", "application/xml", "application/yaml"];

/// A request that a route was found for.
pub(super) struct ApiRequest<'a> {
    pub(super) parts: &'a Parts,
    pub(super) raw_path: &'a str,
    pub(super) route_key: &'a str,
    pub(super) body: &'a [u8],
}

impl ApiRequest<'_> {
    pub(super) fn event(&self) -> Value {
        let Self { parts, raw_path, route_key, body } = self;
        let (headers, cookies) = headers(&parts.headers);
        let query = parts.uri.query().unwrap_or_default();
        let mut event = json!({
            "version": "2.0",
            "routeKey": route_key,
            "rawPath": raw_path,
            "rawQueryString": query,
            "headers": headers,
            "requestContext": self.context(),
            "pathParameters": { "proxy": raw_path.trim_start_matches('/') },
            "isBase64Encoded": false,
        });
        if !cookies.is_empty() {
            event["cookies"] = json!(cookies);
        }
        if !query.is_empty() {
            event["queryStringParameters"] = Value::Object(parameters(query));
        }
        if !body.is_empty() {
            let text = std::str::from_utf8(body).ok().filter(|_| is_text(&parts.headers));
            event["isBase64Encoded"] = json!(text.is_none());
            event["body"] = text.map_or_else(|| json!(STANDARD.encode(body)), |text| json!(text));
        }
        event
    }

    fn context(&self) -> Value {
        let Self { parts, raw_path, route_key, .. } = self;
        let now = Timestamp::now();
        let agent = parts.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
        json!({
            "accountId": "123456789012",
            "apiId": "api-id",
            "authorizer": { "iam": {
                "accessKey": "AKIAIOSFODNN7EXAMPLE",
                "accountId": "123456789012",
                "callerId": "AIDACKCEVSQ6C2EXAMPLE",
                "cognitoIdentity": null,
                "principalOrgId": "aws:PrincipalOrgID",
                "userArn": "arn:aws:iam::123456789012:user/test",
                "userId": "AIDACKCEVSQ6C2EXAMPLE",
            } },
            "domainName": "api-id.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "api-id",
            "http": {
                "method": parts.method.as_str(),
                "path": raw_path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": agent.unwrap_or_default(),
            },
            "requestId": format!("{:016x}=", fastrand::u64(..)),
            "routeKey": route_key,
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now.as_millisecond(),
        })
    }
}

/// Returns the path as the API passes it on; `None` if the API rejects it.
pub(super) fn raw_path(path: &str) -> Option<String> {
    let once = decoded(path)?;
    decoded(once.split('?').next().unwrap_or_default())
}

/// Text without its escapes, unless one of them is invalid or the result is not UTF-8.
fn decoded(text: &str) -> Option<String> {
    let is_escape =
        |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    let is_whole = text.split('%').skip(1).all(is_escape);
    percent_decode_str(text).decode_utf8().ok().filter(|_| is_whole).map(Into::into)
}

/// Returns the headers but for cookies, and the cookies.
fn headers(headers: &HeaderMap) -> (Map<String, Value>, Vec<String>) {
    let texts = |name: &str| -> Vec<String> {
        let values = headers.get_all(name).iter();
        values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
    };
    let names = headers.keys().filter(|name| **name != COOKIE);
    let mut joined: Map<String, Value> =
        names.map(|name| (name.to_string(), json!(texts(name.as_str()).join(",")))).collect();
    let added = [
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-port", "443"),
        ("x-forwarded-proto", "https"),
        ("x-amzn-trace-id", "Root=1-5bdb40ca-556d8b0c50dc66f0511bf520"),
    ];
    joined.extend(added.map(|(name, value)| (name.to_owned(), json!(value))));
    let cookies = texts(COOKIE.as_str());
    let cookies = cookies.iter().flat_map(|line| line.split("; ")).map(str::to_owned).collect();
    (joined, cookies)
}

fn parameters(query: &str) -> Map<String, Value> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    let mut parameters = Map::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name), decode(value));
        let joined = match parameters.get(&name).and_then(Value::as_str) {
            Some(earlier) => format!("{earlier},{value}"),
            None => value,
        };
        parameters.insert(name, json!(joined));
    }
    parameters
}

fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or("text/plain").to_ascii_lowercase();
    !headers.contains_key(CONTENT_ENCODING) && TEXT.iter().any(|start| kind.starts_with(start))
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    /// From the API Gateway developer guide, "Create AWS Lambda proxy integrations for HTTP APIs".
    const DOCUMENTED: &str = include_str!("fixtures/payload_2_0.json");

    fn event(request: axum::http::request::Builder, body: &[u8]) -> Value {
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let raw_path = raw_path(parts.uri.path()).expect("a path");
        ApiRequest { parts: &parts, raw_path: &raw_path, route_key: "$default", body }.event()
    }

    #[test]
    fn the_documented_request_makes_the_documented_event() {
        let documented: Value = serde_json::from_str(DOCUMENTED).expect("JSON");
        let request =
            Request::post("/my/path?parameter1=value1&parameter1=value2&parameter2=value")
                .header("Header1", "value1")
                .header("Header2", "value1")
                .header("Header2", "value2")
                .header("Cookie", "cookie1; cookie2")
                .header("User-Agent", "agent")
                .header("Content-Type", "text/plain");
        let event = event(request, b"Hello from Lambda");
        for name in ["version", "rawPath", "rawQueryString", "cookies", "queryStringParameters"]
            .into_iter()
            .chain(["body", "isBase64Encoded", "routeKey"])
        {
            assert_eq!(event[name], documented[name], "{name}");
        }
        for name in ["header1", "header2"] {
            assert_eq!(event["headers"][name], documented["headers"][name]);
        }
        let names = |value: &Value| -> Vec<String> {
            value.as_object().expect("an object").keys().cloned().collect()
        };
        let context = "requestContext";
        assert_eq!(names(&event[context]), names(&documented[context]));
        assert_eq!(names(&event[context]["http"]), names(&documented[context]["http"]));
    }

    #[test]
    fn a_path_is_decoded_twice_and_cut_between() {
        let cases = [
            ("/x/plain+", Some("/x/plain+")),
            ("/x/a%20b", Some("/x/a b")),
            ("/x/%C3%BC", Some("/x/ü")),
            ("/x/a%2Fb", Some("/x/a/b")),
            ("/x/a%23b", Some("/x/a#b")),
            ("/x/a%3Fb", Some("/x/a")),
            ("/x/a%25b%20", None),
            ("/x/a%zz", None),
            ("/x/%FF", None),
            ("/x/a%252Fb", Some("/x/a/b")),
            ("/x/a%253Fb", Some("/x/a?b")),
            ("/x/a%2525b", Some("/x/a%b")),
            ("/x/a%25252Fb", Some("/x/a%2Fb")),
        ];
        for (path, expected) in cases {
            assert_eq!(raw_path(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn a_body_that_is_no_text_comes_in_base64() {
        for (kind, body, is_encoded) in [
            ("application/json; charset=utf-8", "{}".as_bytes(), false),
            ("application/x-www-form-urlencoded", b"a=b", true),
            ("application/json", b"\xff", true),
        ] {
            let event = event(Request::post("/x").header("Content-Type", kind), body);
            assert_eq!(event["isBase64Encoded"], json!(is_encoded), "{kind}");
            let text = event["body"].as_str().expect("a body");
            let bytes =
                if is_encoded { STANDARD.decode(text).expect("base64") } else { text.into() };
            assert_eq!(bytes, body);
        }
    }
}
