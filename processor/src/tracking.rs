//! Which changes count: those of the stream that the state of the rollups names, from the time on
//! that it says.
//!
//! On Lambda a processor lives on when its mapping is given another stream. So the first batch of
//! each stream opens the state again, which notes the changes that were lost between two streams.
//!
//! **Invariant:** no batch of a stream is counted before the state of the rollups names it or a
//! later one.

use std::collections::HashSet;

use tokio::sync::Mutex;
use weir_table::{Error, OpenedState, Table};
use weir_telemetry::metrics;

/// The state of the rollups, as this process has opened it.
#[derive(Debug)]
pub(crate) struct Tracking {
    table: Table,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    labels: HashSet<String>,
    counts_from: Option<i64>,
}

impl Tracking {
    /// Tracks the streams of a table from a state that was just opened.
    pub(crate) fn new(table: Table, opened: &OpenedState) -> Self {
        let labels = opened.state.stream_label.iter().cloned().collect();
        let seen = Seen { labels, counts_from: opened.state.counts_from };
        Self { table, seen: Mutex::new(seen) }
    }

    /// Returns from which time on, in seconds since 1970, the records of a stream count; `None` if
    /// all do.
    ///
    /// # Errors
    /// Why the state cannot be opened for a stream that is new.
    pub(crate) async fn counts_from(&self, label: &str) -> Result<Option<i64>, Error> {
        let mut seen = self.seen.lock().await;
        if !seen.labels.contains(label) {
            let opened = self.table.open_rollups().await?;
            note(&opened);
            seen.counts_from = opened.state.counts_from;
            // DescribeTable may still have named the stream before; then the next batch asks again.
            if is_named(&opened, label) {
                seen.labels.insert(label.to_owned());
            }
        }
        Ok(seen.counts_from)
    }
}

/// Whether the state names a stream, or a later one.
fn is_named(opened: &OpenedState, label: &str) -> bool {
    let named = opened.state.stream_label.as_deref();
    let began = |label: &str| weir_table::stream_began_at(label);
    named == Some(label) || named.and_then(began).zip(began(label)).is_some_and(|(a, b)| a > b)
}

/// Counts a gap that opening the state has found.
pub(crate) fn note(opened: &OpenedState) {
    if opened.found_gap {
        metrics::GAPS.add(1);
    }
}
