//! Whole worlds, each from a seed: whatever goes wrong between the stream and the rollups, a
//! recount gives the same.
//!
//! That a seed is the same world each time is held by `determinism`, in a process of its own.
//!
//! More of them: `cargo run -p weir-testing --release -- simulate --seeds 10000`.

use weir_testing::simulation::many::run_many;
use weir_testing::simulation::tally::{EVERY, Tally};
use weir_testing::simulation::{Run, run};

/// How many seeds run with every `cargo test`.
const SEEDS: u64 = 200;
/// Other seeds that failed once.
const PINNED: [u64; 2] = [
    // A capture that rejected its cut gave up a revision that was retired meanwhile.
    789,
    // The last items were removed in the second in which rollups began over the empty table.
    7_108,
];

#[test]
fn the_rollups_of_every_world_are_what_a_recount_gives() {
    let (mut tally, mut failed) = (Tally::default(), Vec::new());
    let mut note = |run: Run| {
        tally.merge(&run.tally);
        if let Some(failure) = run.failure {
            let again =
                format!("cargo run -p weir-testing --release -- simulate --seed {}", run.seed);
            failed.push(format!("seed {} failed: {failure}\n    {again}", run.seed));
        }
    };
    run_many(0..SEEDS, &mut note);
    PINNED.into_iter().for_each(|seed| note(run(seed, false)));
    assert!(failed.is_empty(), "{} seeds failed\n{}", failed.len(), failed.join("\n"));
    for (count, what) in EVERY {
        assert!(tally.get(count) > 0, "in no world: {}", what.trim());
    }
}
