//! `Accept`: which of the forms that an answer has its caller would rather have.
//!
//! **Invariant:** only who names a form gets it; ranges such as `*/*`, and no header at all, are
//! content with the default.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::ACCEPT;
use axum::http::request::Parts;

/// The media types that a request names, in lower case, each with its weight.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Accept(Vec<(String, f32)>);

impl Accept {
    /// Returns the position of the preferred of some media types, the first of which is the
    /// default. Of two with one weight, that which is not the default, or the later.
    pub fn preferred(&self, media_types: &[&str]) -> usize {
        let weighed = media_types.iter().map(|one| self.weight(one)).enumerate();
        let heaviest = weighed
            .filter(|(position, weight)| *position == 0 || *weight > 0.0)
            .max_by(|(_, left), (_, right)| left.total_cmp(right));
        heaviest.map_or(0, |(position, _)| position)
    }

    /// Returns the weight that is given to a media type by its name; 0 if it is not named.
    fn weight(&self, media_type: &str) -> f32 {
        let named = self.0.iter().rev().find(|(name, _)| name == media_type);
        named.map_or(0.0, |(_, weight)| *weight)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Accept {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let values = parts.headers.get_all(ACCEPT).iter();
        let types = values.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
        Ok(Self(types.filter_map(weighed).collect()))
    }
}

/// Returns a part of the header: a media type and its weight.
fn weighed(part: &str) -> Option<(String, f32)> {
    let mut parameters = part.split(';').map(str::trim);
    let name = parameters.next().filter(|name| !name.is_empty())?;
    let weight = parameters.find_map(|one| one.strip_prefix("q=")).and_then(|q| q.parse().ok());
    Some((name.to_ascii_lowercase(), weight.unwrap_or(1.0)))
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    const FORMS: [&str; 3] = ["application/json", "text/csv", "application/x-ndjson"];

    async fn preferred(accept: &str) -> &'static str {
        let request = Request::builder().header(ACCEPT, accept).body(()).expect("a request");
        let Ok(accept) = Accept::from_request_parts(&mut request.into_parts().0, &()).await;
        FORMS[accept.preferred(&FORMS)]
    }

    #[tokio::test]
    async fn the_heaviest_form_that_is_named_is_preferred() {
        let cases = [
            ("", "application/json"),
            ("*/*", "application/json"),
            ("text/html, text/*, */*;q=0.8", "application/json"),
            ("text/csv", "text/csv"),
            ("Text/CSV; charset=utf-8", "text/csv"),
            ("text/csv;q=0", "application/json"),
            ("application/json;q=0.4, text/csv;q=0.5, */*", "text/csv"),
            ("text/csv;q=0.2, application/x-ndjson;q=0.3", "application/x-ndjson"),
            ("application/json, application/x-ndjson", "application/x-ndjson"),
            ("application/json, application/x-ndjson;q=0.9", "application/json"),
        ];
        for (accept, expected) in cases {
            assert_eq!(preferred(accept).await, expected, "{accept}");
        }
    }
}
