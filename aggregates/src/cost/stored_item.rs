//! A rollup item or detail item as DynamoDB stores it, as far as its size follows from it.
//!
//! **Invariant:** the bytes are those of the item that `weir_table::Rollups` writes;
//! `tests/tests/costs.rs` compares the units that follow with those that DynamoDB reports.

use std::collections::BTreeMap;

use weir_model::table::{
    RANK, ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY, ROLLUPS_TTL, SCORE, TableDefinition,
};
use weir_model::{Granularity, ROLLUP_MARK};

use crate::amounts::{Accumulator, Amounts};
use crate::item_bytes::units_bytes;
use crate::key::RollupKey;
use crate::watermark::WATERMARK_BYTES;

/// The bytes of a write unit.
const WRITE_UNIT_BYTES: u64 = 1024;
/// The bytes of a watermark with its name, `@mwom0by3/k2xyaxe8-864758bb`.
const NAMED_WATERMARK_BYTES: u64 = 27 + WATERMARK_BYTES as u64;
/// The bytes of a time to live: a number of ten digits.
const TTL_BYTES: u64 = 6;
/// The shards that one open shard becomes within the three days for which watermarks are kept: a
/// shard is open for about four hours (observed; AWS documents no time).
const SHARDS_OF_THREE_DAYS: u32 = 18;
/// The same within a day.
const SHARDS_OF_A_DAY: u32 = 6;
/// The stale watermarks that stay because removing so few is not worth a write.
const STALE_WATERMARKS: u32 = 3;

/// The watermarks that rollup items have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watermarks {
    /// The shards that are open at the same time.
    pub shards: u32,
    /// The changes that each change of the sample stands for.
    pub scale: u64,
}

impl Watermarks {
    /// One shard that has always been there.
    pub const ONE: Self = Self { shards: 0, scale: 1 };

    /// Returns the number of watermarks of a rollup item that sampled items contribute to. No item
    /// has more than shards wrote to it within its bucket and three days, nor than changes.
    fn count(self, key: &RollupKey, contributions: u64) -> u64 {
        let bucket = key.sort.split('#').next().and_then(|name| name.parse().ok());
        let shards = self.shards
            * match bucket {
                Some(Granularity::Minute | Granularity::QuarterHour | Granularity::Hour) => 1,
                Some(Granularity::Day) => 1 + SHARDS_OF_A_DAY,
                _ => 1 + SHARDS_OF_THREE_DAYS + STALE_WATERMARKS,
            };
        let changes = contributions.saturating_mul(self.scale);
        u64::from(shards).min(changes).max(1)
    }
}

/// A stored rollup item or detail item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct StoredItem {
    /// Its numbers, in their units.
    pub(super) numbers: BTreeMap<Accumulator, i128>,
    /// The ranking that it is in.
    pub(super) rank: Option<String>,
    /// Whether it has a watermark. A rollup item that was written by a transaction alone has none.
    pub(super) is_absorbed: bool,
    /// Whether it has a time to live.
    pub(super) expires: bool,
    /// The sampled items that contribute to it.
    pub(super) contributions: u64,
}

/// An entry in the index of ranks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RankEntry {
    ranking: String,
    score: i128,
    /// The write units to put it or to delete it.
    pub(super) units: u64,
}

impl StoredItem {
    /// Adds amounts as an update does: an amount of zero makes no attribute, but for a score.
    pub(super) fn add(&mut self, amounts: &Amounts) {
        for (accumulator, amount) in amounts.iter() {
            if amount != 0 || matches!(accumulator, Accumulator::Score { .. }) {
                *self.numbers.entry(accumulator.clone()).or_default() += amount;
            }
        }
    }

    /// Returns its count of items.
    pub(super) fn count(&self) -> i128 {
        self.numbers.get(&Accumulator::Items).copied().unwrap_or_default()
    }

    /// Returns the write units of an item of its size.
    pub(super) fn units(
        &self,
        key: &RollupKey,
        table: &TableDefinition,
        watermarks: Watermarks,
    ) -> u64 {
        let mut bytes = key_bytes(key, table);
        let numbers = self.numbers.iter();
        bytes +=
            numbers.map(|(accumulator, amount)| number_bytes(accumulator, *amount)).sum::<u64>();
        if self.is_absorbed {
            bytes += NAMED_WATERMARK_BYTES * watermarks.count(key, self.contributions);
        }
        if let Some(rank) = &self.rank {
            bytes += (RANK.len() + rank.len()) as u64;
        }
        if self.expires {
            let name = table.ttl.as_deref().filter(|_| key.is_colocated).unwrap_or(ROLLUPS_TTL);
            bytes += name.len() as u64 + TTL_BYTES;
        }
        if key.is_colocated {
            bytes += (table.entity_attribute.len() + ROLLUP_MARK.len()) as u64;
        }
        units(bytes)
    }

    /// Returns its entry in the index of ranks, which projects keys only.
    pub(super) fn entry(&self, key: &RollupKey, table: &TableDefinition) -> Option<RankEntry> {
        let ranking = self.rank.clone()?;
        let is_score = |known: &&Accumulator| matches!(known, Accumulator::Score { .. });
        let accumulator = self.numbers.keys().find(is_score)?;
        let score = self.numbers[accumulator];
        let bytes = key_bytes(key, table)
            + (RANK.len() + ranking.len()) as u64
            + number_bytes(accumulator, score);
        Some(RankEntry { ranking, score, units: units(bytes) })
    }
}

impl RankEntry {
    /// Whether it is at the same place of the index as another.
    pub(super) fn is_at(&self, other: &Self) -> bool {
        self.ranking == other.ranking && self.score == other.score
    }
}

/// Returns the write units of so many bytes.
fn units(bytes: u64) -> u64 {
    bytes.div_ceil(WRITE_UNIT_BYTES).max(1)
}

fn key_bytes(key: &RollupKey, table: &TableDefinition) -> u64 {
    let names = match (key.is_colocated, &table.sort_key) {
        (true, Some(sort_key)) => table.partition_key.len() + sort_key.len(),
        _ => ROLLUPS_PARTITION_KEY.len() + ROLLUPS_SORT_KEY.len(),
    };
    (names + key.partition.len() + key.sort.len()) as u64
}

fn number_bytes(accumulator: &Accumulator, amount: i128) -> u64 {
    let name = match accumulator {
        // Without an allocation: most numbers are these.
        Accumulator::Items => "count".len(),
        Accumulator::Score { .. } => SCORE.len(),
        other => other.attribute_name().len(),
    };
    name as u64 + units_bytes(amount, accumulator.scale())
}
