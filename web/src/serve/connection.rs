//! One connection of a plain server: HTTP/1.1 within the time limits of [`Limits`].

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use lambda_http::tower::ServiceExt;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::sleep_until;

use super::bodies::{AnswerBody, TimedBody};
use super::connections::Place;
use super::limits::{Limits, MAX_HEADER_BYTES, MAX_HEADER_FIELDS};
use super::stream::Stream;

/// Why a connection is over.
enum End {
    /// The client or the last answer closed it.
    Closed,
    /// The client took too long.
    TooSlow,
}

/// Serves the requests of a connection until one side closes it, or the client is too slow, or the
/// connection has to make room for another. When `stopping` turns true, the request in progress is
/// answered and no other.
pub(super) async fn serve(
    tcp: TcpStream,
    peer: SocketAddr,
    place: Place,
    app: Router,
    limits: Limits,
    mut stopping: watch::Receiver<bool>,
) {
    let activity = Arc::clone(&place.activity);
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let activity = Arc::clone(&activity);
        let app = app.clone();
        let request = request.map(|incoming| {
            Body::new(TimedBody::new(incoming, limits.body, Arc::clone(&activity)))
        });
        async move {
            let response = app.oneshot(request).await?;
            Ok::<_, Infallible>(response.map(|body| AnswerBody::new(body, activity)))
        }
    });
    let stream = Stream { tcp, activity: Arc::clone(&activity) };
    let mut http = http1::Builder::new();
    http.max_headers(MAX_HEADER_FIELDS).max_header_size(MAX_HEADER_BYTES);
    // The deadline below is that of the header too.
    http.header_read_timeout(None);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    let mut deadline = pin!(sleep_until(tokio::time::Instant::now() + limits.idle));
    let mut is_stopping = false;
    loop {
        // Reads, writes and requests change the deadline, and all of them happen in the poll of the
        // connection.
        let serving = poll_fn(|context| {
            if connection.as_mut().poll(context).is_ready() {
                return Poll::Ready(End::Closed);
            }
            let Some(until) = activity.deadline(&limits) else { return Poll::Pending };
            if deadline.deadline() != until {
                deadline.as_mut().reset(until);
            }
            deadline.as_mut().poll(context).map(|()| End::TooSlow)
        });
        tokio::select! {
            end = serving => {
                if matches!(end, End::TooSlow) {
                    tracing::debug!(%peer, "closed a connection whose client was too slow");
                }
                return;
            }
            () = place.evicted.notified() => {
                tracing::debug!(%peer, "closed a quiet connection to make room for another");
                return;
            }
            _ = stopping.wait_for(|stop| *stop), if !is_stopping => {
                is_stopping = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}
