//! Rows and what counts them as a state machine: from every state, everything that may happen next.
//!
//! ```text
//! Trying ── done, or nothing is left ──► Acknowledged
//!  ▲  └──── refused ──► Refused ── its count would cross zero ──► Crossing
//!  └── what is left ───────┘ ▲                                    │   │
//!                            └──────── transaction cancelled ─────┘   └─ done ──► Acknowledged
//! ```
//!
//! Deliveries, answers and deaths are those of the event source mapping as in the protocol around
//! one write.
//!
//! **Invariant:** a write and a transaction are one atomic step each; what a refused one learns is
//! read in a later step.

use stateright::{Model, Property};

use super::properties::{properties, situations};
use crate::algebra::{Algebra, ROWS, UpdateId};
use crate::history::{History, KEYS, Key, SHARDS};
use crate::machine::{AfterSilence, Bounds};
use crate::state::{self, RollupItem, Shard};

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    /// What the product does.
    AsBuilt,
    /// A row is written though its count crosses zero.
    TriesAnyCount,
    /// A transaction is made whatever a row's count is meanwhile.
    CrossesAnyCount,
    /// A transaction is made whatever a row's watermark is meanwhile.
    CrossesAnyWatermark,
    /// The row is written first, its rollup item then.
    WritesTwice,
}

/// Rows, their rollup item, and who writes them.
#[derive(Clone, Debug)]
pub(crate) struct Crossings {
    pub(crate) variant: Variant,
    pub(crate) history: History,
    pub(crate) algebra: Algebra,
    pub(crate) bounds: Bounds,
}

/// Everything at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct State {
    /// The rows: how much each counts, and the last record absorbed of each shard.
    pub(crate) rows: [RollupItem; KEYS],
    /// How many rows the rollup item counts.
    pub(crate) distinct: i32,
    pub(crate) shards: [Shard; SHARDS],
    pub(crate) invocations: Vec<Invocation>,
    /// On their way though their sender waits for them no more.
    pub(crate) requests: Vec<Request>,
    /// How many requests were given up so far.
    pub(crate) lost: u8,
}

/// An invocation at work on rows.
pub(crate) type Invocation = state::Invocation<Write>;

/// How far the write of one row has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Write {
    /// The batch adds nothing to this row.
    Untouched,
    /// To be sent on its own, for the first time or again.
    Trying(UpdateId),
    /// Refused; watermark and count are to be learnt.
    Refused(UpdateId),
    /// To be sent together with the rollup item.
    Crossing(Crossing),
    /// Written, and so much is still to be added to the rollup item: only in a variant.
    Half(i32),
    /// Acknowledged.
    Acknowledged,
    /// Given up.
    Failed(UpdateId),
}

/// A row that comes to count something, or stops to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Crossing {
    pub(crate) id: UpdateId,
    /// The count that was seen.
    pub(crate) seen: i32,
}

/// A request to DynamoDB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Request {
    /// To write one row.
    Try(UpdateId),
    /// To write rows together with their rollup item.
    Cross([Option<Crossing>; KEYS]),
}

/// What may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// The mapping invokes the function with a batch.
    Deliver { shard: usize, from: u8, to: u8 },
    /// A row's write goes one step on.
    Step { invocation: usize, key: Key },
    /// The rows of an invocation that cross are sent in a transaction.
    Cross { invocation: usize },
    /// A write is answered with an error and has changed nothing.
    Fail { invocation: usize, key: Key },
    /// A row's write is not answered.
    LoseStep { invocation: usize, key: Key, then: AfterSilence },
    /// A transaction is not answered.
    LoseCross { invocation: usize, then: AfterSilence },
    /// A request that nobody waits for is made nevertheless.
    Arrive { request: usize },
    /// An invocation answers.
    Answer { invocation: usize },
    /// An invocation ends without an answer.
    Die { invocation: usize },
}

impl Crossings {
    /// Rows with a history, within bounds.
    pub(crate) fn new(variant: Variant, history: History, bounds: Bounds) -> Self {
        Self { variant, algebra: Algebra::new(&history, ROWS), history, bounds }
    }

    /// Whether every record of every shard is acknowledged.
    pub(crate) fn is_all_acknowledged(&self, state: &State) -> bool {
        let mut shards = 0..self.history.shards.len();
        shards.all(|shard| state.shards[shard].checkpoint == self.history.length(shard))
    }

    /// The batches that may be delivered: each begins at or before the first record that is not
    /// acknowledged.
    fn deliveries(&self, state: &State, actions: &mut Vec<Action>) {
        for shard in 0..self.history.shards.len() {
            let at_work = state.invocations.iter().filter(|at_work| at_work.shard == shard).count();
            let Shard { checkpoint, deliveries } = state.shards[shard];
            if deliveries == self.bounds.deliveries || at_work == self.bounds.overlapping {
                continue;
            }
            let length = self.history.length(shard);
            for from in 0..=checkpoint.min(length - 1) {
                actions.extend((from + 1..=length).map(|to| Action::Deliver { shard, from, to }));
            }
        }
    }

    fn ways_on(&self, state: &State, invocation: usize, actions: &mut Vec<Action>) {
        let writes = state.invocations[invocation].writes;
        let silences: &[_] = match state.lost < self.bounds.lost {
            true => &[AfterSilence::Resend, AfterSilence::Fail],
            false => &[],
        };
        for (key, write) in writes.into_iter().enumerate() {
            match write {
                Write::Trying(_) => {
                    let lose = |then: &_| Action::LoseStep { invocation, key, then: *then };
                    actions.extend(silences.iter().map(lose));
                }
                Write::Refused(_) | Write::Half(_) | Write::Crossing(_) => {}
                Write::Untouched | Write::Acknowledged | Write::Failed(_) => continue,
            }
            if !matches!(write, Write::Crossing(_)) {
                actions.push(Action::Step { invocation, key });
            }
            actions.push(Action::Fail { invocation, key });
        }
        if writes.iter().any(|write| matches!(write, Write::Crossing(_))) {
            actions.push(Action::Cross { invocation });
            let lose = |then: &_| Action::LoseCross { invocation, then: *then };
            actions.extend(silences.iter().map(lose));
        }
        if !writes.into_iter().any(Write::is_pending) {
            actions.push(Action::Answer { invocation });
        }
        actions.push(Action::Die { invocation });
    }

    fn deliver(&self, state: &mut State, shard: usize, from: u8, to: u8) {
        let begin = |update: Option<UpdateId>| update.map_or(Write::Untouched, Write::Trying);
        let writes = self.algebra.fold(shard, from, to).map(begin);
        state.shards[shard].deliveries += 1;
        state.invocations.push(Invocation { shard, from, to, writes });
    }

    /// An invocation names the lowest record that a row could not absorb, and the mapping goes on
    /// from there.
    fn answer(&self, state: &mut State, invocation: usize) {
        let ended = state.invocations.remove(invocation);
        let firsts = ended.writes.iter().filter_map(|write| match write {
            Write::Failed(id) => Some(self.algebra.update(*id).first),
            _ => None,
        });
        let failed = firsts.min().map(|first| self.history.index(first));
        state.shards[ended.shard].advance(failed.unwrap_or(ended.to));
    }
}

impl Model for Crossings {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::default()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.deliveries(state, actions);
        for invocation in 0..state.invocations.len() {
            self.ways_on(state, invocation, actions);
        }
        actions.extend((0..state.requests.len()).map(|request| Action::Arrive { request }));
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Deliver { shard, from, to } => self.deliver(&mut next, shard, from, to),
            Action::Step { invocation, key } => self.step(&mut next, invocation, key),
            Action::Cross { invocation } => self.cross(&mut next, invocation),
            Action::Fail { invocation, key } => self.fail(&mut next, invocation, key),
            Action::LoseStep { invocation, key, then } => {
                self.lose_step(&mut next, invocation, key, then);
            }
            Action::LoseCross { invocation, then } => self.lose_cross(&mut next, invocation, then),
            Action::Arrive { request } => self.arrive(&mut next, request),
            Action::Answer { invocation } => self.answer(&mut next, invocation),
            Action::Die { invocation } => drop(next.invocations.remove(invocation)),
        }
        // Two of a kind cannot be distinguished.
        next.invocations.sort_unstable();
        next.requests.sort_unstable();
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties().into_iter().chain(situations()).collect()
    }
}

impl Write {
    /// Whether the invocation has still to do something about it.
    pub(crate) fn is_pending(self) -> bool {
        matches!(self, Self::Trying(_) | Self::Refused(_) | Self::Crossing(_) | Self::Half(_))
    }
}
