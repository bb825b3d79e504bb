//! The items of one entity as values of a type of the program.
//!
//! ```
//! # weir_testing::shop::run(async |table| {
//! use weir_model::Update;
//! use serde_json::json;
//!
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct Order {
//!     user: String,
//!     number: u32,
//!     total: serde_json::Number,
//!     note: Option<String>,
//! }
//!
//! let orders = table.entity::<Order>("order")?;
//! let key = json!({ "user": "ann", "number": 7 });
//! let order = Order { user: "ann".into(), number: 7, total: 12.into(), note: None };
//!
//! orders.create(&order).await?;
//! let order = orders.patch(&key, &Update::new().add("total", 2).set("note", "gift")).await?;
//! assert_eq!(orders.get(&key).await?.map(|order| order.total), Some(order.total));
//! orders.delete(&key).await?;
//! # Ok(()) });
//! ```
//!
//! `serde_json::Map<String, Value>` is a type that fits every entity.
//!
//! `list` reads several of them, by an access pattern or of a partition.
//!
//! **Invariant:** a type is compared with the definition when it is bound, so that a field that the
//! definition does not have, or has otherwise, is told then, and not by the first item.

mod list;
mod relation;

use std::marker::PhantomData;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use weir_model::{Entity, Item, ItemKey, Predicate, Update};

use crate::error::Error;
use crate::fresh::fresh;
use crate::items::Table;

pub use list::{List, TypedPage};
pub use relation::{Many, One, RelatedItems};

/// The items of one entity, as values of `T`. Cheap to clone.
#[derive(Debug)]
pub struct Items<T> {
    table: Table,
    entity: Arc<Entity>,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Items<T> {
    fn clone(&self) -> Self {
        Self { table: self.table.clone(), entity: Arc::clone(&self.entity), of: PhantomData }
    }
}

impl Table {
    /// The items of an entity, as values of a type.
    ///
    /// # Errors
    /// [`Error::Type`] when there is no such entity, or the type is not what the definition says.
    pub fn entity<T: Serialize + DeserializeOwned>(&self, name: &str) -> Result<Items<T>, Error> {
        let entity = self.model().entity_named(name)?;
        entity.check_type::<T>()?;
        Ok(Items { table: self.clone(), entity: Arc::new(entity.clone()), of: PhantomData })
    }
}

impl<T: Serialize + DeserializeOwned> Items<T> {
    /// The entity, as the definition has it.
    pub fn entity(&self) -> &Entity {
        &self.entity
    }

    /// Creates an item, given as a `T` or as what is known of one before it is written; answers
    /// with what is stored, defaults included.
    ///
    /// ```
    /// # weir_testing::shop::run(async |table| {
    /// # use {serde_json::json, weir_testing::shop::Order};
    /// let orders = table.entity::<Order>("order")?;
    /// let order = orders.create(&json!({ "user": "ann", "number": 7, "total": 12.5 })).await?;
    /// assert_eq!(order.status.as_deref(), Some("placed"), "its default");
    /// let again = orders.create(&order).await;
    /// assert!(matches!(again, Err(weir_table::Error::AlreadyExists { .. })));
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`Error::AlreadyExists`], [`Error::Invalid`]; else what DynamoDB says.
    pub async fn create(&self, value: &impl Serialize) -> Result<T, Error> {
        self.read(&self.table.create(self.item(value)?).await?)
    }

    /// Writes an item, in place of the one that has its key; answers with what is stored.
    ///
    /// ```
    /// # weir_testing::shop::run(async |table| {
    /// # use {serde_json::json, weir_testing::shop::Order};
    /// let orders = table.entity::<Order>("order")?;
    /// orders.put(&json!({ "user": "ann", "number": 7, "total": 12.5, "note": "gift" })).await?;
    /// let order = orders.put(&json!({ "user": "ann", "number": 7, "total": 9 })).await?;
    /// assert_eq!(order.note, None, "it is written whole");
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`Error::OtherKind`], [`Error::Invalid`]; else what DynamoDB says.
    pub async fn put(&self, value: &impl Serialize) -> Result<T, Error> {
        self.read(&self.table.put(self.item(value)?, &Predicate::always()).await?)
    }

    /// Creates an item, or sets what is given in the one that is there, which keeps the rest;
    /// answers with what it has become.
    ///
    /// ```
    /// # weir_testing::shop::run(async |table| {
    /// # use {serde_json::json, weir_testing::shop::Order};
    /// let orders = table.entity::<Order>("order")?;
    /// let first = json!({ "user": "ann", "number": 7, "total": 12.5, "note": "gift" });
    /// orders.upsert(&first).await?;
    /// let second = json!({ "user": "ann", "number": 7, "total": 9, "status": "sent" });
    /// let order = orders.upsert(&second).await?;
    /// assert_eq!(order.total.to_string(), "9");
    /// assert_eq!(order.note.as_deref(), Some("gift"));
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`Error::OtherKind`], [`Error::Invalid`]; else what DynamoDB says.
    pub async fn upsert(&self, value: &impl Serialize) -> Result<T, Error> {
        let object = self.entity.object_from_value(value).map_err(invalid)?;
        self.read(&self.table.upsert(&self.entity, &object, fresh()).await?)
    }

    /// The item with a key, strongly consistent. A key is what the attributes are that it is made
    /// from: JSON, or a struct.
    ///
    /// ```
    /// # weir_testing::shop::run(async |table| {
    /// # use {serde_json::json, weir_testing::shop::Order};
    /// let orders = table.entity::<Order>("order")?;
    /// orders.create(&json!({ "user": "ann", "number": 7, "total": 12.5 })).await?;
    /// let order = orders.get(&json!({ "user": "ann", "number": 7 })).await?;
    /// assert_eq!(order.map(|order| order.total.to_string()).as_deref(), Some("12.5"));
    /// assert_eq!(orders.get(&json!({ "user": "ann", "number": 8 })).await?, None);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] for a value that is not a key; [`Error::Type`] when the item does not
    /// fit; else what DynamoDB says.
    pub async fn get(&self, key: &impl Serialize) -> Result<Option<T>, Error> {
        let key = self.key(key)?;
        let found = self.table.get(&key.primary).await?;
        let own = found.filter(|item| key.names(&self.entity, item));
        own.map(|item| self.read(&item)).transpose()
    }

    /// Updates an item that is there; answers with what it has become.
    ///
    /// ```
    /// # weir_testing::shop::run(async |table| {
    /// # use {serde_json::json, weir_model::Update, weir_testing::shop::Order};
    /// let orders = table.entity::<Order>("order")?;
    /// orders.create(&json!({ "user": "ann", "number": 7, "total": 12.5 })).await?;
    /// let key = json!({ "user": "ann", "number": 7 });
    /// let paid = Update::new().set("status", "paid").add("total", 2);
    /// let paid = paid.when(json!({ "status": "placed" }));
    /// assert_eq!(orders.patch(&key, &paid).await?.total.to_string(), "14.5");
    /// match orders.patch(&key, &paid).await {
    ///     Err(weir_table::Error::ConditionFailed { item }) => {
    ///         assert!(item.is_some(), "it is paid already");
    ///     }
    ///     other => panic!("{other:?}"),
    /// }
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::ConditionFailed`], [`Error::Invalid`]; else what DynamoDB
    /// says.
    pub async fn patch(&self, key: &impl Serialize, update: &Update) -> Result<T, Error> {
        let key = self.key(key)?;
        self.read(&self.table.patch(&self.entity, &key, update, fresh()).await?)
    }

    /// Updates an item, or creates it if the update says all that is required of one; answers with
    /// what it has become.
    ///
    /// ```
    /// # weir_testing::shop::run(async |table| {
    /// # use {serde_json::json, weir_model::Update, weir_testing::shop::Order};
    /// let orders = table.entity::<Order>("order")?;
    /// let key = json!({ "user": "ann", "number": 7 });
    /// let update = Update::new().add("total", 5).set_if_absent("note", "gift");
    /// for expected in ["5", "10"] {
    ///     assert_eq!(orders.update(&key, &update).await?.total.to_string(), expected);
    /// }
    /// // It does not say what an order must have, so it makes none.
    /// let key = json!({ "user": "bob", "number": 1 });
    /// let note = orders.update(&key, &Update::new().set("note", "?")).await;
    /// assert!(matches!(note, Err(weir_table::Error::NotFound { .. })));
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`Self::patch`], and [`Error::OtherKind`].
    pub async fn update(&self, key: &impl Serialize, update: &Update) -> Result<T, Error> {
        let key = self.key(key)?;
        self.read(&self.table.update(&self.entity, &key, update, fresh()).await?)
    }

    /// Deletes an item; answers with what it was, `None` when there was none.
    ///
    /// ```
    /// # weir_testing::shop::run(async |table| {
    /// # use {serde_json::json, weir_testing::shop::Order};
    /// let orders = table.entity::<Order>("order")?;
    /// orders.create(&json!({ "user": "ann", "number": 7, "total": 12.5 })).await?;
    /// let key = json!({ "user": "ann", "number": 7 });
    /// assert!(orders.delete(&key).await?.is_some());
    /// assert_eq!(orders.delete(&key).await?, None);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] for a value that is not a key; else what DynamoDB says.
    pub async fn delete(&self, key: &impl Serialize) -> Result<Option<T>, Error> {
        let key = self.key(key)?;
        let deleted = self.table.delete(&self.entity, &key, &Predicate::always()).await?;
        deleted.map(|item| self.read(&item)).transpose()
    }

    /// An item as it is stored: what a transaction takes.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub fn item(&self, value: &impl Serialize) -> Result<Item, Error> {
        Ok(self.entity.encode_value(value, fresh())?)
    }

    /// Returns the key of an item in the form that a transaction takes.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a value that is not a key.
    pub fn key(&self, key: &impl Serialize) -> Result<ItemKey, Error> {
        self.entity.key_from_json(&object(key)?).map_err(Error::Invalid)
    }

    fn read(&self, item: &Item) -> Result<T, Error> {
        Ok(self.entity.read_as(item)?)
    }
}

fn object(value: &impl Serialize) -> Result<Map<String, Value>, Error> {
    weir_model::to_object(value).map_err(invalid)
}

fn invalid(error: weir_model::FieldError) -> Error {
    Error::Invalid(vec![error])
}
