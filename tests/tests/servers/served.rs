//! A small application on a plain server, and raw connections to it.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use weir_http::{JsonObject, Limits, Server};

/// The bytes of the answer of `/large`: more than the buffers of two sockets hold.
pub(crate) const LARGE_BYTES: usize = 64 * 1024 * 1024;

/// A running server.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    /// Wakes when a request of `/wait` has arrived.
    pub(crate) arrived: Arc<Notify>,
    /// Lets the requests of `/wait` be answered.
    pub(crate) release: Arc<Notify>,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) task: JoinHandle<()>,
}

impl Served {
    pub(crate) async fn start(limits: Limits) -> Self {
        Self::start_at("127.0.0.1:0", limits, &[]).await
    }

    pub(crate) async fn start_at(address: &str, limits: Limits, allowed: &[&str]) -> Self {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let release = Arc::new(Notify::new());
        let arrived = Arc::new(Notify::new());
        let (waits, arrives) = (Arc::clone(&release), Arc::clone(&arrived));
        let wait = move || async move {
            arrives.notify_one();
            waits.notified().await;
            "waited"
        };
        let router = Router::new()
            .route("/thing", post(|_: JsonObject| async { "stored" }))
            .route("/large", get(|| async { vec![b'x'; LARGE_BYTES] }))
            .route("/panic", get(panics))
            .route("/wait", get(wait.clone()).post(wait));
        let app = weir_http::finish(router, &[]);
        let allowed_hosts = allowed.iter().map(|name| (*name).to_owned()).collect();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            let server = Server { limits, allowed_hosts };
            server.serve(listener, app, stopped).await.expect("a server");
        });
        Self { address, arrived, release, stop: Some(stop), task }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }

    /// Sends a request over a connection of its own, and returns all that comes back.
    pub(crate) async fn ask(&self, request: &str) -> String {
        let mut connection = self.connect().await;
        // The server may close before it has read all of it.
        let _ = connection.write_all(request.as_bytes()).await;
        rest(&mut connection).await
    }

    /// Sends a GET over a connection of its own, and returns the status and the body.
    pub(crate) async fn get(&self, path: &str) -> String {
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        self.ask(&request).await
    }
}

async fn panics() -> &'static str {
    panic!("a handler of a test");
}

/// All bytes that still come, until the other side closes.
pub(crate) async fn rest(connection: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset is an end as well.
    let _ = connection.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The status of an answer, 0 if there is none.
pub(crate) fn status(answer: &str) -> u16 {
    answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_default()
}
