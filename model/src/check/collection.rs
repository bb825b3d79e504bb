//! Checks collections: that the entities of one share its partitions.

use super::Report;
use crate::attribute::AttributeType;
use crate::entity::Entity;

/// The name that a page of a collection has for something else than an entity.
const CURSOR: &str = "cursor";

pub(super) fn check(entities: &[Entity], report: &mut Report<'_>) {
    for (position, entity) in entities.iter().enumerate() {
        for (nth, name) in entity.collections.iter().enumerate() {
            let number = nth.to_string();
            let place = ["entities", &entity.name, "collections", &number];
            report.name(&place, "a collection", name);
            if entity.name == CURSOR {
                let message = format!("`{CURSOR}` cannot be in a collection, its pages have one");
                report.value(&place, message, "expected another name for the entity");
            }
            if entity.collections[..nth].contains(name) {
                report.value(&place, format!("`{name}` twice"), "expected each collection once");
            }
            let first = entities[..position].iter().find(|other| other.collections.contains(name));
            if let Some(first) = first.filter(|first| !share_partitions(first, entity)) {
                let message = format!(
                    "`{}` and `{}` do not share the partitions of `{name}`",
                    first.name, entity.name
                );
                let key = &entity.keys[0].key;
                let help = format!(
                    "expected the same `{key}` template, of attributes that have the same names and types"
                );
                report.value(&place, message, help);
            }
        }
    }
}

/// Whether the same values of the same attributes make the same partition key.
fn share_partitions(left: &Entity, right: &Entity) -> bool {
    let kinds = |entity: &Entity| -> Vec<Option<AttributeType>> {
        let names = entity.partition_attributes().into_iter();
        names.map(|name| entity.attribute(name).map(|known| known.kind.clone())).collect()
    };
    left.partition() == right.partition() && kinds(left) == kinds(right)
}
