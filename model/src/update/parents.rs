//! Maps that an update leads through and that are not there: DynamoDB refuses such an update, so
//! they are made with it.
//!
//! ```text
//! add competencies.integrity 1, add competencies.courage 2     on an item without `competencies`
//! = set competencies { integrity: 1, courage: 2 }              if there is none
//! ```
//!
//! **Invariant:** what is set instead depends on the place being empty, by a condition; so nothing
//! that another client puts there meanwhile is lost.

use std::collections::HashMap;

use indexmap::{IndexMap, IndexSet};
use serde_dynamo::{AttributeValue, Item};

use super::operation::{Assignment, Operation};
use super::plan::UpdatePlan;
use crate::condition::Predicate;
use crate::field_error::FieldError;
use crate::filter::Test;
use crate::number::Number;
use crate::path::Path;
use crate::step::Step;

/// How many earlier forms of an item are thought of.
const MAX_BEFORE: usize = 32;

/// How an item may have differed, before an update, from what it is now. It holds paths and no
/// values, so many of them take little memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Before {
    /// Maps that were not there.
    taken: Vec<Path>,
    /// Places that were null.
    nulled: Vec<Path>,
}

impl Before {
    /// Returns whether the item was as it is now.
    pub fn is_as_now(&self) -> bool {
        self.taken.is_empty() && self.nulled.is_empty()
    }

    /// Returns the item as it was, from the item as it is now.
    pub fn apply(&self, item: &Item) -> Item {
        let mut before = item.clone();
        for path in &self.taken {
            change(&mut before, path, |attribute| path.taken_from(&attribute));
        }
        for path in &self.nulled {
            let nulled = |attribute: Item| path.nulled_in(&attribute).unwrap_or(attribute);
            change(&mut before, path, nulled);
        }
        before
    }

    fn and_taken(&self, map: &Path) -> Self {
        let mut before = self.clone();
        before.taken.push(map.clone());
        before
    }

    pub(super) fn and_nulled(&self, place: &Path) -> Self {
        let mut before = self.clone();
        before.nulled.push(place.clone());
        before
    }
}

/// Changes the attribute that a path begins with, as an item of this attribute alone: no other
/// attribute is copied.
fn change(item: &mut Item, path: &Path, changed: impl FnOnce(Item) -> Item) {
    let Some(Step::Name(name)) = path.steps.first() else { return };
    let Some(value) = item.remove(name) else { return };
    let mut attribute = changed(HashMap::from([(name.clone(), value)]).into());
    item.extend(attribute.drain());
}

impl UpdatePlan {
    /// Returns the plan for an item as it is now: places whose maps are not there are put there
    /// with their maps, and places that are null are changed as if nothing were there.
    ///
    /// # Errors
    /// A place that leads through something that is not a map, or through a position that a list
    /// does not have; a map that would lack what its definition requires.
    pub fn with_parents(&self, item: &Item) -> Result<Self, Vec<FieldError>> {
        let mut made: IndexMap<Path, AttributeValue> = IndexMap::new();
        let mut plan = Self { assignments: Vec::new(), ..self.clone() };
        let mut errors = Vec::new();
        for assignment in &self.assignments {
            match missing_parent(&assignment.path, item) {
                Ok(None) => {
                    let settled = assignment.settled(item);
                    plan.assignments.extend(settled.assignment);
                    plan.condition = plan.condition.and(settled.condition);
                }
                Ok(Some(parent)) => {
                    let Some(value) = from_nothing(&assignment.operation) else { continue };
                    let rest = &assignment.path.steps[parent.steps.len()..];
                    let map =
                        made.entry(parent).or_insert_with(|| AttributeValue::M(HashMap::new()));
                    if !put(map, rest, value) {
                        let message = "leads through a list that is not there";
                        errors.push(FieldError::new(&assignment.path.to_string(), message));
                    }
                }
                Err(message) => {
                    errors.push(FieldError::new(&assignment.path.to_string(), message));
                }
            }
        }
        errors.extend(self.created_parents.iter().flat_map(|known| known.complete(&mut made)));
        if !errors.is_empty() {
            return Err(errors);
        }
        for (path, map) in made {
            let absent = Predicate::Test(path.clone(), Test::Exists(false));
            plan.condition = plan.condition.and(absent);
            plan.assignments.push(Assignment { path, operation: Operation::Value(map) });
        }
        Ok(plan)
    }

    /// Returns the forms that an item may have had before such an update made maps in it: the item
    /// itself, and then without a map that the update leads through, of each attribute. Of more
    /// than 32 combinations the first are returned, and the last, which has none of these maps.
    pub fn before_parents(&self, item: &Item) -> Vec<Before> {
        let mut maps: IndexSet<Path> = IndexSet::new();
        for Assignment { path, .. } in &self.assignments {
            for length in 1..path.steps.len() {
                let map = path.first(length);
                let is_map = matches!(map.value_in(item), Some(AttributeValue::M(_)));
                if is_map {
                    maps.insert(map);
                }
            }
        }
        let mut maps: Vec<Path> = maps.into_iter().collect();
        let mut all = vec![Before::default()];
        let mut last = Before::default();
        while let Some(root) = maps.first().map(|map| map.steps[0].clone()) {
            let (own, others) = maps.into_iter().partition(|map| map.steps[0] == root);
            let own: Vec<Path> = own;
            let with_own = |before: &Before| {
                let without = own.iter().map(|map| before.and_taken(map));
                std::iter::once(before.clone()).chain(without).collect::<Vec<_>>()
            };
            all = all.iter().flat_map(with_own).take(MAX_BEFORE).collect();
            last.taken.extend(own.last().cloned());
            maps = others;
        }
        if all.len() == MAX_BEFORE {
            all.pop();
            all.push(last);
        }
        all
    }

    /// Returns whether a place is nested in an attribute, so that what it leads through may be
    /// absent.
    pub fn is_nested(&self) -> bool {
        self.assignments.iter().any(|assignment| !assignment.path.is_whole())
    }
}

/// Returns the first place on the way to this one that is empty; `None` when the way is there.
fn missing_parent(path: &Path, item: &Item) -> Result<Option<Path>, String> {
    for length in 1..path.steps.len() {
        let parent = path.first(length);
        match (parent.value_in(item), &path.steps[length]) {
            (Some(AttributeValue::M(_)), Step::Name(_)) => {}
            (Some(AttributeValue::L(_)), Step::Position(_)) => {}
            (Some(_), Step::Name(_)) => {
                return Err(format!("`{parent}` is no map, so nothing can be in it by name"));
            }
            (Some(_), Step::Position(_)) => {
                return Err(format!("`{parent}` is no list, so nothing can be in it by position"));
            }
            (None, Step::Position(_)) => {
                return Err(format!("there is no list `{parent}`, expected one to be set first"));
            }
            (None, Step::Name(_)) if matches!(parent.steps.last(), Some(Step::Position(_))) => {
                return Err(format!("there is no `{parent}`, expected a position that is there"));
            }
            (None, Step::Name(_)) => return Ok(Some(parent)),
        }
    }
    Ok(None)
}

/// Returns the value that an assignment makes from nothing; `None` if it makes none.
pub(super) fn from_nothing(operation: &Operation) -> Option<AttributeValue> {
    Some(match operation {
        Operation::Value(value) | Operation::ValueIfAbsent(value) | Operation::Plus(value) => {
            value.clone()
        }
        Operation::NextVersion => AttributeValue::N("1".to_owned()),
        Operation::Minus(AttributeValue::N(text)) => {
            let number: Number = text.parse().expect("an encoded number");
            AttributeValue::N(number.negated().to_string())
        }
        Operation::Append(members) | Operation::Prepend(members) | Operation::Union(members) => {
            members.clone()
        }
        Operation::Minus(_) | Operation::Without(_) | Operation::Nothing => return None,
    })
}

/// Puts a value into a map, with the maps on its way; `false` when a list would be needed.
fn put(map: &mut AttributeValue, steps: &[Step], value: AttributeValue) -> bool {
    let (AttributeValue::M(members), Some((Step::Name(name), rest))) = (map, steps.split_first())
    else {
        return false;
    };
    if rest.is_empty() {
        members.insert(name.clone(), value);
        return true;
    }
    let inner = members.entry(name.clone()).or_insert_with(|| AttributeValue::M(HashMap::new()));
    put(inner, rest, value)
}
