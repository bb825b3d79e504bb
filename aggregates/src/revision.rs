//! Revisions of rollups: which definition a set of rollup items was counted under, and whether it
//! counts every item.
//!
//! ```text
//!            ┌─────────────────────────────── build ───────────────────────────────┐
//! planned ──►│ announced ──► capturing ──► building ──► ready ──► retired ──► purged │
//!            └─────┴─────────────┴────────────┴──► aborted ──► purged                │
//! unbuilt: the rollup began over items that it does not count
//! ```
//!
//! Each revision has rollup items of its own (see [`Rollup::stored_name`]), so that an old one
//! answers while its successor is built. A planned revision is one that the definition file wants
//! and the state of the rollups lacks.
//!
//! **Invariant:** the items of a revision that is ready are what a recount of the table gives, but
//! for changes that are still to come and for [`Revision::incomplete_since`].
//!
//! [`Rollup::stored_name`]: weir_model::Rollup::stored_name

use std::borrow::Cow;
use std::fmt;

use weir_model::{Model, Rollup};

use crate::difference::{ChangeClass, differences};

/// A revision of a rollup, as the state of the rollups holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The name of the rollup.
    pub rollup: String,
    /// Its number among the revisions of this rollup.
    pub number: u32,
    /// The id of the stored definition file that it was counted under.
    pub definition: String,
    /// How far it is.
    pub state: RevisionState,
    /// The cut, in seconds since 1970: records of earlier seconds do not count. `None` if every
    /// record counts.
    pub cut: Option<i64>,
    /// The time, RFC 3339, after which changes may be missing; `None` if none are known to be lost.
    pub incomplete_since: Option<String>,
}

/// How far a revision is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RevisionState {
    /// It lacks items that are in the table, and is not counted.
    Unbuilt(Unbuilt),
    /// Records from its cut on count. It is not known yet whether every processor read the state
    /// before the cut, so its build is given up if the cut has come.
    Announced,
    /// Records from its cut on count, and the state said so before the cut; a build reads the
    /// table.
    Capturing,
    /// A build adds the items as they were at the cut.
    Building,
    /// Its items may be read.
    Ready,
    /// A later one has replaced it, or its rollup is gone from the definition.
    Retired,
    /// Its build was given up.
    Aborted,
    /// Its items are deleted.
    Purged,
}

/// Why a revision lacks items that are in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unbuilt {
    /// The table had items when the rollup began.
    ExistingItems,
    /// The table was deleted and created again; the rollup counts items of the table before.
    TableRecreated,
}

impl Revision {
    /// Whether processors count records for it.
    pub fn is_counted(&self) -> bool {
        matches!(
            self.state,
            RevisionState::Announced
                | RevisionState::Capturing
                | RevisionState::Building
                | RevisionState::Ready
        )
    }

    /// Whether a build of it has begun and not ended.
    pub fn is_under_way(&self) -> bool {
        matches!(
            self.state,
            RevisionState::Announced | RevisionState::Capturing | RevisionState::Building
        )
    }

    /// Whether nobody reads or counts it any more, and its items are still there.
    pub fn is_over(&self) -> bool {
        matches!(self.state, RevisionState::Retired | RevisionState::Aborted)
    }

    /// Returns the name that begins the keys of its items.
    pub fn stored_name(&self) -> Cow<'_, str> {
        Rollup::name_of_revision(&self.rollup, self.number)
    }
}

/// Returns the revision of a rollup that readers answer from: the highest that is ready.
pub fn served<'a>(revisions: &'a [Revision], rollup: &str) -> Option<&'a Revision> {
    let ready = revisions_of(revisions, rollup);
    ready
        .filter(|revision| revision.state == RevisionState::Ready)
        .max_by_key(|revision| revision.number)
}

/// Returns the newest revision of a rollup.
pub fn newest<'a>(revisions: &'a [Revision], rollup: &str) -> Option<&'a Revision> {
    revisions_of(revisions, rollup).max_by_key(|revision| revision.number)
}

/// Returns the number of the revision that a build of a rollup begins. A revision that never
/// counted anything has no items, so its number is used again.
pub fn next_number(revisions: &[Revision], rollup: &str) -> u32 {
    match newest(revisions, rollup) {
        None => Rollup::FIRST_REVISION,
        Some(Revision {
            number, state: RevisionState::Unbuilt(Unbuilt::ExistingItems), ..
        }) => *number,
        Some(newest) => newest.number + 1,
    }
}

fn revisions_of<'a>(revisions: &'a [Revision], rollup: &str) -> impl Iterator<Item = &'a Revision> {
    revisions.iter().filter(move |revision| revision.rollup == rollup)
}

/// Returns whether the items that were counted under a definition may be continued and read under
/// another.
pub fn counts_the_same(before: (&Model, &Rollup), after: (&Model, &Rollup)) -> bool {
    differences(before, after).iter().all(|difference| difference.class == ChangeClass::None)
}

impl RevisionState {
    /// Returns its name, as it is stored and as answers state it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unbuilt(Unbuilt::ExistingItems) => "unbuilt: existing-items",
            Self::Unbuilt(Unbuilt::TableRecreated) => "unbuilt: table-recreated",
            Self::Announced => "announced",
            Self::Capturing => "capturing",
            Self::Building => "building",
            Self::Ready => "ready",
            Self::Retired => "retired",
            Self::Aborted => "aborted",
            Self::Purged => "purged",
        }
    }

    /// Returns the state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        const EVERY: [RevisionState; 9] = [
            RevisionState::Unbuilt(Unbuilt::ExistingItems),
            RevisionState::Unbuilt(Unbuilt::TableRecreated),
            RevisionState::Announced,
            RevisionState::Capturing,
            RevisionState::Building,
            RevisionState::Ready,
            RevisionState::Retired,
            RevisionState::Aborted,
            RevisionState::Purged,
        ];
        EVERY.into_iter().find(|state| state.name() == name)
    }
}

/// The name of a revision in bookkeeping items, with its number: `sales@1`.
impl fmt::Display for Revision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}", self.rollup, self.number)
    }
}

impl fmt::Display for RevisionState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl fmt::Display for Unbuilt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::ExistingItems => "the table had items before its rollups began",
            Self::TableRecreated => {
                "the table was deleted and created again after its rollups began"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revision(number: u32, state: RevisionState) -> Revision {
        Revision {
            rollup: "sales".to_owned(),
            number,
            definition: "0123456789abcdef".to_owned(),
            state,
            cut: None,
            incomplete_since: None,
        }
    }

    #[test]
    fn readers_use_the_highest_revision_that_is_ready() {
        use RevisionState::{Building, Ready, Retired};
        for (states, expected) in [
            (vec![Ready], Some(1)),
            (vec![Ready, Building], Some(1)),
            (vec![Ready, Ready], Some(2)),
            (vec![Retired, Ready, Building], Some(2)),
            (vec![Building], None),
            (vec![], None),
        ] {
            let numbered = (1..).zip(states);
            let all: Vec<_> = numbered.map(|(number, state)| revision(number, state)).collect();
            assert_eq!(served(&all, "sales").map(|found| found.number), expected, "{all:?}");
            assert_eq!(served(&all, "sale"), None);
        }
    }

    #[test]
    fn a_build_takes_a_number_that_no_rollup_item_was_written_under() {
        use RevisionState::{Aborted, Ready, Unbuilt as State};
        for (states, expected) in [
            (vec![], 1),
            (vec![Ready], 2),
            (vec![Ready, Aborted], 3),
            (vec![State(Unbuilt::ExistingItems)], 1),
            (vec![State(Unbuilt::TableRecreated)], 2),
        ] {
            let numbered = (1..).zip(states);
            let all: Vec<_> = numbered.map(|(number, state)| revision(number, state)).collect();
            assert_eq!(next_number(&all, "sales"), expected, "{all:?}");
        }
    }

    #[test]
    fn a_state_is_read_from_its_name() {
        for name in ["ready", "announced", "capturing", "purged", "unbuilt: table-recreated"] {
            assert_eq!(RevisionState::from_name(name).map(RevisionState::name), Some(name));
        }
        assert_eq!(RevisionState::from_name("done"), None);
    }
}
