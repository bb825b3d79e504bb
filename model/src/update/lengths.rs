//! How many members maps and lists have after an update of what is in them.
//!
//! What is put where nothing is makes the map or list around it longer, and what is taken away
//! makes it shorter; which of them happens only DynamoDB knows in time. So `min_length` and
//! `max_length` become conditions on what was, as in [`super::bounds`].
//!
//! Of several places in one map or list each counts as new, or as gone: with one at a time the
//! limit is exact, with more it may refuse what would just fit.

use indexmap::{IndexMap, IndexSet};

use super::bound::Bound;
use super::operation::Operation;
use super::planned_action::PlannedAction;
use crate::attribute::Rules;
use crate::condition::Predicate;
use crate::field_error::FieldError;
use crate::filter::Test;
use crate::path::Path;
use crate::value::{self, count};

/// A map or a list, and what an update does in it.
struct Around<'a> {
    path: Path,
    rules: &'a Rules,
    /// Members that get a value, and so may be new.
    set: IndexSet<Path>,
    /// Of each member that may go, when it does not.
    stays: Vec<Predicate>,
}

/// Returns the conditions that an update brings with it for the maps and lists in which it changes
/// something.
pub(super) fn bounds(planned: &[PlannedAction<'_>]) -> Vec<Bound> {
    let mut all: IndexMap<Path, Around<'_>> = IndexMap::new();
    for action in planned {
        for (path, rule) in action.place.around() {
            let around = all.entry(path).or_insert_with_key(|path| Around {
                path: path.clone(),
                rules: &rule.rules,
                set: IndexSet::new(),
                stays: Vec::new(),
            });
            around.note(action);
        }
    }
    all.values().flat_map(|around| around.longest().into_iter().chain(around.shortest())).collect()
}

impl Around<'_> {
    fn note(&mut self, PlannedAction { place, operation }: &PlannedAction<'_>) {
        let member = place.path.first(self.path.steps.len() + 1);
        let is_itself = member == place.path;
        match operation {
            Operation::Nothing if is_itself => self.stays.push(absent(&member)),
            Operation::Without(members) if is_itself => {
                let lost = value::length(members).unwrap_or_default();
                let more = Predicate::Size(member.clone(), Test::Gt(count(lost)));
                self.stays.push(Predicate::Any(vec![absent(&member), more]));
            }
            Operation::Nothing | Operation::Without(_) => {}
            _ => drop(self.set.insert(member)),
        }
    }

    fn longest(&self) -> Option<Bound> {
        let max = self.rules.max_length.filter(|_| !self.set.is_empty())?;
        let room = max.checked_sub(self.set.len());
        let fits = room.map(|room| self.size(Test::Lte(count(room))));
        let there = self.set.iter().map(|member| exists(member, true)).collect();
        let ways = [Predicate::All(there), absent(&self.path)].into_iter().chain(fits);
        Some(self.bound(ways.collect(), format!("at most {max}")))
    }

    fn shortest(&self) -> Option<Bound> {
        let min = self.rules.min_length.filter(|_| !self.stays.is_empty())?;
        let enough = self.size(Test::Gte(count(min + self.stays.len())));
        let ways = vec![Predicate::All(self.stays.clone()), absent(&self.path), enough];
        Some(self.bound(ways, format!("at least {min}")))
    }

    fn size(&self, test: Test) -> Predicate {
        Predicate::Size(self.path.clone(), test)
    }

    fn bound(&self, ways: Vec<Predicate>, length: String) -> Bound {
        let message = format!("expected a length of {length} afterwards");
        let error = FieldError::new(&self.path.to_string(), message);
        Bound { holds: Predicate::Any(ways), error }
    }
}

fn exists(path: &Path, expected: bool) -> Predicate {
    Predicate::Test(path.clone(), Test::Exists(expected))
}

fn absent(path: &Path) -> Predicate {
    exists(path, false)
}
