//! The base of a revision: of each key the image before the first captured record, or else the
//! scanned image, added up by rollup item.
//!
//! **Invariant:** a base does not depend on the times at which items were read.

use std::collections::{BTreeMap, HashMap};

use weir_model::{Item, Model};
use weir_rollups::key::stripe;
use weir_rollups::{Amounts, Bookkeeping, Change, Contributions, RollupKey};

use super::weakness::Weakness;
use super::world::{World, since_1970};

/// The records that a capture has of each item, from a cut on.
#[derive(Clone, Debug)]
pub(super) struct Capture {
    /// By item, in order.
    records: HashMap<usize, Vec<Change>>,
    /// Whether a record before the cut is behind one at or after it, in one lineage.
    pub(super) stepped_back: bool,
}

/// The amounts to add to each rollup item and detail item.
pub(super) type Base = BTreeMap<RollupKey, (Bookkeeping, Amounts)>;

impl Capture {
    /// Returns the capture that ends at a time. Shards are read parents first.
    pub(super) fn new(world: &World, cut: u32, end: f64) -> Self {
        let mut records: HashMap<usize, Vec<Change>> = HashMap::new();
        let mut stepped_back = false;
        // By shard: whether a record at or after the cut was seen in it or an ancestor.
        let mut seen = vec![false; world.shards.len()];
        for (shard, read) in world.shards.iter().enumerate() {
            seen[shard] = read.parent.is_some_and(|parent| seen[parent]);
            for write in &read.writes[..read.readable(end)] {
                if write.change.is_since(i64::from(cut)) {
                    seen[shard] = true;
                    records.entry(write.item).or_default().push(write.change.clone());
                } else {
                    stepped_back |= seen[shard];
                }
            }
        }
        Self { records, stepped_back }
    }

    /// Returns the images at the cut.
    pub(super) fn rewind(&self, scanned: &[Option<Item>], weakness: Weakness) -> Vec<Item> {
        let image = |(item, scanned): (usize, &Option<Item>)| {
            let Some(records) = self.records.get(&item) else { return scanned.clone() };
            let record = match weakness {
                Weakness::NoRewind => return scanned.clone(),
                Weakness::OnlyScannedKeys if scanned.is_none() => return None,
                Weakness::LastOldImage => records.last(),
                _ => records.first(),
            };
            record.expect("a key is captured with a record").image.old_image().cloned()
        };
        scanned.iter().enumerate().filter_map(image).collect()
    }
}

/// Returns the sums of images, in the stripe of a virtual shard.
pub(super) fn sum(model: &Model, shard: &str, images: &[Item], cut: f64) -> Base {
    let mut base = Base::new();
    for rollup in &model.rollups {
        let contributions = Contributions::new(model, rollup, stripe(rollup, shard));
        for image in images {
            let counted = contributions.for_item(image, since_1970(cut));
            for added in counted.expect("every sale can be counted") {
                let known = base.entry(added.key);
                let (_, amounts) = known.or_insert((added.bookkeeping, Amounts::default()));
                amounts.merge(&added.amounts);
            }
        }
    }
    base
}
