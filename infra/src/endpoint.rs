//! The URLs of servers that speak HTTP, as arguments.

use ureq::http::Uri;

/// Checks the URL of a DynamoDB.
///
/// # Errors
/// What is allowed.
pub(crate) fn endpoint_url(text: &str) -> Result<String, String> {
    let url = http_url(text).map(|_| text.to_owned());
    url.ok_or_else(|| "expected a URL such as `http://127.0.0.1:8000`".to_owned())
}

/// Reads the URL of a server that speaks HTTP.
pub(crate) fn http_url(text: &str) -> Option<Uri> {
    let url: Uri = text.parse().ok()?;
    let is_http = matches!(url.scheme_str(), Some("http" | "https"));
    (is_http && url.host().is_some_and(|host| !host.is_empty())).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_url_with_a_scheme_and_a_host() {
        for url in
            ["http://127.0.0.1:8000", "https://dynamodb.eu-west-1.amazonaws.com", "http://db"]
        {
            assert_eq!(endpoint_url(url).as_deref(), Ok(url));
        }
        for other in ["", "db", "127.0.0.1:8000", "localhost:8000", "ftp://db", "http://", "/db"] {
            endpoint_url(other).expect_err(other);
        }
    }
}
