//! Maps that an update has to create because it leads through them: their other members.
//!
//! **Invariant:** a created map satisfies its definition, or the update is rejected.

use std::collections::HashSet;

use indexmap::IndexMap;
use serde_dynamo::AttributeValue;

use super::planned_action::PlannedAction;
use crate::attribute::{Attribute, AttributeType, Members, Rules};
use crate::field_error::FieldError;
use crate::path::Path;
use crate::step::Step;
use crate::write_context::WriteContext;

/// The requirements of a map that an update has to create.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatedParent {
    /// Its place.
    path: Path,
    /// Its members unless the update sets them, by the names that are stored.
    defaults: Vec<(String, AttributeValue)>,
    /// Its required members, and the error if one is missing.
    required: Vec<(String, FieldError)>,
    /// The rules for its length.
    rules: Rules,
}

/// Returns the maps on the way to the updated places, each once.
pub(super) fn created_parents(
    planned: &[PlannedAction<'_>],
    context: WriteContext,
) -> Vec<CreatedParent> {
    let mut known = HashSet::new();
    let mut all: Vec<CreatedParent> = Vec::new();
    for (path, rule) in planned.iter().flat_map(|action| action.place.around()) {
        if matches!(rule.kind, AttributeType::Map(_)) && known.insert(path.clone()) {
            all.push(CreatedParent::new(path, rule, context));
        }
    }
    all
}

impl CreatedParent {
    fn new(path: Path, rule: &Attribute, context: WriteContext) -> Self {
        let attributes = match &rule.kind {
            AttributeType::Map(Members::Named(attributes)) => attributes.as_slice(),
            _ => &[],
        };
        let mut parent =
            Self { defaults: Vec::new(), required: Vec::new(), rules: rule.rules.clone(), path };
        for attribute in attributes {
            if let Some(value) = attribute.default_value(context) {
                parent.defaults.push((attribute.field.clone(), value));
            } else if attribute.required {
                let message = format!(
                    "{}, and there is no `{}` yet",
                    attribute.required_message(),
                    parent.path
                );
                let error = FieldError::new(&parent.path.member(attribute).to_string(), message);
                parent.required.push((attribute.field.clone(), error));
            }
        }
        parent
    }

    /// Completes the map if it is one of the created maps, or in one of them.
    pub(super) fn complete(&self, created: &mut IndexMap<Path, AttributeValue>) -> Vec<FieldError> {
        // No two of the created maps lie in one another, so at most one of them is on the way.
        let steps = self.path.steps.len();
        let outer = (1..=steps).find(|length| created.contains_key(&self.path.first(*length)));
        let value = outer.and_then(|length| {
            let value = created.get_mut(&self.path.first(length))?;
            inside(value, &self.path.steps[length..])
        });
        let Some(value) = value else { return Vec::new() };
        let AttributeValue::M(members) = value else { return Vec::new() };
        for (name, default) in &self.defaults {
            members.entry(name.clone()).or_insert_with(|| default.clone());
        }
        let missing = self.required.iter().filter(|(name, _)| !members.contains_key(name));
        let mut errors: Vec<_> = missing.map(|(_, error)| error.clone()).collect();
        if let Err(invalid) = self.rules.check(value) {
            errors.extend(invalid.at(&self.path.to_string()));
        }
        errors
    }
}

/// Returns the value to which the steps lead.
fn inside<'a>(value: &'a mut AttributeValue, steps: &[Step]) -> Option<&'a mut AttributeValue> {
    steps.iter().try_fold(value, |value, step| match (value, step) {
        (AttributeValue::M(members), Step::Name(name)) => members.get_mut(name),
        _ => None,
    })
}
