//! Changes of the keys of items: of the table, and of its indexes.

use weir_model::attribute::{Attribute, AttributeType};
use weir_model::template::{Format, Segment};
use weir_model::{Entity, KeyTemplate, Template};

use super::entry::EntityChange;
use super::kind::EntityChangeKind;

/// Returns the changes of the keys of an entity's items.
pub(super) fn changes(before: &Entity, after: &Entity) -> Vec<EntityChange> {
    let mut found = Vec::new();
    for (position, key) in after.keys.iter().enumerate() {
        let is_primary = position < after.primary;
        let Some(known) = before.keys.iter().find(|known| known.key == key.key) else {
            // A new key of the table itself is a change of the table.
            if !is_primary {
                let (kind, to) = (EntityChangeKind::IndexKeyAdded, key.template.to_string());
                found.push(EntityChange::new_of_part(kind, &after.name, &key.key, "", to));
            }
            continue;
        };
        let kind = match (structure(before, &known.template), structure(after, &key.template)) {
            (old, new) if old != new && is_primary => EntityChangeKind::PrimaryKey,
            (old, new) if old != new => EntityChangeKind::IndexKeyChanged,
            _ => {
                if is_primary {
                    found.extend(text_changes(before, after, key));
                }
                continue;
            }
        };
        let texts = [&known.template, &key.template].map(text);
        let [from, to] = texts;
        found.push(EntityChange::new_of_part(kind, &after.name, &key.key, from, to));
    }
    for key in &before.keys[before.primary..] {
        if after.keys.iter().all(|known| known.key != key.key) {
            let (kind, from) = (EntityChangeKind::IndexKeyRemoved, text(&key.template));
            found.push(EntityChange::new_of_part(kind, &after.name, &key.key, from, ""));
        }
    }
    found
}

/// Returns the text of a template, and that it does not escape.
fn text(template: &Template) -> String {
    let escape = if template.escape { "" } else { ", escape = false" };
    format!("{template}{escape}")
}

/// Returns a template with the stored names of its attributes in place of those of the definition.
fn structure(entity: &Entity, template: &Template) -> (bool, Vec<String>) {
    let field = |name: &str| entity.attribute(name).map(|attribute| attribute.field.clone());
    let segment = |segment: &Segment| match segment {
        Segment::Literal(text) => format!("{text:?}"),
        Segment::Field { attribute, format, optional } => {
            format!("{:?} {format:?} {optional}", field(attribute))
        }
    };
    (template.escape, template.segments.iter().map(segment).collect())
}

/// Returns the changes of attributes whose values a key of the table contains in another form.
fn text_changes(before: &Entity, after: &Entity, key: &KeyTemplate) -> Vec<EntityChange> {
    let names = key.template.attributes().into_iter();
    let attributes = names.filter_map(|name| {
        let attribute = after.attribute(name)?;
        let known = before.attributes.iter().find(|known| known.field == attribute.field)?;
        Some((known, attribute))
    });
    let change = |(known, attribute): (&Attribute, &Attribute)| {
        let [from, to] = [known, attribute].map(|known| form(known, &key.template, attribute));
        let kind = EntityChangeKind::KeyText;
        (from != to)
            .then(|| EntityChange::new_of_part(kind, &after.name, &attribute.name, from, to))
    };
    attributes.filter_map(change).collect()
}

/// Returns the form in which a template writes the values of an attribute; `named` is the attribute
/// by its name in the template.
fn form(attribute: &Attribute, template: &Template, named: &Attribute) -> String {
    let is_text = |format| matches!(format, Format::Plain | Format::Lower | Format::Upper);
    let timestamp = match &attribute.kind {
        kind @ AttributeType::Timestamp(_) if template.formats(&named.name).any(is_text) => {
            Some(crate::definition_text::kind(kind))
        }
        _ => None,
    };
    let trim = attribute.rules.trim.then(|| "trim = true".to_owned());
    let case =
        attribute.rules.case.map(|case| format!("{} = true", crate::definition_text::case(case)));
    let parts: Vec<_> = timestamp.into_iter().chain(trim).chain(case).collect();
    parts.join(", ")
}
