//! The rollups that a batch is counted in: the revisions that the state of the rollups names, each
//! from its cut on.
//!
//! The state is read after the records of a batch were received and before they are counted. A
//! build sets a cut in the future, so every batch with records from the cut on finds it; and a
//! processor that does not understand a stored definition rejects the batch, which a newer instance
//! gets. That makes a deployment safe while several versions run.
//!
//! On Lambda a processor lives on when its mapping is given another stream. So a batch of a stream
//! that the state does not name opens the state again, which notes the changes that were lost
//! between two streams.
//!
//! **Invariant:** no batch of a stream is counted before the state of the rollups names it or a
//! later one.

use std::sync::{Arc, Mutex};

use weir_rollups::Revision;
use weir_table::{Error, OpenedState, RollupsState, Table};
use weir_telemetry::metrics;

use crate::rollups::CountedRollups;

/// The state of the rollups, as this process has read it.
#[derive(Debug)]
pub(crate) struct Tracking {
    table: Table,
    last: Mutex<Prepared>,
}

/// Revisions, and the definitions that they are counted under.
#[derive(Debug)]
struct Prepared {
    revisions: Vec<Revision>,
    counted: Arc<[CountedRollups]>,
}

impl Tracking {
    /// Tracks the state of the rollups of a table.
    pub(crate) fn new(table: Table) -> Self {
        let last = Mutex::new(Prepared { revisions: Vec::new(), counted: Arc::new([]) });
        Self { table, last }
    }

    /// Returns the rollups that a batch of a stream is counted in. Reads the state.
    ///
    /// # Errors
    /// The reason why the state cannot be read or opened, or a stored definition not be used.
    pub(crate) async fn counted(&self, label: &str) -> Result<Arc<[CountedRollups]>, Error> {
        let read = self.table.read_rollups_state().await?;
        let state = match read.filter(|state| is_named(state, label)) {
            Some(state) => state,
            None => {
                // DescribeTable may still have named the stream before; then the next batch asks
                // again.
                let opened = self.table.open_rollups().await?;
                note(&opened);
                opened.state
            }
        };
        if let Some(counted) = self.prepared(&state.revisions) {
            return Ok(counted);
        }
        let counted = self.prepare(&state.revisions).await?;
        let prepared = Prepared { revisions: state.revisions, counted: counted.clone() };
        *self.last.lock().expect("no holder panics") = prepared;
        Ok(counted)
    }

    /// Returns the rollups of these revisions if they are the last ones that were prepared.
    fn prepared(&self, revisions: &[Revision]) -> Option<Arc<[CountedRollups]>> {
        let last = self.last.lock().expect("no holder panics");
        (last.revisions == revisions).then(|| last.counted.clone())
    }

    /// Reads the definitions of the revisions that are counted. Those of one definition and one cut
    /// are folded together.
    async fn prepare(&self, revisions: &[Revision]) -> Result<Arc<[CountedRollups]>, Error> {
        let mut groups: Vec<(&str, CountedRollups)> = Vec::new();
        for revision in revisions.iter().filter(|revision| revision.is_counted()) {
            let (definition, cut) = (revision.definition.as_str(), revision.cut);
            let model = self.table.definition(revision).await?;
            let is_same =
                |(id, known): &&mut (&str, CountedRollups)| *id == definition && known.cut == cut;
            match groups.iter_mut().find(is_same) {
                Some((_, known)) => {
                    Arc::make_mut(&mut known.model).rollups.extend(model.rollups.iter().cloned());
                }
                None => groups.push((definition, CountedRollups { model, cut })),
            }
        }
        Ok(groups.into_iter().map(|(_, group)| group).collect())
    }
}

/// Whether the state names a stream, or a later one.
fn is_named(state: &RollupsState, label: &str) -> bool {
    let named = state.stream_label.as_deref();
    let began = |label: &str| weir_table::stream_began_at(label);
    named == Some(label) || named.and_then(began).zip(began(label)).is_some_and(|(a, b)| a > b)
}

/// Counts a gap that opening the state has found.
pub(crate) fn note(opened: &OpenedState) {
    if opened.found_gap {
        metrics::GAPS.add(1);
    }
}
