//! Differences of the ranking of a rollup's groups.

use weir_model::Rollup;

use super::admission::{checks, ranking_check};
use super::change::DefinitionChange;
use super::entry::Difference;
use super::pair::Pair;
use crate::definition_text as text;

/// Returns the differences of the ranking.
pub(super) fn differences(pair: &Pair<'_>) -> Vec<Difference> {
    let (before, after) = (pair.before.rollup, pair.after.rollup);
    let by = |rollup: &Rollup| rollup.rank.as_ref().map(|rank| rank.by.clone()).unwrap_or_default();
    let change = match (&before.rank, &after.rank) {
        (None, None) => return Vec::new(),
        (None, Some(_)) => DefinitionChange::RankAdded,
        (Some(_), None) => removed_change(before, after),
        (Some(_), Some(_)) => return changes(before, after),
    };
    vec![Difference::new(change, by(before), by(after))]
}

/// Returns the differences of two rankings.
fn changes(before: &Rollup, after: &Rollup) -> Vec<Difference> {
    let mut found = Vec::new();
    let ranks = [before, after].map(|rollup| rollup.rank.as_ref().expect("both have a ranking"));
    let [from, to] = ranks.map(|rank| rank.by.clone());
    let [measured, measure] =
        [before, after].map(|rollup| rollup.ranked_by().map(ToString::to_string));
    let change = match measured == measure {
        true => DefinitionChange::RankRenamed,
        false => DefinitionChange::RankMeasure,
    };
    if measured != measure {
        let text = |measure: Option<String>| measure.unwrap_or_default();
        found.push(Difference::new(change, text(measured), text(measure)));
    } else if from != to {
        found.push(Difference::new(change, from, to));
    }
    if ranks[0].within != ranks[1].within {
        let [from, to] = [before, after].map(within);
        found.push(Difference::new(DefinitionChange::RankWithin, from, to));
    }
    found
}

/// Returns `rank_within` of a rollup.
fn within(rollup: &Rollup) -> String {
    let positions = rollup.rank.iter().flat_map(|rank| &rank.within);
    text::list(positions.map(|position| rollup.dimensions[*position].name()))
}

fn removed_change(before: &Rollup, after: &Rollup) -> DefinitionChange {
    let remaining = checks(after);
    match ranking_check(before).is_some_and(|check| !remaining.contains(&check)) {
        true => DefinitionChange::RankRemovedDeciding,
        false => DefinitionChange::RankRemoved,
    }
}
