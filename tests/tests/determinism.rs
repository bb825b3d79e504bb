//! A seed is one world: what went wrong in it can be looked at again.
//!
//! Alone in its process: the SDK has one quota of retries for all worlds of a process, and hundreds of them at a time may leave
//! it with nothing, so that a request of another world is not tried again.

use tests::simulation::run;

/// How many seeds run twice.
const TWICE: u64 = 10;

#[test]
fn a_seed_is_the_same_world_every_time() {
    // In another order, for a world must not depend on those before it.
    let mut runs: Vec<_> = (0..TWICE).map(|seed| (seed, run(seed, false).digest)).collect();
    runs.reverse();
    runs.retain(|(seed, digest)| run(*seed, false).digest != *digest);
    assert!(runs.is_empty(), "these seeds gave another world: {runs:?}");
}
