//! The protocol as a state machine: from every state, everything that may happen next.
//!
//! **Invariant:** what happens is an [`Action`], and a state depends on the actions before it
//! alone. There is no clock: what takes long is an action that comes late.

use stateright::{Model, Property};

use crate::algebra::{Algebra, ITEMS};
use crate::history::{History, Key};
use crate::mapping::{Batch, Bounds};
use crate::properties::properties;
use crate::situations::situations;
use crate::state::{State, Write};
use crate::variant::Variant;

/// A protocol over a history.
#[derive(Clone, Debug)]
pub(crate) struct Protocol {
    pub(crate) variant: Variant,
    pub(crate) history: History,
    pub(crate) algebra: Algebra,
    pub(crate) bounds: Bounds,
}

/// What may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// The mapping invokes the function with a batch.
    Deliver(Batch),
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

    fn ways_on(&self, state: &State, invocation: usize, actions: &mut Vec<Action>) {
        let at_work = &state.mapping.invocations[invocation];
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
        for invocation in 0..state.mapping.invocations.len() {
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
            Action::Deliver(batch) => self.deliver(&mut next, batch),
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
