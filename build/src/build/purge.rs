//! The items of revisions that nobody reads or writes any more are deleted.
//!
//! A processor may still write the updates of a batch that it began under the former state, and a
//! reader may still use that state, so a purge waits first. It repeats until a pass finds nothing.
//!
//! **Invariant:** only items of revisions that are retired or aborted are deleted; a revision is
//! marked as purged after a pass that has found none of its items.

use std::time::Duration;

use tokio::time::sleep;
use weir_rollups::{Revision, RevisionState};
use weir_table::{Rollups, RollupsState, Table};

use super::error::BuildError;
use super::events::BuildEvent;
use super::seconds;

/// How a purge deletes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PurgeSettings {
    /// The time that it waits before the first pass: the longest time that a function runs, and
    /// that a reader uses a state.
    pub grace: Duration,
    /// The items that it deletes in a second; `None` for no limit.
    pub deletes_per_second: Option<u32>,
}

impl PurgeSettings {
    /// Returns the settings for an emulator, or for AWS.
    pub fn new(is_local: bool) -> Self {
        if is_local { Self::LOCAL } else { Self::AWS }
    }

    /// The settings for AWS: a Lambda function runs for 15 minutes at most.
    pub const AWS: Self =
        Self { grace: Duration::from_secs(15 * 60 + 5), deletes_per_second: Some(100) };
    /// The settings for processors and readers in this process.
    pub const LOCAL: Self = Self { grace: Duration::from_secs(3), deletes_per_second: None };
}

/// Deletes the items of all revisions that are retired or aborted, and reports it if there are any.
pub(super) async fn purge(
    table: &Table,
    rollups: &Rollups,
    settings: PurgeSettings,
    report: &(dyn Fn(BuildEvent) + Sync),
) -> Result<u64, BuildError> {
    let state = match table.read_rollups_state().await {
        Ok(Some(state)) => state,
        Ok(None) | Err(weir_table::Error::MissingTable { .. }) => return Ok(0),
        Err(error) => return Err(error.into()),
    };
    let over = state.revisions.iter().filter(|revision| revision.is_over());
    let over: Vec<_> = over.cloned().collect();
    if over.is_empty() {
        return Ok(0);
    }
    let from = table.dynamodb_time().await? + seconds(settings.grace);
    report(BuildEvent::Purging { revisions: over.clone(), from });
    sleep(settings.grace).await;
    let names: Vec<_> = over.iter().map(|revision| revision.stored_name().into_owned()).collect();
    let mut deleted = 0;
    loop {
        let pass = rollups.delete_items_of(&names, settings.deletes_per_second).await?;
        deleted += pass;
        if pass == 0 {
            break;
        }
    }
    table
        .change_rollups_state(|state: &mut RollupsState, _| {
            for revision in &over {
                if let Some(known) = state.find_mut(&revision.rollup, revision.number)
                    && known.state == revision.state
                {
                    known.state = RevisionState::Purged;
                }
            }
            forget(state);
            Ok::<_, BuildError>(())
        })
        .await?;
    report(BuildEvent::Purged { items: deleted });
    Ok(deleted)
}

/// Forgets purged revisions, but for the highest of each rollup: its number is not used again.
fn forget(state: &mut RollupsState) {
    let highest = |revisions: &[Revision], rollup: &str| {
        let numbers = revisions.iter().filter(|known| known.rollup == rollup);
        numbers.map(|known| known.number).max()
    };
    let all = state.revisions.clone();
    state.revisions.retain(|known| {
        known.state != RevisionState::Purged || Some(known.number) == highest(&all, &known.rollup)
    });
}
