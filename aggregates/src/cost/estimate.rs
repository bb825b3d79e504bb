//! The write units that the changes of a table cost one rollup: from its definition alone, or from
//! a sample of the items.
//!
//! ```text
//! definition ─► Cost                                              ─► the most units of each kind
//! sample     ─► a ledger that has all sampled items
//!               └─ one sampled item is inserted, changed, deleted ─► mean units of each kind
//!               └─ a batch of such changes                        ─► mean units of the mix
//! ```
//!
//! A change is billed against the ledger of all other sampled items, so a value or a group is new
//! if no other sampled item has it. A table has more items than its sample, so fewer of its values
//! are new, and the changes of its batches share more: the estimate is cautious.
//!
//! **Invariant:** a sampled item is counted at its own time: buckets that `keep` has let expire are
//! counted too.

use std::cmp::Reverse;

use weir_model::{Item, Model, Rollup};

use super::Cost;
use super::ledger::Ledger;
use super::mean::MeanUnits;
use super::mix::{ChangeKind, Mix};
use super::part::CostPart;
use super::sampled_changes::SampledChanges;
use super::stored_item::Watermarks;
use crate::change::{Change, Image};
use crate::contribution::Contributions;
use crate::fnv::fnv1a;
use crate::fold::{Update, fold};
use crate::sequence::SequenceNumber;
use crate::skip::Skip;

/// The shard of the changes. Which one it is does not matter for the cost.
const SHARD: &str = "shardId-00000001795132800000-00000000";

/// The least changes of a mix in batches, so that the mix is met to one in a thousand.
const LEAST_MIXED: usize = 1_000;

/// The changes of a table.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// How many changes are of which kind.
    pub mix: Mix,
    /// The changes of one batch; each of 1 is alone.
    pub batch: u32,
    /// The watermarks that rollup items have.
    pub watermarks: Watermarks,
}

/// The estimate of what changes cost a rollup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostEstimate {
    /// The parts of the rollup, in the order of [`CostPart::for_rollup`].
    pub parts: Vec<PartEstimate>,
    /// The items of the sample; `None` without one.
    pub sampled: Option<SampledItems>,
}

/// The write units of a part of a rollup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartEstimate {
    /// The part.
    pub part: CostPart,
    /// The units of a change that is alone in its batch, for each of [`ChangeKind::EVERY`]; zero
    /// for kinds that the mix does not have.
    pub kinds: [MeanUnits; ChangeKind::EVERY.len()],
    /// The units of a change of the mix, in batches.
    pub mixed: MeanUnits,
}

/// The sampled items that a rollup counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SampledItems {
    /// The items of the entity.
    pub items: u64,
    /// Those that the rollup counts.
    pub counted: u64,
    /// Those that it cannot count.
    pub skipped: u64,
    /// The reason for the first of those.
    pub skip: Option<Skip>,
}

impl CostEstimate {
    /// Estimates the cost from the definition of a rollup: the most that a change costs which is
    /// alone in its batch, of items below 1 KB and of one member of each set.
    pub fn from_definition(rollup: &Rollup, mix: &Mix) -> Self {
        let part = |(part, cost): (CostPart, Cost)| {
            let units = cost.of_kinds();
            let kinds = ChangeKind::EVERY.map(|kind| match mix.weight(kind) {
                0 => MeanUnits::ZERO,
                _ => MeanUnits::new(u128::from(units[kind.position()]), 1),
            });
            PartEstimate { part, mixed: mixed(&kinds, mix), kinds }
        };
        let parts = Cost::for_parts(rollup).into_iter().map(part).collect();
        Self { parts, sampled: None }
    }

    /// Estimates the cost from sampled items of the rollup's entity, of which there is at least
    /// one.
    pub fn from_sample(
        model: &Model,
        rollup: &Rollup,
        changes: &SampledChanges<'_>,
        workload: &Workload,
    ) -> Self {
        let model = Model { rollups: vec![rollup.clone()], ..model.clone() };
        let mut trial = Trial::new(&model, changes, workload.watermarks);
        let mix = &workload.mix;
        let kinds = ChangeKind::EVERY.map(|kind| match mix.weight(kind) {
            0 => vec![MeanUnits::ZERO; trial.parts],
            _ => trial.alone(kind),
        });
        let mixed_in_batches = (workload.batch > 1).then(|| trial.in_batches(mix, workload.batch));
        let part = |(position, part)| {
            let kinds = ChangeKind::EVERY.map(|kind| kinds[kind.position()][position]);
            let mixed = match &mixed_in_batches {
                Some(batches) => batches[position],
                None => mixed(&kinds, mix),
            };
            PartEstimate { part, kinds, mixed }
        };
        let parts = CostPart::for_rollup(rollup).into_iter().enumerate().map(part).collect();
        Self { parts, sampled: Some(sampled(&model, rollup, changes.items())) }
    }

    /// Returns the write units of a change of the mix.
    pub fn mixed(&self) -> MeanUnits {
        self.parts.iter().map(|part| part.mixed).sum()
    }

    /// Returns the write units of a change of a kind that is alone in its batch.
    pub fn of_kind(&self, kind: ChangeKind) -> MeanUnits {
        self.parts.iter().map(|part| part.of_kind(kind)).sum()
    }
}

impl PartEstimate {
    /// Returns the write units of a change of a kind that is alone in its batch.
    pub fn of_kind(&self, kind: ChangeKind) -> MeanUnits {
        self.kinds[kind.position()]
    }
}

/// The ledger of a rollup that has all sampled items, on which changes are tried.
struct Trial<'a> {
    model: &'a Model,
    changes: &'a SampledChanges<'a>,
    ledger: Ledger<'a>,
    parts: usize,
}

impl<'a> Trial<'a> {
    fn new(model: &'a Model, changes: &'a SampledChanges<'a>, watermarks: Watermarks) -> Self {
        let rollup = &model.rollups[0];
        let ledger = Ledger::new(&model.table, rollup, watermarks);
        let parts = CostPart::for_rollup(rollup).len();
        let mut trial = Self { model, changes, ledger, parts };
        for item in changes.items() {
            trial.ledger.load(updates(model, [Image::Insert { new: item.clone() }]));
        }
        trial
    }

    /// Returns the mean units of each part for a change of a kind that is alone in its batch.
    fn alone(&mut self, kind: ChangeKind) -> Vec<MeanUnits> {
        let all = self.changes.items().len();
        let mut units = vec![0; self.parts];
        for position in 0..all {
            self.bill(&[(kind, position)], &mut units);
        }
        means(&units, all)
    }

    /// Returns the mean units of each part for a change in batches of a mix, which are drawn from
    /// the whole sample. A batch has each item once, and a small sample makes several batches.
    fn in_batches(&mut self, mix: &Mix, batch: u32) -> Vec<MeanUnits> {
        let all = self.changes.items().len();
        let mut positions: Vec<_> = (0..all).collect();
        positions.sort_by_key(|position| Reverse(fnv1a(position.to_be_bytes())));
        let kinds = mix.spread(all * LEAST_MIXED.div_ceil(all));
        let batch = usize::try_from(batch).expect("a usize has 32 bits at least");
        let mut units = vec![0; self.parts];
        for kinds in kinds.chunks(all) {
            let changes: Vec<_> = kinds.iter().copied().zip(positions.iter().copied()).collect();
            for batch in changes.chunks(batch) {
                self.bill(batch, &mut units);
            }
        }
        means(&units, kinds.len())
    }

    /// Adds the units of a batch of changes, and leaves the ledger as it was.
    fn bill(&mut self, batch: &[(ChangeKind, usize)], units: &mut [u128]) {
        self.ledger.begin();
        for (kind, position) in batch {
            if *kind == ChangeKind::Insert {
                // It is not there before it is inserted.
                let deletion = self.changes.image(ChangeKind::Delete, *position);
                self.ledger.unload(updates(self.model, [deletion]));
            }
        }
        let images = batch.iter().map(|(kind, position)| self.changes.image(*kind, *position));
        let billed = self.ledger.bill(updates(self.model, images));
        units.iter_mut().zip(billed).for_each(|(sum, units)| *sum += u128::from(units));
        self.ledger.undo();
    }
}

fn updates(model: &Model, images: impl IntoIterator<Item = Image>) -> Vec<Update> {
    let change = |(number, image): (u32, Image)| {
        let sequence: SequenceNumber = number.to_string().parse().expect("digits");
        // Before every expiry: no bucket is too old to be counted.
        Change { sequence, seconds: 0, image }
    };
    let changes: Vec<_> = (1..).zip(images).map(change).collect();
    fold(model, SHARD, &changes).updates
}

fn means(units: &[u128], changes: usize) -> Vec<MeanUnits> {
    units.iter().map(|units| MeanUnits::new(*units, changes as u128)).collect()
}

/// Returns the mean of a mix of changes that are each alone in their batch.
fn mixed(kinds: &[MeanUnits; ChangeKind::EVERY.len()], mix: &Mix) -> MeanUnits {
    let weighted = ChangeKind::EVERY
        .into_iter()
        .map(|kind| kinds[kind.position()].times(u64::from(mix.weight(kind)), mix.sum()));
    weighted.sum()
}

fn sampled(model: &Model, rollup: &Rollup, items: &[Item]) -> SampledItems {
    let contributions = Contributions::new(model, rollup, 0);
    let mut sampled = SampledItems { items: items.len() as u64, ..SampledItems::default() };
    for item in items {
        match contributions.for_item(item, 0) {
            Ok(parts) => sampled.counted += u64::from(!parts.is_empty()),
            Err(reason) => {
                sampled.skipped += 1;
                sampled.skip.get_or_insert(reason);
            }
        }
    }
    sampled
}
