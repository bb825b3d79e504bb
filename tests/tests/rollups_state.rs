//! Rollups say whether they count every change: over tables that have items already, after the
//! stream or a table was replaced, and while they are behind. Whatever happens, no number is
//! answered that lacks items without a word.

#[path = "rollups_state/beginning.rs"]
mod beginning;
#[path = "rollups_state/builds.rs"]
mod builds;
#[path = "rollups_state/gaps.rs"]
mod gaps;
#[path = "rollups_state/plans.rs"]
mod plans;
#[path = "rollups_state/progress.rs"]
mod progress;
#[path = "rollups_state/shards.rs"]
mod shards;
#[path = "rollups_state/shop.rs"]
mod shop;
#[path = "rollups_state/tokens.rs"]
mod tokens;
