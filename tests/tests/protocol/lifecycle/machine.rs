//! The life of a revision as a state machine: from every state, everything that may happen next.
//!
//! Time is a number of seconds. A second passes when the stream has brought everything that was
//! written in it, so the capture sees a record one second after its write at the latest. The second
//! that a record names is that of its write or the one before.
//!
//! **Invariant:** what happens is an [`Action`], and a state depends on the actions before it
//! alone.

use super::history::{History, sums};
use super::state::{BEGINNING, BUILDERS, Row, Run, Seconds, Shard, Stage, State};
use super::variant::Variant;
use crate::history::{KEYS, Key, SHARDS};

/// The time from the writing of a cut to the cut. The three margins are 120 s, 120 s and 900 s on
/// AWS; here nothing is late by more than a second.
const CUT_MARGIN: Seconds = 1;
/// The time from the cut to the first read of the scan.
pub(super) const SCAN_MARGIN: Seconds = 1;
/// The time from the last read of the scan to the end of the capture.
pub(super) const CAPTURE_MARGIN: Seconds = 1;

/// The life of revisions over a history.
#[derive(Clone, Debug)]
pub(crate) struct Lifecycle {
    pub(super) variant: Variant,
    pub(super) history: History,
    pub(super) bounds: Bounds,
}

/// The beginning of a world and what makes its states finite.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Whether there is a revision that was created with the table, to be replaced.
    pub(super) replaces: bool,
    /// The most seconds that pass.
    pub(super) seconds: Seconds,
    /// The most batches that are delivered of one shard.
    pub(super) deliveries: u8,
    /// The most invocations of one shard that are at work at a time.
    pub(super) overlapping: usize,
    /// The most builders at a time.
    pub(super) builders: usize,
    /// The most builders that are killed.
    pub(super) kills: u8,
    /// The most builds that an operator aborts.
    pub(super) aborts: u8,
    /// Whether the seconds that records name may step back.
    pub(super) steps_back: bool,
}

impl Bounds {
    /// A table whose items were never counted, one builder and one invocation at a time.
    pub(super) const UNBUILT: Self = Self {
        replaces: false,
        seconds: 3,
        deliveries: 2,
        overlapping: 1,
        builders: 1,
        kills: 0,
        aborts: 0,
        steps_back: false,
    };
    /// Two builders, one of which is killed.
    pub(super) const TWO_BUILDERS: Self =
        Self { deliveries: 1, builders: 2, kills: 1, ..Self::UNBUILT };
    /// One builder, which is killed, and time for the next.
    pub(super) const KILLED: Self = Self { seconds: 4, deliveries: 1, kills: 1, ..Self::UNBUILT };
    /// A revision in place of another, while invocations overlap.
    pub(super) const REPLACED: Self = Self { replaces: true, overlapping: 2, ..Self::UNBUILT };
    /// A build that an operator aborts, and the next one.
    pub(super) const ABORTED: Self = Self { deliveries: 1, aborts: 1, seconds: 4, ..Self::UNBUILT };
    /// Times that step back.
    pub(super) const STEPS_BACK: Self = Self { steps_back: true, ..Self::UNBUILT };
}

/// What may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// A second passes.
    Tick,
    /// An item is written; the record is of this second.
    Write { shard: usize, second: Seconds },
    /// The stream brings the next record.
    Appear { shard: usize },
    /// The mapping invokes the processor with a batch, and the processor reads the state.
    Deliver { shard: usize, from: u8, to: u8 },
    /// An invocation writes its updates of a revision.
    Absorb { invocation: usize, revision: usize },
    /// An invocation answers that it wrote everything.
    Answer { invocation: usize },
    /// An invocation ends without an answer.
    Die { invocation: usize },
    /// The state item gets a cut for a revision.
    Cut { revision: usize },
    /// A builder reads an item.
    Scan { builder: usize, item: usize },
    /// A builder ends its capture and makes the base, or aborts.
    EndCapture { builder: usize },
    /// A builder adds the base to a rollup item.
    Apply { builder: usize, key: Key },
    /// A builder makes the revision ready, if that is still to be done.
    Ready { builder: usize },
    /// A builder is killed.
    Kill { builder: usize },
    /// An operator aborts the build.
    Abort,
    /// The rows of a retired revision are removed.
    Purge { revision: usize },
}

impl Lifecycle {
    /// Returns the life of revisions over a history, within bounds.
    pub(super) fn new(variant: Variant, history: History, bounds: Bounds) -> Self {
        Self { variant, history, bounds }
    }

    /// Returns the state in which a world begins.
    pub(super) fn beginning(&self) -> State {
        let mut state = State {
            now: BEGINNING,
            shards: [Shard::default(); SHARDS],
            stages: Default::default(),
            rows: Default::default(),
            invocations: Vec::new(),
            runs: [Run::Idle; BUILDERS],
            cached: None,
            kills: 0,
            aborts: 0,
        };
        if self.bounds.replaces {
            let initial = sums(&self.history.initial);
            state.stages[0] = Stage::Ready(0);
            state.rows[0] = initial.map(|amount| Row { amount, ..Row::default() });
        }
        state
    }

    /// Returns the number of shards.
    pub(super) fn shards(&self) -> std::ops::Range<usize> {
        0..self.history.shards.len()
    }

    /// Whether the processor counts a record of this second for a revision with this cut.
    pub(super) fn is_counted(&self, second: Seconds, cut: Seconds) -> bool {
        second >= cut || self.variant == Variant::CountsWithoutCut
    }

    /// Returns the writes and seconds that may be next.
    pub(super) fn passing(&self, state: &State, actions: &mut Vec<Action>) {
        if state.now < BEGINNING + self.bounds.seconds {
            actions.push(Action::Tick);
        }
        for shard in self.shards() {
            let Shard { written, readable, .. } = state.shards[shard];
            if readable < written && self.may_appear(state, shard) {
                actions.push(Action::Appear { shard });
            }
            if written == self.history.length(shard) || !self.is_open(state, shard) {
                continue;
            }
            let earliest = self.last_second(state, shard);
            let seconds = self.seconds(state).filter(|second| *second >= earliest);
            actions.extend(seconds.map(|second| Action::Write { shard, second }));
        }
    }

    /// Returns the seconds that a record may name now. The second before the write is left out
    /// where no cut lies between the two: nothing depends on it there.
    fn seconds(&self, state: &State) -> impl Iterator<Item = Seconds> {
        let now = state.now;
        let cuts = state.view();
        let is_cut = cuts.iter().flatten().any(|cut| *cut == now);
        [now].into_iter().chain(is_cut.then_some(now - 1))
    }

    /// Returns the second of the last record in a shard or its parent; 0 if times may step back.
    fn last_second(&self, state: &State, shard: usize) -> Seconds {
        if self.bounds.steps_back {
            return 0;
        }
        let lineage = [Some(shard), self.history.parent(shard)].into_iter().flatten();
        let seconds = lineage.flat_map(|shard| state.shards[shard].seconds);
        seconds.max().unwrap_or(0)
    }

    /// Whether a shard takes records: a child does when its parent is closed.
    fn is_open(&self, state: &State, shard: usize) -> bool {
        let parent = self.history.parent(shard);
        parent.is_none_or(|parent| state.shards[parent].written == self.history.length(parent))
    }

    /// Whether a record of a shard may be read: a child is read behind its parent.
    fn may_appear(&self, state: &State, shard: usize) -> bool {
        let is_read = |parent: usize| {
            let Shard { written, readable, .. } = state.shards[parent];
            readable == written
        };
        self.variant == Variant::ReadsChildrenEarly
            || self.history.parent(shard).is_none_or(is_read)
    }

    /// Passes a second, in which the stream brings everything that is written.
    pub(super) fn tick(&self, state: &mut State) {
        state.now += 1;
        for shard in &mut state.shards {
            shard.readable = shard.written;
        }
    }

    /// Writes the next record of a shard.
    pub(super) fn write(&self, state: &mut State, shard: usize, second: Seconds) {
        let shard = &mut state.shards[shard];
        shard.seconds[usize::from(shard.written)] = second;
        shard.written += 1;
    }

    /// Returns the revisions that may get a cut now.
    pub(super) fn cuts(&self, state: &State, actions: &mut Vec<Action>) {
        let ends = state.now + self.cut_margin() + SCAN_MARGIN + CAPTURE_MARGIN;
        if state.capturing().is_some() || ends > BEGINNING + self.bounds.seconds {
            return;
        }
        let is_free = |stage: &Stage| match stage {
            Stage::Absent => true,
            Stage::Aborted => self.variant == Variant::ReusesRevision,
            _ => false,
        };
        let free = state.stages.iter().position(is_free);
        let is_built = |stage: &Stage| matches!(stage, Stage::Ready(cut) if *cut > 0);
        if let Some(revision) = free.filter(|_| !state.stages.iter().any(is_built)) {
            actions.push(Action::Cut { revision });
        }
    }

    /// Gives a revision a cut.
    pub(super) fn cut(&self, state: &mut State, revision: usize) {
        state.stages[revision] = Stage::Capturing(state.now + self.cut_margin());
    }

    fn cut_margin(&self) -> Seconds {
        if self.variant == Variant::CutAtOnce { 0 } else { CUT_MARGIN }
    }

    /// Whether the rows of a replaced revision may be removed: no process can write to it any more.
    pub(super) fn may_purge(&self, state: &State, revision: usize) -> bool {
        let is_written = state.invocations.iter().any(|it| it.pending[revision].is_some());
        state.stages[revision] == Stage::Retired
            && (!is_written || self.variant == Variant::PurgesAtOnce)
    }

    /// Removes the rows of a revision.
    pub(super) fn purge(&self, state: &mut State, revision: usize) {
        state.stages[revision] = Stage::Purged;
        state.rows[revision] = [Row::default(); KEYS];
    }
}
