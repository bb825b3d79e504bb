//! Batches of puts and deletions: what DynamoDB leaves unprocessed is sent again for a while, and
//! then handed back.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aws_sdk_dynamodb::types::{DeleteRequest, PutRequest, WriteRequest};
use weir_model::{Entity, Item, ItemKey, Predicate, PrimaryKey, limits};

use super::table::Table;
use crate::error::Error;

/// The most writes that one BatchWriteItem takes.
pub const MAX_BATCH_WRITES: usize = limits::MAX_BATCH_WRITES;
/// How often what a batch left unprocessed is sent again before it is handed back.
pub(super) const BATCH_ATTEMPTS: u32 = 8;
/// How long to wait before what was left unprocessed is sent again; doubled each time.
pub(super) const BATCH_RETRY_DELAY: Duration = Duration::from_millis(25);

/// A write without a condition, which a batch takes.
#[derive(Clone, Debug)]
pub enum BatchWrite<'a> {
    /// An item that replaces the item with its key.
    Put(Item),
    /// The deletion of the item of an entity with this key.
    Delete(&'a Entity, ItemKey),
}

/// A batch of which some writes could not be done.
#[derive(Debug)]
pub struct BatchOutcome {
    /// The positions, in the batch, of the writes that were not done.
    pub unwritten: Vec<usize>,
    /// Why they were not, when DynamoDB said so; throttling when it said nothing.
    pub error: Option<Error>,
}

impl Table {
    /// Does up to [`MAX_BATCH_WRITES`] writes, without conditions: a batch takes none. Of several
    /// at one key the last is done. Items that DynamoDB leaves unprocessed are sent again for a
    /// while.
    ///
    /// Nothing is done of a batch with an item that takes conditions
    /// ([`weir_model::Entity::is_written_alone`]).
    ///
    /// ```
    /// # weir_testing::shop::run(async |table| {
    /// # use {serde_json::json, weir_table::fresh};
    /// use weir_table::BatchWrite;
    ///
    /// let order = table.model().entity("order").expect("it is defined");
    /// let new = json!({ "user": "ann", "number": 8, "total": 1 });
    /// let put = BatchWrite::Put(order.encode(new.as_object().expect("an object"), fresh())?);
    /// let old = order.key_from_text(&[("user", "ann"), ("number", "7")])?;
    /// let outcome = table.write_batch(&[put, BatchWrite::Delete(order, old)]).await;
    /// assert!(outcome.unwritten.is_empty() && outcome.error.is_none());
    /// # Ok(()) });
    /// ```
    pub async fn write_batch(&self, writes: &[BatchWrite<'_>]) -> BatchOutcome {
        let mut pending = match self.last_of_each_key(writes) {
            Ok(pending) => pending,
            Err(error) => {
                return BatchOutcome { unwritten: (0..writes.len()).collect(), error: Some(error) };
            }
        };
        let mut delay = BATCH_RETRY_DELAY;
        let mut error = None;
        for attempt in 0..BATCH_ATTEMPTS {
            match self.write_once(writes, &pending).await {
                Ok(unprocessed) => pending = unprocessed,
                Err(refused) if !refused.is_retryable() => {
                    error = Some(refused);
                    break;
                }
                Err(retryable) => error = Some(retryable),
            }
            if pending.is_empty() {
                return BatchOutcome { unwritten: Vec::new(), error: None };
            }
            if attempt + 1 < BATCH_ATTEMPTS {
                tokio::time::sleep(delay).await;
                delay *= 2;
            }
        }
        BatchOutcome {
            unwritten: pending.into_iter().map(|(position, _)| position).collect(),
            error,
        }
    }

    /// Sends the writes at those positions; returns those that DynamoDB left unprocessed.
    async fn write_once(
        &self,
        writes: &[BatchWrite<'_>],
        pending: &[(usize, PrimaryKey)],
    ) -> Result<Vec<(usize, PrimaryKey)>, Error> {
        let requests = pending.iter().map(|(position, key)| match &writes[*position] {
            BatchWrite::Put(item) => {
                let put = PutRequest::builder().set_item(Some(item.clone().into()));
                WriteRequest::builder().put_request(put.build().expect("an item is set")).build()
            }
            BatchWrite::Delete(..) => {
                let key = self.model.table.key_item(key);
                let delete = DeleteRequest::builder().set_key(Some(key.into()));
                let delete = delete.build().expect("a key is set");
                WriteRequest::builder().delete_request(delete).build()
            }
        });
        let request = self.client.batch_write_item();
        let request = request.request_items(self.name(), requests.collect());
        let answer = request.send().await.map_err(|error| Error::from_sdk(self.name(), error))?;
        let left = answer.unprocessed_items.and_then(|mut tables| tables.remove(self.name()));
        let left = left.unwrap_or_default().into_iter().filter_map(|write| match write {
            WriteRequest { put_request: Some(put), .. } => Some(put.item),
            WriteRequest { delete_request: Some(delete), .. } => Some(delete.key),
            _ => None,
        });
        let left: HashSet<_> =
            left.filter_map(|item| self.model.table.primary_key(&item.into())).collect();
        Ok(pending.iter().filter(|(_, key)| left.contains(key)).cloned().collect())
    }

    /// The position of the last write at each key, with the key, in order.
    fn last_of_each_key(
        &self,
        writes: &[BatchWrite<'_>],
    ) -> Result<Vec<(usize, PrimaryKey)>, Error> {
        let mut last = HashMap::new();
        for (position, write) in writes.iter().enumerate() {
            if let Some(entity) = write.entity(self).filter(|entity| entity.is_written_alone()) {
                let text = format!("a batch cannot write {}: write each by itself", entity.name);
                return Err(Error::refused(text));
            }
            last.insert(write.key(self)?, position);
        }
        let mut last: Vec<_> = last.into_iter().map(|(key, position)| (position, key)).collect();
        last.sort_unstable_by_key(|(position, _)| *position);
        Ok(last)
    }
}

impl BatchWrite<'_> {
    /// The entity of the item that is written.
    pub fn entity<'t>(&'t self, table: &'t Table) -> Option<&'t Entity> {
        match self {
            Self::Put(item) => table.model.entity_of(item),
            Self::Delete(entity, _) => Some(entity),
        }
    }

    /// The key of the item that is written.
    ///
    /// # Errors
    /// [`Error::Refused`] of an item without a key.
    pub fn key(&self, table: &Table) -> Result<PrimaryKey, Error> {
        match self {
            Self::Put(item) => table.key_of_item(item),
            Self::Delete(_, key) => Ok(key.primary.clone()),
        }
    }

    /// Returns what holds of the item that is written, of those with its key.
    pub fn named(&self, table: &Table) -> Predicate {
        let attributes = match self {
            Self::Put(item) => item,
            Self::Delete(_, key) => &key.attributes,
        };
        self.entity(table).map(|entity| entity.named(attributes)).unwrap_or_default()
    }
}
