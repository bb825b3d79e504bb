//! The plan of an update: each action checked against its attribute, and what has to hold for it.

use serde_dynamo::Item;
use serde_json::Value;

use super::bound::Bound;
use super::created_parent::{self, CreatedParent};
use super::operation::{Assignment, Operation};
use super::planned_action::PlannedAction;
use super::{Update, Verb, bounds, indexes, lengths};
use crate::attribute::MANAGED;
use crate::attribute::{AttributeType, SetItems};
use crate::condition::{self, Predicate};
use crate::encoding::Encoding;
use crate::entity::Entity;
use crate::errors;
use crate::field_error::FieldError;
use crate::path::{Path, Place, Places};
use crate::shorten::quoted;
use crate::value;
use crate::write_context::WriteContext;

/// The plan of one UpdateItem.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdatePlan {
    /// The assignments. No two of their places overlap.
    pub assignments: Vec<Assignment>,
    /// The condition of the caller.
    pub condition: Predicate,
    /// The conditions under which the item satisfies its definition afterwards.
    pub bounds: Vec<Bound>,
    /// The requirements of the maps on the way to its places, if the update has to create them.
    pub created_parents: Vec<CreatedParent>,
}

impl Entity {
    /// Plans an update of the item with these key attributes.
    ///
    /// # Errors
    /// Every action that the definition does not allow; more paths than an expression can have.
    pub fn plan_update(
        &self,
        key: &Item,
        update: &Update,
        context: WriteContext,
    ) -> Result<UpdatePlan, Vec<FieldError>> {
        super::check_paths(update.actions.len())?;
        let mut errors = Vec::new();
        let planned = self.actions(update, context, &mut errors);
        let condition = self.condition(update, &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut bounds: Vec<_> = planned.iter().flat_map(bounds::bounds_after).collect();
        bounds.extend(lengths::bounds(&planned));
        let created_parents = created_parent::created_parents(&planned, context);
        let mut assignments: Vec<_> = planned.into_iter().map(PlannedAction::assignment).collect();
        assignments.extend(self.kept_by_the_library(context));
        let (keys, more) = indexes::keys(self, key, &assignments, &condition)?;
        assignments.extend(keys);
        bounds.extend(more);
        Ok(UpdatePlan { assignments, condition, bounds, created_parents })
    }

    fn actions(
        &self,
        update: &Update,
        context: WriteContext,
        errors: &mut Vec<FieldError>,
    ) -> Vec<PlannedAction<'_>> {
        let mut planned: Vec<PlannedAction<'_>> = Vec::new();
        let mut places = Places::default();
        for (verb, text, json) in &update.actions {
            match self.action(*verb, text, json, context) {
                Ok(action) => {
                    if let Some(other) = places.add(&action.place.path) {
                        errors::note(errors, || {
                            let other: &PlannedAction<'_> = &planned[other];
                            let path = other.place.path.to_string();
                            let message = format!("{} is updated too, and overlaps", quoted(&path));
                            FieldError::new(text, message)
                        });
                    }
                    planned.push(action);
                }
                Err(found) => errors::append(errors, found),
            }
        }
        if update.actions.is_empty() {
            let verbs: Vec<_> = Verb::EVERY.iter().map(|(name, _)| *name).collect();
            let message = format!("nothing to do; expected one of {}", verbs.join(", "));
            errors.push(FieldError::new("update", message));
        }
        planned
    }

    fn condition(&self, update: &Update, errors: &mut Vec<FieldError>) -> Predicate {
        let parsed = update.condition.as_ref().map(|json| condition::parse(self, json));
        let condition = parsed.transpose().unwrap_or_else(|mistakes| {
            errors::append(errors, mistakes);
            None
        });
        let provided = update.provided.clone().unwrap_or_default();
        condition.unwrap_or_default().and(provided)
    }

    fn action(
        &self,
        verb: Verb,
        text: &str,
        json: &Value,
        context: WriteContext,
    ) -> Result<PlannedAction<'_>, Vec<FieldError>> {
        let place = Path::parse(self, text).map_err(|error| vec![error])?;
        let removes = verb == Verb::Remove || verb == Verb::Set && json.is_null();
        if let Some(reason) = self.is_not_updated(&place, verb, removes) {
            return Err(vec![FieldError::new(text, reason)]);
        }
        let operation =
            if removes { Operation::Nothing } else { assigned(verb, &place, json, context)? };
        Ok(PlannedAction { place, operation })
    }

    /// Returns why a verb is none for a place, whatever the value.
    fn is_not_updated(&self, place: &Place<'_>, verb: Verb, removes: bool) -> Option<String> {
        let attribute = place.attribute();
        if self.is_in_primary_key(&attribute.name) {
            return Some(
                "is part of the primary key, which no update changes; delete the item and create \
                 another"
                    .to_owned(),
            );
        }
        if attribute.kept.is_some() {
            return Some(MANAGED.to_owned());
        }
        if attribute.read_only {
            return Some("is read-only: it is set only when an item is written whole".to_owned());
        }
        let is_set = matches!(verb, Verb::Set | Verb::SetIfAbsent | Verb::Remove);
        if !is_set && self.unique_attributes().iter().any(|unique| unique.name == attribute.name) {
            return Some(format!("is unique: expected `set` or `remove`, not `{}`", verb.name()));
        }
        (removes && place.rule().required).then(|| "is required, and cannot be removed".to_owned())
    }

    /// Returns the assignments of every update besides its actions.
    fn kept_by_the_library(&self, context: WriteContext) -> Vec<Assignment> {
        let stamped = self.attributes.iter().filter_map(|attribute| {
            let operation = attribute.on_update(context)?;
            Some(Assignment { path: Path::from_attribute(attribute), operation })
        });
        stamped.collect()
    }

    pub(crate) fn is_in_primary_key(&self, name: &str) -> bool {
        self.key_attributes().contains(&name)
    }
}

/// Returns the operation of a verb at a place.
fn assigned(
    verb: Verb,
    place: &Place<'_>,
    json: &Value,
    context: WriteContext,
) -> Result<Operation, Vec<FieldError>> {
    let (rule, field) = (place.rule(), place.path.to_string());
    let kind = &rule.kind;
    let goes_with = |what: &str| {
        let message = format!("`{}` goes with {what}; `{field}` is {}", verb.name(), kind.noun());
        Err(vec![FieldError::new(&field, message)])
    };
    let encoding = Encoding::to_store(context).at(place.depth());
    let encode = |kind: &AttributeType| {
        value::encode_as(kind, json, encoding).map_err(|invalid| invalid.at(&field))
    };
    let whole = || rule.encode_as(json, encoding).map_err(|invalid| invalid.at(&field));
    Ok(match verb {
        Verb::Set => Operation::Value(whole()?),
        Verb::SetIfAbsent => Operation::ValueIfAbsent(whole()?),
        Verb::Add => match kind {
            AttributeType::Set(_) => Operation::Union(encode(kind)?),
            kind if kind.is_numeric() => Operation::Plus(encode(kind)?),
            AttributeType::Any => Operation::Plus(encode(&AttributeType::Number)?),
            _ => return goes_with("numbers and sets"),
        },
        Verb::Subtract => match kind {
            kind if kind.is_numeric() => Operation::Minus(encode(kind)?),
            AttributeType::Any => Operation::Minus(encode(&AttributeType::Number)?),
            _ => return goes_with("numbers"),
        },
        Verb::Append | Verb::Prepend => {
            let members = match kind {
                AttributeType::List(_) => encode(kind)?,
                AttributeType::Any => encode(&AttributeType::List(None))?,
                _ => return goes_with("lists"),
            };
            if verb == Verb::Append {
                Operation::Append(members)
            } else {
                Operation::Prepend(members)
            }
        }
        Verb::Delete => match kind {
            AttributeType::Set(_) => Operation::Without(encode(kind)?),
            AttributeType::Any => Operation::Without(encode(&set_of(json))?),
            _ => return goes_with("sets"),
        },
        Verb::Remove => Operation::Nothing,
    })
}

/// Returns the set that JSON members are of, where no definition says: of numbers if they are such,
/// else of texts.
fn set_of(json: &Value) -> AttributeType {
    let numbers = json.as_array().is_some_and(|members| members.iter().all(Value::is_number));
    AttributeType::Set(if numbers { SetItems::Number } else { SetItems::String })
}
