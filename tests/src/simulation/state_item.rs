//! The state item as it is stored: its revisions, and the changes of state that a write may make.
//!
//! ```text
//! unbuilt ─► announced ─► capturing ─► building ─► ready ─► retired ─► purged ─► (forgotten)
//!                └────────────┴────────────┴──────► aborted ───┘
//! ```
//!
//! **Invariant:** a revision that is ready ends as a retired one. A build gives it up only where
//! the times of records disprove its cut.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::dynamodb::DynamoDb;
use super::tally::Count;
use super::world::World;

/// Both keys of the state item, and the partition of stored definitions.
const STATE: &str = "@definition";
/// The changes of state, apart from none: from, to. A revision that is not named has no state.
const CHANGES: [(&str, &str); 20] = [
    ("", "announced"),
    ("", "ready"),
    ("", "unbuilt: existing-items"),
    ("unbuilt: existing-items", "announced"),
    ("unbuilt: existing-items", "retired"),
    ("announced", "capturing"),
    ("announced", "aborted"),
    ("announced", "retired"),
    ("capturing", "building"),
    ("capturing", "aborted"),
    ("capturing", "retired"),
    ("building", "ready"),
    ("building", "aborted"),
    ("building", "retired"),
    ("ready", "retired"),
    ("retired", "purged"),
    ("aborted", "purged"),
    ("purged", ""),
    // A purge marks them and forgets all but the highest in one write.
    ("retired", ""),
    ("aborted", ""),
];
/// The change that only the times of records may cause.
const DISPROVED: (&str, &str) = ("ready", "aborted");

/// A rollup and the number of its revision.
pub(crate) type Owner = (String, u32);

/// A revision as the state item has it.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) state: String,
    pub(crate) definition: String,
}

impl Stored {
    pub(crate) fn is_ready(&self) -> bool {
        self.state == "ready"
    }
}

/// Returns the state item of a table of rollups.
pub(crate) fn find(items: &[Value]) -> Option<&Value> {
    items.iter().find(|item| has_key(item, STATE))
}

/// Returns the revisions of a state item.
pub(crate) fn revisions(item: Option<&Value>) -> BTreeMap<Owner, Stored> {
    let revisions = item.and_then(|state| state["revisions"]["M"].as_object());
    let revisions = revisions.into_iter().flatten().map(|(name, stored)| {
        let (rollup, number) = name.rsplit_once('@').expect("the name of a revision");
        let text = |name: &str| stored["M"][name]["S"].as_str().unwrap_or_default().to_owned();
        let stored = Stored { state: text("state"), definition: text("definition") };
        ((rollup.to_owned(), number.parse().expect("a number")), stored)
    });
    revisions.collect()
}

/// Returns the text of a stored definition.
pub(crate) fn definition_text<'a>(items: &'a [Value], id: &str) -> &'a str {
    let definition = items.iter().find(|item| has_key(item, id));
    definition.and_then(|item| item["text"]["S"].as_str()).unwrap_or_default()
}

/// Returns the state item as it is stored now.
pub(crate) fn read(dynamodb: &DynamoDb, table: &str) -> Option<Value> {
    dynamodb.find(table, &json!({ "PK": { "S": STATE }, "SK": { "S": STATE } }))
}

/// Reports a change that no write may make.
pub(crate) fn check_change(world: &World, before: Option<&Value>, after: Option<&Value>) {
    let (before, after) = (revisions(before), revisions(after));
    let state = |revisions: &BTreeMap<Owner, Stored>, owner: &Owner| {
        revisions.get(owner).map(|stored| stored.state.clone()).unwrap_or_default()
    };
    let owners: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for owner in owners {
        let (from, to) = (state(&before, owner), state(&after, owner));
        let change = (from.as_str(), to.as_str());
        let is_given_up = change == ("announced", "aborted");
        world.journal.count(Count::AnnouncementsGivenUp, usize::from(is_given_up));
        let is_disproved = change == DISPROVED && !world.source().lag().names_the_second();
        if from != to && !is_disproved && !CHANGES.contains(&change) {
            world.journal.violate(format!("{owner:?} changes from {from:?} to {to:?}"));
        }
    }
}

fn has_key(item: &Value, sort: &str) -> bool {
    item["PK"]["S"] == STATE && item["SK"]["S"] == sort
}
