//! Items found by what is unique about them: read, or written.
//!
//! A writer looks at a lock and its owner by writes that are never done, so it needs no permission
//! to read.

use serde_json::{Map, Value};
use weir_model::unique::{Lock, OWNER};
use weir_model::{AttributeValue, Entity, Item, PrimaryKey, WriteContext};

use super::backoff::delay;
use super::guard::Existence;
use super::table::Table;
use super::write::Write;
use crate::error::Error;

/// How often an item is looked for whose lock moves away meanwhile.
const MAX_LOOKS: u32 = 8;

/// The outcome of a write to an item that is found by its unique values.
#[derive(Debug)]
pub struct Upserted {
    /// The stored item.
    pub item: Item,
    /// Whether it was not there before.
    pub is_new: bool,
}

impl Table {
    /// The item of an entity that has these values of unique attributes, given as text; strongly
    /// consistent, in two reads.
    ///
    /// ```
    /// # weir_testing::shop::run(async |table| {
    /// # use {serde_json::json, weir_table::fresh};
    /// let user = table.model().entity("user").expect("it is defined");
    /// # let made = json!({ "email": "Ann@example.com" });
    /// # table.create(user.encode(made.as_object().unwrap(), fresh())?).await?;
    /// let ann = table.find_by(user, &[("email", "ann@example.com")]).await?;
    /// assert!(ann.is_some());
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] when no constraint is about just these attributes; else what DynamoDB
    /// says.
    pub async fn find_by(
        &self,
        entity: &Entity,
        values: &[(&str, &str)],
    ) -> Result<Option<Item>, Error> {
        let lock = entity.lock_of_text(values).map_err(Error::Invalid)?;
        for _ in 0..MAX_LOOKS {
            let Some(found) = self.get(&lock.key).await? else { return Ok(None) };
            let Some(key) = self.owner(&found) else { return Ok(None) };
            // Between the two reads the item may have taken other values.
            let item = self.get(&key).await?.filter(|item| entity.matches(item));
            if let Some(item) = item.filter(|item| entity.locks_held(item).contains(&lock)) {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }

    /// Creates an item, or sets what is given in the one that has the same values of unique
    /// attributes, which keeps the rest, its key too. Whoever else creates, changes or deletes such
    /// an item meanwhile: it is done to the one that there is.
    ///
    /// `unique` names the attributes of one constraint, and the object has a value for each.
    ///
    /// ```
    /// # weir_testing::shop::run(async |table| {
    /// # use {serde_json::json, weir_table::fresh};
    /// let user = table.model().entity("user").expect("it is defined");
    /// let ann = json!({ "email": "ann@example.com", "name": "Ann" });
    /// let ann = ann.as_object().expect("an object");
    /// assert!(table.upsert_by(user, &["email"], ann, fresh()).await?.is_new);
    /// assert!(!table.upsert_by(user, &["email"], ann, fresh()).await?.is_new, "the same user");
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] if no constraint is about just these attributes, and for values that do
    /// not fit; [`Error::Duplicate`] if the object has key attributes and another item has the
    /// values, and of another constraint; [`Error::Conflict`] if others keep changing the item;
    /// else what DynamoDB says.
    pub async fn upsert_by(
        &self,
        entity: &Entity,
        unique: &[&str],
        object: &Map<String, Value>,
        fresh: WriteContext,
    ) -> Result<Upserted, Error> {
        let lock = entity.lock_of_object(unique, object).map_err(Error::Invalid)?;
        for round in 0..MAX_LOOKS {
            let Some(item) = self.owner_of(entity, &lock).await? else {
                let item = entity.encode(object, fresh).map_err(Error::Invalid)?;
                match self.create(item).await {
                    Ok(item) => return Ok(Upserted { item, is_new: true }),
                    Err(Error::Duplicate { attributes, .. }) if attributes == lock.attributes => {
                        tokio::time::sleep(delay(round)).await;
                        continue;
                    }
                    Err(error) => return Err(error),
                }
            };
            match self.run(&self.upserting(entity, &lock, &item, object, fresh)?).await {
                Ok(done) => return Ok(Upserted { item: done.stored()?, is_new: false }),
                // It has been deleted, or has taken other values.
                Err(Error::NotFound { .. } | Error::ConditionFailed { .. }) => {
                    tokio::time::sleep(delay(round)).await;
                }
                Err(error) => return Err(error),
            }
        }
        Err(Error::Conflict { source: "other writers keep changing the item".into() })
    }

    /// The write that sets what is given in an item that is there, as long as it has what it is
    /// found by.
    fn upserting<'a>(
        &self,
        entity: &'a Entity,
        lock: &Lock,
        item: &Item,
        object: &Map<String, Value>,
        fresh: WriteContext,
    ) -> Result<Write<'a>, Error> {
        // The error names the taken value and nothing of the item that has it, which may be
        // another caller's.
        let object = entity.with_key_of(item, object).ok_or_else(|| Error::Duplicate {
            entity: entity.name.clone(),
            attributes: lock.attributes.clone(),
        })?;
        let (wanted, mut plan) = entity.plan_upsert(&object, fresh).map_err(Error::Invalid)?;
        plan.condition = plan.condition.and(entity.same_locks(Some(item)));
        let key = entity.key_of(wanted).map_err(Error::Invalid)?;
        Ok(Write::updating(entity, &key, Existence::Present, plan))
    }

    /// The item that a lock belongs to, by writes that are never done.
    async fn owner_of(&self, entity: &Entity, lock: &Lock) -> Result<Option<Item>, Error> {
        let Some(found) = self.probe(&lock.key).await? else { return Ok(None) };
        let Some(key) = self.owner(&found) else { return Ok(None) };
        let item = self.probe(&key).await?.filter(|item| entity.matches(item));
        Ok(item.filter(|item| entity.locks_held(item).contains(lock)))
    }

    /// The key of the item that a lock belongs to.
    fn owner(&self, lock: &Item) -> Option<PrimaryKey> {
        let Some(AttributeValue::M(owner)) = lock.get(OWNER) else { return None };
        self.model.table.primary_key(&owner.clone().into())
    }
}
