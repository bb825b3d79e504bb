//! The check whether a rollup may be answered, and the completeness of its answers.
//!
//! ```text
//! state item ──┬─► not registered, unbuilt, building ──► an error, and no rollup item is read
//!              └─► incomplete_since ─┐
//! progress item ──► complete_through ┴─► fields of the answer
//! ```
//!
//! Both items are read again when a snapshot is older than a second. The table and its stream are
//! compared with the state once a minute. An answer that waits for a write reads them again after
//! the wait.
//!
//! **Invariant:** no number is answered from rollups that lack items of their table.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;
use weir_rollups::{Revision, RevisionState};
use weir_table::checkpoints::StreamProgress;
use weir_table::{BuildProgress, ItemsTable, RollupsState, RollupsStatus, Table, WriteToken};

use crate::error::QueryError;

/// The time for which a snapshot is used before the state is read again.
const SNAPSHOT_LIFETIME: Duration = Duration::from_secs(1);
/// The time for which a description of the table is used.
const DESCRIPTION_LIFETIME: Duration = Duration::from_secs(60);

/// The time after which a question to a rollup that is being built may be repeated.
const RETRY_AFTER_SECS: u16 = 5;

/// The completeness of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Completeness {
    /// The time, RFC 3339, up to which every change is included, except those that were lost since
    /// `incomplete_since`; `None` if it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complete_through: Option<String>,
    /// The time, RFC 3339, after which changes may be missing for good; `None` if none are known to
    /// be lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incomplete_since: Option<String>,
    /// Whether the answer is of the definition before the last change, which no build has counted
    /// yet.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub previous_definition: bool,
    /// Whether the write of the query's token is included; `None` for a query without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<AfterWrite>,
}

/// Whether an answer includes the write of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterWrite {
    /// It does: every change up to the time of the write is counted.
    Counted,
    /// The write was not counted within the time that the answer may wait. The answer may lack it.
    Pending,
    /// It is not known how far the stream was counted, as on Lambda. The answer may lack the write.
    Unknown,
}

/// The last snapshot of the state of a table's rollups, shared by all clones.
#[derive(Clone, Debug, Default)]
pub(crate) struct StatusCache {
    last: Arc<Mutex<Option<RollupsSnapshot>>>,
}

/// The state of a table's rollups at one time.
#[derive(Clone, Debug)]
pub struct RollupsSnapshot {
    read_at: Instant,
    described_at: Instant,
    items: ItemsTable,
    status: RollupsStatus,
    progress: Option<StreamProgress>,
    /// The progress of the builds that are under way, by the stored names of their revisions.
    builds: HashMap<String, BuildProgress>,
}

impl StatusCache {
    /// Returns the state of the rollups, not older than a second.
    ///
    /// # Errors
    /// The error of DynamoDB.
    pub(crate) async fn snapshot(
        &self,
        table: &Table,
    ) -> Result<RollupsSnapshot, weir_table::Error> {
        let last = self.last.lock().expect("no holder panics").clone();
        let fresh = last.clone().filter(|last| last.read_at.elapsed() < SNAPSHOT_LIFETIME);
        match fresh {
            Some(fresh) => Ok(fresh),
            None => self.read(table, last).await,
        }
    }

    /// Returns the state of the rollups as it is now.
    ///
    /// # Errors
    /// The error of DynamoDB.
    pub(crate) async fn snapshot_now(
        &self,
        table: &Table,
    ) -> Result<RollupsSnapshot, weir_table::Error> {
        let last = self.last.lock().expect("no holder panics").clone();
        self.read(table, last).await
    }

    async fn read(
        &self,
        table: &Table,
        last: Option<RollupsSnapshot>,
    ) -> Result<RollupsSnapshot, weir_table::Error> {
        let described = last.map(|last| (last.described_at, last.items));
        let described = described.filter(|(at, _)| at.elapsed() < DESCRIPTION_LIFETIME);
        let read_again = described.is_some();
        let mut snapshot = read(table, described).await?;
        // The processor may have noted another stream since the table was described.
        if snapshot.is_other_stream() && read_again {
            snapshot = read(table, None).await?;
        }
        // Rollups that are not registered may be registered in the next moment.
        let kept = Some(snapshot.clone());
        let kept = kept.filter(|snapshot| snapshot.status != RollupsStatus::Unregistered);
        *self.last.lock().expect("no holder panics") = kept;
        Ok(snapshot)
    }
}

/// Reads the state of a table's rollups. Describes the table unless a description is given.
async fn read(
    table: &Table,
    described: Option<(Instant, ItemsTable)>,
) -> Result<RollupsSnapshot, weir_table::Error> {
    let read_at = Instant::now();
    let (described_at, items) = match described {
        Some(described) => described,
        None => (read_at, table.describe().await?),
    };
    let status = table.rollups_status(&items).await?;
    let progress = match status.stream_label() {
        Some(label) => table.stream_progress(label).await?,
        None => None,
    };
    let builds = table.build_progress(&status).await?;
    Ok(RollupsSnapshot { read_at, described_at, items, status, progress, builds })
}

impl RollupsSnapshot {
    /// Returns the revision that a rollup is answered from.
    ///
    /// # Errors
    /// [`QueryError::Unbuilt`] or [`QueryError::Building`] for a rollup that must not be answered.
    pub fn served(&self, rollup: &str) -> Result<&Revision, QueryError> {
        self.state(rollup)?.served(rollup).ok_or_else(|| self.not_built(rollup))
    }

    /// Returns the reason why a rollup, or its last change, cannot be answered.
    pub(crate) fn not_built(&self, rollup: &str) -> QueryError {
        let state = match self.state(rollup) {
            Ok(state) => state,
            Err(error) => return error,
        };
        let reason = match state.newest(rollup) {
            None => "it was added after the rollups of its table began; build it".to_owned(),
            Some(newest) if newest.is_under_way() => return self.building(newest),
            Some(newest) => match newest.state {
                RevisionState::Unbuilt(reason) => format!("{reason}; build it"),
                RevisionState::Ready => {
                    "its definition was changed and not built since; build it".to_owned()
                }
                state => format!("its last build is {state}; build it"),
            },
        };
        QueryError::Unbuilt(format!("the rollup `{rollup}` cannot be answered: {reason}"))
    }

    fn building(&self, revision: &Revision) -> QueryError {
        let progress = self.builds.get(&*revision.stored_name());
        let progress = progress.map_or_else(|| revision.state.to_string(), ToString::to_string);
        QueryError::Building {
            message: format!("the rollup `{}` is being built: {progress}", revision.rollup),
            retry_after_secs: RETRY_AFTER_SECS,
        }
    }

    fn state(&self, rollup: &str) -> Result<&RollupsState, QueryError> {
        let reason = match &self.status {
            RollupsStatus::Registered { state, .. } => return Ok(state),
            RollupsStatus::Unregistered => {
                "no processor has started to count; start the processor (on Lambda, invoke it once)"
                    .to_owned()
            }
            RollupsStatus::OtherTable { items_table } => {
                format!("the rollups table belongs to the table `{items_table}`; name another one")
            }
        };
        let message = format!("the rollup `{rollup}` cannot be answered: {reason}");
        Err(QueryError::Unbuilt(message))
    }

    /// Returns the completeness of an answer from a revision.
    pub(crate) fn completeness(
        &self,
        revision: &Revision,
        previous_definition: bool,
    ) -> Completeness {
        Completeness {
            complete_through: self.complete_through(),
            incomplete_since: revision.incomplete_since.clone(),
            previous_definition,
            after: None,
        }
    }

    /// Returns whether the write of a token is counted.
    pub(crate) fn after(&self, token: WriteToken) -> AfterWrite {
        match self.progress {
            None => AfterWrite::Unknown,
            Some(progress) if progress.complete_through_ms >= token.at_ms() => AfterWrite::Counted,
            Some(_) => AfterWrite::Pending,
        }
    }

    /// Returns the label of the stream that is counted.
    pub(crate) fn stream_label(&self) -> Option<&str> {
        self.status.stream_label()
    }

    /// Returns the number of stream records that were counted; `None` if it is not known.
    pub fn records_counted(&self) -> Option<u64> {
        self.progress.map(|progress| progress.records)
    }

    /// Returns the time, RFC 3339, up to which every change is counted; `None` if it is not known.
    pub fn complete_through(&self) -> Option<String> {
        let through = self.progress?.complete_through_ms;
        Timestamp::from_millisecond(through).ok().map(|through| through.to_string())
    }

    fn is_other_stream(&self) -> bool {
        matches!(self.status, RollupsStatus::Registered { is_other_stream: true, .. })
    }
}
