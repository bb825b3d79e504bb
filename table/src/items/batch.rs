//! Batches of puts: what DynamoDB leaves unprocessed is sent again for a while, and then handed back.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue as SdkValue, PutRequest, WriteRequest};
use model::Item;

use super::Table;
use crate::error::Error;

/// The most items that one BatchWriteItem takes.
pub const MAX_BATCH_ITEMS: usize = 25;
/// How often what a batch left unprocessed is sent again before it is handed back.
pub(super) const BATCH_ATTEMPTS: u32 = 8;
/// How long to wait before what was left unprocessed is sent again; doubled each time.
pub(super) const BATCH_RETRY_DELAY: Duration = Duration::from_millis(25);

/// A batch of which some items could not be written.
#[derive(Debug)]
pub struct BatchOutcome {
    /// The positions, in the batch, of the items that were not written.
    pub unwritten: Vec<usize>,
    /// Why they were not, when DynamoDB said so; throttling when it said nothing.
    pub error: Option<Error>,
}

type Key = (Option<String>, Option<String>);

impl Table {
    /// Writes up to [`MAX_BATCH_ITEMS`] items, each replacing whatever item has its key: a batch takes no conditions. Of
    /// items of the same key the last is written. What DynamoDB leaves unprocessed is sent again for a while.
    ///
    /// Nothing is written of a batch with an item that takes conditions ([`model::Entity::is_written_alone`]).
    pub async fn put_batch(&self, items: &[Item]) -> BatchOutcome {
        let mut entities = items.iter().filter_map(|item| self.model.entity_of(item));
        if let Some(entity) = entities.find(|entity| entity.is_written_alone()) {
            let text = format!("a batch cannot write {}: put each by itself", entity.name);
            return BatchOutcome {
                unwritten: (0..items.len()).collect(),
                error: Some(Error::refused(text)),
            };
        }
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

    fn key(&self, item: &Item) -> Key {
        let text = |name: &String| item.get(name).map(|value| format!("{value:?}"));
        let table = &self.model.table;
        (text(&table.partition_key), table.sort_key.as_ref().and_then(text))
    }

    fn sdk_key(&self, item: &HashMap<String, SdkValue>) -> Key {
        self.key(&Item::from(item.clone()))
    }
}
