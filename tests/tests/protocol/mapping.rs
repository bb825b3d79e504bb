//! The event source mapping, for both machines: its checkpoint for each shard, the batches that it
//! may deliver, and the invocations that work on them.
//!
//! ```text
//!            0 … checkpoint … end
//! batch      [from ─────── to)         from ≤ checkpoint < end, any to: cut again, repeated
//! success    ───────────────►          the checkpoint is at `to`, unless it was further on
//! failures   ─────►                    the checkpoint is at the lowest of them, or further on
//! death                                nothing changes, the records are delivered again
//! ```
//!
//! An invocation that Lambda has given up may work on beside its successor. The mapping may believe
//! its answer or not: a mapping that does not listen is one to which it died.
//!
//! **Invariant:** a checkpoint never moves back.

use crate::history::{History, KEYS, Number, SHARDS};

/// The state of the mapping, and of the invocations that it began.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Mapping<W> {
    pub(crate) shards: [Shard; SHARDS],
    pub(crate) invocations: Vec<Invocation<W>>,
}

/// The progress of the mapping in a shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Shard {
    /// How many of the first records are acknowledged.
    pub(crate) checkpoint: u8,
    /// How many batches were delivered so far.
    pub(crate) deliveries: u8,
}

/// An invocation at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Invocation<W> {
    pub(crate) batch: Batch,
    /// The state of its writes, by rollup item or row.
    pub(crate) writes: [W; KEYS],
}

/// Records of a shard that follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Batch {
    pub(crate) shard: usize,
    /// The index of the first record.
    pub(crate) from: u8,
    /// The index after that of the last record.
    pub(crate) to: u8,
}

/// The bounds that make the states finite.
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

impl<W> Default for Mapping<W> {
    fn default() -> Self {
        Self { shards: Default::default(), invocations: Vec::new() }
    }
}

impl<W> Mapping<W> {
    /// Returns the batches of a shard that may be delivered, if none may begin behind an index.
    pub(crate) fn batches(
        &self,
        shard: usize,
        latest: u8,
        history: &History,
        bounds: Bounds,
    ) -> impl Iterator<Item = Batch> + use<W> {
        let is_bounded = self.shards[shard].deliveries < bounds.deliveries
            && self.at_work(shard).count() < bounds.overlapping;
        let length = history.length(shard);
        let beginnings = if is_bounded { 0..length.min(latest + 1) } else { 0..0 };
        beginnings
            .flat_map(move |from| (from + 1..=length).map(move |to| Batch { shard, from, to }))
    }

    /// Invokes the function with a batch.
    pub(crate) fn deliver(&mut self, batch: Batch, writes: [W; KEYS]) {
        self.shards[batch.shard].deliveries += 1;
        self.invocations.push(Invocation { batch, writes });
    }

    /// Ends an invocation with an answer, which names a record that failed or none.
    pub(crate) fn answer(&mut self, invocation: usize, failed: Option<Number>, history: &History) {
        let Batch { shard, to, .. } = self.end(invocation).batch;
        self.acknowledge(shard, failed.map_or(to, |failed| history.index(failed)));
    }

    /// Ends an invocation, and returns it.
    pub(crate) fn end(&mut self, invocation: usize) -> Invocation<W> {
        self.invocations.remove(invocation)
    }

    /// Acknowledges so many of a shard's first records.
    pub(crate) fn acknowledge(&mut self, shard: usize, count: u8) {
        let checkpoint = &mut self.shards[shard].checkpoint;
        *checkpoint = count.max(*checkpoint);
    }

    /// Returns the invocations of a shard.
    pub(crate) fn at_work(&self, shard: usize) -> impl Iterator<Item = &Invocation<W>> {
        self.invocations.iter().filter(move |invocation| invocation.batch.shard == shard)
    }

    /// Returns whether every record of a shard is acknowledged.
    pub(crate) fn is_acknowledged(&self, shard: usize, history: &History) -> bool {
        self.shards[shard].checkpoint == history.length(shard)
    }

    /// Returns whether every record of every shard is acknowledged.
    pub(crate) fn is_all_acknowledged(&self, history: &History) -> bool {
        (0..history.shards.len()).all(|shard| self.is_acknowledged(shard, history))
    }

    /// Returns whether every record is acknowledged and nobody is at work.
    pub(crate) fn is_end(&self, history: &History) -> bool {
        self.is_all_acknowledged(history) && self.invocations.is_empty()
    }
}
