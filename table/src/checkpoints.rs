//! How far the local event source mapping has got in a stream, kept in the rollups table.
//!
//! ```text
//! PK                        SK          attributes
//! @mapping#<stream label>   <shard id>  sequence_number, open_window, done, fence, updated_at
//! @mapping#<stream label>   @lease      owner, time_to_live_ms, renewals, expires_at_ms, fence,
//!                                       updated_at
//! ```
//!
//! Discarded batches are written beside them, see [`OnFailureRecord`], and how far the whole stream
//! and each of its shards were handled, see [`StreamProgress`] and [`ShardPosition`].
//!
//! One poller at a time holds the [`Lease`] of a stream. Every time the lease is taken its fence
//! grows by one, and a checkpoint is saved only where no greater fence has saved one. That costs no
//! transaction, and it is what at-least-once delivery needs: a poller that lost its lease without
//! noticing may still save work that it did complete, but it cannot turn back a checkpoint of its
//! successor.
//!
//! **Invariant:** a checkpoint names a record only after the handler answered that it, and all
//! before it in the shard, were handled. That is the caller's to keep.
//!
//! A waiting poller judges by its own monotonic clock whether the lease has expired, see
//! [`LeaseWatch`]. A holder that was suspended may still deliver records after another poller took
//! over; the watermarks drop what was absorbed already.

mod held;
mod lease;
mod on_failure;
mod progress;
mod shard_progress;
mod written;

pub use held::{HeldLease, LeaseWatch};
pub use lease::Lease;
pub use on_failure::{BatchInfo, Condition, OnFailureRecord, RequestContext, ResponseContext};
pub use progress::StreamProgress;
pub use shard_progress::ShardPosition;

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use weir_model::table::{ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY};

use crate::clock;
use crate::error::chain;

/// Starts the partition key of every item that this module writes.
pub const PARTITION_PREFIX: &str = "@mapping#";
/// The sort key of the lease, beside the shard ids, none of which starts with `@`.
const LEASE: &str = "@lease";

/// The checkpoints and leases in one rollups table.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    client: Client,
    table_name: String,
}

/// How far one shard has been handled.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Checkpoint {
    /// The shard.
    pub shard_id: String,
    /// The last record handled, or none yet.
    pub sequence_number: Option<String>,
    /// The tumbling window that had an invocation and not yet its final one.
    pub open_window: Option<OpenWindow>,
    /// Whether the shard was closed and read to its end, so that its children may start.
    pub done: bool,
}

/// A checkpoint as it was found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Saved {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// When it was saved, in seconds since the epoch, by the clock of who saved it.
    pub saved_at: i64,
    /// The same as it is stored: another save changes it.
    pub updated_at: String,
}

/// The bounds of a tumbling window, in seconds since the epoch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OpenWindow {
    /// The first second of the window.
    pub start: i64,
    /// The first second after it.
    pub end: i64,
}

/// Why a checkpoint or lease could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Wait, and try again.
    #[error(
        "the lease of stream {} is held by {}, last renewed at {}",
        .0.label, .0.owner, .0.updated_at
    )]
    Held(Box<HeldLease>),
    /// Stop polling: another poller does.
    #[error("the lease of stream {label} was taken by another poller")]
    Lost {
        /// The stream.
        label: String,
    },
    /// DynamoDB did not do it.
    #[error("{action} in table {table} failed: {reason}")]
    DynamoDb {
        /// The call that failed.
        action: &'static str,
        /// The rollups table.
        table: String,
        /// The error of DynamoDB or of the SDK.
        reason: String,
    },
}

impl Checkpoints {
    /// Keeps checkpoints in this rollups table.
    pub fn new(client: Client, table_name: impl Into<String>) -> Self {
        Checkpoints { client, table_name: table_name.into() }
    }

    /// The table they are kept in.
    pub fn table_name(&self) -> &str {
        &self.table_name
    }

    /// All checkpoints of a stream, strongly consistent, by shard id.
    pub async fn load(&self, label: &str) -> Result<Vec<Checkpoint>, Error> {
        let saved = self.load_saved(label).await?;
        Ok(saved.into_iter().map(|saved| saved.checkpoint).collect())
    }

    /// The same, with the times at which they were saved.
    pub async fn load_saved(&self, label: &str) -> Result<Vec<Saved>, Error> {
        let items = self.items(partition(label), "reading checkpoints").await?;
        Ok(items.iter().filter_map(written::saved).collect())
    }

    /// Removes a checkpoint, unless it was saved again, or by a poller that held the lease later.
    pub async fn remove(&self, lease: &Lease, saved: &Saved) -> Result<(), Error> {
        let removed = self
            .client
            .delete_item()
            .table_name(&self.table_name)
            .set_key(Some(self.key(lease.label(), &saved.checkpoint.shard_id)))
            .condition_expression("#fence <= :fence AND #updated_at = :updated_at")
            .expression_attribute_names("#fence", "fence")
            .expression_attribute_names("#updated_at", "updated_at")
            .expression_attribute_values(":fence", number(lease.fence()))
            .expression_attribute_values(":updated_at", AttributeValue::S(saved.updated_at.clone()))
            .send()
            .await;
        match removed {
            Ok(_) => Ok(()),
            Err(error) if is_refused(&error) => Err(Error::Lost { label: lease.label().into() }),
            Err(error) => Err(self.failure("removing a checkpoint", error)),
        }
    }

    /// Saves a checkpoint, unless a poller that held the lease later saved one for the shard.
    pub async fn save(&self, lease: &Lease, checkpoint: &Checkpoint) -> Result<(), Error> {
        let expressions = written::expressions(lease.fence(), checkpoint);
        let saved = self
            .update(lease.label(), &checkpoint.shard_id)
            .update_expression(expressions.update)
            .condition_expression(expressions.condition)
            .set_expression_attribute_names(Some(expressions.names))
            .set_expression_attribute_values(Some(expressions.values))
            .send()
            .await;
        match saved {
            Ok(_) => Ok(()),
            Err(error) if is_refused(&error) => Err(Error::Lost { label: lease.label().into() }),
            Err(error) => Err(self.failure("saving a checkpoint", error)),
        }
    }

    /// All items of a partition, strongly consistent, in order.
    async fn items(
        &self,
        partition: AttributeValue,
        action: &'static str,
    ) -> Result<Vec<HashMap<String, AttributeValue>>, Error> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table_name)
            .consistent_read(true)
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", ROLLUPS_PARTITION_KEY)
            .expression_attribute_values(":pk", partition)
            .into_paginator()
            .items()
            .send();
        let mut items = Vec::new();
        while let Some(item) = pages.next().await {
            items.push(item.map_err(|error| self.failure(action, error))?);
        }
        Ok(items)
    }

    fn update(&self, label: &str, sort_key: &str) -> UpdateItemFluentBuilder {
        let key = self.key(label, sort_key);
        self.client.update_item().table_name(&self.table_name).set_key(Some(key))
    }

    fn key(&self, label: &str, sort_key: &str) -> HashMap<String, AttributeValue> {
        let sort_key = AttributeValue::S(sort_key.to_owned());
        let keys = [(ROLLUPS_PARTITION_KEY, partition(label)), (ROLLUPS_SORT_KEY, sort_key)];
        keys.map(|(name, value)| (name.to_owned(), value)).into()
    }

    fn failure<E>(&self, action: &'static str, error: SdkError<E>) -> Error
    where
        E: std::error::Error + 'static,
    {
        let reason = chain(&error);
        Error::DynamoDb { action, table: self.table_name.clone(), reason }
    }
}

fn partition(label: &str) -> AttributeValue {
    AttributeValue::S(format!("{PARTITION_PREFIX}{label}"))
}

fn text(item: &HashMap<String, AttributeValue>, name: &str) -> Option<String> {
    item.get(name)?.as_s().ok().cloned()
}

/// Returns the whole number that an attribute holds.
fn whole(value: Option<&AttributeValue>) -> Option<u64> {
    value?.as_n().ok()?.parse().ok()
}

fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn now() -> AttributeValue {
    AttributeValue::S(clock::now())
}

/// Whether the condition of a write did not hold.
pub(crate) fn is_refused<E>(error: &SdkError<E>) -> bool
where
    SdkError<E>: aws_sdk_dynamodb::error::ProvideErrorMetadata,
{
    use aws_sdk_dynamodb::error::ProvideErrorMetadata;
    error.code() == Some("ConditionalCheckFailedException")
}
