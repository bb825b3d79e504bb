//! Stream events for tests of reactors, without AWS and without a DynamoDB.
//!
//! ```
//! # use weir_processor::{Changes, Failure, Processor, testing::TestEvent};
//! # use serde_json::json;
//! # #[derive(serde::Deserialize)] struct Note { text: String }
//! # impl weir_model::ItemType for Note { const ENTITY: &'static str = "note"; }
//! # let text = "[table]\nname = \"notes\"\n[entities.note]\nPK = \"NOTE#{id}\"\nSK = \"NOTE\"\n\
//! #     [entities.note.attributes]\nid = { type = \"string\", required = true }\n\
//! #     text = { type = \"string\", required = true }\n";
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # runtime.block_on(async {
//! # let model: weir_model::Model = text.parse()?;
//! async fn reject_empty(changes: Changes) -> Result<(), Failure> {
//!     changes.typed::<Note>().try_for_each(|change| async move {
//!         let is_empty = change.new.is_some_and(|note| note.text.is_empty());
//!         if is_empty { Err("an empty note") } else { Ok(()) }
//!     }).await
//! }
//!
//! let processor = Processor::new(model.clone()).react("reject empty notes", reject_empty);
//! let (note, empty) = (json!({ "id": "1", "text": "hello" }), json!({ "id": "1", "text": "" }));
//! let event = TestEvent::new(model).insert("note", &note)?.modify("note", &note, &empty)?;
//! // The second change failed: Lambda would retry from there.
//! assert_eq!(event.deliver(&processor).await?, Some(1));
//! # Ok::<_, Box<dyn std::error::Error>>(()) })?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use weir_model::{FieldError, InvalidItem, Item, Model, WriteContext};

use crate::event::{Event, Record, State, StreamRecord, UserIdentity};
use crate::handler::{HandlerError, Processor};

/// The stream of the events.
const STREAM: &str =
    "arn:aws:dynamodb:eu-central-1:111122223333:table/test/stream/2026-01-01T00:00:00.000";
/// The shard of the records.
const SHARD: &str = "shardId-00000000000000000000-00000000";
/// The sequence number of the first record; each has the next one.
const FIRST_SEQUENCE: u128 = 100_000_000_000_000_000_000;
/// The time of the changes, in seconds since 1970.
const CHANGED_AT: i64 = 1_767_225_600;

/// A stream event of changes to items of a definition.
#[derive(Clone, Debug)]
pub struct TestEvent {
    model: Arc<Model>,
    records: Vec<Record>,
}

impl TestEvent {
    /// Creates an event without changes.
    pub fn new(model: impl Into<Arc<Model>>) -> Self {
        Self { model: model.into(), records: Vec::new() }
    }

    /// Adds the insertion of an item of an entity.
    ///
    /// # Errors
    /// An item that the definition rejects.
    pub fn insert(self, entity: &str, item: &impl Serialize) -> Result<Self, InvalidItem> {
        let new = self.encode(entity, item)?;
        Ok(self.add("INSERT", None, Some(new)))
    }

    /// Adds the change of an item of an entity.
    ///
    /// # Errors
    /// An item that the definition rejects.
    pub fn modify(
        self,
        entity: &str,
        old: &impl Serialize,
        new: &impl Serialize,
    ) -> Result<Self, InvalidItem> {
        let (old, new) = (self.encode(entity, old)?, self.encode(entity, new)?);
        Ok(self.add("MODIFY", Some(old), Some(new)))
    }

    /// Adds the deletion of an item of an entity.
    ///
    /// # Errors
    /// An item that the definition rejects.
    pub fn remove(self, entity: &str, item: &impl Serialize) -> Result<Self, InvalidItem> {
        let old = self.encode(entity, item)?;
        Ok(self.add("REMOVE", Some(old), None))
    }

    /// Adds the deletion of an item of an entity by DynamoDB, because its time to live has passed.
    ///
    /// # Errors
    /// An item that the definition rejects.
    pub fn expire(self, entity: &str, item: &impl Serialize) -> Result<Self, InvalidItem> {
        let mut event = self.remove(entity, item)?;
        if let Some(record) = event.records.last_mut() {
            record.user_identity = Some(UserIdentity::time_to_live());
        }
        Ok(event)
    }

    /// Delivers the event to a processor as Lambda does. Returns the position of the change, from
    /// 0, from which Lambda would retry; `None` if all changes were handled.
    ///
    /// # Errors
    /// The invocation failed as a whole.
    pub async fn deliver(&self, processor: &Processor) -> Result<Option<usize>, HandlerError> {
        let event = Event {
            records: self.records.clone(),
            shard_id: Some(SHARD.to_owned()),
            event_source_arn: Some(STREAM.to_owned()),
            window: None,
            state: State,
            is_final_invoke_for_window: false,
            is_window_terminated_early: false,
        };
        let response = processor.handle(event).await?;
        let failed = response.batch_item_failures.into_iter().find_map(|one| one.item_identifier);
        Ok(failed.and_then(|sequence| {
            self.records.iter().position(|record| record.dynamodb.sequence_number == sequence)
        }))
    }

    /// Returns an item as it is stored. Attributes that Weir manages may be missing.
    fn encode(&self, entity: &str, item: &impl Serialize) -> Result<Item, InvalidItem> {
        let Some(known) = self.model.entity(entity) else {
            let error = FieldError::new(entity, "the definition has no such entity");
            return Err(InvalidItem { entity: entity.to_owned(), errors: vec![error] });
        };
        known.encode_value(item, WriteContext::NONE)
    }

    fn add(mut self, name: &str, old_image: Option<Item>, new_image: Option<Item>) -> Self {
        let table = &self.model.table;
        let key = |item: &Item| {
            let names = std::iter::once(&table.partition_key).chain(&table.sort_key);
            let found = names.filter_map(|name| Some((name.clone(), item.get(name)?)));
            found.map(|(name, value)| (name, value.clone())).collect::<Vec<_>>()
        };
        let image = new_image.as_ref().or(old_image.as_ref());
        let keys: HashMap<_, _> = image.into_iter().flat_map(key).collect();
        let position = self.records.len();
        self.records.push(Record {
            event_id: format!("test-{position}"),
            event_name: name.to_owned(),
            event_version: None,
            event_source: Some("aws:dynamodb".to_owned()),
            aws_region: None,
            dynamodb: StreamRecord {
                approximate_creation_date_time: Some(CHANGED_AT),
                keys: Item::from(keys),
                new_image,
                old_image,
                sequence_number: (FIRST_SEQUENCE + position as u128).to_string(),
                size_bytes: None,
                stream_view_type: Some("NEW_AND_OLD_IMAGES".to_owned()),
            },
            user_identity: None,
            event_source_arn: Some(STREAM.to_owned()),
        });
        self
    }
}
