//! The changes of entities and of the table, and their effect on stored items.
//!
//! Stored items were written under the definitions that revisions are counted under, as far as Weir
//! knows. So the definition is compared with each of those, or with that of the newest revisions if
//! none is counted. A change that is in several of the comparisons is listed once.

use weir_model::Model;
use weir_rollups::{EntityChange, entity_changes};

use super::facts::Facts;
use super::report::ItemChange;

/// Returns the changes between the stored definitions and the definition.
pub(super) fn changes(model: &Model, facts: &Facts) -> Vec<ItemChange> {
    let mut all: Vec<EntityChange> = Vec::new();
    for before in facts.definitions_of_items() {
        for change in entity_changes(before, model) {
            if !all.contains(&change) {
                all.push(change);
            }
        }
    }
    all.into_iter().map(item_change).collect()
}

fn item_change(change: EntityChange) -> ItemChange {
    let line = change.to_string();
    let EntityChange { kind, subject, part, from, to, severity } = change;
    ItemChange {
        subject,
        part,
        change: kind.name(),
        from,
        to,
        severity: severity.name(),
        effect: kind.effect(),
        way_out: kind.way_out(),
        line,
    }
}
