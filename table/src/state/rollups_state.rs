//! The state of the rollups of a table, as processors, readers and builds see it.

use weir_rollups::revision;
use weir_rollups::{Revision, RevisionState, Unbuilt};

/// The state of the rollups of a table: its stream, and the revisions that there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RollupsState {
    /// The stream that is counted.
    pub stream_label: Option<String>,
    /// The revisions, in the order of the names of their rollups and of their numbers.
    pub revisions: Vec<Revision>,
    /// How often it was noted that changes may be missing.
    pub gaps: u64,
}

/// The state as a reader finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RollupsStatus {
    /// No processor has registered the rollups yet.
    Unregistered,
    /// The rollups table belongs to another table of items.
    OtherTable {
        /// The name of that table.
        items_table: String,
    },
    /// A processor has registered them.
    Registered {
        /// Their state.
        state: RollupsState,
        /// Whether the table or its stream is not the one that was registered.
        is_other_stream: bool,
    },
}

/// The state after a processor has opened it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedState {
    /// The state.
    pub state: RollupsState,
    /// Whether opening it found that changes were lost: the stream or the table is another one.
    pub found_gap: bool,
}

impl RollupsStatus {
    /// The stream that is counted.
    pub fn stream_label(&self) -> Option<&str> {
        match self {
            Self::Registered { state, .. } => state.stream_label.as_deref(),
            _ => None,
        }
    }
}

impl RollupsState {
    /// Returns the revision of a rollup that readers answer from: the highest that is ready.
    pub fn served(&self, rollup: &str) -> Option<&Revision> {
        revision::served(&self.revisions, rollup)
    }

    /// Returns the newest revision of a rollup.
    pub fn newest(&self, rollup: &str) -> Option<&Revision> {
        revision::newest(&self.revisions, rollup)
    }

    /// Returns the revision of that rollup and number.
    pub fn find_mut(&mut self, rollup: &str, number: u32) -> Option<&mut Revision> {
        let mut revisions = self.revisions.iter_mut();
        revisions.find(|known| known.rollup == rollup && known.number == number)
    }

    /// Returns the time, RFC 3339, after which changes may be missing from some rollup; `None` if
    /// none are known to be lost.
    pub fn incomplete_since(&self) -> Option<&str> {
        let counted = self.revisions.iter().filter(|revision| revision.is_counted());
        counted.filter_map(|revision| revision.incomplete_since.as_deref()).min()
    }

    /// Returns the reason why a rollup lacks items, if one does.
    pub fn unbuilt(&self) -> Option<Unbuilt> {
        self.revisions.iter().find_map(|revision| match revision.state {
            RevisionState::Unbuilt(reason) => Some(reason),
            _ => None,
        })
    }

    /// Notes that changes after a time, RFC 3339, may be missing from every revision that is
    /// counted; an earlier time that is noted already stays.
    pub(super) fn note_gap(&mut self, since: &str) {
        self.gaps += 1;
        for revision in self.revisions.iter_mut().filter(|revision| revision.is_counted()) {
            let known = revision.incomplete_since.take();
            // RFC 3339 in UTC, in whole seconds: their order as text is that of the times.
            let earlier = known.filter(|known| known.as_str() < since);
            revision.incomplete_since = Some(earlier.unwrap_or_else(|| since.to_owned()));
        }
    }

    /// Marks every revision that counts items of the table before.
    pub(super) fn note_recreated(&mut self) {
        for revision in self.revisions.iter_mut().filter(|revision| revision.is_counted()) {
            revision.state = RevisionState::Unbuilt(Unbuilt::TableRecreated);
        }
    }

    pub(super) fn sort(&mut self) {
        self.revisions.sort_by(|a, b| (&a.rollup, a.number).cmp(&(&b.rollup, b.number)));
    }
}

impl OpenedState {
    /// Logs what keeps rollups from being answered, or from being complete.
    pub(super) fn log(&self, table: &str) {
        if let Some(reason) = self.state.unbuilt() {
            tracing::error!(
                table,
                %reason,
                "rollups are not built: questions to them are answered 503"
            );
        } else if let Some(since) = self.state.incomplete_since() {
            tracing::error!(
                table,
                stream_label = self.state.stream_label,
                since,
                found_now = self.found_gap,
                "the rollups are incomplete: changes after this time were lost"
            );
        }
    }
}
