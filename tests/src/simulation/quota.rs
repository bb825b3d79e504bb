//! What the SDK may spend on retries in one world.
//!
//! The SDK's own quota is one for the process, 500 tokens for each service, which would let one world's faults decide whether
//! the next world's requests are retried. So a world spends only what its own first attempts have earned; where it has not
//! enough, faults are of a kind that the SDK does not retry, which is what its empty quota would come to.
//!
//! **Invariant:** no world leaves the SDK with less than it found, but for [`MOST_SAVED`] while it lives.

/// What a retry costs of the SDK's quota, at most (aws-smithy-runtime, `token_bucket`).
const RETRY_COST: u32 = 14;
/// The most that a world saves for retries. A process has 500 for all worlds that run in it at a time.
const MOST_SAVED: u32 = 60;
/// How often the SDK tries a request (`table::connection`).
const ATTEMPTS: u32 = 8;

/// The tokens of one world for one service.
#[derive(Debug, Default)]
pub(crate) struct Quota(u32);

impl Quota {
    /// A first attempt succeeded, which earns the SDK a token.
    pub(crate) fn earn(&mut self) {
        self.0 = (self.0 + 1).min(MOST_SAVED);
    }

    /// Pays for the retry of an attempt, the first of which is 1, if there will be one. Returns whether it could.
    pub(crate) fn pays_for(&mut self, attempt: u32) -> bool {
        if attempt >= ATTEMPTS {
            return true;
        }
        let left = self.0.checked_sub(RETRY_COST);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_is_paid_for_by_what_was_earned() {
        let mut quota = Quota::default();
        assert!(!quota.pays_for(1), "nothing was earned");
        (0..RETRY_COST).for_each(|_| quota.earn());
        assert!(quota.pays_for(1) && !quota.pays_for(2));
        assert!(quota.pays_for(ATTEMPTS), "the last attempt is not retried");
        (0..1000).for_each(|_| quota.earn());
        assert_eq!(quota.0, MOST_SAVED);
    }
}
