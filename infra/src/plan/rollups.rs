//! The plan of each rollup: the definition compared with the state of the rollups.
//!
//! | a rollup | change |
//! |---|---|
//! | no processor has registered it, or no revision of it counts anything | new |
//! | its revision began over items that it does not count | unbuilt |
//! | a build of it is continued | under way |
//! | its definition differs from the stored one | changed; a build only if numbers differ |
//! | its definition does not differ | unchanged |
//! | the definition lacks it | gone |
//!
//! **Invariant:** what is built, continued, given up and retired is what `weir build` does.

use weir_build::{GivenUpBuild, Wanted};
use weir_model::{Model, Rollup};
use weir_rollups::difference::class;
use weir_rollups::revision::next_number;
use weir_rollups::{ChangeClass, Difference, Revision, RevisionState, differences};
use weir_table::{RollupsState, RollupsStatus};

use super::facts::{Facts, Sample};
use super::report::{BuildKind, GivenUp, RollupBuild, RollupChange, RollupDifference, RollupPlan};
use crate::time::rfc_3339;

/// Returns the plans of the rollups of a definition, in its order, then those that it lacks.
pub(super) fn plans(model: &Model, facts: &Facts, sample: Option<&Sample>) -> Vec<RollupPlan> {
    match (facts.state(), &facts.wanted) {
        (Some(state), Some(wanted)) => {
            let own = model.rollups.iter();
            let own = own.map(|rollup| Comparison { model, facts, state, wanted }.plan(rollup));
            own.chain(gone(wanted)).collect()
        }
        _ => {
            let (reason, is_built) = beginning(facts, sample);
            let new = |rollup: &Rollup| RollupPlan {
                build: is_built.then(|| begun(Rollup::FIRST_REVISION)),
                ..plan(&rollup.name, RollupChange::New, reason.clone())
            };
            model.rollups.iter().map(new).collect()
        }
    }
}

/// Returns how rollups begin that no processor has registered, and whether they are built then.
fn beginning(facts: &Facts, sample: Option<&Sample>) -> (String, bool) {
    if let RollupsStatus::OtherTable { items_table } = &facts.status {
        let reason = format!("the table of rollups belongs to the table `{items_table}`");
        return (reason, false);
    }
    let begins = |because: &str| format!("it begins when the processor starts: {because}");
    let Some(items) = facts.existing_items() else {
        return (begins("the table of items does not exist yet"), false);
    };
    let rollups = facts.rollups.as_ref().ok().and_then(Option::as_ref);
    if rollups.is_some_and(|rollups| items.has_every_change(rollups)) {
        return (begins("every change of the table is in its stream"), false);
    }
    let uncounted = |has: &str| format!("no processor has counted the items that the table {has}");
    match sample {
        Some(sample) if !sample.items.is_empty() => (uncounted("has"), true),
        Some(sample) if sample.is_complete => (begins("the table has no items"), false),
        _ => (uncounted("may have"), true),
    }
}

/// The comparison of a definition with a state.
struct Comparison<'a> {
    model: &'a Model,
    facts: &'a Facts,
    state: &'a RollupsState,
    wanted: &'a Wanted,
}

impl Comparison<'_> {
    fn plan(&self, rollup: &Rollup) -> RollupPlan {
        let name = rollup.name.as_str();
        let served = self.state.served(name);
        let known = served.or_else(|| self.state.newest(name));
        let differences = known.map(|known| self.differences(rollup, known)).unwrap_or_default();
        let build = self.build(name);
        let (change, reason) = self.change(known, served.is_some(), &differences, build.as_ref());
        let given_up = self.wanted.given_up.iter();
        let given_up = given_up.filter(|given_up| given_up.revision.rollup == name);
        RollupPlan {
            revision: known.map(|known| known.number),
            state: known.map(|known| known.state.name()),
            differences: differences.into_iter().map(difference).collect(),
            build,
            given_up: given_up.map(given_up_build).collect(),
            incomplete_since: served.and_then(|served| served.incomplete_since.clone()),
            ..plan(name, change, reason)
        }
    }

    /// Returns the differences from the stored definition of a revision; none if it cannot be used.
    fn differences(&self, rollup: &Rollup, known: &Revision) -> Vec<Difference> {
        let Some(before) = self.facts.definition(known) else { return Vec::new() };
        let Some(stored) = before.rollup(&rollup.name) else { return Vec::new() };
        differences((before, stored), (self.model, rollup))
    }

    fn build(&self, name: &str) -> Option<RollupBuild> {
        if let Some(continued) = self.wanted.continued.iter().find(|known| known.rollup == name) {
            let progress = self.facts.builds.get(&*continued.stored_name());
            return Some(RollupBuild {
                kind: BuildKind::Continue,
                revision: continued.number,
                cut: continued.cut.map(rfc_3339),
                progress: progress.map(ToString::to_string),
            });
        }
        let is_begun = self.wanted.begun.iter().any(|begun| begun == name);
        is_begun.then(|| begun(next_number(&self.state.revisions, name)))
    }

    fn change(
        &self,
        known: Option<&Revision>,
        is_served: bool,
        differences: &[Difference],
        build: Option<&RollupBuild>,
    ) -> (RollupChange, String) {
        if build.is_some_and(|build| build.kind == BuildKind::Continue) {
            let reason = "its build was interrupted, or another process runs it";
            return (RollupChange::UnderWay, reason.to_owned());
        }
        let Some(known) = known else {
            return (RollupChange::New, "no revision of it is in the state".to_owned());
        };
        let number = known.number;
        if let RevisionState::Unbuilt(reason) = known.state {
            return (RollupChange::Unbuilt, reason.to_string());
        }
        if !is_served {
            return (RollupChange::New, format!("its revision {number} is {}", known.state));
        }
        if self.facts.definition(known).is_none() {
            let reason = format!("the stored definition of revision {number} cannot be used");
            return (RollupChange::Changed, reason);
        }
        if differences.is_empty() {
            let reason = format!("revision {number} counts what the definition says");
            return (RollupChange::Unchanged, reason);
        }
        let reason = match class(differences) {
            ChangeClass::None => "the stored numbers are those of the new definition too",
            ChangeClass::NewAccumulators => "it needs something that is not stored yet",
            ChangeClass::NewRevision => "the stored numbers are not those of the new definition",
        };
        (RollupChange::Changed, reason.to_owned())
    }
}

/// Returns the plans of the rollups that the definition lacks.
fn gone(wanted: &Wanted) -> Vec<RollupPlan> {
    let mut plans: Vec<RollupPlan> = Vec::new();
    for revision in &wanted.gone {
        match plans.iter_mut().find(|known| known.rollup == revision.rollup) {
            Some(known) => known.retired.push(revision.number),
            None => plans.push(RollupPlan {
                revision: Some(revision.number),
                state: Some(revision.state.name()),
                retired: vec![revision.number],
                ..plan(&revision.rollup, RollupChange::Gone, "the definition lacks it".to_owned())
            }),
        }
    }
    plans
}

/// Returns a plan without anything to do.
fn plan(rollup: &str, change: RollupChange, reason: String) -> RollupPlan {
    RollupPlan {
        rollup: rollup.to_owned(),
        change,
        reason,
        revision: None,
        state: None,
        differences: Vec::new(),
        build: None,
        given_up: Vec::new(),
        retired: Vec::new(),
        incomplete_since: None,
    }
}

fn begun(revision: u32) -> RollupBuild {
    RollupBuild { kind: BuildKind::Begin, revision, cut: None, progress: None }
}

fn given_up_build(given_up: &GivenUpBuild) -> GivenUp {
    GivenUp { revision: given_up.revision.number, reason: given_up.reason.to_string() }
}

fn difference(difference: Difference) -> RollupDifference {
    let line = difference.to_string();
    let Difference { field, part, change, from, to, class } = difference;
    RollupDifference { field, part, from, to, class: class.name(), reason: change.reason(), line }
}
