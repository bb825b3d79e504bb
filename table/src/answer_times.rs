//! DynamoDB's time of its answers to the calls of one task: their `Date`.
//!
//! **Invariant:** an answer whose `Date` cannot be read leaves the time unknown. The calls are made
//! in the task itself: those of a task that it spawns are not noted.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

use crate::clock;

tokio::task_local! {
    static ANSWERED: Arc<Mutex<AnswerTimes>>;
}

/// The times of the answers so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum AnswerTimes {
    #[default]
    None,
    /// The latest, in seconds since 1970.
    Latest(i64),
    /// An answer had none.
    Unknown,
}

/// Notes the `Date` of each answer of a client.
#[derive(Debug)]
pub(crate) struct AnswerDates;

/// Runs a future, and returns its output with the second since 1970 of the latest answer of
/// DynamoDB meanwhile; `None` if there was none, or one without a time.
pub(crate) async fn noted<F: Future>(calls: F) -> (F::Output, Option<i64>) {
    let times = Arc::<Mutex<AnswerTimes>>::default();
    let output = ANSWERED.scope(times.clone(), calls).await;
    let times = *times.lock().expect("no holder panics");
    let latest = match times {
        AnswerTimes::Latest(second) => Some(second),
        AnswerTimes::None | AnswerTimes::Unknown => None,
    };
    (output, latest)
}

impl AnswerTimes {
    /// Adds the time of an answer.
    fn add(self, second: Option<i64>) -> Self {
        match (self, second) {
            (Self::Unknown, _) | (_, None) => Self::Unknown,
            (Self::None, Some(second)) => Self::Latest(second),
            (Self::Latest(latest), Some(second)) => Self::Latest(latest.max(second)),
        }
    }
}

impl Intercept for AnswerDates {
    fn name(&self) -> &'static str {
        "AnswerDates"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // Outside of a scope nobody wants to know.
        let _ = ANSWERED.try_with(|times| {
            let date = context.response().headers().get("date");
            let mut times = times.lock().expect("no holder panics");
            *times = times.add(date.and_then(clock::http_seconds));
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_time_counts_and_an_answer_without_one_leaves_it_unknown() {
        let of = |seconds: &[Option<i64>]| {
            seconds.iter().fold(AnswerTimes::None, |times, second| times.add(*second))
        };
        assert_eq!(of(&[]), AnswerTimes::None);
        assert_eq!(of(&[Some(7), Some(9), Some(8)]), AnswerTimes::Latest(9));
        assert_eq!(of(&[Some(7), None, Some(8)]), AnswerTimes::Unknown);
    }
}
