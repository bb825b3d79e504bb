//! The items of the table: put, create, get, delete, and batches of puts.

mod get_many;
mod guard;
mod update;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{AttributeValue as SdkValue, PutRequest, ReturnValue, WriteRequest};
use model::{Entity, Item, Model, PrimaryKey};

pub use get_many::{Found, MAX_BATCH_KEYS};

use crate::connection::Connection;
use crate::error::Error;

/// The most items that one BatchWriteItem takes.
pub const MAX_BATCH_ITEMS: usize = 25;
/// DynamoDB's name for a condition that did not hold.
const CONDITION_FAILED: &str = "ConditionalCheckFailedException";
/// How often what a batch left unprocessed is sent again before it is handed back.
const BATCH_ATTEMPTS: u32 = 8;
/// How long to wait before what was left unprocessed is sent again; doubled each time.
const BATCH_RETRY_DELAY: Duration = Duration::from_millis(25);

/// A table of items, as its model describes it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Table {
    pub(crate) client: Client,
    pub(crate) model: Arc<Model>,
}

/// A batch of which some items could not be written.
#[derive(Debug)]
pub struct BatchOutcome {
    /// The positions, in the batch, of the items that were not written.
    pub unwritten: Vec<usize>,
    /// Why they were not, when DynamoDB said so; throttling when it said nothing.
    pub error: Option<Error>,
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

    /// Writes up to [`MAX_BATCH_ITEMS`] items, each replacing whatever item has its key: a batch takes no conditions. Of
    /// items of the same key the last is written. What DynamoDB leaves unprocessed is sent again for a while.
    pub async fn put_batch(&self, items: &[Item]) -> BatchOutcome {
        let mut pending = self.last_of_each_key(items);
        let mut delay = BATCH_RETRY_DELAY;
        let mut error = None;
        for attempt in 0..BATCH_ATTEMPTS {
            match self.write_once(items, &pending).await {
                Ok(unprocessed) => pending = unprocessed,
                Err(refused) if !refused.is_retryable() => {
                    error = Some(refused);
                    break;
                }
                Err(retryable) => error = Some(retryable),
            }
            if pending.is_empty() {
                return BatchOutcome { unwritten: pending, error: None };
            }
            if attempt + 1 < BATCH_ATTEMPTS {
                tokio::time::sleep(delay).await;
                delay *= 2;
            }
        }
        BatchOutcome { unwritten: pending, error }
    }

    /// Sends the items at those positions; returns the positions that DynamoDB left unprocessed.
    async fn write_once(&self, items: &[Item], positions: &[usize]) -> Result<Vec<usize>, Error> {
        let writes = positions.iter().map(|position| {
            let put = PutRequest::builder().set_item(Some(items[*position].clone().into()));
            WriteRequest::builder().put_request(put.build().expect("an item is set")).build()
        });
        let request = self.client.batch_write_item().request_items(self.name(), writes.collect());
        let answer = request.send().await.map_err(|error| Error::of(self.name(), error))?;
        let left = answer
            .unprocessed_items
            .and_then(|mut tables| tables.remove(self.name()))
            .unwrap_or_default();
        let left: HashSet<Key> = left
            .iter()
            .filter_map(|write| write.put_request.as_ref())
            .map(|put| self.sdk_key(&put.item))
            .collect();
        Ok(positions
            .iter()
            .copied()
            .filter(|position| left.contains(&self.key(&items[*position])))
            .collect())
    }

    fn last_of_each_key(&self, items: &[Item]) -> Vec<usize> {
        let last: HashMap<Key, usize> =
            items.iter().enumerate().map(|(position, item)| (self.key(item), position)).collect();
        let mut positions: Vec<_> = last.into_values().collect();
        positions.sort_unstable();
        positions
    }

    /// A primary key, for messages.
    pub(crate) fn shown_key(&self, key: &PrimaryKey) -> String {
        shown_key(&self.model, &self.model.table.key_item(key))
    }

    fn key(&self, item: &Item) -> Key {
        let text = |name: &String| item.get(name).map(|value| format!("{value:?}"));
        let table = &self.model.table;
        (text(&table.partition_key), table.sort_key.as_ref().and_then(text))
    }

    fn sdk_key(&self, item: &HashMap<String, SdkValue>) -> Key {
        self.key(&Item::from(item.clone()))
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

type Key = (Option<String>, Option<String>);

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
