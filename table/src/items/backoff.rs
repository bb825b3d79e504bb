//! The time that a write waits before it is tried again for an item that others are changing.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// How often a transaction is tried while others are at its items.
pub(super) const MAX_ROUNDS: u32 = 12;
/// The longest first delay; doubled in each round, up to the most.
const DELAY: Duration = Duration::from_millis(5);
const MAX_DELAY: Duration = Duration::from_millis(320);

/// Returns how long to wait after a round: random, so that writers who met do not meet again.
pub(super) fn delay(round: u32) -> Duration {
    let most = MAX_DELAY.min(DELAY * 2_u32.saturating_pow(round));
    let random = RandomState::new().build_hasher().finish();
    let most_micros = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(random % most_micros.max(1))
}
