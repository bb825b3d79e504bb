//! The plan of an update: each action checked against its attribute, and what has to hold for it.

use serde_dynamo::{AttributeValue, Item};
use serde_json::Value;

use super::made::{self, Made};
use super::{Update, Verb, bounds, indexes, lengths};
use crate::attribute::{AttributeType, SetItems};
use crate::condition::{self, Predicate};
use crate::encoding::Encoding;
use crate::entity::{Entity, FieldError, Fresh};
use crate::errors;
use crate::object::KEPT;
use crate::path::{Path, Place, Places};
use crate::shorten::quoted;
use crate::value;

/// What one UpdateItem does.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdatePlan {
    /// What becomes of each place. No two places overlap.
    pub assignments: Vec<Assignment>,
    /// What the caller wants to hold of the item.
    pub condition: Predicate,
    /// What must hold for the item to satisfy its definition afterwards.
    pub bounds: Vec<Bound>,
    /// What the maps on the way to its places need if they have to be made.
    pub made: Vec<Made>,
}

/// What becomes of one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// The place.
    pub path: Path,
    /// What becomes of it.
    pub to: To,
}

/// What becomes of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum To {
    /// This.
    Value(AttributeValue),
    /// This, unless there is one.
    ValueIfAbsent(AttributeValue),
    /// So much more; from 0.
    Plus(AttributeValue),
    /// So much less; from 0.
    Minus(AttributeValue),
    /// These members behind it; from none.
    Append(AttributeValue),
    /// These members before it; from none.
    Prepend(AttributeValue),
    /// The set with these members too; from none.
    Union(AttributeValue),
    /// The set without these members.
    Without(AttributeValue),
    /// One more than the version that is there; 1 where there is none.
    NextVersion,
    /// Nothing.
    Nothing,
}

/// What must hold of an item before an update, so that it satisfies its definition after it.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// What must hold.
    pub holds: Predicate,
    /// What to say when it does not.
    pub error: FieldError,
}

/// An action that the definition allows.
pub(super) struct Planned<'a> {
    pub(super) place: Place<'a>,
    pub(super) to: To,
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
        fresh: Fresh,
    ) -> Result<UpdatePlan, Vec<FieldError>> {
        super::check_paths(update.actions.len())?;
        let mut errors = Vec::new();
        let planned = self.actions(update, fresh, &mut errors);
        let condition = self.condition(update, &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut bounds: Vec<_> = planned.iter().flat_map(bounds::of).collect();
        bounds.extend(lengths::bounds(&planned));
        let made = made::on_the_way(&planned, fresh);
        let mut assignments: Vec<_> = planned.into_iter().map(Planned::assignment).collect();
        assignments.extend(self.kept_by_the_library(fresh));
        let (keys, more) = indexes::keys(self, key, &assignments, &condition)?;
        assignments.extend(keys);
        bounds.extend(more);
        Ok(UpdatePlan { assignments, condition, bounds, made })
    }

    fn actions(
        &self,
        update: &Update,
        fresh: Fresh,
        errors: &mut Vec<FieldError>,
    ) -> Vec<Planned<'_>> {
        let mut planned: Vec<Planned<'_>> = Vec::new();
        let mut places = Places::default();
        for (verb, text, json) in &update.actions {
            match self.action(*verb, text, json, fresh) {
                Ok(action) => {
                    if let Some(other) = places.add(&action.place.path) {
                        errors::note(errors, || {
                            let other: &Planned<'_> = &planned[other];
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
        fresh: Fresh,
    ) -> Result<Planned<'_>, Vec<FieldError>> {
        let place = Path::parse(self, text).map_err(|error| vec![error])?;
        let removes = verb == Verb::Remove || verb == Verb::Set && json.is_null();
        if let Some(reason) = self.is_not_updated(&place, verb, removes) {
            return Err(vec![FieldError::new(text, reason)]);
        }
        let to = if removes { To::Nothing } else { assigned(verb, &place, json, fresh)? };
        Ok(Planned { place, to })
    }

    /// Why a verb is none for a place, whatever the value.
    fn is_not_updated(&self, place: &Place<'_>, verb: Verb, removes: bool) -> Option<String> {
        let attribute = place.attribute();
        if self.is_in_primary_key(&attribute.name) {
            return Some(
                "is part of the primary key, which no update changes; delete the item and create another".to_owned(),
            );
        }
        if attribute.kept.is_some() {
            return Some(KEPT.to_owned());
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

    /// What every update does besides what it is asked to.
    fn kept_by_the_library(&self, fresh: Fresh) -> Vec<Assignment> {
        let stamped = self.attributes.iter().filter_map(|attribute| {
            let to = attribute.on_update(fresh)?;
            Some(Assignment { path: Path::of(attribute), to })
        });
        stamped.collect()
    }

    pub(crate) fn is_in_primary_key(&self, name: &str) -> bool {
        self.key_attributes().contains(&name)
    }
}

impl Planned<'_> {
    fn assignment(self) -> Assignment {
        Assignment { path: self.place.path, to: self.to }
    }
}

/// What a verb makes of the value at a place.
fn assigned(
    verb: Verb,
    place: &Place<'_>,
    json: &Value,
    fresh: Fresh,
) -> Result<To, Vec<FieldError>> {
    let (rule, field) = (place.rule(), place.path.to_string());
    let kind = &rule.kind;
    let goes_with = |what: &str| {
        let message = format!("`{}` goes with {what}; `{field}` is {}", verb.name(), kind.noun());
        Err(vec![FieldError::new(&field, message)])
    };
    let encoding = Encoding::to_store(fresh).at(place.depth());
    let encode = |kind: &AttributeType| {
        value::encode_as(kind, json, encoding).map_err(|invalid| invalid.at(&field))
    };
    let whole = || rule.encode_as(json, encoding).map_err(|invalid| invalid.at(&field));
    Ok(match verb {
        Verb::Set => To::Value(whole()?),
        Verb::SetIfAbsent => To::ValueIfAbsent(whole()?),
        Verb::Add => match kind {
            AttributeType::Set(_) => To::Union(encode(kind)?),
            kind if kind.is_numeric() => To::Plus(encode(kind)?),
            AttributeType::Any => To::Plus(encode(&AttributeType::Number)?),
            _ => return goes_with("numbers and sets"),
        },
        Verb::Subtract => match kind {
            kind if kind.is_numeric() => To::Minus(encode(kind)?),
            AttributeType::Any => To::Minus(encode(&AttributeType::Number)?),
            _ => return goes_with("numbers"),
        },
        Verb::Append | Verb::Prepend => {
            let members = match kind {
                AttributeType::List(_) => encode(kind)?,
                AttributeType::Any => encode(&AttributeType::List(None))?,
                _ => return goes_with("lists"),
            };
            if verb == Verb::Append { To::Append(members) } else { To::Prepend(members) }
        }
        Verb::Delete => match kind {
            AttributeType::Set(_) => To::Without(encode(kind)?),
            AttributeType::Any => To::Without(encode(&set_of(json))?),
            _ => return goes_with("sets"),
        },
        Verb::Remove => To::Nothing,
    })
}

/// The set that JSON members are of, where no definition says: of numbers if they are such, else of texts.
fn set_of(json: &Value) -> AttributeType {
    let numbers = json.as_array().is_some_and(|members| members.iter().all(Value::is_number));
    AttributeType::Set(if numbers { SetItems::Number } else { SetItems::String })
}
