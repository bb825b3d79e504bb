//! The event source mapping: it delivers batches, believes answers, and keeps a checkpoint for each
//! shard.
//!
//! ```text
//!            0 … checkpoint … end
//! batch      [from ─────── to)         from ≤ checkpoint < end, any to: cut again, repeated
//! success    ───────────────►          the checkpoint is at `to`, unless it was further on
//! failures   ─────►                    the checkpoint is at the lowest of them, or further on
//! death                                nothing changes, the records come again
//! ```
//!
//! An invocation that Lambda has given up may work on beside its successor. Its answer may be
//! believed or not: a mapping that does not listen is one to which it died.
//!
//! **Invariant:** a batch begins at or before the first record that is not acknowledged.

use crate::history::{Lineage, Number};
use crate::machine::{Action, Protocol};
use crate::state::{Invocation, Shard, State, Write};
use crate::variant::Variant;

impl Protocol {
    /// The batches that may be delivered.
    pub(crate) fn deliveries(&self, state: &State, actions: &mut Vec<Action>) {
        for shard in 0..self.history.shards.len() {
            if !self.may_deliver(state, shard) {
                continue;
            }
            let length = self.history.length(shard);
            let latest = self.latest_beginning(state, shard).min(length - 1);
            for from in 0..=latest {
                actions.extend((from + 1..=length).map(|to| Action::Deliver { shard, from, to }));
            }
        }
    }

    /// Whether an invocation may end with an answer.
    pub(crate) fn may_answer(&self, state: &State, at_work: &Invocation) -> bool {
        let is_finished = !at_work.writes.iter().any(|write| write.is_pending());
        match self.variant {
            Variant::SucceedsAtOnce => true,
            Variant::SucceedsAfterOneWrite => {
                is_finished || at_work.writes.contains(&Write::Acknowledged)
            }
            // Batches are acknowledged in order, though they are handled in any.
            Variant::ParallelBatches => {
                is_finished && at_work.from <= state.shards[at_work.shard].checkpoint
            }
            _ => is_finished,
        }
    }

    /// Invokes the function with a batch.
    pub(crate) fn deliver(&self, state: &mut State, shard: usize, from: u8, to: u8) {
        let writes = self.algebra.fold(shard, from, to).map(|update| self.begin(update));
        state.shards[shard].deliveries += 1;
        state.invocations.push(Invocation { shard, from, to, writes });
    }

    /// An invocation ends with an answer, and the mapping believes it.
    pub(crate) fn answer(&self, state: &mut State, invocation: usize) {
        let ended = state.invocations.remove(invocation);
        let acknowledged = match self.reported(&ended) {
            Some(failed) if self.variant != Variant::GivesUp => self.history.index(failed),
            _ => ended.to,
        };
        state.shards[ended.shard].advance(acknowledged);
    }

    /// An invocation ends without an answer.
    pub(crate) fn die(&self, state: &mut State, invocation: usize) {
        let ended = state.invocations.remove(invocation);
        if self.variant == Variant::GivesUp {
            state.shards[ended.shard].advance(ended.to);
        }
    }

    /// The record that an answer names as failed: a failed write is that of its update's first
    /// record.
    pub(crate) fn reported(&self, ended: &Invocation) -> Option<Number> {
        let folded = self.folded(ended);
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

    /// Whether every record of every shard is acknowledged.
    pub(crate) fn is_all_acknowledged(&self, state: &State) -> bool {
        (0..self.history.shards.len()).all(|shard| self.is_acknowledged(state, shard))
    }

    fn is_acknowledged(&self, state: &State, shard: usize) -> bool {
        state.shards[shard].checkpoint == self.history.length(shard)
    }

    fn may_deliver(&self, state: &State, shard: usize) -> bool {
        let is_bounded = state.shards[shard].deliveries < self.bounds.deliveries
            && state.at_work(shard).count() < self.bounds.overlapping;
        let waits = shard > 0
            && self.history.lineage == Lineage::ParentAndChild
            && self.variant != Variant::BeginsChildrenEarly
            && !self.is_acknowledged(state, shard - 1);
        is_bounded && !waits
    }

    fn latest_beginning(&self, state: &State, shard: usize) -> u8 {
        let checkpoint = state.shards[shard].checkpoint;
        match self.variant {
            Variant::ParallelBatches => {
                state.at_work(shard).map(|at_work| at_work.to).max().unwrap_or(0).max(checkpoint)
            }
            _ => checkpoint,
        }
    }
}

impl Shard {
    /// The first so many records are acknowledged.
    pub(crate) fn advance(&mut self, acknowledged: u8) {
        self.checkpoint = self.checkpoint.max(acknowledged);
    }
}
