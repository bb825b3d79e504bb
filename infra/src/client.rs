//! The HTTP services as `weir load` and `weir query` see them.
//!
//! **Invariant:** an answer that is not a success becomes an error in words: what was asked, what
//! was wrong, what was expected.

use std::fmt;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;
use ureq::Agent;
use ureq::http::header::LINK;
use ureq::http::{Response, StatusCode};
use weir_model::json;

use crate::endpoint::http_url;

/// Where `weir dev` serves.
pub(crate) const DEFAULT_URL: &str = "http://127.0.0.1:3000";
/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an answer may take, from the first byte of the request to the last of the answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);
/// The longest answer that is read, in bytes. Lambda's are at most 6 MB.
const MAX_ANSWER_BYTES: u64 = 64 * 1024 * 1024;
/// How much of an answer that is not understood a message repeats, in characters.
const SHOWN_CHARACTERS: usize = 200;

/// The services at one URL.
#[derive(Debug)]
pub(crate) struct Client {
    agent: Agent,
    url: String,
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Text {
    /// Its body.
    pub(crate) body: String,
    /// The cursor of the next page, by the header `Link`.
    pub(crate) next: Option<String>,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum Error {
    /// The URL cannot be one of the services.
    #[error("--url is `{0}`, expected such as {DEFAULT_URL}")]
    Url(String),
    /// The service does not answer.
    #[error("{url} cannot be reached: {reason}; `weir dev` starts a server, --url names another")]
    Unreachable {
        /// The URL.
        url: String,
        /// Why.
        reason: String,
    },
    /// The service, or the table behind it, has too much to do. Ask again.
    #[error("{url} is too busy to answer")]
    Busy {
        /// The URL.
        url: String,
    },
    /// The service refuses the request.
    #[error("{0}")]
    Refused(Problem),
    /// The answer is not one of the services'.
    #[error("{url} answers {reason}; is it a Weir service?")]
    Strange {
        /// The URL.
        url: String,
        /// The way in which it differs.
        reason: String,
    },
}

/// A problem document of the services.
#[derive(Debug, Deserialize)]
pub struct Problem {
    #[serde(rename = "type", default)]
    kind: String,
    title: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    errors: Vec<FieldProblem>,
    #[serde(default)]
    more_errors: usize,
}

/// A problem with a field or a parameter.
#[derive(Debug, Deserialize)]
pub(crate) struct FieldProblem {
    field: String,
    message: String,
}

impl Client {
    /// Returns the services at this URL. Nothing is asked yet.
    pub(crate) fn new(url: &str) -> Result<Self, Error> {
        let parsed = http_url(url).ok_or_else(|| Error::Url(url.to_owned()))?;
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(ANSWER_TIMEOUT))
            .user_agent(concat!("weir/", env!("CARGO_PKG_VERSION")));
        if parsed.host().is_some_and(is_loopback) {
            // A proxy of the environment leads elsewhere.
            config = config.proxy(None);
        }
        let url = url.trim_end_matches('/').to_owned();
        Ok(Self { agent: config.build().new_agent(), url })
    }

    /// Asks with parameters.
    pub(crate) fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, Error> {
        let body = self.get_text(path, query)?.body;
        self.json(path, &body)
    }

    /// Asks with parameters for what need not be JSON.
    pub(crate) fn get_text(&self, path: &str, query: &[(&str, &str)]) -> Result<Text, Error> {
        let request = self.agent.get(format!("{}{path}", self.url));
        let request =
            query.iter().fold(request, |request, (name, value)| request.query(name, value));
        self.answer(path, request.call())
    }

    /// Sends JSON.
    pub(crate) fn post(&self, path: &str, body: &impl Serialize) -> Result<Value, Error> {
        let body = serde_json::to_vec(body).expect("rows of JSON are JSON");
        let request = self.agent.post(format!("{}{path}", self.url));
        let answer = self.answer(path, request.content_type("application/json").send(&body))?;
        self.json(path, &answer.body)
    }

    /// Returns the error of an answer that is not what was expected.
    pub(crate) fn strange(&self, path: &str, reason: &str) -> Error {
        Error::Strange { url: format!("{}{path}", self.url), reason: reason.to_owned() }
    }

    fn json(&self, path: &str, body: &str) -> Result<Value, Error> {
        json::parse_within(body.as_bytes(), usize::MAX)
            .map_err(|error| self.strange(path, &format!("no JSON ({error})")))
    }

    fn answer(
        &self,
        path: &str,
        response: Result<Response<ureq::Body>, ureq::Error>,
    ) -> Result<Text, Error> {
        let unreachable = |error: ureq::Error| Error::Unreachable {
            url: self.url.clone(),
            reason: match error {
                ureq::Error::Io(error) => error.to_string(),
                other => other.to_string(),
            },
        };
        let mut response = response.map_err(unreachable)?;
        let body = response.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_string();
        let (status, body) = (response.status(), body.map_err(unreachable)?);
        if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            return Err(Error::Busy { url: self.url.clone() });
        }
        if status.is_success() {
            let links = response.headers().get_all(LINK).iter();
            let next = links.filter_map(|link| next_cursor(link.to_str().ok()?)).next();
            return Ok(Text { body, next });
        }
        Err(match serde_json::from_str(&body) {
            Ok(problem) => Error::Refused(problem),
            Err(_) => {
                let shown: String = body.chars().take(SHOWN_CHARACTERS).collect();
                self.strange(path, format!("{status} {shown}").trim_end())
            }
        })
    }
}

impl Problem {
    /// Returns whether nothing was written because the body was too large, or too slow to arrive.
    pub(crate) fn is_of_size(&self) -> bool {
        // The JSON of this program is valid, so that only its size can be wrong with it.
        let kinds = ["payload-too-large", "request-timeout", "bad-json"];
        kinds.iter().any(|kind| self.kind.strip_prefix("/problems/") == Some(kind))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (title, detail) = (&self.title, &self.detail);
        match detail.is_empty() {
            true => formatter.write_str(title)?,
            false => write!(formatter, "{title}: {detail}")?,
        }
        for error in &self.errors {
            let error = error.to_string();
            if !detail.contains(&error) {
                write!(formatter, "\n  {error}")?;
            }
        }
        if self.more_errors > 0 {
            write!(formatter, "\n  and {} more", self.more_errors)?;
        }
        Ok(())
    }
}

impl fmt::Display for FieldProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => formatter.write_str(&self.message),
            field => write!(formatter, "`{field}`: {}", self.message),
        }
    }
}

/// Returns the cursor in a link to the next page: `<?every=day&cursor=AQ>; rel="next"`.
fn next_cursor(link: &str) -> Option<String> {
    let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    parameters.split(';').find(|one| matches!(one.trim(), "rel=\"next\"" | "rel=next"))?;
    let mut query = target.split_once('?')?.1.split('&');
    let cursor = query.find_map(|one| one.strip_prefix("cursor="))?;
    percent_decode_str(cursor).decode_utf8().ok().map(Into::into)
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_tells_each_thing_once() {
        let problem: Problem = serde_json::from_str(
            r#"{"type":"/problems/bad-query","title":"parameters do not go with the rollup","status":400,
                "detail":"`every`: missing","errors":[
                {"field":"every","message":"missing"},{"field":"from","message":"no time"}]}"#,
        )
        .expect("a problem");
        insta::assert_snapshot!(problem, @r"
        parameters do not go with the rollup: `every`: missing
          `from`: no time
        ");
    }

    #[test]
    fn the_next_page_is_known_by_its_link() {
        let cases = [
            (r#"<?every=day&cursor=A%2FQ%3D>; rel="next""#, Some("A/Q=")),
            ("<https://x.example/prod/rollups/spend?cursor=AQ&limit=1>; rel=next", Some("AQ")),
            (r#"<?cursor=AQ>; rel="prev""#, None),
            (r#"<?every=day>; rel="next""#, None),
            ("?cursor=AQ", None),
        ];
        for (link, cursor) in cases {
            assert_eq!(next_cursor(link).as_deref(), cursor, "{link}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for url in ["", "localhost:3000", "ftp://x", "http://", "/rollups"] {
            let error = Client::new(url).expect_err(url).to_string();
            assert_eq!(error, format!("--url is `{url}`, expected such as http://127.0.0.1:3000"));
        }
    }

    #[test]
    fn a_server_that_is_not_there_is_named() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        drop(listener);
        let client = Client::new(&url).expect("a URL");
        let error = client.get("/rollups", &[]).expect_err("nobody there").to_string();
        assert!(error.starts_with(&format!("{url} cannot be reached: ")), "{error}");
        assert!(error.contains("`weir dev` starts a server"), "{error}");
    }
}
