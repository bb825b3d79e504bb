//! Whether rollups may be answered, and how complete an answer is.
//!
//! ```text
//! state item ──┬─► not registered, unbuilt, changed ──► 503, and nothing is read
//!              └─► incomplete_since ─┐
//! progress item ──► complete_through ┴─► fields of the answer
//! ```
//!
//! Both are read before the rollup items, so that an answer includes at least what they say. They are kept for a second, and
//! the table and its stream are compared with the state once a minute.
//!
//! **Invariant:** no number is answered from rollups that lack items of their table.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;
use table::checkpoints::StreamProgress;
use table::{Budget, ItemsTable, RollupsStatus, Table};
use web::{Kind, Problem};

/// How long a status is used before it is read again.
const FRESH_FOR: Duration = Duration::from_secs(1);
/// How long the table is not looked at again.
const TABLE_FRESH_FOR: Duration = Duration::from_secs(60);

/// How complete an answer is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Completeness {
    /// Every change up to this time, RFC 3339, is included, but those lost since `incomplete_since`; `None` where that is
    /// not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complete_through: Option<String>,
    /// Changes after this time, RFC 3339, may be missing for good; `None` where none are known to be lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incomplete_since: Option<String>,
}

/// The status of the rollups of a table, read again when it is no longer fresh.
#[derive(Clone)]
pub(crate) struct StatusCache {
    table: Table,
    seen: Arc<Mutex<Option<Seen>>>,
}

/// A status, with the time of its read.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    read_at: Instant,
    described_at: Instant,
    items: ItemsTable,
    status: RollupsStatus,
    /// How far the stream was handled.
    pub(crate) progress: Option<StreamProgress>,
}

impl StatusCache {
    pub(crate) fn new(table: &Table) -> Self {
        Self { table: table.clone(), seen: Arc::default() }
    }

    /// Returns how complete an answer of a rollup is.
    ///
    /// # Errors
    /// 503 if nothing may be answered from it; else the error of DynamoDB.
    pub(crate) async fn completeness(
        &self,
        rollup: &str,
        budget: &Budget,
    ) -> Result<Completeness, Problem> {
        self.status(budget).await?.completeness(rollup)
    }

    /// Returns the status, not older than a second.
    ///
    /// # Errors
    /// The error of DynamoDB.
    pub(crate) async fn status(&self, budget: &Budget) -> Result<Seen, Problem> {
        let table = self.table.with_budget(budget);
        let known = self.seen.lock().expect("no holder panics").clone();
        if let Some(known) = known.clone().filter(|known| known.read_at.elapsed() < FRESH_FOR) {
            return Ok(known);
        }
        let described = known.map(|known| (known.described_at, known.items));
        let described = described.filter(|(at, _)| at.elapsed() < TABLE_FRESH_FOR);
        let now = read(&table, described.clone()).await?;
        // What differs from an older description may be what the processor has noted since.
        let now = if now.is_other_stream() && described.is_some() {
            read(&table, None).await?
        } else {
            now
        };
        // What is not registered may be in the next moment.
        let kept = Some(now.clone()).filter(|now| now.status != RollupsStatus::Unregistered);
        *self.seen.lock().expect("no holder panics") = kept;
        Ok(now)
    }
}

/// Reads the status of a table, which is described unless it was not long ago.
async fn read(table: &Table, described: Option<(Instant, ItemsTable)>) -> Result<Seen, Problem> {
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
    Ok(Seen { read_at, described_at, items, status, progress })
}

impl Seen {
    /// Returns how complete an answer of a rollup is, or why there is none.
    pub(crate) fn completeness(&self, rollup: &str) -> Result<Completeness, Problem> {
        let unbuilt = |reason: &str| {
            let detail = format!("the rollup `{rollup}` cannot be answered: {reason}");
            Err(Problem::new(Kind::UnbuiltRollup, detail))
        };
        let (state, changed) = match &self.status {
            RollupsStatus::Unregistered => {
                return unbuilt(
                    "no processor has started to count; start the processor (on Lambda, invoke it once)",
                );
            }
            RollupsStatus::OtherTable { items_table } => {
                return unbuilt(&format!(
                    "the rollups table belongs to the table `{items_table}`; name another one"
                ));
            }
            RollupsStatus::Registered { state, changed, .. } => (state, changed),
        };
        if let Some(change) = changed.get(rollup) {
            let detail = format!(
                "the rollup `{rollup}` was {change} after its table began, so its numbers would be wrong"
            );
            return Err(Problem::new(Kind::ChangedRollup, detail));
        }
        if let Some(reason) = state.unbuilt {
            return unbuilt(&format!("{reason}, so its numbers would be wrong"));
        }
        Ok(Completeness {
            complete_through: self.complete_through(),
            incomplete_since: state.incomplete_since.clone(),
        })
    }

    fn is_other_stream(&self) -> bool {
        matches!(self.status, RollupsStatus::Registered { is_other_stream: true, .. })
    }

    /// Returns the time, RFC 3339, up to which every change is counted, as far as it is known.
    pub(crate) fn complete_through(&self) -> Option<String> {
        let through = self.progress?.complete_through_ms;
        Timestamp::from_millisecond(through).ok().map(|through| through.to_string())
    }
}
