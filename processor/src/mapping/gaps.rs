//! Notes lost records: in a metric, and as `incomplete_since` in the state of the rollups.
//!
//! **Invariant:** a checkpoint does not move past lost records before the loss is noted.

use tokio::time::sleep;
use weir_table::Table;
use weir_telemetry::metrics;

use super::backoff::Backoff;

/// Notes losses of records, in the state of the rollups of a table if there is one.
#[derive(Clone, Debug)]
pub(super) struct Gaps {
    table: Option<Table>,
}

impl Gaps {
    pub(super) fn new(table: Option<Table>) -> Self {
        Self { table }
    }

    /// Notes that records were lost which may be as old as this, in seconds since 1970. Retries
    /// until that is stored.
    pub(super) async fn note(&self, since: i64) {
        metrics::GAPS.add(1);
        self.note_lost(since).await;
    }

    /// The same without the metric, for losses that have one of their own.
    pub(super) async fn note_lost(&self, since: i64) {
        let Some(table) = &self.table else { return };
        let mut backoff = Backoff::default();
        while let Err(error) = table.note_gap(since).await {
            let pause = backoff.pause();
            let error = weir_table::error::chain(&error);
            tracing::warn!(error, ?pause, "could not note that records were lost, trying again");
            sleep(pause).await;
        }
    }
}
