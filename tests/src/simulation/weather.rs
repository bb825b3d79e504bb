//! How bad a world is: the probabilities of everything that goes wrong in it.
//!
//! | grade | what its seeds are for |
//! |---|---|
//! | calm | what happens without any fault: batches, shards, duplicates |
//! | breezy | single faults, each seen alone |
//! | rough | faults on top of each other |
//! | horrible | hardly anything works at the first try |
//!
//! Probabilities are in thousandths, for a grade of one; a world's are these times its grade.

use super::dice::Dice;

/// How many worlds of each grade there are, out of their sum.
const GRADES: [(u32, usize); 4] = [(0, 1), (1, 3), (3, 4), (6, 2)];

/// A request is refused before it does anything: throttled, a 5xx, a conflict.
const REFUSED_PER_MILLE: u32 = 15;
/// A connection breaks before the request has arrived.
const UNREACHED_PER_MILLE: u32 = 8;
/// A request takes effect and its answer never arrives.
const LOST_PER_MILLE: u32 = 15;
/// A request and its answer take far longer than usual.
const SLOW_PER_MILLE: u32 = 20;
/// A request begins a time in which a partition, or everything, fails.
const BURST_PER_MILLE: u32 = 1;
/// An invocation dies between two of its requests.
const CRASH_PER_MILLE: u32 = 30;
/// The service gives an invocation up early.
const TIMEOUT_PER_MILLE: u32 = 25;
/// A reactor fails or panics on a record.
const REACTOR_PER_MILLE: u32 = 9;
/// A batch that was handled is delivered again, or an older stretch is, beside the shard's own
/// deliveries. Calm worlds have these too: they are not a fault, but what at-least-once means.
const OVERLAP_PER_MILLE: u32 = 25;
/// The shard's own deliveries begin again further back.
const REWIND_PER_MILLE: u32 = 15;

/// The probabilities of one world, in thousandths.
#[derive(Clone, Debug)]
pub(crate) struct Weather {
    pub(crate) refused: u32,
    pub(crate) unreached: u32,
    pub(crate) lost: u32,
    pub(crate) slow: u32,
    pub(crate) burst: u32,
    pub(crate) crash: u32,
    pub(crate) timeout: u32,
    pub(crate) reactor: u32,
    pub(crate) overlap: u32,
    pub(crate) rewind: u32,
}

impl Weather {
    /// Returns the weather of a world.
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let grades: Vec<u32> =
            GRADES.iter().flat_map(|(grade, share)| std::iter::repeat_n(*grade, *share)).collect();
        let grade = dice.pick(&grades);
        Self {
            refused: REFUSED_PER_MILLE * grade,
            unreached: UNREACHED_PER_MILLE * grade,
            lost: LOST_PER_MILLE * grade,
            slow: SLOW_PER_MILLE * grade,
            burst: BURST_PER_MILLE * grade,
            crash: CRASH_PER_MILLE * grade,
            timeout: TIMEOUT_PER_MILLE * grade,
            reactor: REACTOR_PER_MILLE * grade,
            overlap: OVERLAP_PER_MILLE * (1 + grade),
            rewind: REWIND_PER_MILLE * (1 + grade),
        }
    }
}
