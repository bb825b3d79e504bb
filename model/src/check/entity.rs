//! Checks an entity: its attributes, a template for every key, and that no other entity makes the same keys.

use serde_dynamo::AttributeValue;

use super::{Report, json};
use crate::attribute::{Attribute, AttributeType};
use crate::entity::{Entity, KeyTemplate};
use crate::file::EntityFile;
use crate::nearest::{expected, nearest};
use crate::overlap::can_collide;
use crate::table::TableDefinition;
use crate::template::{Segment, Template};
use crate::value;

/// The fields of an entity besides its key templates.
const FIELDS: [&str; 4] = ["attributes", "collections", "escape", "match"];
/// Names that paths of the HTTP interface have for themselves.
const RESERVED: [&str; 5] = ["rollups", "batch", "transactions", "openapi.json", "health"];

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
    let before = report.problems.len();
    let attributes: Vec<_> = file
        .attributes
        .iter()
        .map(|(attribute, definition)| super::attribute::check(name, attribute, definition, report))
        .collect();
    fields_differ(name, &attributes, table, report);
    unknown_keys(name, file, table, report);
    let all_read = report.problems.len() == before;
    let keys = keys(name, file, table, &attributes, all_read, report)?;
    Some(Entity {
        name: name.to_owned(),
        attributes,
        keys,
        primary: if table.sort_key.is_some() { 2 } else { 1 },
        discriminator: discriminator(name, file, table, report),
        collections: file.collections.clone(),
    })
}

/// Two entities that can make the same primary key would overwrite each other's items.
pub(super) fn check_collisions(entities: &[Entity], report: &mut Report<'_>) {
    for (position, entity) in entities.iter().enumerate() {
        let collides = |other: &&Entity| {
            let pairs = entity.keys.iter().zip(&other.keys).take(entity.primary);
            pairs.into_iter().all(|(left, right)| can_collide(&left.template, &right.template))
        };
        if let Some(other) = entities[..position].iter().find(collides) {
            let last = &entity.keys[entity.primary - 1].key;
            report.value(
                &["entities", &entity.name, last],
                format!("`{}` and `{}` can make the same primary key", other.name, entity.name),
                "expected literal text that tells them apart, such as `ORDER#` before one and `USER#` before the other",
            );
        }
    }
}

fn fields_differ(
    entity: &str,
    attributes: &[Attribute],
    table: &TableDefinition,
    report: &mut Report<'_>,
) {
    for (position, attribute) in attributes.iter().enumerate() {
        let path = ["entities", entity, "attributes", &attribute.name];
        if let Some(other) =
            attributes[..position].iter().find(|other| other.field == attribute.field)
        {
            let message = format!(
                "`{}` and `{}` are both stored as `{}`",
                other.name, attribute.name, attribute.field
            );
            report.key(&path, message, "expected a `field` of its own for each");
        }
        let taken = table.key_attributes().contains(&attribute.field.as_str())
            || attribute.field == table.entity_attribute;
        if taken {
            let message = format!(
                "`{}` is stored as `{}`, which the table uses itself",
                attribute.name, attribute.field
            );
            report.key(&path, message, "expected another name, or another `field`");
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
            let help = "expected type = \"timestamp\", format = \"epoch\", the only form DynamoDB's TTL reads";
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
                known.join(", ")
            ),
        };
        report.key(
            &["entities", name, key],
            format!("`{key}` is neither a field nor a key attribute"),
            help,
        );
    }
}

fn keys(
    name: &str,
    file: &EntityFile,
    table: &TableDefinition,
    attributes: &[Attribute],
    all_read: bool,
    report: &mut Report<'_>,
) -> Option<Vec<KeyTemplate>> {
    let primary: Vec<&str> =
        std::iter::once(table.partition_key.as_str()).chain(table.sort_key.as_deref()).collect();
    let mut keys = Vec::new();
    for key in table.key_attributes() {
        let Some(value) = file.keys.get(key) else {
            let misspelt = |other: &&String| {
                !table.key_attributes().contains(&other.as_str()) && nearest(other, [key]).is_some()
            };
            if primary.contains(&key) && !file.keys.keys().any(|other| misspelt(&other)) {
                let message = format!("`{name}` has no template for the key `{key}`");
                report.key(
                    &["entities", name],
                    message,
                    format!("expected a line such as {key} = \"{}#{{id}}\"", name.to_uppercase()),
                );
            }
            continue;
        };
        let path = ["entities", name, key];
        let Some(text) = value.as_str() else {
            report.value(
                &path,
                format!("`{key}` is not text"),
                "expected a key template such as \"USER#{user_id}\"",
            );
            continue;
        };
        match Template::parse(text, file.escape) {
            Ok(template) => {
                if all_read {
                    template_fits(&path, &template, attributes, primary.contains(&key), report);
                }
                keys.push(KeyTemplate {
                    key: key.to_owned(),
                    template,
                    max_bytes: table.max_key_bytes(key),
                });
            }
            Err(error) => {
                report.value(&path, format!("`{text}` is no key template"), error.to_string())
            }
        }
    }
    index_keys_complete(name, file, table, report);
    let has_primary = primary.iter().all(|key| keys.iter().any(|template| template.key == **key));
    has_primary.then_some(keys)
}

fn index_keys_complete(
    name: &str,
    file: &EntityFile,
    table: &TableDefinition,
    report: &mut Report<'_>,
) {
    for index in &table.indexes {
        let Some(sort_key) = &index.sort_key else { continue };
        let has = |key: &str| file.keys.contains_key(key);
        let (given, absent) = match (has(&index.partition_key), has(sort_key)) {
            (true, false) => (&index.partition_key, sort_key),
            (false, true)
                if *sort_key != table.partition_key
                    && Some(sort_key) != table.sort_key.as_ref() =>
            {
                (sort_key, &index.partition_key)
            }
            _ => continue,
        };
        let message = format!("`{name}` has a template for `{given}` but none for `{absent}`");
        report.key(
            &["entities", name, given],
            message,
            format!("index {} needs both, or neither", index.name),
        );
    }
}

fn template_fits(
    path: &[&str; 3],
    template: &Template,
    attributes: &[Attribute],
    primary: bool,
    report: &mut Report<'_>,
) {
    for segment in &template.segments {
        let Segment::Field { attribute: field, format } = segment else { continue };
        let Some(attribute) = attributes.iter().find(|attribute| attribute.name == *field) else {
            let names: Vec<_> =
                attributes.iter().map(|attribute| attribute.name.as_str()).collect();
            report.value(
                path,
                format!("`{{{field}}}` names no attribute of `{}`", path[1]),
                expected(field, &names),
            );
            continue;
        };
        if !format.fits(&attribute.kind) {
            let message = format!(
                "`{{{field}}}` cannot be written that way: it is {}",
                attribute.kind.noun()
            );
            let help = "text, numbers, booleans and timestamps make keys; padding is for integers, cutting for timestamps";
            report.value(path, message, help);
        }
        if primary && !attribute.is_always_present() {
            let message = format!("`{field}` makes the key `{}` but may be absent", path[2]);
            report.value(
                path,
                message,
                format!("expected `{field}` with required = true or a default"),
            );
        }
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
    let encoded = file.discriminator.iter().filter_map(|(attribute, text)| {
        match value::encode(&AttributeType::Any, &json(text)) {
            Ok(value) => Some((attribute.clone(), value)),
            Err(invalid) => {
                let message = format!("`match` on `{attribute}` is no value");
                report.value(&["entities", name, "match", attribute], message, invalid.to_string());
                None
            }
        }
    });
    encoded.collect()
}
