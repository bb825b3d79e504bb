//! Differences of the buckets, and of how long they are kept.

use weir_model::rollup::keep;
use weir_model::{Granularity, Rollup};

use super::admission::checks;
use super::change::DefinitionChange;
use super::entry::Difference;
use super::pair::Pair;

/// The text of a bucket that a rollup has, where the other definition has none.
const KEPT: &str = "kept";

/// Returns the differences of the buckets.
pub(super) fn differences(pair: &Pair<'_>) -> Vec<Difference> {
    let (before, after) = (pair.before.rollup, pair.after.rollup);
    let is_in = |rollup: &Rollup, bucket: &Granularity| rollup.granularities.contains(bucket);
    let mut found = Vec::new();
    let removed_change = removed_change(before, after);
    for bucket in Granularity::EVERY {
        let name = bucket.name();
        match (is_in(before, &bucket), is_in(after, &bucket)) {
            (false, true) => {
                let change = DefinitionChange::BucketAdded;
                found.push(Difference::new_of_part(change, name, "", KEPT));
            }
            (true, false) => found.push(Difference::new_of_part(removed_change, name, KEPT, "")),
            (true, true) => found.extend(kept_time(before, after, bucket)),
            (false, false) => {}
        }
    }
    found
}

/// Returns the kind of a removal of buckets: whether items count without them that did not.
fn removed_change(before: &Rollup, after: &Rollup) -> DefinitionChange {
    let mut rest = before.clone();
    rest.granularities.retain(|bucket| after.granularities.contains(bucket));
    match checks(before).is_subset(&checks(&rest)) {
        true => DefinitionChange::BucketRemoved,
        false => DefinitionChange::BucketRemovedDeciding,
    }
}

fn kept_time(before: &Rollup, after: &Rollup, bucket: Granularity) -> Option<Difference> {
    let [from, to] = [before, after].map(|rollup| rollup.keep.get(&bucket).copied());
    let change = match (from, to) {
        (from, to) if from == to => return None,
        (Some(from), Some(to)) if to < from => DefinitionChange::KeepShortened,
        (None, Some(_)) => DefinitionChange::KeepShortened,
        _ => DefinitionChange::KeepExtended,
    };
    let text = |seconds: Option<u64>| seconds.map(keep::text).unwrap_or_default();
    Some(Difference::new_of_part(change, bucket.name(), text(from), text(to)))
}
