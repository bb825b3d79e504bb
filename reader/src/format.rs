//! The forms of the answer of a rollup: JSON, CSV for a spreadsheet, or NDJSON with one point a
//! line.
//!
//! ```text
//! ?format=csv  or  Accept: text/csv
//!
//!     country,start,end,orders,revenue,parked
//!     DE,2026-11-01T00:00:00Z,2026-12-01T00:00:00Z,3,12.5,
//!
//! ?format=ndjson  or  Accept: application/x-ndjson
//!
//!     {"dimensions":{"country":"DE"},"start":"2026-11-01T00:00:00Z",…}
//! ```
//!
//! The fields that JSON has beside its points are in headers, in every form: `Weir-Freshness`,
//! `Weir-Error-Bounds`, `Weir-Items-Read`, and the next page as `Link: <?…&cursor=…>; rel="next"`.
//! The link is relative, for a service does not know under which name and path it is reached.
//!
//! **Invariant:** numbers are written digit by digit as JSON has them, and all pages of an answer
//! have the same columns.

mod tabular;

use axum::Json;
use axum::http::header::{CONTENT_TYPE, LINK};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use percent_encoding::{
    AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode,
};
use serde::Serialize;
use serde_json::Value;
use weir_http::{Accept, Parameters};
use weir_model::shorten::quoted;
use weir_query::Columns;

/// The time of the newest change in the answer.
const FRESHNESS: HeaderName = HeaderName::from_static("weir-freshness");
/// Every change up to this instant is in the answer.
const COMPLETE_THROUGH: HeaderName = HeaderName::from_static("weir-complete-through");
/// Changes after this instant may be missing for good.
const INCOMPLETE_SINCE: HeaderName = HeaderName::from_static("weir-incomplete-since");
/// Whether the write of the question's token is in the answer; where there is a token.
const AFTER: HeaderName = HeaderName::from_static("weir-after");
/// The relative error of each measure of the answer that is an estimate, as a JSON object; where
/// there is one.
const ERROR_BOUNDS: HeaderName = HeaderName::from_static("weir-error-bounds");
/// The number of items that were read for the answer.
const ITEMS_READ: HeaderName = HeaderName::from_static("weir-items-read");

/// The characters that RFC 3986 does not allow in a query, and `'`, which URL parsers escape. `%`
/// is allowed: it begins an escape, or the request was rejected.
const NOT_IN_LINKS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'\'')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The form of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One JSON object.
    #[default]
    Json,
    /// Comma-separated values under a line of names, as RFC 4180 has them.
    Csv,
    /// One JSON object a line, for each point.
    Ndjson,
}

impl Format {
    /// Every format; the first is the default.
    pub const EVERY: [Self; 3] = [Self::Json, Self::Csv, Self::Ndjson];

    /// Returns the form that a request asks for: by the parameter `format`, or else by `Accept`.
    pub fn negotiate(parameters: &mut Parameters, accept: &Accept) -> Self {
        let Some(name) = parameters.text("format") else {
            return Self::EVERY[accept.preferred(&Self::EVERY.map(Self::media_type))];
        };
        Self::EVERY.into_iter().find(|known| known.name() == name).unwrap_or_else(|| {
            parameters.error("format", format!("{}, expected json, csv or ndjson", quoted(&name)));
            Self::Json
        })
    }

    /// Returns its name in requests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }

    /// Returns its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    /// Returns the response of an answer, which in JSON has `points`, `groups` or `ranks`, and a
    /// `cursor`. `query` is the query string of the request, for the link to the next page.
    pub fn respond(
        self,
        answer: &impl Serialize,
        columns: &Columns,
        query: Option<&str>,
    ) -> Response {
        let answer = serde_json::to_value(answer).expect("an answer is JSON");
        let headers = headers(&answer, query);
        let mut response = match self {
            Self::Json => Json(answer).into_response(),
            Self::Csv => tabular::csv(&answer, columns).into_response(),
            Self::Ndjson => tabular::ndjson(&answer).into_response(),
        };
        let media_type = match self {
            Self::Csv => "text/csv; charset=utf-8",
            other => other.media_type(),
        };
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        response.headers_mut().extend(headers);
        response
    }
}

/// Returns the headers of an answer: its fields beside the points.
fn headers(answer: &Value, query: Option<&str>) -> Vec<(HeaderName, HeaderValue)> {
    let cursor = answer.get("cursor").and_then(Value::as_str);
    let link = cursor.map(|cursor| format!("<{}>; rel=\"next\"", next(query, cursor)));
    let field = |name: &str| match answer.get(name)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let values = [
        (FRESHNESS, field("freshness")),
        (COMPLETE_THROUGH, field("complete_through")),
        (INCOMPLETE_SINCE, field("incomplete_since")),
        (AFTER, field("after")),
        (ERROR_BOUNDS, field("error_bounds")),
        (ITEMS_READ, field("items_read")),
        (LINK, link),
    ];
    let header = |(name, text): (_, Option<String>)| {
        Some((name, HeaderValue::from_str(&text?).expect("times, numbers and queries are ASCII")))
    };
    values.into_iter().filter_map(header).collect()
}

/// Returns the same question, behind the cursor: as a URL parser leaves it, whatever the request
/// had.
fn next(query: Option<&str>, cursor: &str) -> String {
    let asked = query.unwrap_or_default().split('&');
    let is_cursor = |one: &str| {
        let name = one.split('=').next().unwrap_or_default();
        percent_decode_str(name).eq(b"cursor".iter().copied())
    };
    let kept = asked.filter(|one| !one.is_empty() && !is_cursor(one));
    let kept = kept.map(|one| utf8_percent_encode(one, NOT_IN_LINKS).to_string());
    let cursor = format!("cursor={}", utf8_percent_encode(cursor, NON_ALPHANUMERIC));
    let all: Vec<_> = kept.chain([cursor]).collect();
    format!("?{}", all.join("&"))
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::extract::FromRequestParts;
    use axum::http::Request;
    use axum::http::header::ACCEPT;
    use serde_json::json;
    use weir_query::columns::{MeasureColumn, Shape};

    use super::*;

    fn columns() -> Columns {
        let orders = MeasureColumn { name: "orders".to_owned(), shape: Shape::Number };
        Columns::for_points(vec!["country".to_owned()], vec![orders])
    }

    fn answer(cursor: Value) -> Value {
        json!({
            "dimensions": { "country": "DE" },
            "points": [{ "start": null, "end": null, "orders": 3 }],
            "freshness": "2026-11-20T06:40:03Z",
            "error_bounds": { "p95": 0.01 },
            "items_read": 12,
            "cursor": cursor,
        })
    }

    async fn told(format: Format, cursor: Value, query: Option<&str>) -> String {
        let response = format.respond(&answer(cursor), &columns(), query);
        let headers: String = response
            .headers()
            .iter()
            .filter(|(name, _)| name.as_str() != "content-length")
            .map(|(name, value)| format!("{name}: {}\n", value.to_str().expect("text")))
            .collect();
        let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        format!("{headers}\n{}", String::from_utf8(body.to_vec()).expect("text"))
    }

    async fn asked(path: &str, accept: &'static str) -> Result<Format, String> {
        let request = Request::builder().uri(path).header(ACCEPT, accept).body(());
        let mut parts = request.expect("a request").into_parts().0;
        let Ok(accept) = Accept::from_request_parts(&mut parts, &()).await;
        let parameters = Parameters::from_request_parts(&mut parts, &()).await;
        let mut parameters = parameters.expect("parameters");
        let format = Format::negotiate(&mut parameters, &accept);
        parameters.finish().map(|()| format).map_err(|problem| problem.detail().to_owned())
    }

    #[tokio::test]
    async fn the_parameter_is_stronger_than_the_header() {
        assert_eq!(asked("/", "*/*").await, Ok(Format::Json));
        assert_eq!(asked("/", "text/csv").await, Ok(Format::Csv));
        assert_eq!(asked("/?format=ndjson", "text/csv").await, Ok(Format::Ndjson));
        assert_eq!(asked("/?format=json", "text/csv").await, Ok(Format::Json));
        let told = "`format`: `CSV`, expected json, csv or ndjson";
        assert_eq!(asked("/?format=CSV", "text/csv").await, Err(told.to_owned()));
    }

    #[test]
    fn the_link_to_the_next_page_is_ascii_and_has_one_cursor() {
        let cases = [
            (None, "?cursor=AQ"),
            (Some("cursor=AA&c%75rsor=BB&&a=b"), "?a=b&cursor=AQ"),
            (
                Some("name=ü&of=O'Hara<>\"{x}|^`[1]\\&at=%27"),
                "?name=%C3%BC&of=O%27Hara%3C%3E%22%7Bx%7D%7C%5E%60%5B1%5D%5C&at=%27&cursor=AQ",
            ),
        ];
        for (query, expected) in cases {
            assert_eq!(next(query, "AQ"), expected, "{query:?}");
        }
    }

    #[tokio::test]
    async fn what_json_has_beside_its_points_is_in_headers() {
        insta::assert_snapshot!(told(Format::Csv, json!("A/Q="), Some("country=D%20E&cursor=AA&limit=1&format=csv")).await, @r#"
        content-type: text/csv; charset=utf-8
        weir-freshness: 2026-11-20T06:40:03Z
        weir-error-bounds: {"p95":0.01}
        weir-items-read: 12
        link: <?country=D%20E&limit=1&format=csv&cursor=A%2FQ%3D>; rel="next"

        country,start,end,orders,parked
        DE,,,3,
        "#);
        insta::assert_snapshot!(told(Format::Ndjson, Value::Null, None).await, @r#"
        content-type: application/x-ndjson
        weir-freshness: 2026-11-20T06:40:03Z
        weir-error-bounds: {"p95":0.01}
        weir-items-read: 12

        {"dimensions":{"country":"DE"},"start":null,"end":null,"orders":3}
        "#);
        insta::assert_snapshot!(told(Format::Json, json!("AQ"), None).await, @r#"
        content-type: application/json
        weir-freshness: 2026-11-20T06:40:03Z
        weir-error-bounds: {"p95":0.01}
        weir-items-read: 12
        link: <?cursor=AQ>; rel="next"

        {"dimensions":{"country":"DE"},"points":[{"start":null,"end":null,"orders":3}],"freshness":"2026-11-20T06:40:03Z","error_bounds":{"p95":0.01},"items_read":12,"cursor":"AQ"}
        "#);
    }
}
