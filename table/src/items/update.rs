//! Updates: a plan of the model becomes one UpdateItem, and its refusal an error that says why.
//!
//! | the update | of an item that is not there |
//! |---|---|
//! | [`Table::patch`] | is [`Error::NotFound`] |
//! | [`Table::update`] | creates it if it has all required attributes, or [`Error::NotFound`] |
//! | [`Table::upsert`] | creates it: it says everything |
//!
//! [`Table::check`] updates nothing.
//!
//! **Invariant:** whatever is refused, nothing of it was written.

use serde_json::{Map, Value};
use weir_model::{Entity, Item, ItemKey, Predicate, Update, WriteContext};

use super::guard::{Existence, Guard};
use super::table::Table;
use super::write::{Effect, Write};
use crate::error::Error;

impl Table {
    /// Updates an item that is there; answers with what it has become.
    ///
    /// ```
    /// # weir_testing::shop::run(async |table| {
    /// # use {weir_model::Update, serde_json::json, weir_table::fresh};
    /// let order = table.model().entity("order").expect("it is defined");
    /// let key = order.key_from_text(&[("user", "ann"), ("number", "7")])?;
    /// # let made = json!({ "user": "ann", "number": 7, "total": 12.5 });
    /// # table.create(order.encode(made.as_object().unwrap(), fresh())?).await?;
    /// let update = Update::new().subtract("total", 2).set("tags", json!(["gift"]));
    /// let update = update.when(json!({ "status": "placed" }));
    /// let stored = table.patch(order, &key, &update, fresh()).await?;
    /// assert_eq!(order.decode(&stored)["total"], json!(10.5));
    /// let eleven = Update::new().subtract("total", 11);
    /// let too_much = table.patch(order, &key, &eleven, fresh()).await;
    /// assert!(matches!(too_much, Err(weir_table::Error::Invalid(_))), "it has `min = 0`");
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::NotFound`], [`Error::ConditionFailed`]; else what DynamoDB
    /// says.
    pub async fn patch(
        &self,
        entity: &Entity,
        key: &ItemKey,
        update: &Update,
        fresh: WriteContext,
    ) -> Result<Item, Error> {
        self.run(&patching(entity, key, update, fresh)?).await?.stored()
    }

    /// Updates an item, or creates it if the update says all that is required of one; answers with
    /// what it has become.
    ///
    /// ```
    /// # weir_testing::shop::run(async |table| {
    /// # use {weir_model::Update, serde_json::json, weir_table::fresh};
    /// let order = table.model().entity("order").expect("it is defined");
    /// let key = order.key_from_text(&[("user", "ann"), ("number", "7")])?;
    /// let update = Update::new().add("total", 5);
    /// table.update(order, &key, &update, fresh()).await?;
    /// let stored = table.update(order, &key, &update, fresh()).await?;
    /// assert_eq!(order.decode(&stored)["total"], json!(10));
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::NotFound`], [`Error::ConditionFailed`]; [`Error::OtherKind`] if
    /// an item of another kind has the key, [`Error::OtherItem`] if one with other key attributes
    /// has it; else what DynamoDB says.
    pub async fn update(
        &self,
        entity: &Entity,
        key: &ItemKey,
        update: &Update,
        fresh: WriteContext,
    ) -> Result<Item, Error> {
        self.run(&updating(entity, key, update, fresh)?).await?.stored()
    }

    /// Creates an item as given, or sets what is given in the one that is there, which keeps the
    /// rest; answers with what it has become.
    ///
    /// ```
    /// # weir_testing::shop::run(async |table| {
    /// # use {serde_json::json, weir_table::fresh};
    /// let order = table.model().entity("order").expect("it is defined");
    /// let mut object = json!({ "user": "ann", "number": 7, "total": 12.5, "note": "gift" });
    /// table.upsert(order, object.as_object().expect("an object"), fresh()).await?;
    /// object = json!({ "user": "ann", "number": 7, "total": 9, "status": "sent" });
    /// let stored = table.upsert(order, object.as_object().expect("an object"), fresh()).await?;
    /// assert_eq!(order.decode(&stored)["note"], json!("gift"));
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`]; [`Error::OtherKind`] if an item of another kind has the key,
    /// [`Error::OtherItem`] if one with other key attributes has it; else what DynamoDB says.
    pub async fn upsert(
        &self,
        entity: &Entity,
        object: &Map<String, Value>,
        fresh: WriteContext,
    ) -> Result<Item, Error> {
        let (item, plan) = entity.plan_upsert(object, fresh).map_err(Error::Invalid)?;
        let key = entity.key_of(item).map_err(Error::Invalid)?;
        let write = Write::updating(entity, &key, Existence::Any, plan);
        self.run(&write).await?.stored()
    }

    /// Says whether an item that is there is as a condition says, by a write that changes nothing.
    ///
    /// ```
    /// # weir_testing::shop::run(async |table| {
    /// # use {serde_json::json, weir_table::fresh};
    /// let order = table.model().entity("order").expect("it is defined");
    /// let key = order.key_from_text(&[("user", "ann"), ("number", "7")])?;
    /// # let made = json!({ "user": "ann", "number": 7, "total": 12.5 });
    /// # table.create(order.encode(made.as_object().unwrap(), fresh())?).await?;
    /// let placed = weir_model::condition::parse(order, &json!({ "status": "placed" }))?;
    /// table.check(order, &key, &placed).await?;
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::ConditionFailed`]; else what DynamoDB says.
    pub async fn check(
        &self,
        entity: &Entity,
        key: &ItemKey,
        condition: &Predicate,
    ) -> Result<(), Error> {
        self.run(&checking(entity, key, condition)).await.map(drop)
    }
}

/// The write that updates an item that is there.
pub(crate) fn patching<'a>(
    entity: &'a Entity,
    key: &ItemKey,
    update: &Update,
    fresh: WriteContext,
) -> Result<Write<'a>, Error> {
    let plan = entity.plan_update(&key.attributes, update, fresh).map_err(Error::Invalid)?;
    Ok(Write::updating(entity, key, Existence::Present, plan))
}

/// The write that updates an item, or creates it if the update says enough.
pub(crate) fn updating<'a>(
    entity: &'a Entity,
    key: &ItemKey,
    update: &Update,
    fresh: WriteContext,
) -> Result<Write<'a>, Error> {
    let plan = entity.plan_update(&key.attributes, update, fresh).map_err(Error::Invalid)?;
    let (existence, plan) = match entity.creating(&key.attributes, &plan, fresh) {
        Some(plan) => (Existence::Any, plan),
        None => (Existence::Present, plan),
    };
    Ok(Write::updating(entity, key, existence, plan))
}

/// The write that changes nothing, of an item that must be as a condition says.
pub(crate) fn checking<'a>(entity: &'a Entity, key: &ItemKey, condition: &Predicate) -> Write<'a> {
    let guard = Guard::new(Some(entity), &key.attributes, Existence::Present, condition);
    Write { entity: Some(entity), key: key.primary.clone(), guard, effect: Effect::Check }
}
