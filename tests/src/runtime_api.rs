//! A Lambda Runtime API: a function's process gets its events from it, and posts its responses to
//! it.
//!
//! ```text
//! GET  /2018-06-01/runtime/invocation/next           the next invocation, once there is one
//! POST /2018-06-01/runtime/invocation/{id}/response  what it answered
//! POST /2018-06-01/runtime/invocation/{id}/error     why it could not
//! POST /2018-06-01/runtime/init/error                why it could not start
//! ```
//!
//! Of our own, over axum, which is here already. The crate `lambda-simulator` (0.2) has these
//! routes too, and extensions, telemetry and freezing beside them. But it writes a deadline into a
//! header and enforces none, starts a process and starts no other when that one is gone, and sets
//! no TCP_NODELAY (44 ms a call); what is tested here is just that.
//!
//! **Invariant:** one API serves one process. What a process says after it was given up reaches
//! nobody.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinHandle;

/// The most bytes of an event or an answer: 6 MB, and the room that Lambda leaves for an envelope.
pub const MAX_PAYLOAD_BYTES: usize = 6_291_556;

/// The API, served until it is dropped.
#[derive(Debug)]
pub struct RuntimeApi {
    /// Where: `AWS_LAMBDA_RUNTIME_API`.
    pub address: SocketAddr,
    invocations: mpsc::Sender<Invocation>,
    answers: Mutex<mpsc::Receiver<Outcome>>,
    has_asked: watch::Receiver<bool>,
    server: JoinHandle<()>,
}

/// One event for the process.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Names it.
    pub request_id: String,
    /// The ARN of the function.
    pub function_arn: String,
    /// When it must have been answered.
    pub deadline: SystemTime,
    /// The event.
    pub payload: Vec<u8>,
}

/// The outcome of an invocation, as the process posts it.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The answer to the invocation.
    Response(Bytes),
    /// The answer has so many bytes, which are too many.
    TooLarge(usize),
    /// The JSON of an error, about the invocation.
    Error(Bytes),
    /// The JSON of an error, about the start.
    InitError(Bytes),
}

/// The state that the routes share.
struct Shared {
    invocations: Mutex<mpsc::Receiver<Invocation>>,
    /// The invocation that is being answered.
    current: Mutex<Option<String>>,
    answers: mpsc::Sender<Outcome>,
    has_asked: watch::Sender<bool>,
    /// Whether the process has said that it cannot start.
    has_failed: AtomicBool,
}

impl RuntimeApi {
    /// Serves an API for one process.
    pub async fn serve() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (invocations, waiting) = mpsc::channel(1);
        let (answered, answers) = mpsc::channel(1);
        let (asked, has_asked) = watch::channel(false);
        let shared = Arc::new(Shared {
            invocations: Mutex::new(waiting),
            current: Mutex::default(),
            answers: answered,
            has_asked: asked,
            has_failed: AtomicBool::new(false),
        });
        let listener = listener.tap_io(|connection| {
            connection.set_nodelay(true).expect("an option of TCP");
        });
        let server = tokio::spawn(async move {
            axum::serve(listener, routes(shared)).await.expect("a server without an end");
        });
        Self { address, invocations, answers: Mutex::new(answers), has_asked, server }
    }

    /// Waits until the process asks for its first event.
    pub async fn is_ready(&self) {
        let mut has_asked = self.has_asked.clone();
        has_asked.wait_for(|asked| *asked).await.expect("a server without an end");
    }

    /// Hands an event to the process.
    pub async fn deliver(&self, invocation: Invocation) {
        self.invocations.send(invocation).await.expect("a server without an end");
    }

    /// Waits for what the process says.
    pub async fn answer(&self) -> Outcome {
        self.answers.lock().await.recv().await.expect("a server without an end")
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn routes(shared: Arc<Shared>) -> Router {
    let routes = Router::new()
        .route("/invocation/next", get(next))
        .route("/invocation/{id}/response", post(response))
        .route("/invocation/{id}/error", post(error))
        .route("/init/error", post(init_error))
        .layer(DefaultBodyLimit::disable())
        .with_state(shared);
    Router::new().nest("/2018-06-01/runtime", routes)
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    shared.has_asked.send_replace(true);
    let Some(invocation) = shared.invocations.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let Invocation { request_id, function_arn, deadline, payload } = invocation;
    *shared.current.lock().await = Some(request_id.clone());
    let since_1970 = deadline.duration_since(UNIX_EPOCH).expect("a time after 1970");
    let trace = format!("Root=1-{:08x}-{:024x};Sampled=0", since_1970.as_secs(), 1);
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", request_id),
        ("lambda-runtime-deadline-ms", since_1970.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", function_arn),
        ("lambda-runtime-trace-id", trace),
    ];
    (headers, payload).into_response()
}

async fn response(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let bytes = body.len();
    if bytes > MAX_PAYLOAD_BYTES {
        shared.answer(&id, Outcome::TooLarge(bytes)).await;
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    shared.answer(&id, Outcome::Response(body)).await
}

async fn error(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !headers.contains_key("lambda-runtime-function-error-type") {
        return refused("MissingHeader", "an error has a header that tells its type");
    }
    shared.answer(&id, Outcome::Error(body)).await
}

async fn init_error(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    if *shared.has_asked.borrow() || shared.has_failed.swap(true, Ordering::Relaxed) {
        return refused("InvalidStateTransition", "the process is not starting");
    }
    accepted(shared.answers.send(Outcome::InitError(body)).await.is_ok())
}

impl Shared {
    /// Takes the answer to the current invocation, once.
    async fn answer(&self, id: &str, answer: Outcome) -> Response {
        let mut current = self.current.lock().await;
        if current.as_deref() != Some(id) {
            return refused("InvalidRequestID", "this invocation is not the current one");
        }
        *current = None;
        accepted(self.answers.send(answer).await.is_ok())
    }
}

fn accepted(is_heard: bool) -> Response {
    match is_heard {
        true => (StatusCode::ACCEPTED, r#"{"status":"OK"}"#).into_response(),
        false => StatusCode::GONE.into_response(),
    }
}

fn refused(kind: &str, message: &str) -> Response {
    let body = serde_json::json!({ "errorType": kind, "errorMessage": message });
    (StatusCode::BAD_REQUEST, body.to_string()).into_response()
}
