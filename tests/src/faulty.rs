//! A way to a DynamoDB that fails as a test wants it to: requests are let through, answered with an
//! error, or never answered, before or after DynamoDB has done what they ask.
//!
//! It is a server of its own, for the requests of processes; those of this process are stopped
//! below the SDK, by `interception`.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use ureq::Agent;
use ureq::http::Request;

/// The fate of a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fate {
    /// DynamoDB answers it.
    Pass,
    /// It is never answered, and DynamoDB never hears of it.
    Stall,
    /// DynamoDB does it, and the answer is lost.
    StallDone,
    /// It is answered so, and DynamoDB never hears of it.
    Answer(u16, &'static str),
}

/// Throttling, as DynamoDB says it.
pub const THROTTLED: Fate = Fate::Answer(
    400,
    r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slower"}"#,
);
/// A failure of DynamoDB's own.
pub const BROKEN: Fate = Fate::Answer(
    500,
    r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"try again"}"#,
);

type Fates = Box<dyn FnMut(&str, &str) -> Fate + Send>;

/// A server in front of a DynamoDB.
#[derive(Clone)]
pub struct Faulty {
    /// Its address.
    pub url: String,
    fates: Arc<Mutex<Fates>>,
}

struct Way {
    to: String,
    agent: Agent,
    fates: Arc<Mutex<Fates>>,
}

impl Faulty {
    /// Serves a way to the DynamoDB at this URL, which lets everything through.
    pub async fn before(url: &str) -> Self {
        let fates: Arc<Mutex<Fates>> = Arc::new(Mutex::new(Box::new(|_, _| Fate::Pass)));
        let config = Agent::config_builder().http_status_as_error(false).build();
        let way = Way { to: url.to_owned(), agent: config.into(), fates: fates.clone() };
        let app = Router::new().fallback(handle).with_state(Arc::new(way));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(weir_http::serve_on(listener, app, std::future::pending()));
        Self { url, fates }
    }

    /// Decides from now on by a request's operation (`UpdateItem`) and its body.
    pub fn decide(&self, fates: impl FnMut(&str, &str) -> Fate + Send + 'static) {
        *self.fates.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(fates);
    }

    /// Lets everything through again.
    pub fn mend(&self) {
        self.decide(|_, _| Fate::Pass);
    }
}

async fn handle(State(way): State<Arc<Way>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.rsplit('.').next()).unwrap_or_default();
    let text = String::from_utf8_lossy(&body).into_owned();
    let fate = way.fates.lock().unwrap_or_else(PoisonError::into_inner)(operation, &text);
    match fate {
        Fate::Stall => std::future::pending().await,
        Fate::Answer(status, body) => answer(status, body.as_bytes().to_vec()),
        Fate::Pass => forward(way, headers, body).await,
        Fate::StallDone => {
            forward(way, headers, body).await;
            std::future::pending().await
        }
    }
}

async fn forward(way: Arc<Way>, headers: HeaderMap, body: Bytes) -> Response {
    let call = move || {
        let mut request = Request::post(&way.to);
        for (name, value) in headers.iter().filter(|(name, _)| *name != "content-length") {
            request = request.header(name, value);
        }
        let mut response = way.agent.run(request.body(body.to_vec()).expect("a request"))?;
        let body = response.body_mut().read_to_vec()?;
        Ok::<_, ureq::Error>(answer(response.status().as_u16(), body))
    };
    let called = tokio::task::spawn_blocking(call).await.expect("no panic");
    called.unwrap_or_else(|_| StatusCode::BAD_GATEWAY.into_response())
}

fn answer(status: u16, body: Vec<u8>) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (status, [("content-type", "application/x-amz-json-1.0")], body).into_response()
}
