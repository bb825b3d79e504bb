//! What a write wants of the item that it meets, and what to say when it does not find it so.
//!
//! ```text
//! (there is none, or must be none, OR it is of the entity) AND the caller's condition AND the bounds of the definition
//! ```
//!
//! **Invariant:** of several reasons the first in this order is reported: another kind, no item, a
//! stored value of another type than the update needs, a bound, the condition.

use model::condition::Predicate;
use model::filter::Test;
use model::path::Path;
use model::update::Bound;
use model::{Entity, Item, PrimaryKey, UpdatePlan};

use super::Table;
use crate::error::Error;

/// What a write wants to meet under its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// An item of the entity, or none.
    Either,
    /// An item of the entity.
    Present,
    /// No item of any kind.
    Absent,
}

/// What a write wants of the item that it meets.
#[derive(Clone, Debug)]
pub(crate) struct Guard<'a> {
    /// The entity; none where the item is none's: then it meets any.
    entity: Option<&'a Entity>,
    wanted: Wanted,
    condition: Predicate,
    bounds: Vec<Bound>,
}

impl<'a> Guard<'a> {
    pub(crate) fn new(entity: Option<&'a Entity>, wanted: Wanted, condition: &Predicate) -> Self {
        Self { entity, wanted, condition: condition.clone(), bounds: Vec::new() }
    }

    /// What a plan wants.
    pub(crate) fn of_plan(entity: &'a Entity, wanted: Wanted, plan: &UpdatePlan) -> Self {
        let bounds = plan.bounds.clone();
        Self { bounds, ..Self::new(Some(entity), wanted, &plan.condition) }
    }

    /// What it wants to meet.
    pub(crate) fn wanted(&self) -> Wanted {
        self.wanted
    }

    /// Whether it compares timestamps, which may be written in another form than DynamoDB compares.
    pub(crate) fn is_timed(&self) -> bool {
        self.condition.is_timed()
    }

    /// The whole condition, with what else must hold, for an item of which is known what it is, or
    /// nothing.
    pub(crate) fn and(&self, table: &Table, more: &Predicate, known: Option<&Item>) -> Predicate {
        let none =
            || Predicate::Test(Path::stored(&table.model.table.partition_key), Test::Exists(false));
        let kind = match (self.wanted, self.entity.map(Entity::kind)) {
            (Wanted::Absent, _) => none(),
            (Wanted::Present, Some(own)) => own,
            (Wanted::Present, None) => Predicate::Not(Box::new(none())),
            (Wanted::Either, Some(own)) => Predicate::Any(vec![none(), own]),
            (Wanted::Either, None) => Predicate::always(),
        };
        let bounds = self.bounds.iter().map(|bound| bound.holds.clone());
        let own = match known {
            Some(item) => self.condition.for_writing_of(item),
            None => self.condition.for_writing(),
        };
        let condition = kind.and(own).and(more.clone());
        bounds.fold(condition, Predicate::and)
    }

    /// The item that a write has left, unless somebody has taken it away since.
    pub(crate) fn still(
        &self,
        table: &Table,
        key: &PrimaryKey,
        item: Option<Item>,
    ) -> Result<Option<Item>, Error> {
        let present = Guard::new(self.entity, Wanted::Present, &Predicate::always());
        present.meets(table, key, item.as_ref()).map(|()| item)
    }

    /// Checks that what was found under the key is what the guard wants to meet.
    pub(crate) fn meets(
        &self,
        table: &Table,
        key: &PrimaryKey,
        found: Option<&Item>,
    ) -> Result<(), Error> {
        let is_other = |item: &Item| self.entity.is_some_and(|entity| !entity.matches(item));
        let no_item = || {
            let entity =
                self.entity.map_or_else(|| "item".to_owned(), |entity| entity.name.clone());
            Err(Error::NotFound { entity, key: table.shown_key(key) })
        };
        match (self.wanted, found) {
            (Wanted::Present, None) => no_item(),
            (Wanted::Present, Some(item)) if is_other(item) => no_item(),
            (Wanted::Either, Some(item)) if is_other(item) => {
                Err(Error::OtherKind(table.shown_key(key)))
            }
            (Wanted::Absent, Some(item)) => {
                let (key, item) = (table.shown_key(key), Box::new(item.clone()));
                Err(Error::AlreadyExists { key, item })
            }
            _ => Ok(()),
        }
    }

    /// Checks that an item is as the bounds and the condition say.
    pub(crate) fn admits(&self, found: Option<&Item>) -> Result<(), Error> {
        let empty = super::no_item();
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
