//! Checks that no hidden attribute is where its values would reach callers.
//!
//! Which places those are, and why, [`crate::surface`] decides; this file words the messages.

use indexmap::IndexMap;

use super::report::Report;
use crate::entity::Entity;
use crate::file::FileDefinition;
use crate::rollup::Rollup;
use crate::surface::{Appearance, Definition, Verdict};
use crate::table::TableDefinition;

/// The field with which a rollup or a relation states that callers may learn a hidden value.
const REVEALS: &str = "reveals";

pub(super) fn check(
    file: &FileDefinition,
    table: &TableDefinition,
    entities: &[Entity],
    rollups: &[Rollup],
    report: &mut Report<'_>,
) {
    let sort_keys = table.sort_keys();
    let ttl = table.ttl.as_deref();
    let definition = Definition { entities, rollups, sort_keys: &sort_keys, ttl };
    let statements = statements(file);
    let found: Vec<_> = entities.iter().flat_map(|entity| definition.appearances(entity)).collect();
    for appearance in &found {
        match appearance.surface.verdict() {
            Verdict::Rejected => reject(appearance, &help(appearance), report),
            Verdict::Stated => {
                let revealed = statements.get(owner(appearance));
                if !revealed.is_some_and(|names| names.contains(&appearance.attribute)) {
                    let stating = format!(
                        "{}, or {REVEALS} = [\"{}\"] in `{}`, which states that callers may learn \
                         it",
                        help(appearance),
                        appearance.attribute,
                        owner(appearance)[..].join("."),
                    );
                    reject(appearance, &stating, report);
                }
            }
            Verdict::Closed | Verdict::Allowed => {}
        }
    }
    for (owner, names) in &statements {
        let is_needed = |name: &String| {
            found.iter().any(|appearance| {
                appearance.surface.verdict() == Verdict::Stated
                    && appearance.attribute == *name
                    && appearance.place.starts_with(owner)
            })
        };
        for (position, name) in names.iter().enumerate().filter(|(_, name)| !is_needed(name)) {
            let mut place: Vec<&str> = owner.iter().map(String::as_str).collect();
            let position = position.to_string();
            place.extend([REVEALS, &position]);
            let message =
                format!("`{name}` is not a hidden attribute that `{}` tells", owner.join("."));
            report.value(&place, message, "expected hidden attributes that its answers can tell");
        }
    }
}

fn reject(appearance: &Appearance, help: &str, report: &mut Report<'_>) {
    let Appearance { surface, attribute, place, .. } = appearance;
    let place: Vec<&str> = place.iter().map(String::as_str).collect();
    let message =
        format!("`{attribute}` is hidden, and in {}: {}", surface.name(), surface.reason());
    report.value(&place, message, help);
}

fn help(appearance: &Appearance) -> String {
    format!("expected an attribute that is not hidden instead of `{}`", appearance.attribute)
}

/// Returns the rollup or the relation that has the appearance, from the root of the file.
fn owner(appearance: &Appearance) -> &[String] {
    let depth = if appearance.place[0] == "rollups" { 2 } else { 4 };
    &appearance.place[..depth.min(appearance.place.len())]
}

/// Returns every `reveals` of a file, by the place of what has it.
fn statements(file: &FileDefinition) -> IndexMap<Vec<String>, &[String]> {
    let place = |parts: &[&str]| parts.iter().map(|part| (*part).to_owned()).collect();
    let rollups = file
        .rollups
        .iter()
        .map(|(name, rollup)| (place(&["rollups", name]), rollup.reveals.as_slice()));
    let relations = file.entities.iter().flat_map(|(entity, of)| {
        of.relations.iter().map(move |(name, relation)| {
            (place(&["entities", entity, "relations", name]), relation.reveals.as_slice())
        })
    });
    rollups.chain(relations).collect()
}
