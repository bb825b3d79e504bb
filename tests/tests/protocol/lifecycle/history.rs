//! Histories of a table that has items: the items at the beginning, and the few writes to them.
//!
//! ```text
//! shop A 1  ──►  shop B 10  ──►  shop A 1         an item that returns to an earlier value
//! nothing   ──►  shop A 100 ──►  nothing          an item that comes and goes
//! ```
//!
//! An item belongs to one group and adds an amount there. A record holds the images before and
//! after a write. The records of an item are in one shard, or in a shard and its child.
//!
//! **Invariant:** a recount is made of these definitions alone, by none of the steps under test.

use crate::history::{KEYS, Key, Lineage, SHARDS};

/// The number of items.
pub(super) const ITEMS: usize = 2;
/// The most records of a shard.
pub(super) const RECORDS: usize = 3;

/// The first group.
const A: Key = 0;
/// The second group.
const B: Key = 1;
/// The item that most histories write to.
const X: usize = 0;
/// The other item.
const Y: usize = 1;

/// The group and the amount of an item; `None` for an item that is not there.
pub(super) type Image = Option<(Key, i16)>;
/// One number for each group.
pub(super) type Sums = [i16; KEYS];

/// One write to an item, as the stream has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub(super) item: usize,
    pub(super) old: Image,
    pub(super) new: Image,
}

/// The items at the beginning and the records of each shard, in order.
#[derive(Clone, Debug)]
pub(super) struct History {
    pub(super) initial: [Image; ITEMS],
    pub(super) shards: Vec<Vec<Record>>,
    lineage: Lineage,
}

/// An item that moves to another group and returns to its earlier value, around the insertion of
/// another item.
pub(super) fn with_a_return() -> History {
    let writes = [(X, Some((B, 10))), (Y, Some((A, 100))), (X, Some((A, 1)))];
    History::new([Some((A, 1)), None], &[&writes], Lineage::Siblings)
}

/// An item that is deleted and inserted again, beside an item that is never written.
pub(super) fn with_a_new_life() -> History {
    let writes = [(X, None), (X, Some((B, 10)))];
    History::new([Some((A, 1)), Some((B, 100))], &[&writes], Lineage::Siblings)
}

/// An item that is deleted, beside an item that is never written.
pub(super) fn with_a_deletion() -> History {
    History::new([Some((A, 1)), Some((B, 100))], &[&[(X, None)]], Lineage::Siblings)
}

/// Two items in shards of their own, which add to the same groups.
pub(super) fn with_siblings() -> History {
    let (first, second) = ([(X, Some((B, 10)))], [(Y, Some((A, 1000)))]);
    History::new([Some((A, 1)), Some((B, 100))], &[&first, &second], Lineage::Siblings)
}

/// An item that is written in a shard and again in its child.
pub(super) fn with_parent_and_child() -> History {
    let (parent, child) = ([(X, Some((B, 10)))], [(X, Some((A, 1)))]);
    History::new([Some((A, 1)), Some((A, 100))], &[&parent, &child], Lineage::ParentAndChild)
}

impl History {
    /// Returns the history of writes to items, each with what the item becomes.
    fn new(initial: [Image; ITEMS], writes: &[&[(usize, Image)]], lineage: Lineage) -> Self {
        let mut items = initial;
        let mut record = |(item, new): &(usize, Image)| {
            let old = std::mem::replace(&mut items[*item], *new);
            Record { item: *item, old, new: *new }
        };
        let shards: Vec<Vec<_>> =
            writes.iter().map(|writes| writes.iter().map(&mut record).collect()).collect();
        assert!(shards.len() <= SHARDS && shards.iter().all(|shard| shard.len() <= RECORDS));
        Self { initial, shards, lineage }
    }

    /// Returns the number of records of a shard.
    pub(super) fn length(&self, shard: usize) -> u8 {
        self.shards[shard].len() as u8
    }

    /// Returns the parent of a shard.
    pub(super) fn parent(&self, shard: usize) -> Option<usize> {
        (self.lineage == Lineage::ParentAndChild && shard == 1).then_some(0)
    }

    /// Returns the items after the first so many records of each shard.
    pub(super) fn items(&self, written: impl Fn(usize) -> u8) -> [Image; ITEMS] {
        let mut items = self.initial;
        for (shard, records) in self.shards.iter().enumerate() {
            for record in &records[..usize::from(written(shard))] {
                items[record.item] = record.new;
            }
        }
        items
    }

    /// Returns the sums of all items after the last write.
    pub(super) fn recount(&self) -> Sums {
        sums(&self.items(|shard| self.length(shard)))
    }
}

impl Record {
    /// Returns the amount that it adds to a group.
    pub(super) fn delta(&self, key: Key) -> i16 {
        contribution(self.new, key) - contribution(self.old, key)
    }
}

/// Returns the amount of an image in a group.
pub(super) fn contribution(image: Image, key: Key) -> i16 {
    image.filter(|(group, _)| *group == key).map_or(0, |(_, amount)| amount)
}

/// Returns the sums of items.
pub(super) fn sums(items: &[Image]) -> Sums {
    std::array::from_fn(|key| items.iter().map(|image| contribution(*image, key)).sum())
}
