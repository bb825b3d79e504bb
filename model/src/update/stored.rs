//! Updates that depend on what is stored: `add`, `append`, `set_if_absent` and the like.
//!
//! | stored at the place | the update |
//! |---|---|
//! | nothing, or a value of the type that it needs | is done as it is |
//! | null | begins as on nothing: `add 2` becomes `set 2`, `delete` does nothing |
//! | a value of another type | is rejected, with the field, the stored type and the declared one |
//! | anything but a number, in an attribute with `version = true` | sets version 1 |
//!
//! DynamoDB rejects the last three without saying which attribute it is about, and lets a null
//! keep a place from `set_if_absent`. So an update is sent under the condition that the first line
//! of the table applies. If the condition fails, DynamoDB returns the item, and the update is made
//! for it as it is.
//!
//! **Invariant:** an update that was made for a stored value depends on that value, or its type,
//! being the same when it is done.

use serde_dynamo::{AttributeValue, Item};

use super::operation::{Assignment, Operation};
use super::parents::{Before, from_nothing};
use super::plan::UpdatePlan;
use crate::condition::{Predicate, StoredType};
use crate::entity::Entity;
use crate::field_error::FieldError;
use crate::filter::Test;
use crate::path::Path;
use crate::step::Step;

/// At how many places nulls are thought of.
const MAX_NULLS: usize = 5;

/// An assignment for an item as it is.
pub(super) struct Settled {
    /// The assignment to the place, if there is one.
    pub(super) assignment: Option<Assignment>,
    /// Its condition on the item.
    pub(super) condition: Predicate,
}

impl Operation {
    /// Returns the type that a stored value must have for this to be done to it; `None` where any
    /// will do.
    fn needs(&self) -> Option<StoredType> {
        match self {
            Self::Plus(_) | Self::Minus(_) | Self::NextVersion => Some(StoredType::Number),
            Self::Append(_) | Self::Prepend(_) => Some(StoredType::List),
            Self::Union(members) | Self::Without(members) => Some(StoredType::from_value(members)),
            Self::Value(_) | Self::ValueIfAbsent(_) | Self::Nothing => None,
        }
    }

    /// Returns whether what comes of it depends on what is stored.
    fn is_relative(&self) -> bool {
        matches!(self, Self::ValueIfAbsent(_)) || self.needs().is_some()
    }
}

impl Assignment {
    /// Returns the condition on an item for doing this as it is.
    fn presumed(&self) -> Predicate {
        let path = self.path.clone();
        match (&self.operation, self.operation.needs()) {
            (_, Some(stored)) => Predicate::AbsentOr(path, stored),
            (Operation::ValueIfAbsent(_), None) => {
                Predicate::Not(Box::new(Predicate::Type(path, StoredType::Null)))
            }
            (_, None) => Predicate::always(),
        }
    }

    /// Returns the assignment for an item as it is, if the way to its place is there.
    pub(super) fn settled(&self, item: &Item) -> Settled {
        let stored = self.path.stored_in(item).map(StoredType::from_value);
        let as_it_is = || Settled { assignment: Some(self.clone()), condition: self.presumed() };
        let with = |value: Option<AttributeValue>, condition: Predicate| {
            let assignment =
                |value| Assignment { path: self.path.clone(), operation: Operation::Value(value) };
            Settled { assignment: value.map(assignment), condition }
        };
        match (&self.operation, stored) {
            (Operation::NextVersion, Some(stored)) if stored != StoredType::Number => {
                let is_number = Predicate::Type(self.path.clone(), StoredType::Number);
                with(from_nothing(&self.operation), Predicate::Not(Box::new(is_number)))
            }
            (operation, Some(StoredType::Null)) if operation.is_relative() => {
                let is_null = Predicate::Test(self.path.clone(), Test::Exists(false));
                with(from_nothing(operation), is_null)
            }
            _ => as_it_is(),
        }
    }
}

impl UpdatePlan {
    /// Returns the condition on an item for doing the plan as it is, besides its own condition.
    pub fn presumed(&self) -> Predicate {
        let each = self.assignments.iter().map(Assignment::presumed);
        each.fold(Predicate::always(), Predicate::and)
    }

    /// Returns whether what comes of it depends on what is stored at one of its places.
    pub fn is_relative(&self) -> bool {
        self.assignments.iter().any(|assignment| assignment.operation.is_relative())
    }

    /// Returns the forms that an item may have had before such an update found nulls in it: with a
    /// null at one or more of the places that it changes relatively.
    pub fn before_nulls(&self, item: &Item) -> Vec<Before> {
        let relative =
            self.assignments.iter().filter(|assignment| assignment.operation.is_relative());
        let mut all = vec![Before::default()];
        for Assignment { path, .. } in relative.take(MAX_NULLS) {
            // Only maps are led through, as in `Path::nulled_in`.
            let is_named = path.steps.iter().all(|step| matches!(step, Step::Name(_)));
            if is_named && path.stored_in(item).is_some() {
                let nulled: Vec<_> = all.iter().map(|before| before.and_nulled(path)).collect();
                all.extend(nulled);
            }
        }
        all.split_off(1)
    }
}

impl Entity {
    /// Returns every place of an item that an update cannot change, as a value of another type is
    /// stored there.
    pub fn stored_conflicts(&self, plan: &UpdatePlan, item: &Item) -> Vec<FieldError> {
        let conflict = |Assignment { path, operation }: &Assignment| {
            let needed = operation.needs().filter(|_| *operation != Operation::NextVersion)?;
            let stored = StoredType::from_value(path.value_in(item)?);
            let error = || {
                let name = path.to_string();
                let rule = Path::parse(self, &name).map(|place| place.rule().kind.noun());
                let declared = rule.unwrap_or_else(|_| "any".to_owned());
                let message = format!(
                    "stored as {}, expected {}: the attribute is declared as {declared}",
                    stored.noun(),
                    needed.noun()
                );
                FieldError::new(&name, message)
            };
            (stored != needed).then(error)
        };
        plan.assignments.iter().filter_map(conflict).collect()
    }
}
