//! The difference between a definition file and the state of the rollups: what a build has to do.
//!
//! | a rollup of the file | what a build does |
//! |---|---|
//! | has a revision that is ready and counts the same | nothing |
//! | has a build under way that counts the same | continues it, with its cut |
//! | has a build under way that counts something else, or whose cut is a day old | gives it up, begins |
//! | is new, unbuilt or changed | begins a revision |
//!
//! A rollup that the file lacks is retired.
//!
//! **Invariant:** a revision that is being built counts what the file says.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use weir_model::{Model, Rollup};
use weir_rollups::revision::{counts_the_same, next_number};
use weir_rollups::{Revision, RevisionState, Unbuilt};
use weir_table::{RollupsState, STREAM_RETENTION_SECS};

/// How much younger than the retention of the stream a cut must be for its build to be continued:
/// the scan and the rest of the capture come afterwards.
const CONTINUED_MARGIN_SECS: i64 = 60 * 60;

/// What a build does to the rollups of a definition file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The rollups whose builds are under way, by the cut of each.
    pub continued: Vec<Revision>,
    /// The rollups that begin a revision.
    pub begun: Vec<String>,
    /// The builds that are given up.
    pub given_up: Vec<GivenUpBuild>,
    /// The revisions of rollups that the file lacks.
    pub gone: Vec<Revision>,
}

/// A build that is under way and is not continued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenUpBuild {
    /// Its revision.
    pub revision: Revision,
    /// The reason why it is not continued.
    pub reason: GiveUpReason,
}

/// The reason why a build is not continued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GiveUpReason {
    /// The revision that is ready counts what the file says.
    Superfluous,
    /// It counts something else.
    OtherDefinition,
    /// The stream has not kept every record since its cut, or soon will not have.
    OldCut,
    /// An earlier build of the same rollup is continued.
    OtherBuild,
}

/// The stored definitions of revisions, by their ids.
pub type StoredDefinitions = HashMap<String, Arc<Model>>;

impl fmt::Display for GiveUpReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Superfluous => "the revision that is ready counts what the file says",
            Self::OtherDefinition => "it counts something else than the file says",
            Self::OldCut => {
                "its cut is more than 23 hours old, and the stream keeps records for 24 hours"
            }
            Self::OtherBuild => "another build of the same rollup is continued",
        })
    }
}

impl Wanted {
    /// Compares a definition file with the state of the rollups at a time in seconds since 1970.
    /// `only` names the rollups that are built; none for all of them.
    pub fn new(
        model: &Model,
        state: &RollupsState,
        stored: &StoredDefinitions,
        only: &[String],
        now: i64,
    ) -> Self {
        let mut wanted = Self::default();
        let is_chosen = |name: &str| only.is_empty() || only.iter().any(|chosen| chosen == name);
        for rollup in model.rollups.iter().filter(|rollup| is_chosen(&rollup.name)) {
            wanted.add(model, rollup, state, stored, now);
        }
        if only.is_empty() {
            let is_gone = |revision: &&Revision| {
                revision.is_counted() && model.rollup(&revision.rollup).is_none()
            };
            wanted.gone = state.revisions.iter().filter(is_gone).cloned().collect();
        }
        wanted
    }

    /// Returns whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the rollups whose items would be written over those of another revision: the keys of
    /// co-located rollup items have no room for a revision.
    pub fn colocated_again<'a>(&'a self, model: &Model, state: &RollupsState) -> Vec<&'a str> {
        colocated_again(model, state, &self.begun)
    }

    fn add(
        &mut self,
        model: &Model,
        rollup: &Rollup,
        state: &RollupsState,
        stored: &StoredDefinitions,
        now: i64,
    ) {
        let counts_it = |revision: &Revision| {
            let before = stored.get(&revision.definition);
            let before = before.and_then(|before| Some((before, before.rollup(&rollup.name)?)));
            before.is_some_and(|(before, known)| counts_the_same((before, known), (model, rollup)))
        };
        let under_way =
            |revision: &&Revision| revision.rollup == rollup.name && revision.is_under_way();
        let is_served = state.served(&rollup.name).is_some_and(counts_it);
        let mut is_continued = false;
        for revision in state.revisions.iter().filter(under_way) {
            let age = revision.cut.map_or(i64::MAX, |cut| now - cut);
            let is_young = age < STREAM_RETENTION_SECS - CONTINUED_MARGIN_SECS;
            let reason = if is_served {
                GiveUpReason::Superfluous
            } else if !counts_it(revision) {
                GiveUpReason::OtherDefinition
            } else if !is_young {
                GiveUpReason::OldCut
            } else if is_continued {
                GiveUpReason::OtherBuild
            } else {
                self.continued.push(revision.clone());
                is_continued = true;
                continue;
            };
            self.given_up.push(GivenUpBuild { revision: revision.clone(), reason });
        }
        if !is_served && !is_continued {
            self.begun.push(rollup.name.clone());
        }
    }
}

/// Returns the rollups among those that begin a revision whose items would be written over those of
/// another revision: the keys of co-located rollup items have no room for a revision.
pub(super) fn colocated_again<'a>(
    model: &Model,
    state: &RollupsState,
    begun: &'a [String],
) -> Vec<&'a str> {
    let has_items = |name: &str| {
        let mut revisions = state.revisions.iter().filter(|known| known.rollup == name);
        revisions.any(|known| known.state != RevisionState::Unbuilt(Unbuilt::ExistingItems))
    };
    let is_colocated = |name: &str| model.rollup(name).is_some_and(Rollup::is_colocated);
    let begun = begun.iter().map(String::as_str);
    begun.filter(|name| is_colocated(name) && has_items(name)).collect()
}

/// Returns the revision that a build of a rollup begins.
pub(super) fn announced(
    state: &RollupsState,
    rollup: &str,
    definition: &str,
    cut: i64,
) -> Revision {
    Revision {
        rollup: rollup.to_owned(),
        number: next_number(&state.revisions, rollup),
        definition: definition.to_owned(),
        state: RevisionState::Announced,
        cut: Some(cut),
        incomplete_since: None,
    }
}
