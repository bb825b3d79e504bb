//! The base gets into the rollup items: one conditional update for each.
//!
//! A rollup item forgets a base some days after its cut, as it forgets the records of a shard: see
//! [`weir_rollups::watermark`]. A builder that was suspended for days would add its base to that of
//! another builder. So a base is applied only while the stream keeps the records of its cut.
//!
//! A revision that was given up is purged, and its items are not looked for again. So a builder
//! that was suspended looks at the state before it continues.
//!
//! **Invariant:** the base is applied whole or the build fails; an update that was applied before
//! changes nothing.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use tokio::time::sleep;
use weir_rollups::{Revision, Update};
use weir_table::{Outcome, SettledUpdate};

use super::error::BuildError;
use super::{Builder, found};
use crate::backoff::Backoff;
use crate::blocking::block;
use crate::capture::check_age;
use crate::spool::{Base, BaseUpdate};
use crate::target::base_shard;

/// How often updates are tried that DynamoDB throttled or did not answer.
const ATTEMPTS: u32 = 10;
/// The updates that are sent together.
const CHUNK: usize = 1_000;
/// The age of the last look at the state, from which on the builder looks again.
const STATE_AGE: Duration = Duration::from_secs(1);

/// The revisions whose base is applied.
struct Applying<'a> {
    builder: &'a Builder,
    revisions: &'a [Revision],
    cut: u32,
    /// When the state said that the revisions are still wanted.
    checked_at: SystemTime,
}

impl Builder {
    /// Applies the base of some revisions, and calls `report` with the number of updates so far.
    /// Returns their number.
    pub(super) async fn apply(
        &self,
        mut base: Base,
        revisions: &[Revision],
        cut: u32,
        report: &(dyn Fn(u64) + Sync),
    ) -> Result<u64, BuildError> {
        let checked_at = SystemTime::UNIX_EPOCH;
        let mut applying = Applying { builder: self, revisions, cut, checked_at };
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
                for chunk in updates.chunks(CHUNK) {
                    applying.apply_chunk(&revisions[rollup], chunk.to_vec()).await?;
                    applied += chunk.len() as u64;
                    report(applied);
                }
            }
        }
    }
}

impl Applying<'_> {
    async fn apply_chunk(
        &mut self,
        revision: &Revision,
        mut updates: Vec<Update>,
    ) -> Result<(), BuildError> {
        let shard = base_shard(&revision.rollup, revision.number, self.cut);
        let mut backoff = Backoff::default();
        loop {
            self.check_wanted().await?;
            let mut failed = Vec::new();
            let mut last = None;
            let settled = self.builder.rollups.apply_all(&shard, updates).await;
            for SettledUpdate { update, result } in settled {
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

    /// Checks that the base is young enough, and that nobody has given the revisions up.
    async fn check_wanted(&mut self) -> Result<(), BuildError> {
        let wall_clock = self.builder.settings.capture.wall_clock;
        let now = wall_clock();
        if now.duration_since(self.checked_at).map_or(true, |age| age >= STATE_AGE) {
            let mut state = self.builder.state().await?;
            for revision in self.revisions {
                let known = found(&mut state, revision)?;
                if !known.is_counted() {
                    return Err(BuildError::Aborted(revision.rollup.clone()));
                }
            }
            self.checked_at = now;
        }
        Ok(check_age(self.cut, wall_clock())?)
    }
}
