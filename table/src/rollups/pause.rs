//! How long to wait before something is tried again that others were in the way of.
//!
//! ```text
//! round   0         1         2             between the half and the whole of 5 ms · 2^round
//!         ├─┤       ├───┤     ├───────┤
//! ```
//!
//! **Invariant:** those who met do not wait equally long, or they would meet again. How long
//! follows from who waits, not from chance, so that a test can be lived again.

use std::time::Duration;

use weir_rollups::fnv::fnv1a;

/// The longest first pause; doubled each time.
const FIRST: Duration = Duration::from_millis(5);

/// Waits before the next round, the first of which is 0. Who waits may be the name of a watermark:
/// those who meet at an item are of different shards.
pub(super) async fn pause(who: &str, round: u32) {
    tokio::time::sleep(length(who, round)).await;
}

fn length(who: &str, round: u32) -> Duration {
    let half = FIRST * 2_u32.saturating_pow(round) / 2;
    let half_micros = u64::try_from(half.as_micros()).unwrap_or(u64::MAX - 1);
    let hash = fnv1a(who.bytes().chain(round.to_le_bytes()));
    half + Duration::from_micros(hash % (half_micros + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_are_not_the_same_for_those_who_met() {
        for round in 0..11 {
            let longest = FIRST * 2_u32.pow(round);
            let lengths: Vec<_> = ["@a/1", "@a/2", "@b/1"].map(|who| length(who, round)).into();
            assert!(lengths.iter().all(|length| (longest / 2..=longest).contains(length)));
            assert!(lengths[0] != lengths[1] && lengths[1] != lengths[2], "{lengths:?}");
        }
    }
}
