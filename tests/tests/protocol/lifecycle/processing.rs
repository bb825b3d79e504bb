//! The processor during a build: batches again and overlapping, each under the state item that it
//! read.
//!
//! A conditional write with all its retries is one step here: the protocol around one write has
//! every way through it.
//!
//! **Invariant:** an invocation writes to the revisions that the state item named when the
//! invocation had its records, and to no other.

use super::machine::{Action, Lifecycle};
use super::state::{Invocation, Seconds, Shard, State};
use super::variant::Variant;
use crate::history::KEYS;

impl Lifecycle {
    /// Returns the batches that may be delivered: each begins at or before the first record that
    /// is not acknowledged, and a child waits for its parent.
    pub(super) fn deliveries(&self, state: &State, actions: &mut Vec<Action>) {
        for shard in self.shards() {
            let at_work = state.invocations.iter().filter(|it| it.shard == shard).count();
            let Shard { checkpoint, readable, deliveries, .. } = state.shards[shard];
            let parent = self.history.parent(shard);
            let waits = parent.is_some_and(|parent| !self.is_acknowledged(state, parent));
            if waits || deliveries == self.bounds.deliveries || at_work == self.bounds.overlapping {
                continue;
            }
            for from in 0..=checkpoint {
                actions.extend((from + 1..=readable).map(|to| Action::Deliver { shard, from, to }));
            }
        }
    }

    /// Returns the ways on of an invocation.
    pub(super) fn invoked(&self, state: &State, invocation: usize, actions: &mut Vec<Action>) {
        let pending = state.invocations[invocation].pending;
        for (revision, _) in pending.iter().enumerate().filter(|(_, cut)| cut.is_some()) {
            actions.push(Action::Absorb { invocation, revision });
        }
        if pending.iter().all(Option::is_none) {
            actions.push(Action::Answer { invocation });
        }
        actions.push(Action::Die { invocation });
    }

    /// Whether every record of a shard is acknowledged.
    pub(super) fn is_acknowledged(&self, state: &State, shard: usize) -> bool {
        state.shards[shard].checkpoint == self.history.length(shard)
    }

    /// Delivers a batch. The state is read when the records are there.
    pub(super) fn deliver(&self, state: &mut State, shard: usize, from: u8, to: u8) {
        let current = state.view();
        let pending = match self.variant {
            Variant::ReadsStateOnce => *state.cached.get_or_insert(current),
            _ => current,
        };
        state.shards[shard].deliveries += 1;
        state.invocations.push(Invocation { shard, from, to, pending });
    }

    /// Writes the updates of a batch to the rows of a revision: to each row, the records behind
    /// its watermark.
    pub(super) fn absorb(&self, state: &mut State, invocation: usize, revision: usize) {
        let at_work = &mut state.invocations[invocation];
        let cut = at_work.pending[revision].take().expect("it is still to be written");
        let Invocation { shard, from, to, .. } = *at_work;
        for key in 0..KEYS {
            let row = &mut state.rows[revision][key];
            for index in from.max(row.watermarks[shard])..to {
                let second = state.shards[shard].seconds[usize::from(index)];
                let delta = self.history.shards[shard][usize::from(index)].delta(key);
                if delta != 0 && self.is_counted(second, cut) {
                    row.amount += delta;
                    row.watermarks[shard] = index + 1;
                }
            }
        }
    }

    /// Ends an invocation that wrote everything; the mapping advances.
    pub(super) fn answer(&self, state: &mut State, invocation: usize) {
        let Invocation { shard, to, .. } = state.invocations.remove(invocation);
        let checkpoint = &mut state.shards[shard].checkpoint;
        *checkpoint = to.max(*checkpoint);
    }

    /// Returns the last of the acknowledged records of a shard that a revision with a cut counts
    /// in a rollup item, by its place from 1; 0 if there is none.
    pub(super) fn last_acknowledged(
        &self,
        state: &State,
        shard: usize,
        key: usize,
        cut: Seconds,
    ) -> u8 {
        let Shard { seconds, checkpoint, .. } = state.shards[shard];
        let counts = |index: &u8| {
            let delta = self.history.shards[shard][usize::from(*index)].delta(key);
            delta != 0 && seconds[usize::from(*index)] >= cut
        };
        (0..checkpoint).rev().find(counts).map_or(0, |index| index + 1)
    }
}
