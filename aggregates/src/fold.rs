//! The fold: one invocation's changes become one update for each rollup item they touch.
//!
//! Each update keeps the changes it is made of, so that when part of them was absorbed before (a batch cut differently
//! on a retry), the rest can be folded again.
//!
//! **Invariant:** a change whose own contribution to a key is zero is left out; changes that cancel each other are not:
//! their update is written although it adds nothing, for it advances the watermark past both.

use std::collections::BTreeMap;

use model::{Item, Model, Rollup};

use crate::amounts::Amounts;
use crate::change::Change;
use crate::contribution::{Skip, contribution};
use crate::key::{RollupKey, stripe};
use crate::sequence::SequenceNumber;
use crate::watermark::Watermark;

/// What a batch of changes does to the rollups.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fold {
    /// One update for each rollup item touched, in the order of their keys.
    pub updates: Vec<Update>,
    /// The images that could not be counted: by rollup and reason, how many and the first one's sequence number.
    pub skipped: BTreeMap<(String, Skip), Skipped>,
}

/// Images that could not be counted for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// How many.
    pub images: u64,
    /// The record of the first.
    pub first: SequenceNumber,
}

/// What is to be added to one rollup item, change by change.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// The rollup item.
    pub key: RollupKey,
    /// The contributing changes, in the order of their sequence numbers. Never empty.
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
struct Part {
    watermark: Watermark,
    amounts: Amounts,
}

impl Update {
    /// The sum of all amounts; zero when the changes cancel.
    pub fn amounts(&self) -> Amounts {
        let mut sum = Amounts::default();
        for part in &self.parts {
            sum.merge(&part.amounts);
        }
        sum
    }

    /// The first contributing record.
    pub fn first(&self) -> SequenceNumber {
        self.parts[0].watermark.sequence
    }

    /// The last contributing record: the watermark once this is absorbed.
    pub fn last(&self) -> Watermark {
        self.parts[self.parts.len() - 1].watermark
    }

    /// The same update without what a rollup item has absorbed already; `None` when that was everything.
    pub fn after(&self, absorbed: SequenceNumber) -> Option<Self> {
        let parts: Vec<_> =
            self.parts.iter().filter(|part| part.watermark.sequence > absorbed).cloned().collect();
        (!parts.is_empty()).then(|| Self { key: self.key.clone(), parts })
    }
}

/// Folds a batch of changes of one shard, in the order of their sequence numbers.
///
/// A record that stands in the batch twice counts once.
pub fn fold<'a>(model: &Model, shard: &str, changes: impl IntoIterator<Item = &'a Change>) -> Fold {
    let mut skipped = BTreeMap::new();
    let mut parts: BTreeMap<RollupKey, Vec<Part>> = BTreeMap::new();
    let stripes: Vec<_> =
        model.rollups.iter().map(|rollup| (rollup, stripe(rollup, shard))).collect();
    for change in in_order(changes) {
        for (rollup, stripe) in &stripes {
            for (key, amounts) in deltas(model, rollup, *stripe, change, &mut skipped) {
                let watermark = Watermark { sequence: change.sequence, seconds: change.seconds };
                parts.entry(key).or_default().push(Part { watermark, amounts });
            }
        }
    }
    Fold { updates: parts.into_iter().map(|(key, parts)| Update { key, parts }).collect(), skipped }
}

fn in_order<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Vec<&'a Change> {
    let mut ordered: Vec<_> = changes.into_iter().collect();
    ordered.sort_by_key(|change| change.sequence);
    ordered.dedup_by_key(|change| change.sequence);
    ordered
}

/// What one change adds to each rollup item of a stripe of one rollup, without those it does not change.
fn deltas(
    model: &Model,
    rollup: &Rollup,
    stripe: u16,
    change: &Change,
    skipped: &mut BTreeMap<(String, Skip), Skipped>,
) -> BTreeMap<RollupKey, Amounts> {
    let mut deltas: BTreeMap<RollupKey, Amounts> = BTreeMap::new();
    let mut add = |image: Option<&Item>, sign: fn(&Amounts) -> Amounts| {
        let Some(item) = image else { return };
        match contribution(model, rollup, stripe, item) {
            Ok(Some(contribution)) => {
                let amounts = sign(&contribution.amounts);
                for key in contribution.keys {
                    deltas.entry(key).or_default().merge(&amounts);
                }
            }
            Ok(None) => {}
            Err(skip) => {
                let seen = Skipped { images: 0, first: change.sequence };
                skipped.entry((rollup.name.clone(), skip)).or_insert(seen).images += 1;
            }
        }
    };
    add(change.image.new_image(), Clone::clone);
    add(change.image.old_image(), Amounts::negated);
    deltas.retain(|_, amounts| !amounts.is_zero());
    deltas
}
