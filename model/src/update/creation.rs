//! Updates that create the item they find absent: an update that says enough of it, and an upsert,
//! which says all of it.
//!
//! What the item gets only when it is made, such as defaults and read-only attributes, it gets
//! "unless it has one".
//!
//! **Invariant:** the item that is made satisfies its definition; an item that was there keeps what
//! it was not given.

use serde_dynamo::{AttributeValue, Item};
use serde_json::{Map, Value};

use super::bound::Bound;
use super::kept_keys::Given;
use super::operation::{Assignment, Operation};
use super::plan::UpdatePlan;
use crate::attribute::Attribute;
use crate::attribute::ManagedBy;
use crate::condition::Predicate;
use crate::entity::Entity;
use crate::field_error::FieldError;
use crate::filter::Test;
use crate::key_template::KeyTemplate;
use crate::path::Path;
use crate::write_context::WriteContext;

impl Entity {
    /// Returns the plan with what an absent item needs besides, so that it may create one; `None`
    /// when a required attribute would be missing, so that it must not.
    pub fn creating(
        &self,
        key: &Item,
        plan: &UpdatePlan,
        context: WriteContext,
    ) -> Option<UpdatePlan> {
        let is_given = |attribute: &Attribute| {
            plan.assignments.iter().any(|Assignment { path, operation }| {
                path.is_field(&attribute.field)
                    && !matches!(operation, Operation::Nothing | Operation::Without(_))
            })
        };
        let touched = |attribute: &Attribute| {
            plan.assignments.iter().any(|assignment| assignment.path.is_in(&attribute.field))
        };
        let mut known = key.clone();
        let mut added = self.marks();
        for attribute in &self.attributes {
            let of_key = key.get(&attribute.field);
            if let Some(value) = of_key {
                if !self.is_primary_key_field(&attribute.field) {
                    added.push(assignment(attribute, Operation::Value(value.clone())));
                }
            } else if touched(attribute) {
                if attribute.required && !is_given(attribute) {
                    return None;
                }
            } else if let Some(value) = attribute.default_value(context) {
                known.insert(attribute.field.clone(), value.clone());
                added.push(assignment(attribute, Operation::ValueIfAbsent(value)));
            } else if attribute.required {
                return None;
            }
        }
        let is_added = |attribute: &Attribute| {
            added.iter().any(|other| {
                other.path.is_field(&attribute.field)
                    && matches!(other.operation, Operation::ValueIfAbsent(_))
            })
        };
        let given = |attribute: &Attribute| match is_added(attribute) {
            true => Given::IfAbsent,
            false => Given::Nothing,
        };
        let (mut keys, mut bounds) = (Vec::new(), Vec::new());
        for template in self.index_templates() {
            if plan.assignments.iter().any(|other| other.path.is_field(&template.key)) {
                bounds.extend(self.lacks_no_default(template, is_added));
                continue;
            }
            let made = self.has_index_key(template, &known).then(|| self.render(template, &known));
            bounds.extend(self.kept_key(template, matches!(made, Some(Ok(_))), given));
            if let Some(Ok(text)) = made {
                let path = Path::stored(&template.key);
                keys.push(Assignment {
                    path,
                    operation: Operation::ValueIfAbsent(AttributeValue::S(text)),
                });
            }
        }
        let mut creating = plan.clone();
        creating.assignments.extend(added);
        creating.assignments.extend(keys);
        creating.bounds.extend(bounds);
        Some(creating)
    }

    /// That an item has what a key was planned without, where a default would give it.
    fn lacks_no_default(
        &self,
        template: &KeyTemplate,
        is_added: impl Fn(&Attribute) -> bool,
    ) -> Option<Bound> {
        let names = template.template.attributes().into_iter();
        let mut attributes = names.filter_map(|name| self.attribute(name));
        let attribute = attributes.find(|attribute| is_added(attribute))?;
        let message = format!(
            "the key {} is made from it, and it would get its default; expected it as well, in \
             `set`",
            template.key
        );
        let holds = Predicate::Test(Path::from_attribute(attribute), Test::Exists(true));
        Some(Bound { holds, error: FieldError::new(&attribute.name, message) })
    }

    /// Plans an upsert: the item is created as given, or what it was given is set in the one that
    /// is there. The encoded item has its key.
    ///
    /// # Errors
    /// Every field that cannot be stored.
    pub fn plan_upsert(
        &self,
        object: &Map<String, Value>,
        context: WriteContext,
    ) -> Result<(Item, UpdatePlan), Vec<FieldError>> {
        let item = self.encode(object, context)?;
        let given = |attribute: &Attribute| match object.get(&attribute.name) {
            _ if self.is_in_primary_key(&attribute.name) => Given::Value,
            // Each write gives it the time.
            _ if attribute.kept == Some(ManagedBy::WrittenAt) => Given::Value,
            Some(json) if !json.is_null() && !attribute.read_only => Given::Value,
            _ if attribute.value_in(&item).is_none() => Given::Nothing,
            _ => Given::IfAbsent,
        };
        let mut bounds = Vec::new();
        let mut assignments = self.marks();
        for attribute in &self.attributes {
            if self.is_primary_key_field(&attribute.field) {
                continue;
            }
            if let Some(operation) = attribute.on_update(context) {
                assignments.push(assignment(attribute, operation));
            } else if let Some(value) = attribute.value_in(&item) {
                assignments.push(assignment(attribute, given(attribute).to(value.clone())));
            }
        }
        let mut errors = Vec::new();
        for template in self.index_templates() {
            let value = item.get(&template.key);
            bounds.extend(self.kept_key(template, value.is_some(), given));
            let Some(value) = value else { continue };
            match self.certain(template, given) {
                Ok(certainty) => {
                    let path = Path::stored(&template.key);
                    assignments.push(Assignment { path, operation: certainty.to(value.clone()) });
                }
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok((
            item,
            UpdatePlan {
                assignments,
                condition: Predicate::always(),
                bounds,
                created_parents: Vec::new(),
            },
        ))
    }

    /// Returns how sure the key of an index is: as its attributes are, which must be alike.
    fn certain(
        &self,
        template: &KeyTemplate,
        given: impl Fn(&Attribute) -> Given,
    ) -> Result<Given, FieldError> {
        let names = template.template.attributes();
        let others: Vec<_> = names.iter().filter(|name| !self.is_in_primary_key(name)).collect();
        let of = |name: &str| self.attribute(name).map_or(Given::IfAbsent, &given);
        let kept = others.iter().find(|name| of(name) != Given::Value);
        let set = others.iter().find(|name| of(name) == Given::Value);
        match (kept, set) {
            (Some(kept), Some(set)) => {
                let message = format!(
                    "the key {} is made from it and from `{set}`, and an item that is there keeps \
                     its own `{kept}`; update it instead",
                    template.key
                );
                Err(FieldError::new(kept, message))
            }
            (Some(_), None) => Ok(Given::IfAbsent),
            (None, _) => Ok(Given::Value),
        }
    }

    /// Returns the assignments by which an item is recognised as one of the entity.
    fn marks(&self) -> Vec<Assignment> {
        let marks = self.discriminator.iter().map(|(name, value)| Assignment {
            path: Path::stored(name),
            operation: Operation::Value(value.clone()),
        });
        marks.collect()
    }
}

impl Given {
    fn to(self, value: AttributeValue) -> Operation {
        match self {
            Self::Value => Operation::Value(value),
            Self::IfAbsent | Self::Nothing => Operation::ValueIfAbsent(value),
        }
    }
}

fn assignment(attribute: &Attribute, operation: Operation) -> Assignment {
    Assignment { path: Path::from_attribute(attribute), operation }
}
