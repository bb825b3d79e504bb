//! Bodies of a plain server: of requests, within a time limit; of answers, with a note when they
//! end.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use thiserror::Error;
use tokio::time::{Sleep, sleep};

use super::activity::Activity;

/// The time limit of a body passed before it was whole.
#[derive(Debug, Error)]
#[error("the body was not whole after {} seconds", .0.as_secs_f64())]
pub(crate) struct BodyTimeout(pub(crate) Duration);

/// Returns whether an error, or the cause of one, is a [`BodyTimeout`]; returns its limit.
pub(crate) fn timeout_in(error: &(dyn std::error::Error + 'static)) -> Option<Duration> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(BodyTimeout(limit)) = error.downcast_ref() {
            return Some(*limit);
        }
        next = error.source();
    }
    None
}

/// Returns whether the body of a request could not be read because it was not whole in time.
pub fn is_body_timeout(error: &axum::Error) -> bool {
    timeout_in(error).is_some()
}

/// The body of a request, which must be whole within a time limit.
pub(super) struct TimedBody {
    incoming: Incoming,
    limit: Duration,
    elapsed: Pin<Box<Sleep>>,
    activity: Arc<Activity>,
}

impl TimedBody {
    /// Starts the time of a body.
    pub(super) fn new(incoming: Incoming, limit: Duration, activity: Arc<Activity>) -> Self {
        activity.began_body();
        if incoming.is_end_stream() {
            activity.ended_body();
        }
        Self { incoming, limit, elapsed: Box::pin(sleep(limit)), activity }
    }
}

/// A body that the application does not read to its end is not waited for: its request is being
/// answered.
impl Drop for TimedBody {
    fn drop(&mut self) {
        self.activity.ended_body();
    }
}

impl HttpBody for TimedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        // The time first: a client that sends all the time is late as well.
        if self.elapsed.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(axum::Error::new(BodyTimeout(self.limit)))));
        }
        let frame = ready!(Pin::new(&mut self.incoming).poll_frame(context));
        if frame.is_none() || self.incoming.is_end_stream() {
            self.activity.ended_body();
        }
        Poll::Ready(frame.map(|frame| frame.map_err(axum::Error::new)))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

/// The body of an answer; the answer is over when it is dropped.
pub(super) struct AnswerBody {
    body: Body,
    _end: AnswerEnd,
}

impl AnswerBody {
    /// Wraps the body of an answer.
    pub(super) fn new(body: Body, activity: Arc<Activity>) -> Self {
        Self { body, _end: AnswerEnd(activity) }
    }
}

struct AnswerEnd(Arc<Activity>);

impl Drop for AnswerEnd {
    fn drop(&mut self) {
        self.0.answered();
    }
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
