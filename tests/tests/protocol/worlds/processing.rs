//! The processor: batches of a shard, again and overlapping, from invocations that die.
//!
//! **Invariant:** a batch begins at or before the first record that is not acknowledged.

use weir_rollups::{Change, Update, fold};

use super::run::{Event, FUNCTION_TIMEOUT, Run, Stage};
use super::weakness::Weakness;
use super::world::{HORIZON, World};

impl Run<'_> {
    /// Delivers a batch that begins at or before the first record that is not acknowledged, and
    /// sees to the next.
    pub(super) fn deliver(&mut self, shard: usize) {
        let records = &self.world.shards[shard].writes;
        let is_done = self.checkpoints[shard] == records.len();
        if !is_done || self.now < HORIZON {
            self.after(0.1, 4.0, Event::Deliver { shard });
        }
        let parent = self.world.shards[shard].parent;
        let waits = parent.is_some_and(|parent| {
            let parent_shard = &self.world.shards[parent];
            self.now < parent_shard.closed || self.checkpoints[parent] < parent_shard.writes.len()
        });
        let readable = self.world.shards[shard].readable(self.now);
        let back = if self.rng.u8(..3) == 0 { self.rng.usize(..5) } else { 0 };
        let from = self.checkpoints[shard].saturating_sub(back);
        if waits || from == readable {
            return;
        }
        self.report.redelivered |= from < self.checkpoints[shard];
        let to = self.rng.usize(from + 1..=readable);
        let batch: Vec<_> = records[from..to].iter().map(|write| write.change.clone()).collect();
        let dies = self.rng.u8(..6) == 0;
        for (revision, update) in self.updates(shard, &batch) {
            if !dies || self.rng.bool() {
                let update = Box::new(update);
                let write = Event::Write { shard, revision, update };
                self.after(0.0, FUNCTION_TIMEOUT, write);
            }
        }
        if !dies {
            let answer = Event::Answer { shard, to };
            self.after(FUNCTION_TIMEOUT, 0.1, answer);
        }
    }

    /// Returns the updates of a batch, of each revision that the state item names as maintained.
    fn updates(&mut self, shard: usize, batch: &[Change]) -> Vec<(usize, Update)> {
        let mut stages = self.stages;
        if self.weakness == Weakness::ReadsStateOnce {
            stages = *self.cached.get_or_insert(stages);
        }
        let mut updates = Vec::new();
        for (revision, stage) in stages.into_iter().enumerate() {
            let (Stage::Capturing(cut) | Stage::Ready(cut)) = stage else { continue };
            let counts_all = self.weakness == Weakness::CountsWithoutCut;
            let cut = if counts_all { 0 } else { i64::from(cut) };
            let counted = batch.iter().filter(|change| change.is_since(cut));
            let fold = fold(&self.models[revision], &World::shard_id(shard), counted);
            updates.extend(fold.updates.into_iter().map(|update| (revision, update)));
        }
        updates
    }
}
