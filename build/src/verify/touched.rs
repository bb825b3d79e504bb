//! The rollup items whose detail items were changed by captured records, and by which.
//!
//! A rollup item that counts its detail items is compared with them as they were at one moment. The
//! detail items that no captured record is about do not change; the others are read together with
//! the rollup item, as far as a transaction can.

use std::collections::HashMap;

use weir_rollups::{RollupKey, Watermark};

use super::positions::Positions;
use super::record::ItemId;

/// The changes that are remembered; further ones are not. Each takes about 200 bytes.
const MAX_TOUCHES: usize = 500_000;

/// The changes of one rollup item that are kept although they were acknowledged.
const MAX_KEPT: usize = 64;

/// The changes of detail items.
#[derive(Debug, Default)]
pub(super) struct TouchedItems {
    items: HashMap<ItemId, Vec<Touch>>,
    /// The number of changes that are remembered.
    touches: usize,
}

/// A change of a detail item.
#[derive(Clone, Debug)]
pub(super) struct Touch {
    /// The detail item.
    pub(super) key: RollupKey,
    /// The number of its shard.
    shard: usize,
    record: Watermark,
}

impl Touch {
    /// Returns the time of its record, in seconds since 1970.
    pub(super) fn seconds(&self) -> u32 {
        self.record.seconds
    }
}

impl TouchedItems {
    /// Adds a change.
    pub(super) fn add(&mut self, item: ItemId, key: RollupKey, shard: usize, record: Watermark) {
        if self.touches < MAX_TOUCHES {
            self.touches += 1;
            self.items.entry(item).or_default().push(Touch { key, shard, record });
        }
    }

    /// Forgets changes that were acknowledged, where there are more than a transaction can read. An
    /// acknowledged change may have been rejected, so its detail item is read if there is room.
    pub(super) fn forget_acknowledged(&mut self, positions: &Positions) {
        let many = self.items.values_mut().filter(|touches| touches.len() > MAX_KEPT);
        for touches in many {
            touches.retain(|touch| !positions.has(touch.shard, touch.record.sequence));
        }
        self.touches = self.items.values().map(Vec::len).sum();
    }

    /// Returns all rollup items of which a detail item was changed.
    pub(super) fn items(&self) -> Vec<ItemId> {
        self.items.keys().cloned().collect()
    }

    /// Returns the changes of detail items of a rollup item that are not known to be acknowledged.
    pub(super) fn changes_of(&self, item: &ItemId) -> &[Touch] {
        self.items.get(item).map(Vec::as_slice).unwrap_or_default()
    }
}
