//! The keys of indexes after an update: each one that is made from what the update changes is made
//! again, or removed.
//!
//! | of the attributes that a key is made from | the key is |
//! |---|---|
//! | none is updated | left alone, unless the key beside it is rebuilt: see below |
//! | one is removed | removed: the item leaves the index |
//! | all are known: set by the update, in the primary key, or said by the condition | rebuilt |
//! | one is not known, or is changed relatively | not known, so the update is refused |
//!
//! An item is in an index by both of its keys. Those who write the table besides may have left both
//! out while the item had nothing for the one; so when that is rebuilt, the other is too, as far
//! as it is known:
//!
//! | the other key | is |
//! |---|---|
//! | `$note_1`, or made from the primary key and what the condition says | rebuilt |
//! | `$note_1#due_{due?}` | as without `due`, if the item has neither the key nor `due` |
//! | `{due}` | left alone |

use serde_dynamo::{AttributeValue, Item};

use super::bound::Bound;
use super::operation::{Assignment, Operation};
use crate::condition::Predicate;
use crate::entity::Entity;
use crate::field_error::FieldError;
use crate::filter::Test;
use crate::key_template::KeyTemplate;
use crate::path::Path;

/// An update, as far as keys follow from it.
struct Updated<'a> {
    entity: &'a Entity,
    key: &'a Item,
    assignments: &'a [Assignment],
    condition: &'a Predicate,
}

/// A key of an index that an update makes, perhaps only if there is none.
struct RemadeKey<'k> {
    key: &'k str,
    is_unless_there: bool,
}

/// Returns the assignments to the keys of the indexes, and their conditions.
pub(super) fn keys(
    entity: &Entity,
    key: &Item,
    assignments: &[Assignment],
    condition: &Predicate,
) -> Result<(Vec<Assignment>, Vec<Bound>), Vec<FieldError>> {
    let updated = Updated { entity, key, assignments, condition };
    let mut found: Vec<Assignment> = Vec::new();
    let mut errors = Vec::new();
    for template in entity.index_templates() {
        match updated.of_key(template) {
            Ok(operation) => {
                found.extend(operation.map(|operation| assignment(template, operation)))
            }
            Err(error) => errors.push(error),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut bounds = Vec::new();
    for template in entity.index_templates() {
        let is_found = found.iter().any(|other| other.path.is_field(&template.key));
        let Some(made) = updated.made_beside(template, &found).filter(|_| !is_found) else {
            continue;
        };
        let Some((operation, bound)) = updated.completed(template, made.key) else { continue };
        let operation = match operation.map_err(|error| vec![error])? {
            Operation::Value(value) if made.is_unless_there => Operation::ValueIfAbsent(value),
            operation => operation,
        };
        found.push(assignment(template, operation));
        bounds.extend(bound);
    }
    Ok((found, bounds))
}

impl Updated<'_> {
    /// Returns the assignment to an attribute.
    fn of_attribute(&self, name: &str) -> Option<&Assignment> {
        let field = &self.entity.attribute(name)?.field;
        self.assignments.iter().find(|assignment| assignment.path.is_in(field))
    }

    /// Returns the known value of an attribute that is not updated.
    fn known(&self, field: &str) -> Option<&AttributeValue> {
        self.condition.known(field).or_else(|| self.key.get(field))
    }

    /// Returns the operation on a key by its own attributes; `None` if none of them is updated.
    fn of_key(&self, template: &KeyTemplate) -> Result<Option<Operation>, FieldError> {
        let names = template.template.attributes();
        let Some(first) = names.iter().find_map(|name| self.of_attribute(name)) else {
            return Ok(None);
        };
        let mut updates = names.iter().filter_map(|name| self.of_attribute(name));
        if updates.any(|other| other.operation == Operation::Nothing) {
            return Ok(Some(Operation::Nothing));
        }
        let mut item = self.key.clone();
        for name in &names {
            let field = self.field(name);
            let value = match self.of_attribute(name) {
                Some(Assignment { path, operation: Operation::Value(value) })
                    if path.is_whole() =>
                {
                    Some(value)
                }
                Some(other) => {
                    let message = format!(
                        "the key {} is made from it, so it can only be set or removed",
                        template.key
                    );
                    return Err(FieldError::new(&other.path.to_string(), message));
                }
                None => self.known(field),
            };
            let Some(value) = value else {
                if template.template.may_lack(name) && self.condition.excludes(field) {
                    break;
                }
                let message = format!(
                    "the key {} is made from it and from `{name}`; expected `{name}` as well, in \
                     `set` or as what it is in `where`",
                    template.key
                );
                return Err(FieldError::new(&first.path.to_string(), message));
            };
            item.insert(field.to_owned(), value.clone());
        }
        self.render(template, &item).map(Some)
    }

    /// Returns the key beside this one, in an index, that is rebuilt.
    fn made_beside<'k>(
        &self,
        template: &'k KeyTemplate,
        found: &[Assignment],
    ) -> Option<RemadeKey<'k>> {
        let made = |key: &'k String| {
            let mut all = self.assignments.iter().chain(found);
            let operation = &all.find(|other| other.path.is_field(key))?.operation;
            let is_unless_there = matches!(operation, Operation::ValueIfAbsent(_));
            let is_made = is_unless_there || matches!(operation, Operation::Value(_));
            is_made.then_some(RemadeKey { key, is_unless_there })
        };
        template.beside.iter().find_map(made)
    }

    /// Determines the fate of a key whose attributes are not updated, when the key beside it is
    /// rebuilt; and what must hold.
    fn completed(
        &self,
        template: &KeyTemplate,
        beside: &str,
    ) -> Option<(Result<Operation, FieldError>, Option<Bound>)> {
        let mut item = self.key.clone();
        for name in template.template.attributes() {
            let field = self.field(name);
            if let Some(value) = self.known(field) {
                item.insert(field.to_owned(), value.clone());
            } else if !template.template.may_lack(name) {
                return None;
            } else if self.condition.excludes(field) {
                break;
            } else {
                let bound = self.absent_unless_made(template, beside, name);
                let operation = self.render(template, &item).map(|operation| match operation {
                    Operation::Value(value) => Operation::ValueIfAbsent(value),
                    other => other,
                });
                return Some((operation, Some(bound)));
            }
        }
        Some((self.render(template, &item), None))
    }

    /// That an item without this key lacks the attribute before which it would end.
    fn absent_unless_made(&self, template: &KeyTemplate, beside: &str, name: &str) -> Bound {
        let is_there = Predicate::Test(Path::stored(&template.key), Test::Exists(true));
        let attribute = self.entity.attribute(name).expect("a template's attributes are declared");
        let is_absent = Predicate::Test(Path::from_attribute(attribute), Test::Exists(false));
        let message = format!(
            "the key {} is made from it, and is not there to go with {beside}; expected `{name}` \
             as well, in `set` or as what it is in `where`",
            template.key
        );
        Bound {
            holds: Predicate::Any(vec![is_there, is_absent]),
            error: FieldError::new(name, message),
        }
    }

    fn render(&self, template: &KeyTemplate, item: &Item) -> Result<Operation, FieldError> {
        self.entity.render(template, item).map(|text| Operation::Value(AttributeValue::S(text)))
    }

    fn field(&self, name: &str) -> &str {
        let attribute = self.entity.attribute(name);
        &attribute.expect("a template's attributes are declared").field
    }
}

fn assignment(template: &KeyTemplate, operation: Operation) -> Assignment {
    Assignment { path: Path::stored(&template.key), operation }
}

#[cfg(test)]
mod tests;
