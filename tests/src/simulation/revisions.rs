//! The conditions that must hold of every revision when the stream was handled to its end.
//!
//! | state | its items |
//! |---|---|
//! | ready | are what a recount under the definition that was stored with it gives |
//! | purged, or not named any more | are gone |
//! | other | may be anything: nobody reads them |
//!
//! **Invariant:** of the product's code this uses the keys and attributes of the state item alone.

use std::collections::BTreeMap;

use super::definition::{COLOCATED, Counted, Definition, KEPT};
use super::dynamodb::DynamoDb;
use super::oracle;
use super::shop::COLOCATED_PARTITION;
use super::state_item::{self, Owner, Stored};
use super::tally::Count;
use super::world::World;
use crate::recount::{self, Rows};

/// How long after their end the days of the rollup are kept whose days expire, in seconds.
const KEPT_SECS: i64 = 63 * 24 * 60 * 60;
const DAY_SECS: i64 = 24 * 60 * 60;

/// Reports what does not hold. Returns the rollups that are ready.
pub(crate) fn compare(
    world: &World,
    dynamodb: &DynamoDb,
    definitions: &[Definition],
) -> Vec<String> {
    let (journal, items) = (&world.journal, dynamodb.items());
    let revisions = state_item::revisions(state_item::find(&items));
    let (mut expected, mut ready) = (Rows::new(), Vec::new());
    for ((rollup, number), stored) in revisions.iter().filter(|(_, stored)| stored.is_ready()) {
        let text = state_item::definition_text(&items, &stored.definition);
        let definition = definitions.iter().find(|known| known.text() == text);
        let variant = definition.and_then(|definition| definition.variant(rollup));
        let Some(variant) = variant else {
            journal.violate(format!("{rollup}@{number} has a definition that nobody wrote"));
            continue;
        };
        let counted = Counted { rollup: rollup.clone(), variant };
        let rows = oracle::recount(&[counted], world.source().items().values());
        expected.extend(
            rows.into_iter()
                .map(|((partition, sort), row)| ((named(&partition, rollup, *number), sort), row)),
        );
        ready.push(rollup.clone());
    }
    let mut found = recount::stored(&items);
    let now = i64::try_from(world.source().now_secs()).expect("a time of this century");
    let is_left = |key: &(String, String)| !is_expired(key, now);
    expected.retain(|key, _| is_left(key));
    found.retain(|key, _| {
        let owner = owner(&key.0, &revisions);
        let state = revisions.get(&owner).map(|stored| stored.state.as_str());
        let is_gone = matches!(state, None | Some("purged"));
        if is_gone && !key.0.starts_with(COLOCATED_PARTITION) {
            journal.violate(format!("an item of a revision that is gone: {key:?} of {owner:?}"));
        }
        state == Some("ready") && is_left(key)
    });
    journal.count(Count::ComparedBuilt, expected.len());
    if let Some(differences) = recount::differences(&found, &expected) {
        journal.violate(differences);
    }
    ready
}

/// Returns a partition of the first revision as that of another one.
fn named(partition: &str, rollup: &str, number: u32) -> String {
    match partition.strip_prefix(rollup) {
        Some(rest) if number > 1 => format!("{rollup}@{number}{rest}"),
        _ => partition.to_owned(),
    }
}

/// Returns the revision that a partition is of. The rollup beside the items has one at a time.
pub(crate) fn owner(partition: &str, revisions: &BTreeMap<Owner, Stored>) -> Owner {
    if partition.starts_with(COLOCATED_PARTITION) {
        let mut of_it = revisions.keys().filter(|(rollup, _)| rollup == COLOCATED);
        return of_it.next_back().cloned().unwrap_or_default();
    }
    let name = partition.split(['#', '.', '/']).next().unwrap_or(partition);
    match name.split_once('@') {
        Some((rollup, number)) => (rollup.to_owned(), number.parse().expect("a number")),
        None => (name.to_owned(), 1),
    }
}

/// Returns whether a rollup item is of a day that is not kept any more.
fn is_expired((partition, sort): &(String, String), now: i64) -> bool {
    let is_kept = partition.split(['#', '@']).next() == Some(KEPT);
    let Some(day) = sort.strip_prefix("day#").filter(|_| is_kept) else { return false };
    let midnight = format!("{day}T00:00:00Z").parse::<jiff::Timestamp>().expect("a day");
    midnight.as_second() + DAY_SECS + KEPT_SECS <= now
}
