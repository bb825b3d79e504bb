//! The locks that a transaction takes and gives back.
//!
//! | in the transaction the lock is | the action on it | if |
//! |---|---|---|
//! | taken | put, with its owner | there is none, or it is the owner's already |
//! | given back and taken by another | put, with its new owner | and also if it is the old owner's |
//! | given back | deleted | there is none, or it is the owner's |
//!
//! A lock that is taken although its owner has it is put again: so items that were there before
//! their entity had a constraint take their locks when they are put.
//!
//! **Invariant:** nobody gives back what is another's.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::types::TransactWriteItem;
use weir_model::filter::Test;
use weir_model::unique::{Lock, OWNER};
use weir_model::{AttributeValue, Entity, Item, Path, Predicate, PrimaryKey};

use super::table::Table;
use super::write::{Effect, Write};
use crate::error::Error;

/// The change of each lock, in the order of its action.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    moves: Vec<Move>,
}

/// The change of a lock: the write that takes it and the write that gives it back, by position
/// among the writes.
#[derive(Debug)]
struct Move {
    lock: Lock,
    taken_by: Option<usize>,
    given_by: Option<usize>,
}

impl Locks {
    pub(crate) fn len(&self) -> usize {
        self.moves.len()
    }

    /// Adds what a write takes and gives back, of an item as it was seen.
    pub(crate) fn add(
        &mut self,
        index: usize,
        entity: &Entity,
        effect: &Effect,
        seen: Option<&Item>,
        key: &Item,
    ) -> Result<(), Error> {
        let held = seen.map(|item| entity.locks_held(item)).unwrap_or_default();
        let wanted = match effect {
            Effect::Put(item) => entity.locks(item),
            Effect::Update(plan) => entity.locks(&entity.unique_after(seen, key, plan)),
            Effect::Delete | Effect::Check => Ok(Vec::new()),
        };
        let wanted = wanted.map_err(Error::Invalid)?;
        for lock in held.into_iter().filter(|lock| !wanted.contains(lock)) {
            self.entry(lock).given_by = Some(index);
        }
        for lock in wanted {
            let attributes = lock.attributes.clone();
            if self.entry(lock).taken_by.replace(index).is_some() {
                return Err(Error::Duplicate { entity: entity.name.clone(), attributes });
            }
        }
        Ok(())
    }

    /// Leaves alone those that turned out to be another's: they need not be given back.
    pub(crate) fn forget(&mut self, foreign: &HashSet<PrimaryKey>) {
        self.moves.retain(|other| other.taken_by.is_some() || !foreign.contains(&other.lock.key));
    }

    /// The actions on them.
    pub(crate) fn actions(&self, table: &Table, writes: &[Write<'_>]) -> Vec<TransactWriteItem> {
        self.moves.iter().map(|other| other.action(table, writes)).collect()
    }

    /// Returns the error if the condition of the lock at that position did not hold: at which write
    /// the transaction failed, or which lock is another's and not to be given back.
    pub(crate) fn refused(
        &self,
        position: usize,
        writes: &[Write<'_>],
    ) -> Result<(usize, Error), PrimaryKey> {
        let Move { lock, taken_by, .. } = &self.moves[position];
        let Some(index) = *taken_by else { return Err(lock.key.clone()) };
        let entity = writes[index].entity.map(|entity| entity.name.clone()).unwrap_or_default();
        Ok((index, Error::Duplicate { entity, attributes: lock.attributes.clone() }))
    }

    fn entry(&mut self, lock: Lock) -> &mut Move {
        let known = self.moves.iter().position(|other| other.lock.key == lock.key);
        let position = known.unwrap_or_else(|| {
            self.moves.push(Move { lock, taken_by: None, given_by: None });
            self.moves.len() - 1
        });
        &mut self.moves[position]
    }
}

impl Move {
    fn action(&self, table: &Table, writes: &[Write<'_>]) -> TransactWriteItem {
        let definition = &table.model.table;
        let owner = |index: usize| owner(&definition.key_item(&writes[index].key));
        let owners: Vec<_> = [self.taken_by, self.given_by].into_iter().flatten().collect();
        let is_theirs = Test::In(owners.iter().map(|index| owner(*index)).collect());
        let condition = Predicate::Any(vec![
            Predicate::Test(Path::stored(&definition.partition_key), Test::Exists(false)),
            Predicate::Test(Path::stored(OWNER), is_theirs),
        ]);
        match self.taken_by {
            Some(index) => {
                let mut item = definition.key_item(&self.lock.key);
                item.insert(OWNER.to_owned(), owner(index));
                table.transact_put(&item, &condition)
            }
            None => table.transact_delete(&self.lock.key, &condition),
        }
    }
}

/// An item's key as its locks hold it.
fn owner(key: &Item) -> AttributeValue {
    let members: HashMap<String, AttributeValue> =
        key.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    AttributeValue::M(members)
}
