//! The plan of an update: each action checked against its attribute, and what has to hold for it.

use serde_dynamo::{AttributeValue, Item};
use serde_json::Value;

use super::{Update, Verb, bounds, indexes};
use crate::attribute::{Attribute, AttributeType, SetItems};
use crate::condition::{self, Predicate};
use crate::entity::{Entity, FieldError, Fresh, KEPT};
use crate::path::Path;
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

impl Entity {
    /// Plans an update of the item with these key attributes.
    ///
    /// # Errors
    /// Every action that the definition does not allow.
    pub fn plan_update(
        &self,
        key: &Item,
        update: &Update,
        fresh: Fresh,
    ) -> Result<UpdatePlan, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut assignments: Vec<Assignment> = Vec::new();
        let mut limits = Vec::new();
        for (verb, text, value) in &update.actions {
            let planned = self.action(*verb, text, value);
            match planned {
                Ok((attribute, assignment)) => {
                    if let Some(twice) =
                        assignments.iter().find(|other| other.path.overlaps(&assignment.path))
                    {
                        let message = format!("`{}` is updated too, and overlaps", twice.path);
                        errors.push(FieldError::new(text, message));
                    }
                    limits.extend(bounds::of(attribute, &assignment));
                    assignments.push(assignment);
                }
                Err(error) => errors.push(error),
            }
        }
        if update.actions.is_empty() {
            let verbs: Vec<_> = Verb::EVERY.iter().map(|(name, _)| *name).collect();
            let message = format!("nothing to do; expected one of {}", verbs.join(", "));
            errors.push(FieldError::new("update", message));
        }
        let condition = match update.condition.as_ref().map(|json| condition::parse(self, json)) {
            None => Predicate::always(),
            Some(Ok(condition)) => condition,
            Some(Err(mistakes)) => {
                errors.extend(mistakes);
                Predicate::always()
            }
        };
        let condition = match &update.provided {
            Some(provided) => condition.and(provided.clone()),
            None => condition,
        };
        if errors.is_empty() {
            assignments.extend(self.kept_by_the_library(fresh));
            match indexes::assignments(self, key, &assignments, &condition) {
                Ok(keys) => assignments.extend(keys),
                Err(found) => errors.extend(found),
            }
        }
        if errors.is_empty() {
            Ok(UpdatePlan { assignments, condition, bounds: limits })
        } else {
            Err(errors)
        }
    }

    fn action(
        &self,
        verb: Verb,
        text: &str,
        json: &Value,
    ) -> Result<(&Attribute, Assignment), FieldError> {
        let (path, attribute) = Path::parse(self, text)?;
        let refuse = |message: String| Err(FieldError::new(text, message));
        if self.is_in_primary_key(&attribute.name) {
            return refuse(
                "is part of the primary key, which no update changes; delete the item and create another".to_owned(),
            );
        }
        if attribute.kept.is_some() {
            return refuse(KEPT.to_owned());
        }
        if attribute.read_only {
            return refuse("is read-only: it is set only when an item is written whole".to_owned());
        }
        let is_set = matches!(verb, Verb::Set | Verb::SetIfAbsent | Verb::Remove);
        if !is_set && self.unique_attributes().iter().any(|unique| unique.name == attribute.name) {
            return refuse(format!("is unique: expected `set` or `remove`, not `{}`", verb.name()));
        }
        let removes = verb == Verb::Remove || verb == Verb::Set && json.is_null();
        if removes && path.is_whole() && attribute.required {
            return refuse("is required, and cannot be removed".to_owned());
        }
        if removes {
            return Ok((attribute, Assignment { path, to: To::Nothing }));
        }
        let to = assigned(verb, attribute, path.is_whole(), json)
            .map_err(|message| FieldError::new(text, message))?;
        Ok((attribute, Assignment { path, to }))
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

/// What a verb makes of a value that the attribute, or a place in it, takes.
fn assigned(verb: Verb, attribute: &Attribute, whole: bool, json: &Value) -> Result<To, String> {
    let kind = if whole { &attribute.kind } else { &AttributeType::Any };
    let goes_with = |what: &str| {
        let noun = if whole { kind.noun() } else { "none".to_owned() };
        Err(format!("`{}` goes with {what}; `{}` is {noun}", verb.name(), attribute.name))
    };
    let encode =
        |kind: &AttributeType| value::encode(kind, json).map_err(|invalid| invalid.to_string());
    Ok(match verb {
        Verb::Set | Verb::SetIfAbsent => {
            let encoded = if whole { attribute.encode(json) } else { value::encode(kind, json) };
            let encoded = encoded.map_err(|invalid| invalid.to_string())?;
            if verb == Verb::Set { To::Value(encoded) } else { To::ValueIfAbsent(encoded) }
        }
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
        Verb::Append | Verb::Prepend => match kind {
            AttributeType::List | AttributeType::Any => {
                let members = encode(&AttributeType::List)?;
                if verb == Verb::Append { To::Append(members) } else { To::Prepend(members) }
            }
            _ => return goes_with("lists"),
        },
        Verb::Delete => match kind {
            AttributeType::Set(_) => To::Without(encode(kind)?),
            AttributeType::Any if whole => To::Without(encode(&set_of(json))?),
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
