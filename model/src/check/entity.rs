//! Checks an entity: its attributes, a template for every key, and that no other entity makes the
//! same keys.

use std::collections::{HashMap, HashSet};

use serde_dynamo::AttributeValue;

use super::report::Report;
use super::toml_value::to_json;
use crate::attribute::{Attribute, AttributeType};
use crate::entity::Entity;
use crate::file::EntityFile;
use crate::nearest::nearest;
use crate::overlap::{Candidates, Overlap};
use crate::rollup::ROLLUP_MARK;
use crate::shorten::listed;
use crate::table::TableDefinition;
use crate::value;

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

pub(super) fn check(
    name: &str,
    file: &EntityFile,
    table: &TableDefinition,
    report: &mut Report<'_>,
) -> Option<Entity> {
    let path = ["entities", name];
    report.name(&path, "an entity", name);
    if RESERVED.contains(&name) {
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
    let mut entity = Entity {
        name: name.to_owned(),
        attributes,
        keys,
        primary: if table.sort_key.is_some() { 2 } else { 1 },
        discriminator: discriminator(name, file, table, report),
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
    let mut marks: HashMap<String, Vec<usize>> = HashMap::new();
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
        let is_told_alike = |other: &&Entity| {
            let within = |left: &Entity, right: &Entity| {
                !left.discriminator.is_empty()
                    && left.discriminator.iter().all(|pair| right.discriminator.contains(pair))
            };
            within(entity, other) || within(other, entity)
        };
        let mut marked: Vec<usize> = Vec::new();
        for (name, value) in &entity.discriminator {
            let same = marks.entry(format!("{name}={value:?}")).or_default();
            marked.extend(same.iter());
            same.push(position);
        }
        marked.sort_unstable();
        if let Some(other) = marked.iter().map(|other| &entities[*other]).find(is_told_alike) {
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

fn discriminator(
    name: &str,
    file: &EntityFile,
    table: &TableDefinition,
    report: &mut Report<'_>,
) -> Vec<(String, AttributeValue)> {
    if file.discriminator.is_empty() {
        return vec![(table.entity_attribute.clone(), AttributeValue::S(name.to_owned()))];
    }
    let fields = file.attributes.iter();
    let fields = fields.map(|(name, attribute)| attribute.field.as_ref().unwrap_or(name).as_str());
    let fields: HashSet<&str> = fields.collect();
    let declared = |stored: &str| fields.contains(stored);
    let mut values = Vec::new();
    for (attribute, text) in &file.discriminator {
        let path = ["entities", name, "match", attribute];
        let help = "expected an attribute of its own, such as match = { kind = \"order\" }";
        if attribute.is_empty()
            || table.key_attributes().contains(&attribute.as_str())
            || declared(attribute)
        {
            report.key(
                &path,
                format!("`match` on `{attribute}`, which is something else already"),
                help,
            );
        }
        match value::encode(&AttributeType::Any, &to_json(text)) {
            Ok(AttributeValue::S(mark))
                if *attribute == table.entity_attribute && mark == ROLLUP_MARK =>
            {
                let message =
                    format!("`match` on `{attribute}` is `{mark}`, which rollup items have");
                report.value(&path, message, "expected another text");
            }
            Ok(value @ (AttributeValue::S(_) | AttributeValue::N(_) | AttributeValue::Bool(_))) => {
                values.push((attribute.clone(), value));
            }
            _ => report.value(
                &path,
                format!("`match` on `{attribute}` is no single value"),
                "expected text, a number or a boolean",
            ),
        }
    }
    values
}
