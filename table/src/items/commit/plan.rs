//! The plan of a transaction: the actions that follow from the writes and the items that were seen.
//!
//! To move the locks of an item, one must know the locks that it has. So the item is read first,
//! and the transaction depends on its unique attributes being as they were seen. A create need not
//! read: its guard says that there is no item.

use std::borrow::Borrow;
use std::collections::HashSet;

use aws_sdk_dynamodb::types::TransactWriteItem;
use weir_model::{Item, PrimaryKey, limits};

use super::failed::Failed;
use crate::error::Error;
use crate::items::guard::Existence;
use crate::items::locks::Locks;
use crate::items::table::Table;
use crate::items::write::{Effect, Write};

/// The most actions that DynamoDB accepts in a transaction.
pub const MAX_ACTIONS: usize = limits::MAX_ACTIONS;

/// The state of an item as far as it is known.
#[derive(Clone, Debug)]
pub(super) enum Seen {
    Unknown,
    Known(Option<Item>),
}

/// The actions of a transaction: those on items, in the order of the writes, and then those on
/// locks.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) actions: Vec<TransactWriteItem>,
    pub(super) locks: Locks,
}

impl Write<'_> {
    /// Returns whether it may take a lock or give one back.
    pub(crate) fn moves_locks(&self) -> bool {
        let Some(entity) = self.entity.filter(|entity| !entity.unique.is_empty()) else {
            return false;
        };
        match &self.effect {
            Effect::Put(_) | Effect::Delete => true,
            Effect::Update(plan) => entity.moves_locks(plan),
            Effect::Check => false,
        }
    }

    /// Returns whether the item must be read before the actions are known.
    pub(super) fn must_read_first(&self) -> bool {
        let is_nested = matches!(&self.effect, Effect::Update(plan) if plan.is_nested());
        is_nested || self.moves_locks() && self.guard.existence() != Existence::Absent
    }
}

impl Table {
    /// Plans a transaction from the items that were seen. Locks of `foreign` keys belong to other
    /// items and are left as they are.
    pub(super) fn plan(
        &self,
        writes: &[Write<'_>],
        seen: &[impl Borrow<Seen>],
        foreign: &HashSet<PrimaryKey>,
    ) -> Result<Plan, Failed> {
        let mut actions = Vec::new();
        let mut locks = Locks::default();
        for (index, write) in writes.iter().enumerate() {
            let seen: &Seen = seen[index].borrow();
            let (known, item) = match seen {
                Seen::Unknown => (false, None),
                Seen::Known(item) => (true, item.as_ref()),
            };
            let failed = |error| Failed::at(index, error);
            let (effect, mut more) =
                if known { write.effect_on(item).map_err(failed)? } else { write.first_effect() };
            if let Some(entity) = write.entity.filter(|_| write.moves_locks()) {
                if known {
                    more = more.and(entity.same_locks(item));
                }
                let key = self.model.table.key_item(&write.key);
                locks.add(index, entity, &effect, item, &key).map_err(failed)?;
            }
            actions.push(self.action(write, &effect, &more, item));
        }
        locks.forget(foreign);
        let (items, all) = (actions.len(), actions.len() + locks.len());
        if all > MAX_ACTIONS {
            let message = format!(
                "{items} actions on items and {} on the locks of their unique attributes, expected \
                 at most {MAX_ACTIONS} in all",
                all - items
            );
            return Err(Failed::whole(Error::refused(message)));
        }
        actions.extend(locks.actions(self, writes));
        Ok(Plan { actions, locks })
    }
}
