//! The base gets into the rollup items: one conditional update for each.
//!
//! A rollup item forgets a base some days after its cut, as it forgets the records of a shard: see
//! [`weir_rollups::watermark`]. A builder that was suspended for days would add its base to that of
//! another builder. So a base is applied only while the stream keeps the records of its cut.
//!
//! **Invariant:** the base is applied whole or the build fails; an update that was applied before
//! changes nothing.

use std::collections::BTreeMap;
use std::time::SystemTime;

use tokio::time::sleep;
use weir_rollups::{Revision, Update};
use weir_table::{Outcome, Rollups, SettledUpdate};

use super::error::BuildError;
use crate::backoff::Backoff;
use crate::blocking::block;
use crate::capture::check_age;
use crate::spool::{Base, BaseUpdate};
use crate::target::base_shard;

/// How often updates are tried that DynamoDB throttled or did not answer.
const ATTEMPTS: u32 = 10;
/// The updates that are sent together.
const CHUNK: usize = 1_000;

/// Applies the base of some revisions, and calls `report` with the number of updates so far.
/// Returns their number.
pub(super) async fn apply(
    rollups: &Rollups,
    mut base: Base,
    revisions: &[Revision],
    cut: u32,
    wall_clock: fn() -> SystemTime,
    report: &(dyn Fn(u64) + Sync),
) -> Result<u64, BuildError> {
    let mut applied = 0;
    loop {
        let next = block(|| base.next_updates())?;
        if next.is_empty() {
            return Ok(applied);
        }
        let mut by_rollup: BTreeMap<usize, Vec<Update>> = BTreeMap::new();
        for BaseUpdate { rollup, update } in next {
            by_rollup.entry(rollup).or_default().push(update);
        }
        for (rollup, updates) in by_rollup {
            let revision = &revisions[rollup];
            for chunk in updates.chunks(CHUNK) {
                apply_chunk(rollups, revision, cut, wall_clock, chunk.to_vec()).await?;
                applied += chunk.len() as u64;
                report(applied);
            }
        }
    }
}

async fn apply_chunk(
    rollups: &Rollups,
    revision: &Revision,
    cut: u32,
    wall_clock: fn() -> SystemTime,
    mut updates: Vec<Update>,
) -> Result<(), BuildError> {
    let shard = base_shard(&revision.rollup, revision.number, cut);
    let mut backoff = Backoff::default();
    loop {
        check_age(cut, wall_clock())?;
        let mut failed = Vec::new();
        let mut last = None;
        for SettledUpdate { update, result } in rollups.apply_all(&shard, updates).await {
            match result {
                Ok(Outcome::Applied(_)) => {}
                Ok(Outcome::Parked(source)) => {
                    return Err(BuildError::Parked { item: update.key.to_string(), source });
                }
                Err(error) if error.is_retryable() => {
                    failed.push(update);
                    last = Some(error);
                }
                Err(error) => return Err(error.into()),
            }
        }
        let Some(error) = last else { return Ok(()) };
        if backoff.failures() + 1 == ATTEMPTS {
            return Err(error.into());
        }
        updates = failed;
        sleep(backoff.pause()).await;
    }
}
