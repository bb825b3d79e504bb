//! Rollups say whether they count every change: over tables that have items already, after the
//! stream or a table was replaced, and while they are behind. Whatever happens, no number is
//! answered that lacks items without a word.

mod beginning;
mod builds;
mod gaps;
mod plans;
mod progress;
mod shards;
mod shop;
mod tokens;
