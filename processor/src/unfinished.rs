//! The records that a reactor has begun and not finished: where its invocation is repeated from.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use weir_rollups::SequenceNumber;

/// The records that a reactor has begun and not finished. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnfinishedRecords(Arc<Mutex<BTreeSet<SequenceNumber>>>);

impl UnfinishedRecords {
    /// Notes that the reactor begins a record.
    pub(crate) fn begin(&self, record: SequenceNumber) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(record);
    }

    /// Notes that the reactor finished a record.
    pub(crate) fn finish(&self, record: SequenceNumber) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&record);
    }

    /// Returns the lowest unfinished record.
    pub(crate) fn lowest(&self) -> Option<SequenceNumber> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).first().copied()
    }
}
