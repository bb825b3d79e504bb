//! How long a request may still take: until the deadline of its invocation on Lambda.

use std::convert::Infallible;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use lambda_http::Context;

/// The time that is left for a request; `None` where it has no deadline, on a plain server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeLeft(pub Option<Duration>);

impl<S: Sync> FromRequestParts<S> for TimeLeft {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let deadline = parts.extensions.get::<Context>().map(|context| context.deadline);
        Ok(Self(deadline.map(|at_ms| Duration::from_millis(at_ms).saturating_sub(now))))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    async fn left(deadline: Option<u64>) -> TimeLeft {
        let mut request = Request::builder().body(()).expect("a request");
        if let Some(deadline) = deadline {
            let mut context = Context::default();
            context.deadline = deadline;
            request.extensions_mut().insert(context);
        }
        let (mut parts, ()) = request.into_parts();
        TimeLeft::from_request_parts(&mut parts, &()).await.expect("it never fails")
    }

    #[tokio::test]
    async fn a_request_has_a_deadline_on_lambda_only() {
        assert_eq!(left(None).await, TimeLeft(None));
        assert_eq!(left(Some(0)).await, TimeLeft(Some(Duration::ZERO)), "it has passed");
        assert!(left(Some(u64::MAX)).await.0.is_some_and(|left| left > Duration::from_secs(60)));
    }
}
