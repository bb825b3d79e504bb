//! The rollup items of one rollup, kept in memory to compute the write units that DynamoDB bills
//! for the updates of a batch.
//!
//! ```text
//! fold ──► updates ──► writes, as weir_table::Rollups makes them ──► units of each part
//! ```
//!
//! | write | units | source |
//! |---|---|---|
//! | an update | the larger of the item before and after, for each 1 KB | "Read and write operations" in the developer guide |
//! | a condition that fails | those of the item that is there, at least 1 | the same |
//! | in a transaction | twice those of the item, once those of the index | the same; measured |
//! | an entry of the index that comes, goes or moves | its own, twice for a move | "Provisioned throughput considerations for global secondary indexes" |
//!
//! **Invariant:** the units are those that DynamoDB reports for the same updates, apart from the
//! removal of stale watermarks (a write for every fourth shard), and from which of more than 24
//! values that come and go at once share a transaction. `tests/tests/costs.rs` compares them.

use std::collections::{BTreeMap, HashMap};

use weir_model::{Rollup, TableDefinition};

use super::part::{CostPart, PartKind};
use super::stored_item::{StoredItem, Watermarks};
use crate::amounts::{Accumulator, Amounts};
use crate::bookkeeping::Bookkeeping;
use crate::details::DetailSpec;
use crate::fold::Update;
use crate::key::RollupKey;

/// The most detail items that one transaction writes with their rollup item, as in
/// `weir_table::Rollups`.
const MAX_CROSSING: usize = 24;
/// The factor of writes in a transaction.
const TRANSACTION: u64 = 2;
/// The position of the rollup item among the parts.
const ITEM: usize = 0;

/// The rollup items and detail items of one rollup.
#[derive(Clone, Debug)]
pub struct Ledger<'a> {
    table: &'a TableDefinition,
    watermarks: Watermarks,
    /// The position of the ranking of rollup items among the parts.
    ranking: Option<usize>,
    /// The position of the first detail items among the parts.
    details: usize,
    /// The beginnings of the partitions of detail items.
    prefixes: Vec<String>,
    parts: usize,
    items: HashMap<RollupKey, StoredItem>,
    /// The items as they were before the trial.
    before: Option<HashMap<RollupKey, Option<StoredItem>>>,
}

/// A detail item that its rollup item counts, and whose count crosses zero.
struct Crossing {
    update: Update,
    from: i128,
    to: i128,
}

/// The write units of one write.
struct WriteUnits {
    item: u64,
    index: u64,
}

impl<'a> Ledger<'a> {
    /// Returns the ledger of a rollup that has counted nothing.
    pub fn new(table: &'a TableDefinition, rollup: &Rollup, watermarks: Watermarks) -> Self {
        let parts = CostPart::for_rollup(rollup);
        let position = |kind| parts.iter().position(|part| part.kind == kind);
        let prefix =
            |spec: &DetailSpec<'_>| format!("{}.{}", rollup.stored_name(), spec.details.name());
        Self {
            table,
            watermarks,
            ranking: position(PartKind::Ranking),
            details: position(PartKind::Details).unwrap_or(parts.len()),
            prefixes: DetailSpec::for_rollup(rollup).iter().map(prefix).collect(),
            parts: parts.len(),
            items: HashMap::new(),
            before: None,
        }
    }

    /// Adds the updates of an item that is in the table.
    pub fn load(&mut self, updates: Vec<Update>) {
        self.count_contributions(&updates, 1);
        self.bill(updates);
    }

    /// Takes the updates of an item away, as if the item had never been there. `updates` are those
    /// of its deletion.
    pub fn unload(&mut self, updates: Vec<Update>) {
        let keys: Vec<_> = updates.iter().map(|update| update.key.clone()).collect();
        self.count_contributions(&updates, -1);
        self.bill(updates);
        for key in keys {
            if self.items.get(&key).is_some_and(|item| item.contributions == 0) {
                self.remember(&key);
                self.items.remove(&key);
            }
        }
    }

    /// Begins a trial, which [`Ledger::undo`] ends.
    pub fn begin(&mut self) {
        self.before = Some(HashMap::new());
    }

    /// Makes all items what they were when the trial began.
    pub fn undo(&mut self) {
        for (key, item) in self.before.take().unwrap_or_default() {
            match item {
                Some(item) => drop(self.items.insert(key, item)),
                None => drop(self.items.remove(&key)),
            }
        }
    }

    /// Applies the updates of a batch, and returns the write units of each part of the rollup.
    pub fn bill(&mut self, updates: Vec<Update>) -> Vec<u64> {
        let mut units = vec![0; self.parts];
        let (rows, items): (Vec<_>, Vec<_>) =
            updates.into_iter().partition(|update| update.bookkeeping.is_row());
        let mut crossing: BTreeMap<RollupKey, Vec<Crossing>> = BTreeMap::new();
        for update in rows {
            let added = update.amounts().get(&Accumulator::Items);
            let from = self.items.get(&update.key).map_or(0, StoredItem::count);
            let to = from + added;
            let is_counted = update.bookkeeping.crossing.is_some();
            if is_counted && (from > 0) != (to > 0) {
                units[self.part(&update.key)] += self.failed_units(&update.key);
                let item = update.bookkeeping.item.clone().expect("a detail item has one");
                crossing.entry(item).or_default().push(Crossing { update, from, to });
            } else {
                self.write_row(&update, to, 1, &mut units);
            }
        }
        for (item, mut rows) in crossing {
            while !rows.is_empty() {
                let rest = rows.split_off(rows.len().min(MAX_CROSSING));
                self.cross(&item, &rows, &mut units);
                rows = rest;
            }
        }
        for update in items {
            let written = self.write(&update.key, &update.bookkeeping, &update.amounts(), true);
            units[ITEM] += written.item;
            units[self.ranking.unwrap_or(ITEM)] += written.index;
        }
        units
    }

    /// Writes detail items and the rollup item that counts them in one transaction.
    fn cross(&mut self, item: &RollupKey, rows: &[Crossing], units: &mut [u64]) {
        let mut amounts = Amounts::default();
        for Crossing { update, from, to } in rows {
            let crossing = update.bookkeeping.crossing.as_ref().expect("it is counted");
            amounts.merge(&crossing.amounts(*from, *to));
        }
        let first = &rows[0].update;
        let part = self.part(&first.key);
        if !amounts.is_zero() {
            let crossing = first.bookkeeping.crossing.as_ref().expect("it is counted");
            let written = self.write(item, &crossing.bookkeeping, &amounts, false);
            units[part] += TRANSACTION * written.item;
            units[self.ranking.unwrap_or(part)] += written.index;
        }
        for Crossing { update, to, .. } in rows {
            self.write_row(update, *to, TRANSACTION, units);
        }
    }

    /// Writes a detail item. One that counts nothing any more is given a time to live.
    fn write_row(&mut self, update: &Update, to: i128, factor: u64, units: &mut [u64]) {
        let amounts = update.amounts();
        let part = self.part(&update.key);
        let written = self.write(&update.key, &update.bookkeeping, &amounts, true);
        units[part] += factor * written.item + written.index;
        if to == 0 {
            let (table, watermarks) = (self.table, self.watermarks);
            let item = self.items.get_mut(&update.key).expect("it was written");
            item.expires = true;
            units[part] += item.units(&update.key, table, watermarks);
        }
    }

    /// Writes an item.
    fn write(
        &mut self,
        key: &RollupKey,
        bookkeeping: &Bookkeeping,
        amounts: &Amounts,
        has_watermark: bool,
    ) -> WriteUnits {
        self.remember(key);
        let before = self.items.get(key);
        let units_before = before.map_or(0, |item| item.units(key, self.table, self.watermarks));
        let entry_before = before.and_then(|item| item.entry(key, self.table));
        let item = self.items.entry(key.clone()).or_default();
        item.add(amounts);
        if bookkeeping.is_row() && amounts.get(&Accumulator::Items) == 0 {
            item.numbers.entry(Accumulator::Items).or_default();
        }
        item.is_absorbed |= has_watermark;
        item.expires = bookkeeping.expires_at.is_some() || (item.expires && !bookkeeping.is_row());
        if bookkeeping.rank.is_some() {
            item.rank.clone_from(&bookkeeping.rank);
        }
        let entry = item.entry(key, self.table);
        let index = match (entry_before, entry) {
            (Some(before), Some(after)) if before.is_at(&after) => 0,
            (before, after) => {
                let entries = before.into_iter().chain(after);
                entries.map(|entry| entry.units).sum()
            }
        };
        let units = item.units(key, self.table, self.watermarks).max(units_before);
        WriteUnits { item: units, index }
    }

    /// Returns the units of a write whose condition fails.
    fn failed_units(&self, key: &RollupKey) -> u64 {
        self.items.get(key).map_or(1, |item| item.units(key, self.table, self.watermarks))
    }

    /// Returns the position of the part that a detail item is of.
    fn part(&self, key: &RollupKey) -> usize {
        let is_of = |prefix: &String| {
            let rest = key.partition.strip_prefix(prefix.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['#', '/']))
        };
        self.prefixes.iter().position(is_of).map_or(ITEM, |position| self.details + position)
    }

    fn count_contributions(&mut self, updates: &[Update], added: i64) {
        for update in updates {
            self.remember(&update.key);
            let item = self.items.entry(update.key.clone()).or_default();
            item.contributions = item.contributions.saturating_add_signed(added);
        }
    }

    /// Keeps an item as it is, if a trial has begun.
    fn remember(&mut self, key: &RollupKey) {
        if let Some(before) = &mut self.before
            && !before.contains_key(key)
        {
            before.insert(key.clone(), self.items.get(key).cloned());
        }
    }
}
