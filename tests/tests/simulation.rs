//! Whole worlds, each from a seed: whatever goes wrong between the stream and the rollups, a recount gives the same.
//!
//! More of them: `cargo run -p tests --release -- simulate --seeds 10000`.

use tests::simulation::many::run_many;
use tests::simulation::run;
use tests::simulation::tally::{Count, EVERY, Tally};

/// How many seeds run with every `cargo test`.
const SEEDS: u64 = 200;
/// How many of them run twice.
const TWICE: u64 = 12;
/// What nobody sees in Lambda: pollers and iterators are the product's own mapping's.
const NOT_YET: [Count; 2] = [Count::Pollers, Count::ExpiredIterators];

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
        assert!(NOT_YET.contains(&count) || tally.get(count) > 0, "in no world: {}", what.trim());
    }
}

#[test]
fn a_seed_is_the_same_world_every_time() {
    let first: Vec<u64> = (0..TWICE).map(|seed| run(seed, false).digest).collect();
    let again: Vec<u64> = (0..TWICE).rev().map(|seed| run(seed, false).digest).collect();
    let again: Vec<u64> = again.into_iter().rev().collect();
    assert_eq!(first, again);
}
