//! Checks collections: that the entities of one share its partitions.

use std::collections::HashMap;

use super::report::Report;
use crate::attribute::Attribute;
use crate::entity::Entity;
use crate::template::{Segment, Template};

/// The name that a page of a collection has for something else than an entity.
const CURSOR: &str = "cursor";

pub(super) fn check(entities: &[Entity], report: &mut Report<'_>) {
    let mut firsts: HashMap<&str, &Entity> = HashMap::new();
    for entity in entities {
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
            let first = *firsts.entry(name).or_insert(entity);
            if !std::ptr::eq(first, entity) && !share_partitions(first, entity) {
                let message = format!(
                    "`{}` and `{}` do not share the partitions of `{name}`",
                    first.name, entity.name
                );
                let key = &entity.keys[0].key;
                let help = format!(
                    "expected the same `{key}` template, of attributes that have the same types, \
                     `trim` and case"
                );
                report.value(&place, message, help);
            }
        }
    }
}

/// Returns whether the same values make the same partition key, whatever the attributes are called:
/// who a card is to may be a `receiver` there and an `id` elsewhere.
fn share_partitions(left: &Entity, right: &Entity) -> bool {
    let values = |entity: &Entity| -> Vec<_> {
        let names = entity.partition_attributes().into_iter();
        let value = |known: &Attribute| (known.kind.clone(), known.rules.trim, known.rules.case);
        names.map(|name| entity.attribute(name).map(value)).collect()
    };
    unnamed(left) == unnamed(right) && values(left) == values(right)
}

/// Returns the template of a partition key with the position of each attribute for its name.
fn unnamed(entity: &Entity) -> Template {
    let names = entity.partition_attributes();
    let mut template = entity.partition().clone();
    for segment in &mut template.segments {
        if let Segment::Field { attribute, .. } = segment {
            let position = names.iter().position(|name| name == attribute);
            *attribute = position.map(|position| position.to_string()).unwrap_or_default();
        }
    }
    template
}
