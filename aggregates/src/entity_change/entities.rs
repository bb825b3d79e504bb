//! Changes of whole entities: added, removed, renamed, recognised in another way.

use weir_model::{Entity, Model};

use super::entry::EntityChange;
use super::kind::EntityChangeKind;
use super::{attributes, keys};
use crate::definition_text as text;

/// Returns the changes of the entities.
pub(super) fn changes(before: &Model, after: &Model) -> Vec<EntityChange> {
    let mut found = Vec::new();
    for entity in &after.entities {
        let renamed = || find_renamed(before, after, entity);
        match before.entity(&entity.name).or_else(renamed) {
            Some(known) => found.extend(entity_changes(known, entity)),
            None => {
                let kind = EntityChangeKind::EntityAdded;
                found.push(EntityChange::new(kind, &entity.name, "", marks(entity)));
            }
        }
    }
    for entity in &before.entities {
        let is_kept = after.entity(&entity.name).is_some();
        if !is_kept && find_renamed(after, before, entity).is_none() {
            let kind = EntityChangeKind::EntityRemoved;
            found.push(EntityChange::new(kind, &entity.name, marks(entity), ""));
        }
    }
    found
}

/// Returns the entity of one model that is an entity of the other under another name: it has the
/// same `match`, and neither model has both names.
fn find_renamed<'a>(model: &'a Model, other: &Model, entity: &Entity) -> Option<&'a Entity> {
    model
        .entities
        .iter()
        .find(|known| marks(known) == marks(entity) && other.entity(&known.name).is_none())
}

fn entity_changes(before: &Entity, after: &Entity) -> Vec<EntityChange> {
    let mut found = Vec::new();
    if before.name != after.name {
        let kind = match before.unique.is_empty() {
            true => EntityChangeKind::EntityRenamed,
            false => EntityChangeKind::EntityRenamedUnique,
        };
        found.push(EntityChange::new(kind, &after.name, before.name.clone(), after.name.clone()));
    }
    // An item that another program has marked as a rollup item is none of Weir's.
    if marks(before) != marks(after) {
        let (kind, from, to) = (EntityChangeKind::Match, marks(before), marks(after));
        found.push(EntityChange::new_of_part(kind, &after.name, "match", from, to));
    }
    found.extend(keys::changes(before, after));
    found.extend(unique_changes(before, after));
    found.extend(attributes::changes(before, after));
    found
}

fn marks(entity: &Entity) -> String {
    text::marks(entity, None)
}

fn unique_changes(before: &Entity, after: &Entity) -> Vec<EntityChange> {
    let names = |entity: &Entity| -> Vec<String> {
        let names = |names: &[String]| text::list(names.iter().map(String::as_str));
        entity.unique.iter().map(|unique| names(&unique.attributes)).collect()
    };
    let (old, new) = (names(before), names(after));
    let change = |kind, from: &str, to: &str| {
        EntityChange::new_of_part(kind, &after.name, "unique", from, to)
    };
    let added = new.iter().filter(|known| !old.contains(known));
    let added = added.map(|known| change(EntityChangeKind::UniqueAdded, "", known));
    let removed = old.iter().filter(|known| !new.contains(known));
    let removed = removed.map(|known| change(EntityChangeKind::UniqueRemoved, known, ""));
    added.chain(removed).collect()
}
