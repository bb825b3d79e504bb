//! The protocol as a state machine: from every state, everything that may happen next.
//!
//! **Invariant:** what happens is an [`Action`], and a state depends on the actions before it
//! alone. There is no clock: what takes long is an action that comes late.

use stateright::{Model, Property};

use crate::algebra::{Algebra, ITEMS, UpdateId};
use crate::history::{History, KEYS, Key};
use crate::properties::properties;
use crate::situations::situations;
use crate::state::{Invocation, State, Write};
use crate::variant::Variant;

/// A protocol over a history.
#[derive(Clone, Debug)]
pub(crate) struct Protocol {
    pub(crate) variant: Variant,
    pub(crate) history: History,
    pub(crate) algebra: Algebra,
    pub(crate) bounds: Bounds,
}

/// What makes the states finite.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// The most batches that are delivered of one shard.
    pub(crate) deliveries: u8,
    /// The most invocations of one shard that are at work at a time.
    pub(crate) overlapping: usize,
    /// The most requests, of all shards, that are not answered.
    pub(crate) lost: u8,
}

impl Bounds {
    /// Three invocations at a time, each cut differently: for one rollup item.
    pub(crate) const CROWDED: Self = Self { deliveries: 4, overlapping: 3, lost: 1 };
    /// Two requests on their way at a time: for one rollup item.
    pub(crate) const LOSSY: Self = Self { deliveries: 3, overlapping: 2, lost: 2 };
    /// For two rollup items.
    pub(crate) const TWO_ITEMS: Self = Self { deliveries: 3, overlapping: 2, lost: 1 };
    /// For two shards, each with so many deliveries.
    pub(crate) const TWO_SHARDS: Self = Self { deliveries: 2, overlapping: 2, lost: 1 };
    /// For two shards, and requests that are answered.
    pub(crate) const NOTHING_LOST: Self = Self { deliveries: 2, overlapping: 2, lost: 0 };
}

/// What may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// The mapping invokes the function with a batch.
    Deliver { shard: usize, from: u8, to: u8 },
    /// A write goes one step on: it is sent, or the watermark that refused it is learnt.
    Step { invocation: usize, key: Key },
    /// A write is answered with an error and has changed nothing.
    Fail { invocation: usize, key: Key },
    /// A write is not answered.
    Lose { invocation: usize, key: Key, then: AfterSilence },
    /// A write that was not answered is made nevertheless.
    Arrive { request: usize },
    /// An invocation answers.
    Answer { invocation: usize },
    /// An invocation ends without an answer: it crashes, or takes too long.
    Die { invocation: usize },
    /// A watermark is removed: only in a variant.
    Forget { key: Key, shard: usize },
}

/// What is done about a request that is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterSilence {
    /// The same is sent again.
    Resend,
    /// The write is given up.
    Fail,
}

impl Protocol {
    /// A protocol over a history, within bounds.
    pub(crate) fn new(variant: Variant, history: History, bounds: Bounds) -> Self {
        Self { variant, algebra: Algebra::new(&history, ITEMS), history, bounds }
    }

    /// The updates that an invocation's batch was folded into.
    pub(crate) fn folded(&self, invocation: &Invocation) -> [Option<UpdateId>; KEYS] {
        self.algebra.fold(invocation.shard, invocation.from, invocation.to)
    }

    fn ways_on(&self, state: &State, invocation: usize, actions: &mut Vec<Action>) {
        let at_work = &state.invocations[invocation];
        for (key, write) in at_work.writes.iter().enumerate() {
            if !write.is_pending() {
                continue;
            }
            actions.push(Action::Step { invocation, key });
            actions.push(Action::Fail { invocation, key });
            if matches!(write, Write::Sending(_)) && state.lost < self.bounds.lost {
                for then in [AfterSilence::Resend, AfterSilence::Fail] {
                    actions.push(Action::Lose { invocation, key, then });
                }
            }
        }
        if self.may_answer(state, at_work) {
            actions.push(Action::Answer { invocation });
        }
        actions.push(Action::Die { invocation });
    }

    fn forgettable(&self, state: &State, actions: &mut Vec<Action>) {
        for (key, item) in state.items.iter().enumerate() {
            let kept = item.watermarks.iter().enumerate().filter(|(_, watermark)| **watermark > 0);
            actions.extend(kept.map(|(shard, _)| Action::Forget { key, shard }));
        }
    }
}

impl Model for Protocol {
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
        if self.variant == Variant::ForgetsWatermarks {
            self.forgettable(state, actions);
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Deliver { shard, from, to } => self.deliver(&mut next, shard, from, to),
            Action::Step { invocation, key } => self.step(&mut next, invocation, key),
            Action::Fail { invocation, key } => self.fail(&mut next, invocation, key),
            Action::Lose { invocation, key, then } => self.lose(&mut next, invocation, key, then),
            Action::Arrive { request } => self.arrive(&mut next, request),
            Action::Answer { invocation } => self.answer(&mut next, invocation),
            Action::Die { invocation } => self.die(&mut next, invocation),
            Action::Forget { key, shard } => next.items[key].watermarks[shard] = 0,
        }
        Some(next.sorted())
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties().into_iter().chain(situations()).collect()
    }
}
