//! How far each shard was handled at a time, by the numbers that a verification gives to shards.

use std::collections::HashMap;

use weir_rollups::SequenceNumber;
use weir_rollups::watermark;

/// The shards of a stream, each with a number.
#[derive(Debug)]
pub(super) struct Shards {
    label: String,
    numbers: HashMap<String, usize>,
    /// The names under which rollup items keep the watermarks of the shards.
    names: HashMap<String, usize>,
}

/// The last acknowledged record of each shard, by the number of the shard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Positions(HashMap<usize, SequenceNumber>);

impl Shards {
    /// Returns the shards of the stream with a label.
    pub(super) fn new(label: &str) -> Self {
        Self { label: label.to_owned(), numbers: HashMap::new(), names: HashMap::new() }
    }

    /// Returns the number of a shard, a new one if it has none.
    pub(super) fn number(&mut self, shard_id: &str) -> usize {
        if let Some(number) = self.numbers.get(shard_id) {
            return *number;
        }
        let number = self.numbers.len();
        self.numbers.insert(shard_id.to_owned(), number);
        self.names.insert(watermark::name(&self.label, shard_id), number);
        number
    }

    /// Returns the number of the shard whose watermarks have a name.
    pub(super) fn by_watermark(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    /// Returns positions by the numbers of the shards.
    pub(super) fn positions<'s>(
        &mut self,
        known: impl IntoIterator<Item = (&'s str, SequenceNumber)>,
    ) -> Positions {
        let numbered = known.into_iter().map(|(id, last)| (self.number(id), last));
        Positions(numbered.collect())
    }
}

impl Positions {
    /// Returns whether a record was acknowledged.
    pub(super) fn has(&self, shard: usize, record: SequenceNumber) -> bool {
        self.0.get(&shard).is_some_and(|last| record <= *last)
    }
}
