//! Many seeds, on several threads: worlds share nothing, so each thread lives one after the other.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

use super::{Run, run};

/// Lives the worlds of many seeds and hands over each as it ends, in no order.
pub fn run_many(seeds: Range<u64>, mut each: impl FnMut(Run)) {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let (next, (ended, runs)) = (AtomicU64::new(seeds.start), mpsc::channel());
    thread::scope(|scope| {
        for _ in 0..threads {
            let (next, ended) = (&next, ended.clone());
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end || ended.send(run(seed, false)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(ended);
        runs.iter().for_each(&mut each);
    });
}
