//! A seed is one world: what went wrong in it can be looked at again, whatever else the process and
//! the machine do meanwhile.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use weir_testing::simulation::{Run, run};

/// Worlds of Lambda.
const LAMBDA: [u64; 4] = [1, 2, 3, 8];
/// Worlds of the product's own mapping: its tasks wait for several things at a time, and which of
/// them comes first must not be left to chance.
const POLLERS: [u64; 5] = [6, 10, 28, 31, 32];
/// Worlds of either that have builds.
const BUILDS: [u64; 4] = [1, 8, 28, 31];
/// How often each is lived again.
const AGAIN: usize = 2;
/// How many threads live other worlds meanwhile.
const OTHERS: usize = 2;
/// The first seed of those.
const FIRST_OTHER: u64 = 1_000;

/// Checks that two runs of a seed tell the same, line for line.
fn check(first: &Run, again: &Run) {
    let lines = first.lines.iter().zip(&again.lines).enumerate();
    if let Some((line, (told, other))) = lines.into_iter().find(|(_, (one, other))| one != other) {
        panic!("seed {} differs in line {line}:\n{told}\n{other}", first.seed);
    }
    assert_eq!(first.lines.len(), again.lines.len(), "seed {}: one ends before", first.seed);
    assert_eq!(first.digest, again.digest, "seed {}", first.seed);
}

#[test]
fn a_seed_is_the_same_world_every_time() {
    let first: Vec<_> = LAMBDA.iter().chain(&POLLERS).map(|seed| run(*seed, true)).collect();
    for Run { seed, lines, .. } in &first {
        let is_of_pollers = lines.iter().any(|line| line.ends_with("poller 1 starts"));
        assert_eq!(is_of_pollers, POLLERS.contains(seed), "seed {seed} is in the wrong list");
        let has_builds = lines.iter().any(|line| line.contains("builder 1 starts"));
        assert_eq!(has_builds, BUILDS.contains(seed), "seed {seed} is in the wrong list of builds");
    }
    let (is_done, next) = (AtomicBool::new(false), AtomicU64::new(FIRST_OTHER));
    thread::scope(|scope| {
        for _ in 0..OTHERS {
            scope.spawn(|| {
                while !is_done.load(Ordering::Relaxed) {
                    run(next.fetch_add(1, Ordering::Relaxed), false);
                }
            });
        }
        let again = thread::scope(|scope| {
            // In another order, for a world must not depend on those before it.
            let lived = || {
                let again = |first: &Run| check(first, &run(first.seed, true));
                (0..AGAIN).for_each(|_| first.iter().rev().for_each(again));
            };
            scope.spawn(lived).join()
        });
        is_done.store(true, Ordering::Relaxed);
        again.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}
