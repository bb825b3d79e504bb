//! Deletions.
//!
//! | the deletion | of an item that is not there |
//! |---|---|
//! | [`Table::delete`] | is done already |
//! | [`Table::remove`] | is [`Error::NotFound`] |

use weir_model::{Entity, Item, ItemKey, Predicate};

use super::guard::{Existence, Guard};
use super::table::Table;
use super::write::{Effect, Write};
use crate::error::Error;

impl Table {
    /// Deletes the item of that entity with that key, if it is as the condition says, and returns
    /// what it was; `None` when there was none. A condition on an item that is not there is one on
    /// an item without attributes.
    ///
    /// ```
    /// # weir_testing::shop::run(async |table| {
    /// # use {weir_model::Predicate, serde_json::json, weir_table::fresh};
    /// let order = table.model().entity("order").expect("it is defined");
    /// let key = order.key_from_text(&[("user", "ann"), ("number", "7")])?;
    /// # let made = json!({ "user": "ann", "number": 7, "total": 12.5 });
    /// # table.create(order.encode(made.as_object().unwrap(), fresh())?).await?;
    /// let was = table.delete(order, &key, &Predicate::always()).await?;
    /// assert_eq!(was.map(|item| order.decode(&item)["total"].clone()), Some(json!(12.5)));
    /// assert!(table.delete(order, &key, &Predicate::always()).await?.is_none());
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`Error::ConditionFailed`]; else what DynamoDB says.
    pub async fn delete(
        &self,
        entity: &Entity,
        key: &ItemKey,
        condition: &Predicate,
    ) -> Result<Option<Item>, Error> {
        match self.run(&deleting(entity, key, Existence::Any, condition)).await {
            Ok(done) => Ok(done.old),
            // The stored item is not the one that the key names: there is nothing to delete.
            Err(Error::OtherKind(_) | Error::OtherItem { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes the item of that entity with that key, which must be there and as the condition
    /// says; returns what it was.
    ///
    /// ```
    /// # weir_testing::shop::run(async |table| {
    /// # use {weir_model::Predicate, serde_json::json, weir_table::fresh};
    /// let order = table.model().entity("order").expect("it is defined");
    /// let key = order.key_from_text(&[("user", "ann"), ("number", "7")])?;
    /// # let made = json!({ "user": "ann", "number": 7, "total": 12.5 });
    /// # table.create(order.encode(made.as_object().unwrap(), fresh())?).await?;
    /// table.remove(order, &key, &Predicate::always()).await?;
    /// let again = table.remove(order, &key, &Predicate::always()).await;
    /// assert!(matches!(again, Err(weir_table::Error::NotFound { .. })));
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::ConditionFailed`]; else what DynamoDB says.
    pub async fn remove(
        &self,
        entity: &Entity,
        key: &ItemKey,
        condition: &Predicate,
    ) -> Result<Item, Error> {
        let done = self.run(&deleting(entity, key, Existence::Present, condition)).await?;
        Ok(done.old.unwrap_or_else(super::table::no_item))
    }
}

/// The write that deletes an item.
pub(crate) fn deleting<'a>(
    entity: &'a Entity,
    key: &ItemKey,
    existence: Existence,
    condition: &Predicate,
) -> Write<'a> {
    let guard = Guard::new(Some(entity), &key.attributes, existence, condition);
    Write { entity: Some(entity), key: key.primary.clone(), guard, effect: Effect::Delete }
}
