//! Changes of the attributes of an entity.

use weir_model::Entity;
use weir_model::attribute::Attribute;

use super::entry::EntityChange;
use super::kind::EntityChangeKind;
use super::wider::takes_all;
use crate::definition_text as text;

/// Returns the changes of the attributes of an entity.
pub(super) fn changes(before: &Entity, after: &Entity) -> Vec<EntityChange> {
    let mut found = Vec::new();
    for attribute in &after.attributes {
        let add = |kind, from: String, to: String| {
            EntityChange::new_of_part(kind, &after.name, &attribute.name, from, to)
        };
        match find_known(before, after, attribute) {
            None => {
                let kind = match attribute.required || attribute.default.is_some() {
                    true => EntityChangeKind::AttributeAddedRequired,
                    false => EntityChangeKind::AttributeAdded,
                };
                found.push(add(kind, String::new(), text::kind(&attribute.kind)));
            }
            Some(known) => {
                let changes = attribute_changes(known, attribute).into_iter();
                found.extend(changes.map(|(kind, [from, to])| add(kind, from, to)));
            }
        }
    }
    for attribute in &before.attributes {
        let has =
            |other: &Attribute| other.name == attribute.name || other.field == attribute.field;
        if !after.attributes.iter().any(has) {
            let (kind, from) = (EntityChangeKind::AttributeRemoved, text::kind(&attribute.kind));
            found.push(EntityChange::new_of_part(kind, &after.name, &attribute.name, from, ""));
        }
    }
    found
}

/// Returns the attribute before the change: that of the same name, or of the same stored name if
/// the name is new.
fn find_known<'a>(
    before: &'a Entity,
    after: &Entity,
    attribute: &Attribute,
) -> Option<&'a Attribute> {
    before.attribute(&attribute.name).or_else(|| {
        let is_same = |known: &&Attribute| known.field == attribute.field;
        let renamed = before.attributes.iter().find(is_same)?;
        after.attribute(&renamed.name).is_none().then_some(renamed)
    })
}

/// Returns the changes of one attribute, each with both texts.
fn attribute_changes(
    before: &Attribute,
    after: &Attribute,
) -> Vec<(EntityChangeKind, [String; 2])> {
    let both = |text: fn(&Attribute) -> String| [text(before), text(after)];
    let mut found = Vec::new();
    if before.name != after.name {
        found.push((EntityChangeKind::AttributeRenamed, both(|known| known.name.clone())));
    }
    if before.field != after.field {
        let field = |known: &Attribute| format!("field = {:?}", known.field);
        found.push((EntityChangeKind::AttributeField, both(field)));
    }
    if before.kind != after.kind {
        let kind = match takes_all(&after.kind, &before.kind) {
            true => EntityChangeKind::AttributeTypeWider,
            false => EntityChangeKind::AttributeType,
        };
        found.push((kind, both(|known| text::kind(&known.kind))));
    }
    let options = both(text::options);
    if !before.required && after.required {
        found.push((EntityChangeKind::AttributeRequired, options.clone()));
    }
    if before.rules != after.rules {
        found.push((EntityChangeKind::AttributeRules, options.clone()));
    }
    let others =
        |known: &Attribute| (known.default.clone(), known.hidden, known.read_only, known.kept);
    if others(before) != others(after) || before.required && !after.required {
        found.push((EntityChangeKind::AttributeOptions, options));
    }
    found
}
