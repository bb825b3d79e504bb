//! The rows of one revision, as DynamoDB keeps them: by conditional writes alone.
//!
//! **Invariant:** amounts, watermark and what counts a row change in one step.

use std::collections::{BTreeMap, HashMap};

use weir_rollups::{
    Accumulator, Amounts, Bookkeeping, RollupKey, SequenceNumber, Update, Watermark,
};

/// A rollup item or a detail item.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    pub(super) amounts: Amounts,
    /// By shard, as they are stored.
    watermarks: HashMap<String, Vec<u8>>,
}

/// The rows of one revision.
#[derive(Clone, Debug, Default)]
pub(super) struct Store(BTreeMap<RollupKey, Row>);

/// An update with amounts that are added up.
pub(super) struct Addition<'a> {
    pub(super) key: &'a RollupKey,
    pub(super) bookkeeping: &'a Bookkeeping,
    pub(super) amounts: &'a Amounts,
}

impl Store {
    /// Adds an update of a shard: all of it, or what is behind the watermark.
    pub(super) fn apply(&mut self, shard: &str, update: &Update) {
        let absorbed = self.watermark(&update.key, shard);
        let rest = match absorbed {
            Some(absorbed) => update.after(absorbed.sequence),
            None => Some(update.clone()),
        };
        let Some(rest) = rest else { return };
        let Update { key, bookkeeping, .. } = &rest;
        let amounts = rest.amounts();
        let addition = Addition { key, bookkeeping, amounts: &amounts };
        let is_added = self.add(shard, &addition, rest.first(), rest.last());
        assert!(is_added, "the rest is behind the watermark");
    }

    /// Adds amounts if the row has not absorbed the first record; returns whether it did.
    pub(super) fn add(
        &mut self,
        shard: &str,
        addition: &Addition<'_>,
        first: SequenceNumber,
        last: Watermark,
    ) -> bool {
        let row = self.0.entry(addition.key.clone()).or_default();
        let watermark = row.watermarks.get(shard);
        if watermark.is_some_and(|watermark| *watermark >= Watermark::lower_bound(first)) {
            return false;
        }
        row.watermarks.insert(shard.to_owned(), last.to_bytes());
        self.add_always(addition);
        true
    }

    /// Adds amounts without a condition.
    pub(super) fn add_always(&mut self, addition: &Addition<'_>) {
        let Addition { key, bookkeeping, amounts } = addition;
        let row = self.0.entry((*key).clone()).or_default();
        let before = row.amounts.get(&Accumulator::Items);
        row.amounts.merge(amounts);
        let after = row.amounts.get(&Accumulator::Items);
        let Bookkeeping { item: Some(item), crossing: Some(crossing), .. } = bookkeeping else {
            return;
        };
        let counted = crossing.amounts(before, after);
        if !counted.is_zero() {
            self.0.entry(item.clone()).or_default().amounts.merge(&counted);
        }
    }

    /// Returns the watermark of a row for a shard.
    pub(super) fn watermark(&self, key: &RollupKey, shard: &str) -> Option<Watermark> {
        let stored = self.0.get(key)?.watermarks.get(shard)?;
        Some(Watermark::from_bytes(stored).expect("it was stored as one"))
    }

    /// Returns the amounts of a row.
    pub(super) fn amounts(&self, key: &RollupKey) -> Amounts {
        self.0.get(key).map(|row| row.amounts.clone()).unwrap_or_default()
    }

    /// Returns the rows.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&RollupKey, &Row)> {
        self.0.iter()
    }

    /// Whether there is no row.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Removes every row.
    pub(super) fn purge(&mut self) {
        self.0.clear();
    }
}
