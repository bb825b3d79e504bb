//! How long to pause before trying again: longer each time, and never the same for two pollers.
//!
//! The jitter comes from the generator of the thread: who seeds that gets the same pauses again.

use std::time::Duration;

/// The longest first pause.
const FIRST_PAUSE_MS: u64 = 100;
/// The longest pause ever.
const LONGEST_PAUSE_MS: u64 = 10_000;

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Forgets the failures: something went well.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// The pause after one more failure: half of its ceiling, and a random part of the other half.
    pub(super) fn pause(&mut self) -> Duration {
        let half_ms = ceiling_ms(self.failures) / 2;
        self.failures = self.failures.saturating_add(1);
        Duration::from_millis(half_ms + fastrand::u64(0..=half_ms))
    }
}

/// The ceiling doubles with each failure.
fn ceiling_ms(failures: u32) -> u64 {
    FIRST_PAUSE_MS.saturating_mul(1 << failures.min(32)).min(LONGEST_PAUSE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_pauses() {
        let pauses = |seed| {
            fastrand::seed(seed);
            let mut backoff = Backoff::default();
            (0..8).map(|_| backoff.pause()).collect::<Vec<_>>()
        };
        assert_eq!(pauses(7), pauses(7));
        assert_ne!(pauses(7), pauses(8));
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_start_again_after_a_success() {
        let mut backoff = Backoff::default();
        for ceiling in [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000] {
            let pause = backoff.pause().as_millis() as u64;
            assert!((ceiling / 2..=ceiling).contains(&pause), "{pause} ms of {ceiling} ms");
        }
        assert_eq!(ceiling_ms(u32::MAX), LONGEST_PAUSE_MS);
        backoff.reset();
        assert!(backoff.pause() <= Duration::from_millis(FIRST_PAUSE_MS));
    }
}
