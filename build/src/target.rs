//! The rollups that a build is about, and the virtual shard under which their base is applied.

use weir_model::{Model, Rollup};
use weir_rollups::watermark::{self, REPAIR_LABEL};
use weir_table::ShardId;

/// The label of the virtual stream of all bases. No stream of DynamoDB has such a label.
const BASE_LABEL: &str = "@base";

/// The id of the virtual shard of all repairs.
const REPAIR_SHARD: &str = "drift";

/// A rollup that is built, with the definition that has it.
#[derive(Clone, Copy, Debug)]
pub struct BuildTarget<'a> {
    /// The definition.
    pub model: &'a Model,
    /// The rollup of the definition.
    pub rollup: &'a Rollup,
}

/// Returns the virtual shard of the base of one revision of a rollup. The base is the only record
/// of it, so applying the base again adds nothing.
pub fn base_shard(rollup: &str, revision: u32, cut: u32) -> ShardId {
    ShardId::new(BASE_LABEL, format!("{rollup}@{revision}@{cut}"))
}

/// Returns the virtual shard of repairs. Its records are the repairs of one item, counted from 1.
/// Applying a repair again adds nothing, and neither does that of another verification that has
/// found the same drift.
pub fn repair_shard() -> ShardId {
    ShardId::new(REPAIR_LABEL, REPAIR_SHARD)
}

/// Returns the name under which an item keeps the number of its last repair.
pub(crate) fn repair_watermark() -> String {
    watermark::name(REPAIR_LABEL, REPAIR_SHARD)
}
