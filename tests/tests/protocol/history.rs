//! Histories: the few records that shards hold, and what a recount of them gives.
//!
//! A record is a change of one item that stands in the group of one rollup item, or of none, before
//! and after:
//!
//! ```text
//! insert(A, 1)              A +1
//! remove(A, 1)              A −1
//! modify((A, 1), (B, 10))   A −1   B +10
//! modify((A, 1), (A, 1))    nothing
//! ```
//!
//! Amounts are powers of ten, so that no record taken twice makes up for another one lost, but
//! where they are meant to cancel.
//!
//! Records are numbered over all shards, dealt out in turn: of two shards, the first holds 1, 3, 5
//! and the second 2, 4, 6. A number stands for a sequence number, which orders the records of one
//! shard and says nothing of two.
//!
//! **Invariant:** a recount is made of these definitions alone, by none of the code under test.

/// How many rollup items there are.
pub(crate) const KEYS: usize = 2;
/// The most shards a history has.
pub(crate) const SHARDS: usize = 2;

/// A rollup item.
pub(crate) type Key = usize;
/// The number of a record, from 1; 0 stands for none.
pub(crate) type Number = u8;

/// The first rollup item.
const A: Key = 0;
/// The second rollup item.
const B: Key = 1;

/// What an item was in and what it is in: a rollup item, and the amount it adds there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) old: Option<(Key, i32)>,
    pub(crate) new: Option<(Key, i32)>,
}

/// How the second shard stands to the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lineage {
    /// Both are open at a time.
    Siblings,
    /// The second goes on where the first has ended.
    ParentAndChild,
}

/// The records of each shard, in order.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) shards: Vec<Vec<Record>>,
    pub(crate) lineage: Lineage,
}

/// Two records that cancel each other, and one more. A replay that begins between the two is the
/// test of the watermark.
pub(crate) fn cancelling() -> History {
    History::of_one_shard(&[insert(A, 1), remove(A, 1), insert(A, 10)])
}

/// As [`cancelling`], with a record between that contributes nothing: batches that begin or end at
/// it, or hold it alone.
pub(crate) fn with_a_gap() -> History {
    History::of_one_shard(&[insert(A, 1), modify((A, 1), (A, 1)), remove(A, 1), insert(A, 10)])
}

/// A record that contributes to two rollup items, of which one has no other.
pub(crate) fn of_two_items() -> History {
    History::of_one_shard(&[insert(A, 1), modify((A, 1), (B, 10)), insert(A, 100)])
}

/// Two shards that contribute to the same rollup item at a time.
pub(crate) fn of_siblings() -> History {
    let first = [insert(A, 1), modify((A, 1), (B, 10))];
    History::of_two_shards(&first, &[insert(A, 100), remove(A, 100)], Lineage::Siblings)
}

/// Items that are inserted in a shard, and moved and removed in its child.
pub(crate) fn of_parent_and_child() -> History {
    let child = [modify((A, 10), (B, 100)), remove(A, 1)];
    History::of_two_shards(&[insert(A, 1), insert(A, 10)], &child, Lineage::ParentAndChild)
}

/// A row that comes, goes and comes.
pub(crate) fn of_a_row() -> History {
    History::of_one_shard(&[insert(A, 1), remove(A, 1), insert(A, 1)])
}

/// A row that comes and goes as two shards say, neither of which knows all.
pub(crate) fn of_a_shared_row() -> History {
    History::of_two_shards(&[insert(A, 1), remove(A, 1)], &[insert(A, 1)], Lineage::Siblings)
}

/// Rows that come and go in one change, while another shard has the row that comes.
pub(crate) fn of_two_rows() -> History {
    let first = [insert(A, 1), modify((A, 1), (B, 1))];
    History::of_two_shards(&first, &[insert(B, 1)], Lineage::Siblings)
}

/// A new item.
const fn insert(key: Key, amount: i32) -> Record {
    Record { old: None, new: Some((key, amount)) }
}

/// An item that is deleted.
const fn remove(key: Key, amount: i32) -> Record {
    Record { old: Some((key, amount)), new: None }
}

/// An item that is in another rollup item than before, or adds another amount.
const fn modify(old: (Key, i32), new: (Key, i32)) -> Record {
    Record { old: Some(old), new: Some(new) }
}

impl Record {
    /// What it adds to a rollup item.
    pub(crate) fn contribution(&self, key: Key) -> i32 {
        let amount = |image: Option<(Key, i32)>| match image {
            Some((of, amount)) if of == key => amount,
            _ => 0,
        };
        amount(self.new) - amount(self.old)
    }
}

impl History {
    /// One shard.
    fn of_one_shard(records: &[Record]) -> Self {
        Self { shards: vec![records.to_vec()], lineage: Lineage::Siblings }
    }

    /// Two shards.
    fn of_two_shards(first: &[Record], second: &[Record], lineage: Lineage) -> Self {
        Self { shards: vec![first.to_vec(), second.to_vec()], lineage }
    }

    /// How many records a shard holds.
    pub(crate) fn length(&self, shard: usize) -> u8 {
        self.shards[shard].len() as u8
    }

    /// The number of the record at an index of a shard.
    pub(crate) fn number(&self, shard: usize, index: usize) -> Number {
        (index * self.shards.len() + shard + 1) as Number
    }

    /// The index that a numbered record has in its shard: how many records are before it there.
    pub(crate) fn index(&self, number: Number) -> u8 {
        (number - 1) / self.shards.len() as u8
    }

    /// The greatest number of all records.
    pub(crate) fn greatest(&self) -> Number {
        let last = |shard: usize| self.number(shard, self.shards[shard].len() - 1);
        (0..self.shards.len()).map(last).max().expect("a history has a shard")
    }

    /// What the records of a shard up to a number add to a rollup item.
    pub(crate) fn recount(&self, shard: usize, key: Key, up_to: Number) -> i32 {
        let records = self.shards[shard].iter().enumerate();
        let counted = records.filter(|(index, _)| self.number(shard, *index) <= up_to);
        counted.map(|(_, record)| record.contribution(key)).sum()
    }

    /// What the records of all shards add to a rollup item, of each shard up to a number.
    pub(crate) fn total(&self, key: Key, up_to: impl Fn(usize) -> Number) -> i32 {
        (0..self.shards.len()).map(|shard| self.recount(shard, key, up_to(shard))).sum()
    }

    /// The last of the first so many records of a shard that adds anything to a rollup item; 0 when
    /// none does.
    pub(crate) fn last_contributing(&self, shard: usize, key: Key, count: u8) -> Number {
        let mut records = self.shards[shard][..usize::from(count)].iter();
        let last = records.rposition(|record| record.contribution(key) != 0);
        last.map_or(0, |index| self.number(shard, index))
    }
}
