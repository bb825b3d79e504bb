//! Updates of an item: what is asked, and the plan that it becomes.
//!
//! | verb | of | does |
//! |---|---|---|
//! | `set` | anything | gives it this value; `null` removes it |
//! | `set_if_absent` | anything | gives it this value unless it has one |
//! | `add` | numbers, sets | adds to it (from 0, or from no member) |
//! | `subtract` | numbers | subtracts from it (from 0) |
//! | `append`, `prepend` | lists | puts members behind, before |
//! | `delete` | sets | takes members out |
//! | `remove` | anything not required | takes the attribute away |
//!
//! ```text
//! Update  ──Entity::plan_update──►  UpdatePlan  ──table──►  one UpdateItem
//! (paths and JSON)                  (places, values, conditions: checked against the definition)
//! ```
//!
//! **Invariant:** an item that satisfies its definition satisfies it after every plan that was
//! carried out, and the keys of its indexes are what its attributes make. What cannot be known to
//! keep that so is refused when it is planned, or by a condition that the plan brings with it.

mod bound;
mod bounds;
mod created_parent;
mod creation;
mod indexes;
mod kept_keys;
mod lengths;
mod managed;
mod operation;
mod parents;
mod plan;
mod planned_action;
mod replacement;
mod stored;
mod unique;

pub use bound::Bound;
pub use created_parent::CreatedParent;
pub use operation::{Assignment, Operation};
pub use parents::Before;
pub use plan::UpdatePlan;

use serde_json::{Map, Value};

use crate::condition::Predicate;
use crate::errors;
use crate::field_error::FieldError;
use crate::limits::{MAX_EXPRESSION_BYTES, MAX_UPDATE_PATHS};
use crate::nearest::suggestion;

/// The verb of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Give it a value.
    Set,
    /// Give it a value unless it has one.
    SetIfAbsent,
    /// Add a number, or members of a set.
    Add,
    /// Subtract a number.
    Subtract,
    /// Put members behind a list.
    Append,
    /// Put members before a list.
    Prepend,
    /// Take members out of a set.
    Delete,
    /// Take it away.
    Remove,
}

/// An update of an item, before it is checked against a definition.
///
/// ```
/// use weir_model::Update;
/// use serde_json::json;
///
/// let update = Update::new()
///     .set("status", "paid")
///     .add("competencies.integrity", 1)
///     .remove("note")
///     .when(json!({ "status": "placed" }));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Update {
    pub(crate) actions: Vec<(Verb, String, Value)>,
    pub(crate) condition: Option<Value>,
    pub(crate) provided: Option<Predicate>,
}

impl Verb {
    /// Each with its name.
    pub const EVERY: [(&'static str, Self); 8] = [
        ("set", Self::Set),
        ("set_if_absent", Self::SetIfAbsent),
        ("add", Self::Add),
        ("subtract", Self::Subtract),
        ("append", Self::Append),
        ("prepend", Self::Prepend),
        ("delete", Self::Delete),
        ("remove", Self::Remove),
    ];

    /// Returns its name in requests.
    pub fn name(self) -> &'static str {
        let found = Self::EVERY.into_iter().find(|(_, verb)| *verb == self);
        found.expect("every verb is listed").0
    }
}

impl Update {
    /// Returns an update of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a value; `null` removes it.
    #[must_use]
    pub fn set(self, path: &str, value: impl Into<Value>) -> Self {
        self.with(Verb::Set, path, value)
    }

    /// Gives a value unless there is one.
    #[must_use]
    pub fn set_if_absent(self, path: &str, value: impl Into<Value>) -> Self {
        self.with(Verb::SetIfAbsent, path, value)
    }

    /// Adds a number, or members to a set.
    #[must_use]
    pub fn add(self, path: &str, value: impl Into<Value>) -> Self {
        self.with(Verb::Add, path, value)
    }

    /// Subtracts a number.
    #[must_use]
    pub fn subtract(self, path: &str, value: impl Into<Value>) -> Self {
        self.with(Verb::Subtract, path, value)
    }

    /// Puts members behind a list.
    #[must_use]
    pub fn append(self, path: &str, value: impl Into<Value>) -> Self {
        self.with(Verb::Append, path, value)
    }

    /// Puts members before a list.
    #[must_use]
    pub fn prepend(self, path: &str, value: impl Into<Value>) -> Self {
        self.with(Verb::Prepend, path, value)
    }

    /// Takes members out of a set.
    #[must_use]
    pub fn delete(self, path: &str, value: impl Into<Value>) -> Self {
        self.with(Verb::Delete, path, value)
    }

    /// Takes a value away.
    #[must_use]
    pub fn remove(self, path: &str) -> Self {
        self.with(Verb::Remove, path, Value::Null)
    }

    /// Is done only to an item of which this holds, written as [`crate::condition`] has it. Of two
    /// such both must hold.
    #[must_use]
    pub fn when(mut self, condition: impl Into<Value>) -> Self {
        let condition = condition.into();
        self.condition = Some(match self.condition.take() {
            Some(earlier) => serde_json::json!({ "and": [earlier, condition] }),
            None => condition,
        });
        self
    }

    /// Is done only to an item of which this holds, beside what [`Self::when`] says.
    #[must_use]
    pub fn provided(mut self, condition: Predicate) -> Self {
        self.provided = Some(match self.provided.take() {
            Some(earlier) => earlier.and(condition),
            None => condition,
        });
        self
    }

    /// Reads an update as requests have it: an object of verbs, each with its paths and values, and
    /// `where`.
    ///
    /// # Errors
    /// Every unknown member; more paths than [`MAX_UPDATE_PATHS`].
    pub fn from_json(object: &Map<String, Value>) -> Result<Self, Vec<FieldError>> {
        check_paths(paths_in(object))?;
        let mut update = Self::new();
        let mut errors = Vec::new();
        for (name, value) in object {
            let verb = Verb::EVERY.into_iter().find(|(known, _)| known == name);
            match (name.as_str(), verb, value) {
                ("where", ..) => update.condition = Some(value.clone()),
                (_, Some((_, Verb::Remove)), Value::Array(paths))
                    if paths.iter().all(Value::is_string) =>
                {
                    let paths = paths.iter().filter_map(Value::as_str);
                    update = paths.fold(update, Self::remove);
                }
                (_, Some((_, Verb::Remove)), other) => errors::note(&mut errors, || {
                    unfit(name, other, "expected a list of paths, such as [\"note\"]")
                }),
                (_, Some((_, verb)), Value::Object(members)) => {
                    for (path, value) in members {
                        update = update.with(verb, path, value.clone());
                    }
                }
                (_, Some(_), other) => errors::note(&mut errors, || {
                    unfit(name, other, "expected an object of paths and values")
                }),
                (_, None, _) => errors::note(&mut errors, || unknown(name)),
            }
        }
        if errors.is_empty() { Ok(update) } else { Err(errors) }
    }

    fn with(mut self, verb: Verb, path: &str, value: impl Into<Value>) -> Self {
        self.actions.push((verb, path.to_owned(), value.into()));
        self
    }
}

/// Returns how many paths an update has as JSON.
fn paths_in(object: &Map<String, Value>) -> usize {
    let of_verb = |(name, value): (&String, &Value)| match value {
        Value::Object(members) if name != "where" => members.len(),
        Value::Array(paths) => paths.len(),
        _ => 0,
    };
    object.iter().map(of_verb).sum()
}

/// Rejects more paths than an expression can have, before any of them is looked at.
pub(crate) fn check_paths(count: usize) -> Result<(), Vec<FieldError>> {
    if count <= MAX_UPDATE_PATHS {
        return Ok(());
    }
    let message = format!(
        "{count} paths, expected at most {MAX_UPDATE_PATHS}: DynamoDB takes an expression of at \
         most {MAX_EXPRESSION_BYTES} bytes"
    );
    Err(vec![FieldError::new("update", message)])
}

fn unfit(name: &str, found: &Value, expected: &str) -> FieldError {
    FieldError::new(name, format!("{}; {expected}", crate::value::shown(found)))
}

fn unknown(name: &str) -> FieldError {
    let names: Vec<_> = Verb::EVERY.iter().map(|(name, _)| *name).chain(["where"]).collect();
    let expected = format!("expected one of {}", names.join(", "));
    let near = suggestion(name, names.iter().copied());
    FieldError::new(name, format!("no such verb; {near}{expected}"))
}

#[cfg(test)]
mod tests;
