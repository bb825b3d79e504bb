//! One connection of a plain server: HTTP/1.1 within the time limits of [`Limits`].
//!
//! The application handles each request in a task of its own, because hyper drops what answers a
//! request when its client closes the connection: a write could be done and its lines of the log
//! missing. The task has a share of the connection's place, so that a client that closes its
//! connections has no more requests in progress than one that waits.
//!
//! **Invariant:** a request that the application has begun to handle is handled to its end, whether
//! or not its client waits for the answer.

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
use tokio::task::JoinError;
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
    let place = Arc::new(place);
    let activity = Arc::clone(&place.activity);
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let (activity, place) = (Arc::clone(&activity), Arc::clone(&place));
        let app = app.clone();
        let request = request.map(|incoming| {
            Body::new(TimedBody::new(incoming, limits.body, Arc::clone(&activity)))
        });
        let handling = tokio::spawn(async move {
            let Ok(response) = app.oneshot(request).await;
            drop(place);
            response
        });
        async move {
            // An error closes the connection.
            let response = handling.await.inspect_err(log_failure)?;
            Ok::<_, JoinError>(response.map(|body| AnswerBody::new(body, activity)))
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
        // Reads, writes, and the begin and the end of a request change the deadline, and all of
        // them happen in the poll of the connection.
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

/// Logs that a request has no answer; the message of a panic may have values, and its hook reports
/// it.
fn log_failure(error: &JoinError) {
    if error.is_panic() {
        tracing::error!("a request was not answered: its handler panicked");
    }
}
