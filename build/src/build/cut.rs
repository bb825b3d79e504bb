//! The cut of new revisions: later than DynamoDB's time by a margin.
//!
//! ```text
//! state   ── announced ──────── capturing ──────────►
//! time    ──── write ──── read ── confirm ──── cut ─►
//! ```
//!
//! Processors that read the state after the announcement count from the cut on. The records of
//! those that read it before were written before it. So the announcement must be in effect before
//! the cut, by more than a record's time may be ahead; a read of the state then shows that it is. A
//! builder may be suspended, or its write be on its way, until after the cut, and a builder may be
//! killed before it notices.
//!
//! **Invariant:** a revision is capturing only if the state named it before any record of a time
//! from its cut on.

use std::time::Duration;

use tokio::time::Instant;
use weir_rollups::{Revision, RevisionState};
use weir_table::{CLOCK_UNCERTAINTY_SECS, RollupsState};

use super::error::BuildError;
use super::{Builder, found, seconds, wanted};
use crate::requests::{describe, dynamodb_time};

/// How often the cut is chosen again because writing it took longer than its margin.
const MAX_LATE_CUTS: u32 = 5;

const CLOCK_UNCERTAINTY: Duration = Duration::from_secs(CLOCK_UNCERTAINTY_SECS.unsigned_abs());

/// New revisions with their cut.
pub(super) struct Chosen {
    pub(super) revisions: Vec<Revision>,
    /// A moment shortly before the cut.
    pub(super) ahead_until: Instant,
}

impl Builder {
    /// Writes the cut of new revisions, and confirms that the state named them before it.
    pub(super) async fn choose_cut(&self, rollups: &[String]) -> Result<Chosen, BuildError> {
        let definition = self.table.store_definition().await?;
        let unit = describe(&self.table).await?.record_time_secs();
        let margin = seconds(self.settings.margins.cut);
        for _ in 0..MAX_LATE_CUTS {
            let mut announced = Vec::new();
            let change = |state: &mut RollupsState, now: i64| {
                let cut = (now + margin + unit - 1) / unit * unit;
                // The answer to the write before may have been lost.
                if !announced.is_empty() && has_all(state, &announced) {
                    return Ok(());
                }
                self.check_colocated(state, rollups)?;
                announced = rollups
                    .iter()
                    .map(|rollup| wanted::announced(state, rollup, &definition, cut))
                    .collect();
                state.revisions.retain(|known| !announced.iter().any(|new| is_same(known, new)));
                state.revisions.extend(announced.iter().cloned());
                Ok(())
            };
            self.change_state(change).await?;
            if self.confirm_cut(&announced).await? {
                return Ok(Chosen {
                    ahead_until: self.ahead_until(&announced).await?,
                    revisions: announced,
                });
            }
        }
        Err(BuildError::LateCut)
    }

    /// Returns a moment before which no record can have a time from the cut on.
    async fn ahead_until(&self, announced: &[Revision]) -> Result<Instant, BuildError> {
        let now = dynamodb_time(&self.table).await?;
        let cut = announced.first().and_then(|first| first.cut).unwrap_or_default();
        let ahead = Duration::from_secs(u64::try_from(cut - now).unwrap_or_default());
        Ok(Instant::now() + ahead.saturating_sub(CLOCK_UNCERTAINTY))
    }

    /// Confirms that the state names revisions before their cut, unless that is known already.
    /// Returns `false` if it is too late: they are given up.
    pub(super) async fn confirm_cut(&self, announced: &[Revision]) -> Result<bool, BuildError> {
        // A margin of a second is for a clock that everything shares.
        let uncertainty = CLOCK_UNCERTAINTY.min(self.settings.margins.cut / 2).as_secs();
        let uncertainty = i64::try_from(uncertainty).expect("a few seconds");
        let change = |state: &mut RollupsState, now: i64| {
            let mut is_confirmed = true;
            for revision in announced {
                let is_late = revision.cut.is_none_or(|cut| now + uncertainty >= cut);
                let known = found(state, revision)?;
                match known.state {
                    RevisionState::Announced if is_late => {
                        known.state = RevisionState::Aborted;
                        is_confirmed = false;
                    }
                    RevisionState::Announced => known.state = RevisionState::Capturing,
                    // The answer to the write before may have been lost.
                    RevisionState::Aborted if is_late => is_confirmed = false,
                    _ if known.is_counted() => {}
                    _ => return Err(BuildError::Aborted(revision.rollup.clone())),
                }
            }
            Ok(is_confirmed)
        };
        self.change_state(change).await
    }
}

/// Returns whether the state has all of these revisions, whatever became of them since.
fn has_all(state: &RollupsState, announced: &[Revision]) -> bool {
    let has = |new: &Revision| {
        let mut known = state.revisions.iter().filter(|known| is_same(known, new));
        known.any(|known| (&known.definition, known.cut) == (&new.definition, new.cut))
    };
    announced.iter().all(has)
}

fn is_same(known: &Revision, new: &Revision) -> bool {
    (&known.rollup, known.number) == (&new.rollup, new.number)
}
