//! How far the local event source mapping has got in a stream, kept in the rollups table.
//!
//! ```text
//! PK                        SK          attributes
//! @mapping#<stream label>   <shard id>  sequence_number, open_window, done, fence, updated_at
//! @mapping#<stream label>   @lease      owner, expires_at_ms, fence, updated_at
//! ```
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
//! Expiry is judged by the clock of whoever wants the lease. Clocks that differ by more than the
//! time to live let two pollers deliver the same records for a while; the watermarks drop what was
//! absorbed already.

mod lease;

pub use lease::Lease;

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use aws_sdk_dynamodb::types::AttributeValue;
use model::table::{ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY};

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
    #[error("the lease of stream {label} is held by {owner} for another {} ms", .remaining.as_millis())]
    Held {
        /// The stream.
        label: String,
        /// Who holds it.
        owner: String,
        /// When it expires unless renewed.
        remaining: Duration,
    },
    /// Stop polling: somebody else does.
    #[error("the lease of stream {label} was taken by another poller")]
    Lost {
        /// The stream.
        label: String,
    },
    /// DynamoDB did not do it.
    #[error("{action} in table {table} failed: {reason}")]
    DynamoDb {
        /// What was to be done.
        action: &'static str,
        /// The rollups table.
        table: String,
        /// What DynamoDB or the SDK said.
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
        let mut pages = self
            .client
            .query()
            .table_name(&self.table_name)
            .consistent_read(true)
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", ROLLUPS_PARTITION_KEY)
            .expression_attribute_values(":pk", partition(label))
            .into_paginator()
            .items()
            .send();
        let mut checkpoints = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| self.failure("reading checkpoints", error))?;
            checkpoints.extend(checkpoint(&item));
        }
        Ok(checkpoints)
    }

    /// Saves a checkpoint, unless a poller that held the lease later saved one for the shard.
    pub async fn save(&self, lease: &Lease, checkpoint: &Checkpoint) -> Result<(), Error> {
        let mut update = self
            .update(lease.label(), &checkpoint.shard_id)
            .condition_expression("attribute_not_exists(#fence) OR #fence <= :fence")
            .expression_attribute_names("#fence", "fence")
            .expression_attribute_names("#done", "done")
            .expression_attribute_names("#open_window", "open_window")
            .expression_attribute_names("#updated_at", "updated_at")
            .expression_attribute_values(":fence", number(lease.fence()))
            .expression_attribute_values(":done", AttributeValue::Bool(checkpoint.done))
            .expression_attribute_values(":updated_at", now());
        let mut set = "SET #fence = :fence, #done = :done, #updated_at = :updated_at".to_owned();
        if let Some(sequence_number) = &checkpoint.sequence_number {
            set += ", #sequence_number = :sequence_number";
            update = update
                .expression_attribute_names("#sequence_number", "sequence_number")
                .expression_attribute_values(
                    ":sequence_number",
                    AttributeValue::S(sequence_number.clone()),
                );
        }
        match checkpoint.open_window {
            Some(window) => {
                set += ", #open_window = :open_window";
                update = update.expression_attribute_values(":open_window", stored_window(window));
            }
            None => set += " REMOVE #open_window",
        }
        match update.update_expression(set).send().await {
            Ok(_) => Ok(()),
            Err(error) if is_refused(&error) => Err(Error::Lost { label: lease.label().into() }),
            Err(error) => Err(self.failure("saving a checkpoint", error)),
        }
    }

    fn update(&self, label: &str, sort_key: &str) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table_name)
            .key(ROLLUPS_PARTITION_KEY, partition(label))
            .key(ROLLUPS_SORT_KEY, AttributeValue::S(sort_key.to_owned()))
    }

    fn failure<E>(&self, action: &'static str, error: SdkError<E>) -> Error
    where
        E: std::error::Error + 'static,
    {
        let reason = DisplayErrorContext(error).to_string();
        Error::DynamoDb { action, table: self.table_name.clone(), reason }
    }
}

/// Reads an item as a checkpoint; the lease is none.
fn checkpoint(item: &HashMap<String, AttributeValue>) -> Option<Checkpoint> {
    let shard_id = text(item, ROLLUPS_SORT_KEY).filter(|sort_key| sort_key != LEASE)?;
    let done = item.get("done").and_then(|value| value.as_bool().ok()).copied();
    Some(Checkpoint {
        shard_id,
        sequence_number: text(item, "sequence_number"),
        open_window: item.get("open_window").and_then(open_window),
        done: done.unwrap_or_default(),
    })
}

fn stored_window(window: OpenWindow) -> AttributeValue {
    let bounds = [("start", window.start), ("end", window.end)];
    AttributeValue::M(bounds.map(|(name, secs)| (name.to_owned(), number(secs))).into())
}

fn open_window(stored: &AttributeValue) -> Option<OpenWindow> {
    let bounds = stored.as_m().ok()?;
    let secs = |name| bounds.get(name)?.as_n().ok()?.parse().ok();
    Some(OpenWindow { start: secs("start")?, end: secs("end")? })
}

fn partition(label: &str) -> AttributeValue {
    AttributeValue::S(format!("{PARTITION_PREFIX}{label}"))
}

fn text(item: &HashMap<String, AttributeValue>, name: &str) -> Option<String> {
    item.get(name)?.as_s().ok().cloned()
}

fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn now() -> AttributeValue {
    let now = DateTime::from(SystemTime::now()).fmt(DateTimeFormat::DateTime);
    AttributeValue::S(now.expect("this century is within RFC 3339"))
}

/// Whether the condition of a write did not hold.
fn is_refused<E>(error: &SdkError<E>) -> bool
where
    SdkError<E>: aws_sdk_dynamodb::error::ProvideErrorMetadata,
{
    use aws_sdk_dynamodb::error::ProvideErrorMetadata;
    error.code() == Some("ConditionalCheckFailedException")
}
