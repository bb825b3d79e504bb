//! Changes of the table: its keys, its time to live and its indexes.

use weir_model::{Index, Model};

use super::entry::EntityChange;
use super::kind::EntityChangeKind;

/// The subject of changes of the table itself.
const TABLE: &str = "table";

/// Returns the changes of the table.
pub(super) fn changes(before: &Model, after: &Model) -> Vec<EntityChange> {
    let (old, new) = (&before.table, &after.table);
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut found = Vec::new();
    let mut add = |kind, part, from: String, to: String| {
        if from != to {
            found.push(EntityChange::new_of_part(kind, TABLE, part, from, to));
        }
    };
    let key = EntityChangeKind::TableKey;
    add(key, "partition_key", old.partition_key.clone(), new.partition_key.clone());
    add(key, "sort_key", text(&old.sort_key), text(&new.sort_key));
    add(EntityChangeKind::Ttl, "ttl", text(&old.ttl), text(&new.ttl));
    for index in &new.indexes {
        let known = old.indexes.iter().find(|other| other.name == index.name);
        let kind = match known {
            Some(_) => EntityChangeKind::IndexKey,
            None => EntityChangeKind::IndexAdded,
        };
        add(kind, &index.name, known.map(keys).unwrap_or_default(), keys(index));
    }
    for index in &old.indexes {
        if new.indexes.iter().all(|other| other.name != index.name) {
            add(EntityChangeKind::IndexRemoved, &index.name, keys(index), String::new());
        }
    }
    found
}

/// Returns the key attributes of an index.
fn keys(index: &Index) -> String {
    let names = std::iter::once(&index.partition_key).chain(&index.sort_key);
    names.cloned().collect::<Vec<_>>().join(", ")
}
