//! The fold: one invocation's changes become one update for each rollup item they touch.
//!
//! Each update keeps the changes it is made of, so that when part of them was absorbed before (a
//! batch cut differently on a retry), the rest can be folded again.
//!
//! **Invariant:** a change whose own contribution to a key is zero is left out; changes that cancel
//! each other are not: their update is written although it adds nothing, for it advances the
//! watermark past both.

use std::collections::BTreeMap;

use weir_model::rollup::OnExpiry;
use weir_model::{Item, Model, PrimaryKey, Rollup};

use crate::amounts::Amounts;
use crate::bookkeeping::Bookkeeping;
use crate::change::{Change, Image};
use crate::contribution::{Contribution, Contributions};
use crate::key::{RollupKey, stripe};
use crate::sequence::SequenceNumber;
use crate::skip::Skip;
use crate::watermark::Watermark;

/// The updates of the rollups that a batch of changes makes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fold {
    /// One update for each rollup item touched, in the order of their keys.
    pub updates: Vec<Update>,
    /// The images that could not be counted: an entry for each rollup, kind of reason and
    /// attribute, in the order in which they were found.
    pub skipped: Vec<Skipped>,
}

/// Images that a rollup could not count, for reasons of one kind and about one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The rollup.
    pub rollup: String,
    /// Their number.
    pub images: u64,
    /// The reason why the first could not be counted.
    pub reason: Skip,
    /// The record of the first.
    pub first: SequenceNumber,
    /// The key of its item; `None` where it has none, or one that is made from something hidden.
    pub item: Option<PrimaryKey>,
}

/// The amounts to add to one rollup item or detail item, change by change.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// The rollup item or detail item.
    pub key: RollupKey,
    /// The attributes that are written with it.
    pub bookkeeping: Bookkeeping,
    /// The contributing changes, in the order of their sequence numbers. Never empty.
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
struct Part {
    watermark: Watermark,
    amounts: Amounts,
}

impl Update {
    /// Returns the update that adds a contribution under one watermark.
    pub fn from_contribution(contribution: Contribution, watermark: Watermark) -> Self {
        let Contribution { key, bookkeeping, amounts } = contribution;
        Self { key, bookkeeping, parts: vec![Part { watermark, amounts }] }
    }

    /// Returns the sum of all amounts; zero when the changes cancel.
    pub fn amounts(&self) -> Amounts {
        let mut sum = Amounts::default();
        for part in &self.parts {
            sum.merge(&part.amounts);
        }
        sum
    }

    /// Returns the first contributing record.
    pub fn first(&self) -> SequenceNumber {
        self.parts[0].watermark.sequence
    }

    /// Returns the last contributing record: the watermark once this is absorbed.
    pub fn last(&self) -> Watermark {
        self.parts[self.parts.len() - 1].watermark
    }

    /// Returns the watermark of the last contributing record that has a time.
    pub fn last_timed(&self) -> Option<Watermark> {
        self.parts.iter().rev().map(|part| part.watermark).find(|watermark| watermark.is_timed())
    }

    /// Returns the same update without what a rollup item has absorbed already; `None` when that
    /// was everything.
    pub fn after(&self, absorbed: SequenceNumber) -> Option<Self> {
        let parts: Vec<_> =
            self.parts.iter().filter(|part| part.watermark.sequence > absorbed).cloned().collect();
        let (key, bookkeeping) = (self.key.clone(), self.bookkeeping.clone());
        (!parts.is_empty()).then_some(Self { key, bookkeeping, parts })
    }
}

/// Folds a batch of changes of one shard, in the order of their sequence numbers.
///
/// A record that stands in the batch twice counts once.
pub fn fold<'a>(model: &Model, shard: &str, changes: impl IntoIterator<Item = &'a Change>) -> Fold {
    let mut skipped = SkippedImages { model, found: Vec::new() };
    let mut parts: BTreeMap<RollupKey, (Bookkeeping, Vec<Part>)> = BTreeMap::new();
    let rollups = model.rollups.iter();
    let rollups = rollups.map(|rollup| Contributions::new(model, rollup, stripe(rollup, shard)));
    let rollups: Vec<_> = rollups.collect();
    for change in in_order(changes) {
        for contributions in &rollups {
            for (key, (bookkeeping, amounts)) in deltas(contributions, change, &mut skipped) {
                let watermark = Watermark { sequence: change.sequence, seconds: change.seconds };
                let (_, parts) = parts.entry(key).or_insert_with(|| (bookkeeping, Vec::new()));
                parts.push(Part { watermark, amounts });
            }
        }
    }
    let update = |(key, (bookkeeping, parts))| Update { key, bookkeeping, parts };
    Fold { updates: parts.into_iter().map(update).collect(), skipped: skipped.found }
}

/// The changes that could not be counted so far.
struct SkippedImages<'a> {
    model: &'a Model,
    found: Vec<Skipped>,
}

impl SkippedImages<'_> {
    fn add(&mut self, rollup: &Rollup, reason: Skip, first: SequenceNumber, item: &Item) {
        let is_same = |known: &&mut Skipped| {
            known.rollup == rollup.name
                && known.reason.kind() == reason.kind()
                && known.reason.attribute() == reason.attribute()
        };
        if let Some(known) = self.found.iter_mut().find(is_same) {
            known.images += 1;
            return;
        }
        let shown = self.model.entity(&rollup.entity).map(|entity| entity.shown(item));
        let item = shown.and_then(|item| self.model.table.primary_key(&item));
        self.found.push(Skipped { rollup: rollup.name.clone(), images: 1, reason, first, item });
    }
}

fn in_order<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Vec<&'a Change> {
    let mut ordered: Vec<_> = changes.into_iter().collect();
    ordered.sort_by_key(|change| change.sequence);
    ordered.dedup_by_key(|change| change.sequence);
    ordered
}

/// Returns the amounts that one change adds to rollup items of a stripe of one rollup and to their
/// detail items, without those that it does not change.
fn deltas(
    contributions: &Contributions<'_>,
    change: &Change,
    skipped: &mut SkippedImages<'_>,
) -> BTreeMap<RollupKey, (Bookkeeping, Amounts)> {
    let mut deltas: BTreeMap<RollupKey, (Bookkeeping, Amounts)> = BTreeMap::new();
    let rollup = contributions.rollup;
    if rollup.on_ttl_expiry == OnExpiry::Keep && is_expiry(&change.image) {
        return deltas;
    }
    let mut add = |image: Option<&Item>, sign: fn(&Amounts) -> Amounts| {
        let Some(item) = image else { return };
        match contributions.for_item(item, change.seconds) {
            Ok(contributions) => {
                for Contribution { key, bookkeeping, amounts } in contributions {
                    let delta =
                        deltas.entry(key).or_insert_with(|| (bookkeeping, Amounts::default()));
                    delta.1.merge(&sign(&amounts));
                }
            }
            Err(reason) => skipped.add(rollup, reason, change.sequence, item),
        }
    };
    add(change.image.new_image(), Clone::clone);
    add(change.image.old_image(), Amounts::negated);
    deltas.retain(|_, (_, amounts)| !amounts.is_zero());
    deltas
}

fn is_expiry(image: &Image) -> bool {
    matches!(image, Image::Remove { expired: true, .. })
}
