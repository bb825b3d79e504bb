//! What a write wants of the item that it meets, and what to say when it does not find it so.
//!
//! ```text
//! (there is none OR it is of the entity) AND the caller's condition AND the bounds of the definition
//! ```
//!
//! **Invariant:** of several reasons the first in this order is told: another kind, no item, a bound, the condition.

use model::condition::Predicate;
use model::filter::Test;
use model::path::Path;
use model::update::Bound;
use model::{Entity, Item, ItemKey, UpdatePlan};

use super::Table;
use crate::error::Error;

/// What becomes of a write that meets no item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absent {
    /// It makes one.
    Created,
    /// It is refused.
    Refused,
}

/// What a write wants of the item that it meets.
pub(crate) struct Guard {
    absent: Absent,
    kind: Predicate,
    condition: Predicate,
    bounds: Vec<Bound>,
}

impl Guard {
    /// What a plan wants.
    pub(crate) fn of(table: &Table, entity: &Entity, absent: Absent, plan: &UpdatePlan) -> Self {
        let (condition, bounds) = (plan.condition.clone(), plan.bounds.clone());
        let own = kind(entity);
        let kind = match absent {
            Absent::Refused => own,
            Absent::Created => {
                let key = Path::stored(&table.model.table.partition_key);
                Predicate::Any(vec![Predicate::Test(key, Test::Exists(false)), own])
            }
        };
        Self { absent, kind, condition, bounds }
    }

    /// The whole condition for a plan that was made from the one of this guard, with conditions of its own.
    pub(crate) fn and(&self, plan: &UpdatePlan) -> Predicate {
        let bounds = self.bounds.iter().map(|bound| bound.holds.clone());
        bounds.fold(self.kind.clone().and(plan.condition.clone()), Predicate::and)
    }

    /// Says why an item is not as the guard wants it; nothing when it is.
    pub(crate) fn explain(
        &self,
        table: &Table,
        entity: &Entity,
        key: &ItemKey,
        found: Option<&Item>,
    ) -> Result<(), Error> {
        let shown = || table.shown_key(&key.primary);
        let empty = super::no_item();
        match (found, self.absent) {
            (None, Absent::Refused) => {
                return Err(Error::NotFound { entity: entity.name.clone(), key: shown() });
            }
            (Some(item), Absent::Refused) if !entity.matches(item) => {
                return Err(Error::NotFound { entity: entity.name.clone(), key: shown() });
            }
            (Some(item), Absent::Created) if !entity.matches(item) => {
                return Err(Error::OtherKind(shown()));
            }
            _ => {}
        }
        let item = found.unwrap_or(&empty);
        let broken = self.bounds.iter().filter(|bound| !bound.holds.holds(item));
        let errors: Vec<_> = broken.map(|bound| bound.error.clone()).collect();
        if !errors.is_empty() {
            return Err(Error::Invalid(errors));
        }
        if !self.condition.holds(item) {
            return Err(Error::ConditionFailed { item: found.cloned().map(Box::new) });
        }
        Ok(())
    }
}

/// What tells an item of the entity.
pub(crate) fn kind(entity: &Entity) -> Predicate {
    let marks = entity
        .discriminator
        .iter()
        .map(|(name, value)| Predicate::Test(Path::stored(name), Test::In(vec![value.clone()])));
    Predicate::All(marks.collect())
}
