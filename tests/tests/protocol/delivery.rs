//! What the mapping delivers and which answers it gets, in the protocol as built and in its
//! variants.
//!
//! **Invariant:** a batch begins at or before the first record that is not acknowledged.

use crate::history::{Lineage, Number};
use crate::machine::{Action, Protocol};
use crate::mapping::Batch;
use crate::state::{Invocation, State, Write};
use crate::variant::Variant;

impl Protocol {
    /// Adds the batches that may be delivered.
    pub(crate) fn deliveries(&self, state: &State, actions: &mut Vec<Action>) {
        for shard in 0..self.history.shards.len() {
            if self.waits_for_parent(state, shard) {
                continue;
            }
            let latest = self.latest_beginning(state, shard);
            let batches = state.mapping.batches(shard, latest, &self.history, self.bounds);
            actions.extend(batches.map(Action::Deliver));
        }
    }

    /// Returns whether an invocation may end with an answer.
    pub(crate) fn may_answer(&self, state: &State, at_work: &Invocation) -> bool {
        let is_finished = !at_work.writes.iter().any(|write| write.is_pending());
        match self.variant {
            Variant::SucceedsAtOnce => true,
            Variant::SucceedsAfterOneWrite => {
                is_finished || at_work.writes.contains(&Write::Acknowledged)
            }
            // Batches are acknowledged in order, though they are handled in any.
            Variant::ParallelBatches => {
                let Batch { shard, from, .. } = at_work.batch;
                is_finished && from <= state.mapping.shards[shard].checkpoint
            }
            _ => is_finished,
        }
    }

    /// Invokes the function with a batch.
    pub(crate) fn deliver(&self, state: &mut State, batch: Batch) {
        let writes = self.algebra.fold(batch).map(|update| self.begin(update));
        state.mapping.deliver(batch, writes);
    }

    /// Ends an invocation with an answer that the mapping believes.
    pub(crate) fn answer(&self, state: &mut State, invocation: usize) {
        let reported = self.reported(&state.mapping.invocations[invocation]);
        let failed = reported.filter(|_| self.variant != Variant::GivesUp);
        state.mapping.answer(invocation, failed, &self.history);
    }

    /// Ends an invocation without an answer.
    pub(crate) fn die(&self, state: &mut State, invocation: usize) {
        let Batch { shard, to, .. } = state.mapping.end(invocation).batch;
        if self.variant == Variant::GivesUp {
            state.mapping.acknowledge(shard, to);
        }
    }

    /// Returns the record that an answer names as failed: a failed write is that of its update's
    /// first record.
    pub(crate) fn reported(&self, ended: &Invocation) -> Option<Number> {
        let folded = self.algebra.fold(ended.batch);
        let writes = ended.writes.iter().zip(folded);
        let failed = writes.filter(|(write, _)| **write == Write::Failed);
        let firsts = failed.flat_map(|(_, id)| id).map(|id| self.algebra.update(id).first);
        match self.variant {
            Variant::SucceedsAtOnce | Variant::SucceedsAfterOneWrite | Variant::IgnoresFailures => {
                None
            }
            Variant::ReportsTheHighest => firsts.max(),
            _ => firsts.min(),
        }
    }

    fn waits_for_parent(&self, state: &State, shard: usize) -> bool {
        shard > 0
            && self.history.lineage == Lineage::ParentAndChild
            && self.variant != Variant::BeginsChildrenEarly
            && !state.mapping.is_acknowledged(shard - 1, &self.history)
    }

    fn latest_beginning(&self, state: &State, shard: usize) -> u8 {
        let checkpoint = state.mapping.shards[shard].checkpoint;
        match self.variant {
            Variant::ParallelBatches => {
                let ends = state.mapping.at_work(shard).map(|at_work| at_work.batch.to);
                ends.max().unwrap_or(0).max(checkpoint)
            }
            _ => checkpoint,
        }
    }
}
