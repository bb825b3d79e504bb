//! How often, and for how long, a request is sent again that DynamoDB did not answer.

use std::fmt::Display;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// The longest first pause.
const FIRST_PAUSE_MS: u64 = 200;
/// The longest pause.
const LONGEST_PAUSE_MS: u64 = 30_000;

/// The failures in a row, and the time from the first of them on, until a request is given up. A
/// builder that was suspended has few failures, however long it was.
const FAILURES: u32 = 20;
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// Counts failures in a row, for the pause after each: longer each time, with jitter.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

/// Counts failures in a row, and decides when to give up.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    failed: Option<(u32, Instant)>,
}

/// The failures in a row of one request.
#[derive(Debug, Default)]
pub(crate) struct Retries {
    backoff: Backoff,
    patience: Patience,
}

/// Sends a request again until it succeeds, fails for good, or has failed for five minutes.
///
/// # Errors
/// The last error of the request.
pub async fn retried<T, E: Display, F: Future<Output = Result<T, E>>>(
    is_passing: impl Fn(&E) -> bool,
    mut request: impl FnMut() -> F,
) -> Result<T, E> {
    let mut retries = Retries::default();
    loop {
        match request().await {
            Err(error) if is_passing(&error) => retries.wait(error).await?,
            answer => return answer,
        }
    }
}

impl Backoff {
    /// Returns the number of failures.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// Returns the pause after one more failure: half of its ceiling, and a random part of the
    /// other half.
    pub(crate) fn pause(&mut self) -> Duration {
        let ceiling = FIRST_PAUSE_MS << self.failures.min(20);
        let half_ms = ceiling.min(LONGEST_PAUSE_MS) / 2;
        self.failures += 1;
        Duration::from_millis(half_ms + fastrand::u64(0..=half_ms))
    }
}

impl Retries {
    /// Waits until the request is sent again.
    ///
    /// # Errors
    /// The error of the request, if it has failed for too long.
    pub(crate) async fn wait<E: Display>(&mut self, error: E) -> Result<(), E> {
        if self.patience.is_exhausted() {
            return Err(error);
        }
        tracing::warn!(%error, "DynamoDB did not answer, trying again");
        sleep(self.backoff.pause()).await;
        Ok(())
    }
}

impl Patience {
    /// Counts a failure. Returns whether there were too many in a row.
    pub(crate) fn is_exhausted(&mut self) -> bool {
        let (failures, since) = self.failed.unwrap_or((0, Instant::now()));
        self.failed = Some((failures + 1, since));
        failures + 1 >= FAILURES && since.elapsed() >= PATIENCE
    }

    /// Forgets the failures, after a success.
    pub(crate) fn restore(&mut self) {
        self.failed = None;
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_request_is_sent_again_for_five_minutes() {
        let began_at = Instant::now();
        let mut requests = 0;
        let failed = retried(
            |_: &String| true,
            || {
                requests += 1;
                ready(Err::<(), _>("no answer".to_owned()))
            },
        );
        failed.await.expect_err("it never succeeds");
        let elapsed = began_at.elapsed();
        assert!((PATIENCE..PATIENCE * 2).contains(&elapsed), "{elapsed:?}");
        assert!(requests >= FAILURES, "{requests}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_that_stays_and_a_success_end_it() {
        let mut answers = vec![Ok(7), Err("passing"), Err("passing")];
        let answer = retried(|error| *error == "passing", || ready(answers.pop().expect("one")));
        assert_eq!(answer.await, Ok(7));
        let began_at = Instant::now();
        let denied = retried(|error| *error == "passing", || ready(Err::<(), _>("denied")));
        assert_eq!(denied.await, Err("denied"));
        assert_eq!(began_at.elapsed(), Duration::ZERO);
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut backoff = Backoff::default();
        for ceiling in [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000] {
            let pause = backoff.pause().as_millis() as u64;
            assert!((ceiling / 2..=ceiling).contains(&pause), "{pause} ms of {ceiling} ms");
        }
        assert_eq!(backoff.failures(), 10);
    }
}
