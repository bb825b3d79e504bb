//! Checks an entity: its attributes, a template for every key, and that no other entity makes the
//! same keys.

use std::collections::HashMap;

use super::recognition::Alike;
use super::report::Report;
use crate::attribute::{Attribute, AttributeType};
use crate::entity::Entity;
use crate::file::EntityFile;
use crate::nearest::nearest;
use crate::overlap::{Candidates, Overlap};
use crate::shorten::listed;
use crate::table::TableDefinition;

/// The fields of an entity besides its key templates.
const FIELDS: [&str; 7] =
    ["attributes", "collections", "escape", "match", "patterns", "relations", "unique"];
/// Names that paths of the HTTP interface have for themselves.
const RESERVED: [&str; 8] = [
    "rollups",
    "batch",
    "transactions",
    "query",
    "collections",
    "unique",
    "openapi.json",
    "health",
];

/// Returns whether paths of the HTTP interface have a name for themselves.
pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

pub(super) fn check(
    name: &str,
    file: &EntityFile,
    table: &TableDefinition,
    report: &mut Report<'_>,
) -> Option<Entity> {
    let path = ["entities", name];
    report.name(&path, "an entity", name);
    if is_reserved(name) {
        report.key(
            &path,
            format!("`{name}` is reserved"),
            format!("reserved names are {}", RESERVED.join(", ")),
        );
    }
    let before = report.found();
    let attributes: Vec<_> = file
        .attributes
        .iter()
        .map(|(attribute, definition)| super::attribute::check(name, attribute, definition, report))
        .collect();
    fields_differ(name, &attributes, table, report);
    unknown_keys(name, file, table, report);
    let unique = super::unique::check(name, file, table, &attributes, report);
    let all_read = report.found() == before;
    let keys = super::keys::check(name, file, table, &attributes, all_read, report)?;
    let has_unique = !unique.is_empty();
    let recognition =
        super::recognition::check(name, file, table, &attributes, &keys, has_unique, report);
    let mut entity = Entity {
        name: name.to_owned(),
        attributes,
        keys,
        primary: if table.sort_key.is_some() { 2 } else { 1 },
        discriminator: recognition.discriminator,
        text_tests: recognition.text_tests,
        // Whether the table has rollup items is known when all rollups are.
        excluded: None,
        collections: file.collections.clone(),
        patterns: Vec::new(),
        unique,
        // They lead to entities that are not checked yet.
        relations: Vec::new(),
        claims: Vec::new(),
    };
    entity.patterns = super::pattern::check(&entity, file, table, report);
    Some(entity)
}

/// Two entities that can make the same primary key would overwrite each other's items; two that are
/// told by the same attributes could not be told apart.
///
/// Where all keys of one could be another's, they are the one's, and the other refuses them.
pub(super) fn check_collisions(entities: &mut [Entity], report: &mut Report<'_>) {
    let mut claims = vec![Vec::new(); entities.len()];
    let mut candidates = Candidates::default();
    let mut alike = Alike::default();
    for (position, entity) in entities.iter().enumerate() {
        let own = entity.primary_templates();
        let mut collides = None;
        for other in candidates.meeting(&own) {
            match Overlap::between(&own, &entities[other].primary_templates()) {
                Overlap::LeftIsWider => claims[position].push(entities[other].claim()),
                Overlap::RightIsWider => claims[other].push(entity.claim()),
                Overlap::Some => collides = collides.or(Some(&entities[other])),
                Overlap::None => {}
            }
        }
        candidates.add(position, &own);
        if let Some(other) = alike.find(entities, position) {
            let message =
                format!("`{}` and `{}` are told by the same attributes", other.name, entity.name);
            report.key(
                &["entities", &entity.name, "match"],
                message,
                "expected a `match` that no item of the other satisfies",
            );
        }
        if let Some(other) = collides {
            let last = &entity.keys[entity.primary - 1].key;
            report.value(
                &["entities", &entity.name, last],
                format!("`{}` and `{}` can make the same primary key", other.name, entity.name),
                "expected literal text that tells them apart, such as `ORDER#` before one and \
                 `USER#` before the other",
            );
        }
    }
    for (entity, claims) in entities.iter_mut().zip(claims) {
        entity.claims = claims;
    }
}

fn fields_differ(
    entity: &str,
    attributes: &[Attribute],
    table: &TableDefinition,
    report: &mut Report<'_>,
) {
    let mut fields: HashMap<&str, &Attribute> = HashMap::new();
    for attribute in attributes {
        let path = ["entities", entity, "attributes", &attribute.name];
        let other = *fields.entry(&attribute.field).or_insert(attribute);
        if !std::ptr::eq(other, attribute) {
            let message = format!(
                "`{}` and `{}` are both stored as `{}`",
                other.name, attribute.name, attribute.field
            );
            report.key(&path, message, "expected a `field` of its own for each");
        }
        // An attribute may be a key itself: see `super::keys`.
        if attribute.field == table.entity_attribute {
            let message = format!(
                "`{}` is stored as `{}`, which the table uses itself",
                attribute.name, attribute.field
            );
            report.key(&path, message, "expected another name, or another `field`");
        }
        if attribute.field.is_empty() {
            let message = format!("`{}` is stored under an empty name", attribute.name);
            report.key(&path, message, "expected a name in `field`");
        }
        if attribute.field.starts_with('@') {
            report.key(
                &path,
                format!("`{}` begins with `@`", attribute.field),
                "names that begin with `@` are reserved",
            );
        }
        let is_ttl = table.ttl.as_ref() == Some(&attribute.field);
        if is_ttl
            && attribute.kind != AttributeType::Timestamp(crate::instant::TimestampFormat::Epoch)
        {
            let help = "expected type = \"timestamp\", format = \"epoch\", the only form \
                        DynamoDB's TTL reads";
            report.key(
                &path,
                format!("`{}` is the table's TTL but not an epoch timestamp", attribute.name),
                help,
            );
        }
    }
}

fn unknown_keys(name: &str, file: &EntityFile, table: &TableDefinition, report: &mut Report<'_>) {
    let known = table.key_attributes();
    for key in file.keys.keys().filter(|key| !known.contains(&key.as_str())) {
        let all: Vec<_> = FIELDS.iter().copied().chain(known.iter().copied()).collect();
        let help = match nearest(key, all.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "an entity has {}, and key templates for {}",
                FIELDS.join(", "),
                listed(&known)
            ),
        };
        report.key(
            &["entities", name, key],
            format!("`{key}` is neither a field nor a key attribute"),
            help,
        );
    }
}
