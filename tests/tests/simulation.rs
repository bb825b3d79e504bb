//! Whole worlds, each from a seed: whatever goes wrong between the stream and the rollups, a recount gives the same.
//!
//! More of them: `cargo run -p tests --release -- simulate --seeds 10000`.

use tests::simulation::many::run_many;
use tests::simulation::run;
use tests::simulation::tally::{EVERY, Tally};

/// How many seeds run with every `cargo test`.
const SEEDS: u64 = 200;
/// How many of them run twice.
const TWICE: u64 = 10;
#[test]
fn the_rollups_of_every_world_are_what_a_recount_gives() {
    let (mut tally, mut failed) = (Tally::default(), Vec::new());
    run_many(0..SEEDS, |run| {
        tally.merge(&run.tally);
        if let Some(failure) = run.failure {
            let again = format!("cargo run -p tests --release -- simulate --seed {}", run.seed);
            failed.push(format!("seed {} failed: {failure}\n    {again}", run.seed));
        }
    });
    assert!(failed.is_empty(), "{} seeds failed\n{}", failed.len(), failed.join("\n"));
    for (count, what) in EVERY {
        assert!(tally.get(count) > 0, "in no world: {}", what.trim());
    }
}

#[test]
fn a_seed_is_the_same_world_every_time() {
    // In another order, for a world must not depend on those before it.
    let mut runs: Vec<_> = (0..TWICE).map(|seed| (seed, run(seed, false).digest)).collect();
    runs.reverse();
    runs.retain(|(seed, digest)| run(*seed, false).digest != *digest);
    assert!(runs.is_empty(), "these seeds gave another world: {runs:?}");
}
