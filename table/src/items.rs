//! The items of the table: put, create, get, delete; batches and updates in files of their own.

mod batch;
mod get_many;
mod guard;
mod update;

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{AttributeValue as SdkValue, ReturnValue};
use model::{Entity, Item, Model, PrimaryKey};

pub use batch::{BatchOutcome, MAX_BATCH_ITEMS};
pub use get_many::{Found, MAX_BATCH_KEYS};

use crate::connection::Connection;
use crate::error::Error;

/// DynamoDB's name for a condition that did not hold.
const CONDITION_FAILED: &str = "ConditionalCheckFailedException";
/// A table of items, as its model describes it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Table {
    pub(crate) client: Client,
    pub(crate) model: Arc<Model>,
}

impl Table {
    /// The table that the model is about.
    pub fn new(connection: &Connection, model: Arc<Model>) -> Self {
        Self { client: connection.dynamodb(), model }
    }

    /// What the table holds.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// The table's name.
    pub fn name(&self) -> &str {
        &self.model.table.name
    }

    /// Writes an item, replacing the one of its entity that has its key.
    ///
    /// # Errors
    /// [`Error::OtherKind`] when an item that is none of the entity has its key; else what DynamoDB says.
    pub async fn put(&self, item: Item) -> Result<(), Error> {
        let key = shown_key(&self.model, &item);
        let own = self.model.entity_of(&item).map(OwnKind::of);
        let mut request = self.client.put_item().table_name(self.name());
        if let Some(own) = own {
            request = request
                .condition_expression(format!("attribute_not_exists(#key) OR ({})", own.condition))
                .expression_attribute_names("#key", &self.model.table.partition_key)
                .set_expression_attribute_values(Some(own.values));
            for (placeholder, name) in own.names {
                request = request.expression_attribute_names(placeholder, name);
            }
        }
        match request.set_item(Some(item.into())).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some(CONDITION_FAILED) => Err(Error::OtherKind(key)),
            Err(error) => Err(Error::of(self.name(), error)),
        }
    }

    /// Writes an item whose key no other item has.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] when one has it; else what DynamoDB says.
    pub async fn create(&self, item: Item) -> Result<(), Error> {
        let table = &self.model.table;
        let key = shown_key(&self.model, &item);
        let request = self
            .client
            .put_item()
            .table_name(self.name())
            .set_item(Some(item.into()))
            .condition_expression("attribute_not_exists(#key)")
            .expression_attribute_names("#key", &table.partition_key);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some(CONDITION_FAILED) => Err(Error::AlreadyExists(key)),
            Err(error) => Err(Error::of(self.name(), error)),
        }
    }

    /// The item with that key, strongly consistent.
    ///
    /// # Errors
    /// What DynamoDB says.
    pub async fn get(&self, key: &PrimaryKey) -> Result<Option<Item>, Error> {
        let key = self.model.table.key_item(key);
        let request = self
            .client
            .get_item()
            .table_name(self.name())
            .set_key(Some(key.into()))
            .consistent_read(true);
        let answer = request.send().await.map_err(|error| Error::of(self.name(), error))?;
        Ok(answer.item.map(Item::from))
    }

    /// Deletes the item of that entity with that key and returns what it was; `None` when there was none.
    ///
    /// # Errors
    /// What DynamoDB says.
    pub async fn delete(&self, entity: &Entity, key: &PrimaryKey) -> Result<Option<Item>, Error> {
        let own = OwnKind::of(entity);
        let request = self
            .client
            .delete_item()
            .table_name(self.name())
            .set_key(Some(self.model.table.key_item(key).into()))
            .condition_expression(own.condition)
            .set_expression_attribute_names(Some(own.names))
            .set_expression_attribute_values(Some(own.values))
            .return_values(ReturnValue::AllOld);
        match request.send().await {
            Ok(answer) => Ok(answer.attributes.map(Item::from)),
            Err(error) if error.code() == Some(CONDITION_FAILED) => Ok(None),
            Err(error) => Err(Error::of(self.name(), error)),
        }
    }

    /// A primary key, for messages.
    pub(crate) fn shown_key(&self, key: &PrimaryKey) -> String {
        shown_key(&self.model, &self.model.table.key_item(key))
    }
}

/// The condition that an item is one of an entity.
struct OwnKind {
    condition: String,
    names: HashMap<String, String>,
    values: HashMap<String, SdkValue>,
}

impl OwnKind {
    fn of(entity: &Entity) -> Self {
        let mut own =
            Self { condition: String::new(), names: HashMap::new(), values: HashMap::new() };
        for (position, (name, value)) in entity.discriminator.iter().enumerate() {
            let and = if position > 0 { " AND " } else { "" };
            own.condition.push_str(&format!("{and}#kind{position} = :kind{position}"));
            own.names.insert(format!("#kind{position}"), name.clone());
            own.values.insert(format!(":kind{position}"), value.clone().into());
        }
        own
    }
}

/// What an item that is not there has.
fn no_item() -> Item {
    HashMap::<String, model::AttributeValue>::new().into()
}

fn shown_key(model: &Model, item: &Item) -> String {
    let text = |name: &String| match item.get(name) {
        Some(model::AttributeValue::S(text)) => text.clone(),
        other => format!("{other:?}"),
    };
    let keys = std::iter::once(&model.table.partition_key).chain(&model.table.sort_key);
    keys.map(|name| format!("{name} {}", text(name))).collect::<Vec<_>>().join(", ")
}
