//! Maps that an update has to make because it leads through them: what each needs besides what the update puts into it.
//!
//! **Invariant:** a map that is made satisfies its definition, or the update is refused.

use std::collections::HashSet;

use indexmap::IndexMap;
use serde_dynamo::AttributeValue;

use super::plan::Planned;
use crate::attribute::{Attribute, AttributeType, Members, Rules};
use crate::entity::{FieldError, Fresh};
use crate::path::{Path, Step};

/// What a map needs that an update has to make.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// Its place.
    path: Path,
    /// What it has unless the update says otherwise, by the names that are stored.
    defaults: Vec<(String, AttributeValue)>,
    /// What it must have, and what to say where it has not.
    required: Vec<(String, FieldError)>,
    /// How long it may be.
    rules: Rules,
}

/// The maps on the way to what is updated, each once.
pub(super) fn on_the_way(planned: &[Planned<'_>], fresh: Fresh) -> Vec<Made> {
    let mut known = HashSet::new();
    let mut all: Vec<Made> = Vec::new();
    for (path, rule) in planned.iter().flat_map(|action| action.place.around()) {
        if matches!(rule.kind, AttributeType::Map(_)) && known.insert(path.clone()) {
            all.push(Made::of(path, rule, fresh));
        }
    }
    all
}

impl Made {
    fn of(path: Path, rule: &Attribute, fresh: Fresh) -> Self {
        let attributes = match &rule.kind {
            AttributeType::Map(Members::Named(attributes)) => attributes.as_slice(),
            _ => &[],
        };
        let mut made =
            Self { defaults: Vec::new(), required: Vec::new(), rules: rule.rules.clone(), path };
        for attribute in attributes {
            if let Some(value) = attribute.default_value(fresh) {
                made.defaults.push((attribute.field.clone(), value));
            } else if attribute.required {
                let message = format!(
                    "{}, and there is no `{}` yet",
                    attribute.required_message(),
                    made.path
                );
                let error = FieldError::new(&made.path.member(attribute).to_string(), message);
                made.required.push((attribute.field.clone(), error));
            }
        }
        made
    }

    /// Completes the map where it is one of those that were made, or in one of them.
    pub(super) fn complete(&self, made: &mut IndexMap<Path, AttributeValue>) -> Vec<FieldError> {
        // No two of those that were made lie in one another, so one of them is on the way at most.
        let steps = self.path.steps.len();
        let outer = (1..=steps).find(|length| made.contains_key(&self.path.first(*length)));
        let value = outer.and_then(|length| {
            let value = made.get_mut(&self.path.first(length))?;
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

/// The value to which the steps lead.
fn inside<'a>(value: &'a mut AttributeValue, steps: &[Step]) -> Option<&'a mut AttributeValue> {
    steps.iter().try_fold(value, |value, step| match (value, step) {
        (AttributeValue::M(members), Step::Name(name)) => members.get_mut(name),
        _ => None,
    })
}
