//! The server in front of the embedded DynamoDB: it checks each request, then hands it on.
//!
//! | a request needs | because |
//! |---|---|
//! | a loopback `Host`, no foreign `Origin` (as every server of `weir dev`) | other sites' pages, DNS rebinding |
//! | `POST /` with `Content-Type: application/x-amz-json-1.0` and `X-Amz-Target` | a page cannot send these without a preflight, which no answer grants |
//! | or `GET /` | clients ask by it whether DynamoDB is up |
//!
//! AWS's SDKs and CLI send these headers, for DynamoDB and for DynamoDB Streams.
//!
//! **Invariant:** no answer has a CORS header.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, ORIGIN, TRANSFER_ENCODING, UPGRADE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method};
use axum::response::{IntoResponse, Response};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use weir_http::{Kind, Problem};
use weir_table::error::chain;

use super::links::{Link, Links};

/// The type of DynamoDB's requests.
const JSON: &str = "application/x-amz-json-1.0";
/// Names the operation.
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
/// The largest request that DynamoDB takes, in bytes.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;
/// Headers that are about one connection, and the origin, at which dynoxide adds CORS headers.
const NOT_HANDED_ON: [HeaderName; 6] =
    [CONNECTION, CONTENT_LENGTH, EXPECT, ORIGIN, TRANSFER_ENCODING, UPGRADE];

/// Returns the application in front of a database.
pub(super) fn app(links: Links) -> Router {
    let front = Front { links, idle: Arc::default() };
    weir_http::guard(Router::new().fallback(answer).with_state(front))
}

/// Connections to the database: those in use, and those that wait for the next request.
#[derive(Clone)]
struct Front {
    links: Links,
    idle: Arc<Mutex<Vec<SendRequest<Body>>>>,
}

async fn answer(State(front): State<Front>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if let Err(problem) = check(&head) {
        return problem.into_response();
    }
    let body = match to_bytes(body, MAX_BODY_BYTES).await {
        Ok(body) => body,
        Err(error) => return unreadable(&error).into_response(),
    };
    match front.forward(head, body).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(error = chain(&*error), "the embedded DynamoDB did not answer");
            let detail = "the embedded DynamoDB did not answer; the log has the reason";
            Problem::new(Kind::Unavailable, detail).into_response()
        }
    }
}

/// Rejects what no client of DynamoDB sends.
fn check(head: &Parts) -> Result<(), Problem> {
    let (method, path) = (&head.method, head.uri.path());
    if method == Method::GET && path == "/" {
        return Ok(());
    }
    if method != Method::POST || path != "/" {
        let detail = format!("the request is {method} `{path}`, expected POST `/` or GET `/`");
        return Err(Problem::new(Kind::MethodNotAllowed, detail));
    }
    let types = head.headers.get_all(CONTENT_TYPE).iter();
    let is_json = |value: &[u8]| {
        let essence = value.split(|byte| *byte == b';').next().unwrap_or_default();
        essence.trim_ascii().eq_ignore_ascii_case(JSON.as_bytes())
    };
    let types: Vec<_> = types.map(|value| is_json(value.as_bytes())).collect();
    if types.is_empty() || types.contains(&false) {
        let detail = format!("the content type is not `{JSON}`, expected `{JSON}`");
        return Err(Problem::new(Kind::UnsupportedMediaType, detail));
    }
    if !head.headers.contains_key(TARGET) {
        let detail = "the request has no `X-Amz-Target`, expected the name of an operation";
        return Err(Problem::new(Kind::BadHeader, detail));
    }
    Ok(())
}

fn unreadable(error: &axum::Error) -> Problem {
    if weir_http::is_body_timeout(error) {
        let detail = "the body is not whole, expected all of it within the time-out of the server";
        return Problem::new(Kind::RequestTimeout, detail);
    }
    let detail = format!("the body cannot be read, expected at most {MAX_BODY_BYTES} bytes");
    Problem::new(Kind::PayloadTooLarge, detail)
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Front {
    async fn forward(&self, head: Parts, body: Bytes) -> Result<Response, Failure> {
        let mut sender = self.sender().await?;
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        let mut request = Request::builder().method(head.method).uri(target);
        if let Some(headers) = request.headers_mut() {
            *headers = handed_on(&head.headers);
        }
        let response = sender.send_request(request.body(Body::from(body))?).await?;
        let (mut head, incoming) = response.into_parts();
        let body = to_bytes(Body::new(incoming), usize::MAX).await?;
        self.put_back(sender);
        head.headers = handed_on(&head.headers);
        Ok(Response::from_parts(head, Body::from(body)))
    }

    /// Returns an idle connection that is still open, or a new one.
    async fn sender(&self) -> Result<SendRequest<Body>, Failure> {
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match idle {
                Some(mut sender) => {
                    if sender.ready().await.is_ok() {
                        return Ok(sender);
                    }
                }
                None => return self.connect().await,
            }
        }
    }

    async fn connect(&self) -> Result<SendRequest<Body>, Failure> {
        let Link { stream, accepted } = self.links.open().await?;
        let stream = TcpStream::from_std(stream)?;
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the embedded DynamoDB ended");
            }
        });
        let probe = Request::get("/").header("host", "localhost").body(Body::empty())?;
        let answer = sender.send_request(probe).await?;
        to_bytes(Body::new(answer.into_body()), usize::MAX).await?;
        accepted.send(()).map_err(|()| io::Error::other("the embedded DynamoDB has stopped"))?;
        sender.ready().await?;
        Ok(sender)
    }

    fn put_back(&self, sender: SendRequest<Body>) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
    }
}

/// Returns the headers of a message without those that are about its connection.
fn handed_on(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in NOT_HANDED_ON {
        headers.remove(name);
    }
    headers
}
