//! `weir deploy` and `weir destroy` with simulated tools that log their arguments.
//!
//! | to see | read |
//! |---|---|
//! | the tools, and the answers that a test can change | `deploy/aws.sh`, `deploy/tool.sh` |
//! | the folder in which `weir` runs | `deploy/world.rs` |
//! | the calls of a deployment | `deploy/deploying.rs` and its snapshots |
//! | the scripts of `--dry-run` | `deploy/dry_runs.rs` |
//! | mistakes that are known before any call | `deploy/mistakes.rs`, `deploy/replacing.rs` |
//! | a changed definition: plan, filters and builds | `deploy/building.rs`, over `deploy/shop.rs` |
//! | failures under way | `deploy/failures.rs` |
//! | the deletion of stacks and tables | `deploy/destroying.rs` |
//!
//! `scripts/check-deployment` does the same with the real tools.
#![cfg(unix)]

#[path = "deploy/building.rs"]
mod building;
#[path = "deploy/deploying.rs"]
mod deploying;
#[path = "deploy/destroying.rs"]
mod destroying;
#[path = "deploy/dry_runs.rs"]
mod dry_runs;
#[path = "deploy/failures.rs"]
mod failures;
#[path = "deploy/mistakes.rs"]
mod mistakes;
#[path = "deploy/process.rs"]
mod process;
#[path = "deploy/replacing.rs"]
mod replacing;
#[path = "deploy/shop.rs"]
mod shop;
#[path = "deploy/world.rs"]
mod world;
