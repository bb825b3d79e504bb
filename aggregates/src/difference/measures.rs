//! Differences of the measures: whether each is computed from something that is kept already.
//!
//! | measure after | before | is over |
//! |---|---|---|
//! | `avg(total)` | `sum(total)` | accumulators that are kept |
//! | `p99(latency)` | `p95(latency)` | detail items that are kept |
//! | `max(user)` | `distinct(user)` | the same |
//! | `distinct(user)` | `max(user)` | a new accumulator: the number of detail items |

use std::collections::BTreeSet;

use weir_model::{Measure, Rollup};

use super::admission::{Check, checks, measure_checks};
use super::change::DefinitionChange;
use super::entry::Difference;
use super::pair::{Pair, place};
use crate::amounts::Accumulator;
use crate::definition_text as text;
use crate::details::Details;
use crate::formulas::MeasureSpec;

/// The two definitions of the rollup, with everything that is compared of them.
struct Comparison<'a> {
    before: &'a Rollup,
    after: &'a Rollup,
    /// Everything that is kept under the definition before.
    kept: BTreeSet<String>,
    /// The checks that only the definition before makes.
    lost: BTreeSet<Check>,
    /// The checks that only the definition after makes.
    gained: BTreeSet<Check>,
}

/// Returns the differences of the measures.
pub(super) fn differences(pair: &Pair<'_>) -> Vec<Difference> {
    let comparison = Comparison::new(pair.before.rollup, pair.after.rollup);
    let mut found: Vec<_> = order(&comparison).into_iter().collect();
    for known in &comparison.before.measures {
        let change = match comparison.after.measure(&known.name) {
            None => comparison.removed_change(&known.measure),
            Some(measure) if measure.to_string() == known.measure.to_string() => continue,
            Some(measure) => comparison.changed_change(&known.measure, measure),
        };
        let measure = comparison.after.measure(&known.name);
        let to = measure.map(ToString::to_string).unwrap_or_default();
        found.push(Difference::new_of_part(change, &known.name, known.measure.to_string(), to));
    }
    for known in &comparison.after.measures {
        if comparison.before.measure(&known.name).is_none() {
            let change = match comparison.is_kept(&known.measure) {
                true => DefinitionChange::MeasureOverKept,
                false => DefinitionChange::MeasureAdded,
            };
            let to = known.measure.to_string();
            found.push(Difference::new_of_part(change, &known.name, "", to));
        }
    }
    found
}

/// Returns the difference of two definitions that have the same measures in another order.
fn order(comparison: &Comparison<'_>) -> Option<Difference> {
    let [from, to] = [comparison.before, comparison.after]
        .map(|rollup| rollup.measures.iter().map(|known| known.name.as_str()).collect::<Vec<_>>());
    let sorted = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    (from != to && sorted(&from) == sorted(&to))
        .then(|| Difference::new(DefinitionChange::MeasureOrder, text::list(from), text::list(to)))
}

impl<'a> Comparison<'a> {
    fn new(before: &'a Rollup, after: &'a Rollup) -> Self {
        // Checks of other fields are compared there, so both have the other fields of one.
        let mut changed = before.clone();
        changed.measures.clone_from(&after.measures);
        let (old, new) = (checks(before), checks(&changed));
        let mut kept = BTreeSet::from([need(&Accumulator::Items, &Measure::Count)]);
        kept.extend(before.measures.iter().flat_map(|known| needs(&known.measure)));
        Self {
            before,
            after,
            kept,
            lost: old.difference(&new).cloned().collect(),
            gained: new.difference(&old).cloned().collect(),
        }
    }

    /// Returns whether a measure is over something that is kept, and checks nothing new.
    fn is_kept(&self, measure: &Measure) -> bool {
        let mut changed = self.before.clone();
        changed.measures.clone_from(&self.after.measures);
        needs(measure).is_subset(&self.kept)
            && self.gained.is_disjoint(&measure_checks(&changed, measure))
    }

    /// Returns whether a measure of the definition before leaves out items that count without it.
    fn decides(&self, measure: &Measure) -> bool {
        !self.lost.is_disjoint(&measure_checks(self.before, measure))
    }

    fn removed_change(&self, measure: &Measure) -> DefinitionChange {
        match self.decides(measure) {
            true => DefinitionChange::MeasureRemovedDeciding,
            false => DefinitionChange::MeasureRemoved,
        }
    }

    fn changed_change(&self, before: &Measure, after: &Measure) -> DefinitionChange {
        match self.is_kept(after) && !self.decides(before) {
            true => DefinitionChange::MeasureChangedOverKept,
            false => DefinitionChange::MeasureChanged,
        }
    }
}

/// Returns everything that a measure is read from: accumulators of rollup items, and detail items
/// with what is kept of them.
fn needs(measure: &Measure) -> BTreeSet<String> {
    let accumulators = MeasureSpec::new(measure).numbers.accumulators();
    let mut all: BTreeSet<_> =
        accumulators.iter().map(|accumulator| need(accumulator, measure)).collect();
    if let Some(details) = Details::for_measure(measure) {
        let (of, by) = (measure.source().map(place), measure.time().map(place));
        let name = format!("{} {of:?} {by:?}", details.name());
        if matches!(measure, Measure::Top { .. }) {
            all.insert(format!("{name} ranked"));
        }
        all.insert(name);
    }
    all
}

/// Returns an accumulator that a measure needs, with the place that it is computed from.
fn need(accumulator: &Accumulator, measure: &Measure) -> String {
    format!("{} {:?}", accumulator.attribute_name(), measure.source().map(place))
}
