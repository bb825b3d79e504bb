//! A rollup that is verified, with everything that is the same for all of its items.

use weir_model::{Model, Rollup};
use weir_rollups::details::DetailSpec;
use weir_rollups::{Accumulator, Bookkeeping, Contributions, Revision, RollupKey, StoredKey};

use super::record::{ItemId, Subject};

/// The stripe that names a rollup item. The recount is compared with the sum of all stripes.
const FIRST_STRIPE: u16 = 0;

/// A rollup that is verified.
#[derive(Debug)]
pub(super) struct VerifiedRollup<'a> {
    /// Its position among those that are verified.
    pub(super) position: usize,
    /// The definition that it is counted under, with this rollup alone.
    pub(super) model: &'a Model,
    pub(super) rollup: &'a Rollup,
    pub(super) revision: &'a Revision,
    /// The name that begins the partitions of its items.
    stored_name: String,
    contributions: Contributions<'a>,
    /// The kinds of detail items that the rollup item counts, with the accumulators of their
    /// number.
    pub(super) counted: Vec<(usize, Vec<Accumulator>)>,
    /// The accumulators of the rollup items, and of each kind of detail items.
    of_items: Vec<Accumulator>,
    of_details: Vec<Vec<Accumulator>>,
}

impl<'a> VerifiedRollup<'a> {
    pub(super) fn new(position: usize, model: &'a Model, revision: &'a Revision) -> Self {
        let rollup = &model.rollups[0];
        let contributions = Contributions::new(model, rollup, FIRST_STRIPE);
        let counted = contributions.counted();
        let kinds = DetailSpec::for_rollup(rollup).len();
        Self {
            position,
            model,
            rollup,
            revision,
            stored_name: rollup.stored_name().into_owned(),
            of_items: contributions.accumulators(None),
            of_details: (0..kinds).map(|kind| contributions.accumulators(Some(kind))).collect(),
            contributions,
            counted,
        }
    }

    /// Returns whether the key has the form of those of its items; what is behind the name may not.
    pub(super) fn owns(&self, key: &RollupKey) -> bool {
        let rest = key.partition.strip_prefix(&self.stored_name);
        !key.is_colocated
            && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['#', '/', '.']))
    }

    /// Returns what an item with this key is; `None` if it is not an item of the rollup.
    pub(super) fn subject(&self, key: &RollupKey) -> Option<Subject> {
        let stored = StoredKey::parse(self.rollup, key)?;
        let item = self.contributions.item_key(&stored)?;
        let kind = stored.detail.map(|detail| detail.kind);
        let item = ItemId { rollup: self.position, key: item };
        Some(Subject { item, kind, key: key.clone() })
    }

    /// Returns the attributes that are written with an item of this key.
    pub(super) fn bookkeeping(&self, key: &RollupKey) -> Option<Bookkeeping> {
        self.contributions.bookkeeping(&StoredKey::parse(self.rollup, key)?)
    }

    /// Returns the accumulators of the rollup items, or of the detail items of one kind.
    pub(super) fn accumulators(&self, kind: Option<usize>) -> &[Accumulator] {
        kind.map_or(&self.of_items, |kind| &self.of_details[kind])
    }

    /// Returns whether the rollup items, or the detail items of a kind, are in a ranking.
    pub(super) fn is_ranked(&self, kind: Option<usize>) -> bool {
        let mut known = self.accumulators(kind).iter();
        known.any(|accumulator| matches!(accumulator, Accumulator::Score { .. }))
    }

    /// Returns whether the rollup item counts the detail items of a kind.
    pub(super) fn counts_kind(&self, kind: Option<usize>) -> bool {
        self.counted.iter().any(|(counted, _)| Some(*counted) == kind)
    }

    /// Returns whether an accumulator of the rollup item is a number of detail items.
    pub(super) fn is_number_of_details(&self, accumulator: &Accumulator) -> bool {
        self.counted.iter().any(|(_, of_kind)| of_kind.contains(accumulator))
    }

    /// Returns the key of the item that takes the changes of a shard: of a rollup item the stripe.
    pub(super) fn key_for_shard(&self, key: &RollupKey, shard_id: &str) -> RollupKey {
        let stored = StoredKey::parse(self.rollup, key).filter(|stored| stored.detail.is_none());
        let stripe = weir_rollups::key::stripe(self.rollup, shard_id);
        let key_of = |stored: &StoredKey| {
            Contributions::new(self.model, self.rollup, stripe).item_key(stored)
        };
        stored.as_ref().and_then(key_of).unwrap_or_else(|| key.clone())
    }

    /// Returns the keys of all stripes of a rollup item.
    pub(super) fn stripes(&self, item: &ItemId) -> Vec<RollupKey> {
        self.stripes_of(&item.key)
    }

    /// Returns the keys of all stripes of the rollup item that has the key of one of them.
    pub(super) fn stripes_of(&self, key: &RollupKey) -> Vec<RollupKey> {
        let Some(stored) = StoredKey::parse(self.rollup, key) else { return Vec::new() };
        let stripes = 0..self.rollup.stripes.max(1);
        let key = |stripe| Contributions::new(self.model, self.rollup, stripe).item_key(&stored);
        stripes.filter_map(key).collect()
    }
}
