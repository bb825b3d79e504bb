//! The pause before a page is read, or updates are sent, again: longer each time, with jitter.

use std::time::Duration;

/// The longest first pause.
const FIRST_PAUSE_MS: u64 = 200;
/// The longest pause.
const LONGEST_PAUSE_MS: u64 = 30_000;

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
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

#[cfg(test)]
mod tests {
    use super::*;

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
