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

use serde_json::Value;

use super::definition::{COLOCATED, Counted, Definition, KEPT};
use super::dynamodb::DynamoDb;
use super::oracle;
use super::shop::COLOCATED_PARTITION;
use super::tally::Count;
use super::world::World;
use crate::recount::{self, Rows};

/// Both keys of the state item, and the partition of stored definitions.
const STATE: &str = "@definition";
/// How long after their end the days of the rollup are kept whose days expire, in seconds.
const KEPT_SECS: i64 = 63 * 24 * 60 * 60;
const DAY_SECS: i64 = 24 * 60 * 60;

/// A rollup and the number of its revision.
type Owner = (String, u32);

/// A revision as the state item has it.
struct Stored {
    state: String,
    definition: String,
}

/// Reports what does not hold. Returns the rollups that are ready.
pub(crate) fn compare(
    world: &World,
    dynamodb: &DynamoDb,
    definitions: &[Definition],
) -> Vec<String> {
    let (journal, items) = (&world.journal, dynamodb.items());
    let revisions = revisions(&items);
    let (mut expected, mut ready) = (Rows::new(), Vec::new());
    for ((rollup, number), stored) in revisions.iter().filter(|(_, stored)| stored.is_ready()) {
        let text = definition_text(&items, &stored.definition);
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

fn revisions(items: &[Value]) -> BTreeMap<Owner, Stored> {
    let state = items.iter().find(|item| is_of_state(item, STATE));
    let revisions = state.and_then(|state| state["revisions"]["M"].as_object());
    let revisions = revisions.into_iter().flatten().map(|(name, stored)| {
        let (rollup, number) = name.rsplit_once('@').expect("the name of a revision");
        let text = |name: &str| stored["M"][name]["S"].as_str().unwrap_or_default().to_owned();
        let stored = Stored { state: text("state"), definition: text("definition") };
        ((rollup.to_owned(), number.parse().expect("a number")), stored)
    });
    revisions.collect()
}

fn definition_text<'a>(items: &'a [Value], id: &str) -> &'a str {
    let definition = items.iter().find(|item| is_of_state(item, id));
    definition.and_then(|item| item["text"]["S"].as_str()).unwrap_or_default()
}

fn is_of_state(item: &Value, sort: &str) -> bool {
    item["PK"]["S"] == STATE && item["SK"]["S"] == sort
}

impl Stored {
    fn is_ready(&self) -> bool {
        self.state == "ready"
    }
}

/// Returns a partition of the first revision as that of another one.
fn named(partition: &str, rollup: &str, number: u32) -> String {
    match partition.strip_prefix(rollup) {
        Some(rest) if number > 1 => format!("{rollup}@{number}{rest}"),
        _ => partition.to_owned(),
    }
}

/// Returns the revision that a partition is of. The rollup beside the items has one at a time.
fn owner(partition: &str, revisions: &BTreeMap<Owner, Stored>) -> Owner {
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
