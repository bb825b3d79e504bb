//! The requirements of a write for the item that it meets, and the error if the item does not meet
//! them.
//!
//! ```text
//! (there is none, or must be none, OR it is the one of the entity that the key names)
//!     AND the caller's condition AND the bounds of the definition
//! ```
//!
//! **Invariant:** of several reasons the first in this order is reported: another kind, another
//! item, no item, a stored value of another type than the update needs, a bound, the condition.

use weir_model::condition::Predicate;
use weir_model::filter::Test;
use weir_model::path::Path;
use weir_model::update::Bound;
use weir_model::{Entity, Item, PrimaryKey, UpdatePlan};

use super::table::Table;
use crate::error::Error;

/// The items that a write accepts under its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existence {
    /// An item of the entity, or none.
    Any,
    /// An item of the entity.
    Present,
    /// No item of any kind.
    Absent,
}

/// The requirements of a write for the item that it meets.
#[derive(Clone, Debug)]
pub(crate) struct Guard<'a> {
    /// The entity; `None` accepts an item of any.
    entity: Option<&'a Entity>,
    /// The predicate on the item that the key names, if its primary key alone does not determine
    /// it.
    named: Predicate,
    existence: Existence,
    condition: Predicate,
    bounds: Vec<Bound>,
}

impl<'a> Guard<'a> {
    /// Creates the guard of an item of an entity, if it has one, with these key attributes.
    pub(crate) fn new(
        entity: Option<&'a Entity>,
        attributes: &Item,
        existence: Existence,
        condition: &Predicate,
    ) -> Self {
        let named = entity.map(|entity| entity.named(attributes)).unwrap_or_default();
        Self { entity, named, existence, condition: condition.clone(), bounds: Vec::new() }
    }

    /// Creates the guard of an update.
    pub(crate) fn from_plan(
        entity: &'a Entity,
        attributes: &Item,
        existence: Existence,
        plan: &UpdatePlan,
    ) -> Self {
        let bounds = plan.bounds.clone();
        Self { bounds, ..Self::new(Some(entity), attributes, existence, &plan.condition) }
    }

    /// Returns which items it accepts under the key.
    pub(crate) fn existence(&self) -> Existence {
        self.existence
    }

    /// Returns whether it compares timestamps, which may be written in another form than DynamoDB
    /// compares.
    pub(crate) fn is_timed(&self) -> bool {
        self.condition.is_timed() || self.named.is_timed()
    }

    /// The whole condition, with what else must hold, for an item of which is known what it is, or
    /// nothing.
    pub(crate) fn and(&self, table: &Table, more: &Predicate, known: Option<&Item>) -> Predicate {
        let none =
            || Predicate::Test(Path::stored(&table.model.table.partition_key), Test::Exists(false));
        let sent = |condition: &Predicate| match known {
            Some(item) => condition.for_writing_of(item),
            None => condition.for_writing(),
        };
        let own = |entity: &Entity| entity.kind().and(sent(&self.named));
        let kind = match (self.existence, self.entity.map(own)) {
            (Existence::Absent, _) => none(),
            (Existence::Present, Some(own)) => own,
            (Existence::Present, None) => Predicate::Not(Box::new(none())),
            (Existence::Any, Some(own)) => Predicate::Any(vec![none(), own]),
            (Existence::Any, None) => Predicate::always(),
        };
        let bounds = self.bounds.iter().map(|bound| bound.holds.clone());
        let condition = kind.and(sent(&self.condition)).and(more.clone());
        bounds.fold(condition, Predicate::and)
    }

    /// Returns the item that a write has left, unless another client removed it since.
    pub(crate) fn still(
        &self,
        table: &Table,
        key: &PrimaryKey,
        item: Option<Item>,
    ) -> Result<Option<Item>, Error> {
        let present = Guard {
            existence: Existence::Present,
            condition: Predicate::always(),
            bounds: Vec::new(),
            ..self.clone()
        };
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
        let is_unnamed = |item: &Item| !is_other(item) && !self.named.holds(item);
        match (self.existence, found) {
            (Existence::Present, None) => no_item(),
            (Existence::Present, Some(item)) if is_other(item) || is_unnamed(item) => no_item(),
            (Existence::Any, Some(item)) if is_other(item) => {
                Err(Error::OtherKind(table.shown_key(key)))
            }
            (Existence::Any | Existence::Absent, Some(item)) if is_unnamed(item) => {
                let entity =
                    self.entity.expect("only an item of an entity has a name to differ in");
                let attributes = entity.undetermined_names();
                let attributes = attributes.into_iter().map(str::to_owned).collect();
                Err(Error::OtherItem { entity: entity.name.clone(), attributes })
            }
            (Existence::Absent, Some(item)) => {
                let (key, item) = (table.shown_key(key), Box::new(item.clone()));
                Err(Error::AlreadyExists { key, item })
            }
            _ => Ok(()),
        }
    }

    /// Checks that an item is as the bounds and the condition say.
    pub(crate) fn admits(&self, found: Option<&Item>) -> Result<(), Error> {
        let empty = super::table::no_item();
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
