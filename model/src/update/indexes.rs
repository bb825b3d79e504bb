//! The keys of indexes after an update: each one that is made from what the update changes is made anew, or taken away.
//!
//! | of the attributes that a key is made from | the key is |
//! |---|---|
//! | none is updated | left alone |
//! | one is removed | removed: the item leaves the index |
//! | all are known: set by the update, in the primary key, or said by the condition | made anew |
//! | one is not known, or is changed relatively | not known, so the update is refused |

use serde_dynamo::{AttributeValue, Item};

use super::plan::{Assignment, To};
use crate::condition::Predicate;
use crate::entity::{Entity, FieldError, KeyTemplate};
use crate::path::Path;

/// What becomes of the keys of the indexes.
pub(super) fn assignments(
    entity: &Entity,
    key: &Item,
    assignments: &[Assignment],
    condition: &Predicate,
) -> Result<Vec<Assignment>, Vec<FieldError>> {
    let mut found = Vec::new();
    let mut errors = Vec::new();
    for template in &entity.keys[entity.primary..] {
        match of_key(entity, key, template, assignments, condition) {
            Ok(to) => {
                found.extend(to.map(|to| Assignment { path: Path::stored(&template.key), to }))
            }
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(found) } else { Err(errors) }
}

/// `None` where the key is left alone.
fn of_key(
    entity: &Entity,
    key: &Item,
    template: &KeyTemplate,
    assignments: &[Assignment],
    condition: &Predicate,
) -> Result<Option<To>, FieldError> {
    let names = template.template.attributes();
    let updated = |name: &str| {
        let field = entity.attribute(name).map(|attribute| attribute.field.as_str());
        assignments
            .iter()
            .find(|assignment| field.is_some_and(|field| assignment.path.is_in(field)))
    };
    let Some(first) = names.iter().find_map(|name| updated(name)) else { return Ok(None) };
    if names.iter().filter_map(|name| updated(name)).any(|other| other.to == To::Nothing) {
        return Ok(Some(To::Nothing));
    }
    let mut item = key.clone();
    for name in &names {
        let attribute = entity.attribute(name).expect("a template's attributes are declared");
        let value = match updated(name) {
            Some(Assignment { path, to: To::Value(value) }) if path.is_whole() => Some(value),
            Some(other) => {
                let message = format!(
                    "the key {} is made from it, so it can only be set or removed",
                    template.key
                );
                return Err(FieldError::new(&other.path.to_string(), message));
            }
            None => condition.known(&attribute.field).or_else(|| key.get(&attribute.field)),
        };
        let Some(value) = value else {
            let message = format!(
                "the key {} is made from it and from `{name}`; expected `{name}` as well, in `set` or as what it is in `where`",
                template.key
            );
            return Err(FieldError::new(&first.path.to_string(), message));
        };
        item.insert(attribute.field.clone(), value.clone());
    }
    entity.render(template, &item).map(|text| Some(To::Value(AttributeValue::S(text))))
}
