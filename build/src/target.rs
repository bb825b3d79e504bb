//! The rollups that a build is about, and the virtual shard under which their base is applied.

use weir_model::{Model, Rollup};
use weir_table::ShardId;

/// The label of the virtual stream of all bases. No stream of DynamoDB has such a label.
const BASE_LABEL: &str = "@base";

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
