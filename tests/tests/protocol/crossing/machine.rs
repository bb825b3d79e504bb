//! Rows and what counts them as a state machine: from every state, everything that may happen next.
//!
//! ```text
//! Trying ── done, or nothing is left ──► Acknowledged
//!  ▲  └──── refused ──► Refused ── its count would cross zero ──► Crossing
//!  └── what is left ───────┘ ▲                                    │   │
//!                            └──────── transaction cancelled ─────┘   └─ done ──► Acknowledged
//! ```
//!
//! The event source mapping delivers, and is answered, as in the protocol around one write:
//! `mapping.rs`.
//!
//! **Invariant:** a write and a transaction are one atomic step each; what a refused one learns is
//! read in a later step.

use stateright::{Model, Property};

use super::properties::{properties, situations};
use crate::algebra::{Algebra, ROWS, UpdateId};
use crate::history::{History, KEYS, Key};
use crate::machine::AfterSilence;
use crate::mapping::{Batch, Bounds, Mapping};
use crate::state::RollupItem;

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
    pub(crate) mapping: Mapping<Write>,
    /// On their way though their sender waits for them no more.
    pub(crate) requests: Vec<Request>,
    /// How many requests were given up so far.
    pub(crate) lost: u8,
}

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
    Deliver(Batch),
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

    /// Adds the batches that may be delivered.
    fn deliveries(&self, state: &State, actions: &mut Vec<Action>) {
        for shard in 0..self.history.shards.len() {
            let latest = state.mapping.shards[shard].checkpoint;
            let batches = state.mapping.batches(shard, latest, &self.history, self.bounds);
            actions.extend(batches.map(Action::Deliver));
        }
    }

    fn ways_on(&self, state: &State, invocation: usize, actions: &mut Vec<Action>) {
        let writes = state.mapping.invocations[invocation].writes;
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

    fn deliver(&self, state: &mut State, batch: Batch) {
        let begin = |update: Option<UpdateId>| update.map_or(Write::Untouched, Write::Trying);
        state.mapping.deliver(batch, self.algebra.fold(batch).map(begin));
    }

    /// Ends an invocation with an answer, which names the lowest record that a row could not
    /// absorb.
    fn answer(&self, state: &mut State, invocation: usize) {
        let writes = &state.mapping.invocations[invocation].writes;
        let failed = writes.iter().filter_map(|write| match write {
            Write::Failed(id) => Some(self.algebra.update(*id).first),
            _ => None,
        });
        let lowest = failed.min();
        state.mapping.answer(invocation, lowest, &self.history);
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
        for invocation in 0..state.mapping.invocations.len() {
            self.ways_on(state, invocation, actions);
        }
        actions.extend((0..state.requests.len()).map(|request| Action::Arrive { request }));
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Deliver(batch) => self.deliver(&mut next, batch),
            Action::Step { invocation, key } => self.step(&mut next, invocation, key),
            Action::Cross { invocation } => self.cross(&mut next, invocation),
            Action::Fail { invocation, key } => self.fail(&mut next, invocation, key),
            Action::LoseStep { invocation, key, then } => {
                self.lose_step(&mut next, invocation, key, then);
            }
            Action::LoseCross { invocation, then } => self.lose_cross(&mut next, invocation, then),
            Action::Arrive { request } => self.arrive(&mut next, request),
            Action::Answer { invocation } => self.answer(&mut next, invocation),
            Action::Die { invocation } => drop(next.mapping.end(invocation)),
        }
        // Two of a kind cannot be distinguished.
        next.mapping.invocations.sort_unstable();
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
