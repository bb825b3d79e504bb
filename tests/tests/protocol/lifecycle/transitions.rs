//! The life of a revision, for the checker: the actions of a state, and the state after an action.
//!
//! **Invariant:** every action that a state has leads to a state.

use stateright::{Model, Property};

use super::machine::{Action, Lifecycle};
use super::properties::properties;
use super::situations::situations;
use super::state::State;

impl Model for Lifecycle {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![self.beginning()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.passing(state, actions);
        self.deliveries(state, actions);
        for invocation in 0..state.invocations.len() {
            self.invoked(state, invocation, actions);
        }
        self.cuts(state, actions);
        // Idle builders cannot be distinguished: they are the first in the order.
        let at_work = state.runs.iter().filter(|run| run.revision().is_some()).count();
        let idle = state.runs.len() - at_work;
        let begins = (idle > 0 && at_work < self.bounds.builders).then(|| idle - 1);
        for builder in begins.into_iter().chain(idle..state.runs.len()) {
            self.built(state, builder, actions);
        }
        if state.capturing().is_some() && state.aborts < self.bounds.aborts {
            actions.push(Action::Abort);
        }
        let replaced = (0..state.stages.len()).filter(|it| self.may_purge(state, *it));
        actions.extend(replaced.map(|revision| Action::Purge { revision }));
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Tick => self.tick(&mut next),
            Action::Write { shard, second } => self.write(&mut next, shard, second),
            Action::Appear { shard } => next.shards[shard].readable += 1,
            Action::Deliver { shard, from, to } => self.deliver(&mut next, shard, from, to),
            Action::Absorb { invocation, revision } => {
                self.absorb(&mut next, invocation, revision);
            }
            Action::Answer { invocation } => self.answer(&mut next, invocation),
            Action::Die { invocation } => drop(next.invocations.remove(invocation)),
            Action::Cut { revision } => self.cut(&mut next, revision),
            Action::Scan { builder, item } => self.scan(&mut next, builder, item),
            Action::EndCapture { builder } => self.end_capture(&mut next, builder),
            Action::Apply { builder, key } => self.apply(&mut next, builder, key),
            Action::Ready { builder } => self.make_ready(&mut next, builder),
            Action::Kill { builder } => self.kill(&mut next, builder),
            Action::Abort => self.abort(&mut next),
            Action::Purge { revision } => self.purge(&mut next, revision),
        }
        Some(next.sorted())
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties().into_iter().chain(situations()).collect()
    }
}
