//! The effect of an update on unique attributes.

use std::collections::HashMap;

use serde_dynamo::{AttributeValue, Item};

use super::operation::Operation;
use super::plan::UpdatePlan;
use crate::entity::Entity;

impl Entity {
    /// Returns whether an update gives a unique attribute another value, or may.
    pub fn moves_locks(&self, plan: &UpdatePlan) -> bool {
        let unique = self.unique_attributes();
        plan.assignments.iter().any(|assignment| {
            unique.iter().any(|attribute| assignment.path.is_in(&attribute.field))
        })
    }

    /// Returns the unique attributes of an item after an update, as an item without any others. Of
    /// an item that is not there the key is known, which may be made of attributes themselves.
    pub fn unique_after(&self, item: Option<&Item>, key: &Item, plan: &UpdatePlan) -> Item {
        let item = item.unwrap_or(key);
        let mut values: HashMap<String, AttributeValue> = HashMap::new();
        for attribute in self.unique_attributes() {
            let stored = attribute.value_in(item).cloned();
            let operation =
                plan.assignments.iter().find(|other| other.path.is_field(&attribute.field));
            let value = match operation.map(|assignment| &assignment.operation) {
                None => stored,
                Some(Operation::Value(value)) => Some(value.clone()),
                Some(Operation::ValueIfAbsent(value)) => {
                    Some(stored.unwrap_or_else(|| value.clone()))
                }
                // No plan does anything else to a unique attribute.
                Some(_) => None,
            };
            values.extend(value.map(|value| (attribute.field.clone(), value)));
        }
        values.into()
    }
}
