//! Transactions: up to [`MAX_ACTIONS`] actions on items of any entities, which are all done or
//! none.
//!
//! ```
//! # weir_testing::shop::run(async |table| {
//! # use {serde_json::json, weir_table::fresh};
//! use weir_model::{Predicate, Update};
//!
//! let order = table.model().entity("order").expect("it is defined");
//! let key = order.key_from_text(&[("user", "ann"), ("number", "7")])?;
//! # let made = json!({ "user": "ann", "number": 7, "total": 12.5 });
//! # table.create(order.encode(made.as_object().unwrap(), fresh())?).await?;
//! let next = json!({ "user": "ann", "number": 8, "total": 1 });
//! let next = order.encode(next.as_object().expect("an object"), fresh())?;
//!
//! let paid = Update::new().set("status", "paid").when(json!({ "status": "placed" }));
//! let mut transaction = table.transaction();
//! transaction.patch(order, &key, &paid, fresh());
//! transaction.create(next.clone());
//! transaction.commit(None).await?;
//!
//! // The first action's condition holds; the second is in the way, and nothing is done.
//! let mut transaction = table.transaction();
//! transaction.remove(order, &key, &Predicate::always());
//! transaction.create(next);
//! match transaction.commit(None).await {
//!     Err(weir_table::Error::Cancelled { index, .. }) => assert_eq!(index, 1),
//!     other => panic!("{other:?}"),
//! }
//! assert!(table.get(&key.primary).await?.is_some());
//! # Ok(()) });
//! ```
//!
//! Attributes stay unique: the locks that actions take and give back are actions of the same
//! transaction, and count.
//!
//! **Invariant:** no two actions are at one item; DynamoDB would not take them.

use std::collections::HashMap;

use weir_model::{Entity, Item, ItemKey, Predicate, Update, WriteContext};

use super::commit::{Failed, MAX_ACTIONS};
use super::delete::deleting;
use super::guard::Existence;
use super::table::Table;
use super::update::{checking, patching, updating};
use super::write::Write;
use crate::error::Error;

/// Actions that are all done or none.
#[derive(Debug)]
pub struct Transaction<'a> {
    table: &'a Table,
    writes: Vec<Write<'a>>,
    failed: Option<Error>,
}

impl Table {
    /// A transaction of no actions yet.
    pub fn transaction(&self) -> Transaction<'_> {
        Transaction { table: self, writes: Vec::new(), failed: None }
    }
}

impl<'a> Transaction<'a> {
    /// How many actions it has.
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// As [`Table::create`].
    pub fn create(&mut self, item: Item) {
        let write = self.table.putting(item, Existence::Absent, &Predicate::always());
        self.add(write);
    }

    /// As [`Table::put`].
    pub fn put(&mut self, item: Item, condition: &Predicate) {
        let write = self.table.putting(item, Existence::Any, condition);
        self.add(write);
    }

    /// As [`Table::patch`].
    pub fn patch(
        &mut self,
        entity: &'a Entity,
        key: &ItemKey,
        update: &Update,
        fresh: WriteContext,
    ) {
        self.add(patching(entity, key, update, fresh));
    }

    /// As [`Table::update`].
    pub fn update(
        &mut self,
        entity: &'a Entity,
        key: &ItemKey,
        update: &Update,
        fresh: WriteContext,
    ) {
        self.add(updating(entity, key, update, fresh));
    }

    /// As [`Table::delete`]; but an item of another kind with the key is [`Error::OtherKind`], and
    /// one with other key attributes [`Error::OtherItem`].
    pub fn delete(&mut self, entity: &'a Entity, key: &ItemKey, condition: &Predicate) {
        self.add(Ok(deleting(entity, key, Existence::Any, condition)));
    }

    /// As [`Table::remove`].
    pub fn remove(&mut self, entity: &'a Entity, key: &ItemKey, condition: &Predicate) {
        self.add(Ok(deleting(entity, key, Existence::Present, condition)));
    }

    /// Demands of an item that is there that it is as a condition says, and leaves it.
    pub fn check(&mut self, entity: &'a Entity, key: &ItemKey, condition: &Predicate) {
        self.add(Ok(checking(entity, key, condition)));
    }

    /// Does all actions or none.
    ///
    /// With a token, of 1 to 36 characters, the same transaction sent again within ten minutes is
    /// done once. It is the same only if each value is: a value that is generated for each request,
    /// such as times and random ids, must be given. And one that moves locks depends on what it
    /// meets: sent again it may be [`Error::TokenReused`], or fail as any other would.
    ///
    /// # Errors
    /// [`Error::Cancelled`] with the first action that could not be done and why;
    /// [`Error::TokenReused`]; else what DynamoDB says.
    pub async fn commit(self, token: Option<&str>) -> Result<(), Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let count = self.writes.len();
        if count == 0 || count > MAX_ACTIONS {
            let expected = format!("expected 1 to {MAX_ACTIONS}");
            return Err(Error::refused(format!("a transaction of {count} actions, {expected}")));
        }
        self.check_keys()?;
        match self.table.commit(&self.writes, token).await {
            Ok(_) => Ok(()),
            Err(Failed { index: Some(index), error }) => Err(cancelled(index, error)),
            Err(Failed { index: None, error }) => Err(error),
        }
    }

    fn check_keys(&self) -> Result<(), Error> {
        let mut positions = HashMap::new();
        for (index, write) in self.writes.iter().enumerate() {
            if let Some(other) = positions.insert(&write.key, index) {
                let key = self.table.shown_key(&write.key);
                let text = format!(
                    "the item with the key {key} is action {other}'s too, expected one action for \
                     each item"
                );
                return Err(cancelled(index, Error::refused(text)));
            }
        }
        Ok(())
    }

    /// Adds an action; of those that cannot be planned the first is told when the transaction is
    /// committed.
    fn add(&mut self, write: Result<Write<'a>, Error>) {
        match write {
            Ok(write) => self.writes.push(write),
            Err(error) if self.failed.is_none() => {
                self.failed = Some(cancelled(self.writes.len(), error));
            }
            Err(_) => {}
        }
    }
}

fn cancelled(index: usize, error: Error) -> Error {
    Error::Cancelled { index, reason: Box::new(error) }
}
