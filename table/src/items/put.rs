//! Puts: an item written whole.
//!
//! | the put | of an item that is there |
//! |---|---|
//! | [`Table::put`] | replaces it |
//! | [`Table::create`] | is [`Error::AlreadyExists`] |
//!
//! An item of an entity whose versions are counted is replaced by an update, which counts on from
//! the version that is stored; attributes that the definition does not know stay there.

use weir_model::{Item, Predicate, PrimaryKey};

use super::guard::{Existence, Guard};
use super::table::Table;
use super::write::{Effect, Write};
use crate::error::Error;

impl Table {
    /// Writes an item, replacing the one of its entity that has its key, if what is there is as the
    /// condition says; answers with what is stored. A condition on an item that is not there is one
    /// on an item without attributes.
    ///
    /// ```
    /// # weir_testing::shop::run(async |table| {
    /// # use {weir_model::Predicate, serde_json::json, weir_table::fresh};
    /// let order = table.model().entity("order").expect("it is defined");
    /// let item = |object: serde_json::Value| {
    ///     order.encode(object.as_object().expect("an object"), fresh())
    /// };
    ///
    /// let first = item(json!({ "user": "ann", "number": 7, "total": 12.5 }))?;
    /// table.put(first, &Predicate::always()).await?;
    /// let cheap = weir_model::condition::parse(order, &json!({ "total": { "lt": 10 } }))?;
    /// let second = item(json!({ "user": "ann", "number": 7, "total": 9 }))?;
    /// let refused = table.put(second, &cheap).await;
    /// assert!(matches!(refused, Err(weir_table::Error::ConditionFailed { item: Some(_) })));
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`Error::ConditionFailed`]; [`Error::OtherKind`] if an item of another entity has the key;
    /// [`Error::OtherItem`] if an item with other key attributes has it; else what DynamoDB says.
    pub async fn put(&self, item: Item, condition: &Predicate) -> Result<Item, Error> {
        self.run(&self.putting(item, Existence::Any, condition)?).await?.stored()
    }

    /// Writes an item whose key no other item has; answers with what is stored.
    ///
    /// ```
    /// # weir_testing::shop::run(async |table| {
    /// # use {serde_json::json, weir_table::fresh};
    /// let order = table.model().entity("order").expect("it is defined");
    /// let item = |object: serde_json::Value| {
    ///     order.encode(object.as_object().expect("an object"), fresh())
    /// };
    ///
    /// table.create(item(json!({ "user": "ann", "number": 7, "total": 12.5 }))?).await?;
    /// match table.create(item(json!({ "user": "ann", "number": 7, "total": 9 }))?).await {
    ///     Err(weir_table::Error::AlreadyExists { item, .. }) => {
    ///         assert_eq!(order.decode(&item)["total"], json!(12.5));
    ///     }
    ///     other => panic!("{other:?}"),
    /// }
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] if one has it, [`Error::OtherItem`] if its key attributes differ;
    /// else what DynamoDB says.
    pub async fn create(&self, item: Item) -> Result<Item, Error> {
        self.run(&self.putting(item, Existence::Absent, &Predicate::always())?).await?.stored()
    }

    /// The write of an item as a whole.
    pub(crate) fn putting(
        &self,
        item: Item,
        existence: Existence,
        condition: &Predicate,
    ) -> Result<Write<'_>, Error> {
        let entity = self.model.entity_of(&item);
        let key = self.key_of_item(&item)?;
        let guard = Guard::new(entity, &item, existence, condition);
        let counted = entity.filter(|entity| entity.version().is_some());
        let effect = match counted {
            Some(entity) if existence == Existence::Any => {
                Effect::Update(entity.plan_replacement(&item))
            }
            _ => Effect::Put(item),
        };
        Ok(Write { entity, key, guard, effect })
    }

    /// The key of an item that is to be put.
    pub(crate) fn key_of_item(&self, item: &Item) -> Result<PrimaryKey, Error> {
        let key = self.model.table.primary_key(item);
        key.ok_or_else(|| Error::refused("an item to be put has no text for a key".to_owned()))
    }
}
