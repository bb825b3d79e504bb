//! How far each shard of a stream was handled, on Lambda and behind the local event source mapping.
//!
//! ```text
//! PK         SK                         attributes
//! @progress  <stream label>/<shard id>  watermark, updated_at, expires_at
//! ```
//!
//! The watermark is that of the last record that was acknowledged: its sequence number and its
//! creation second, in the form that rollup items have. An item may be behind, as a processor
//! writes it at most once a second and shard. It expires three days after its last write: where the
//! TTL of the table is on, DynamoDB removes the items of shards whose records are trimmed.
//!
//! **Invariant:** the watermark only grows, and every record of the shard up to it was handled.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use weir_model::table::{ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY, ROLLUPS_TTL};
use weir_rollups::Watermark;
use weir_rollups::watermark::STALE_AFTER_SECS;

use super::progress::PARTITION;
use super::{Checkpoints, Error, is_refused, now, number, text};
use crate::clock;
use crate::rollups::ShardId;

/// The attribute of the last acknowledged record.
const WATERMARK: &str = "watermark";
/// Separates the label of a stream from the id of a shard; neither has it.
const SEPARATOR: char = '/';

/// How far one shard was handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardPosition {
    /// The id of the shard.
    pub shard_id: String,
    /// The last record that was acknowledged: its sequence number and its creation second, which is
    /// [`UNKNOWN_SECONDS`](weir_rollups::watermark::UNKNOWN_SECONDS) for a record without a time.
    pub last: Watermark,
    /// When this was written, RFC 3339, by the clock of the processor.
    pub updated_at: String,
}

impl Checkpoints {
    /// Returns how far each shard of a stream was handled, by shard id; strongly consistent. A
    /// shard of which no record was acknowledged in the last three days may be absent.
    ///
    /// # Errors
    /// [`Error::DynamoDb`].
    pub async fn shard_progress(&self, label: &str) -> Result<Vec<ShardPosition>, Error> {
        let prefix = format!("{label}{SEPARATOR}");
        let mut pages = self
            .client
            .query()
            .table_name(&self.table_name)
            .consistent_read(true)
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)")
            .expression_attribute_names("#pk", ROLLUPS_PARTITION_KEY)
            .expression_attribute_names("#sk", ROLLUPS_SORT_KEY)
            .expression_attribute_values(":pk", AttributeValue::S(PARTITION.to_owned()))
            .expression_attribute_values(":prefix", AttributeValue::S(prefix.clone()))
            .into_paginator()
            .items()
            .send();
        let mut positions = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| self.failure("reading the shards' progress", error))?;
            positions.extend(position(&item, &prefix));
        }
        Ok(positions)
    }

    /// Stores that every record of a shard up to this one was handled, unless a later one is stored
    /// already.
    ///
    /// # Errors
    /// [`Error::DynamoDb`].
    pub async fn save_shard_progress(&self, shard: &ShardId, last: Watermark) -> Result<(), Error> {
        let expires_at = clock::seconds().saturating_add(i64::from(STALE_AFTER_SECS));
        let watermark = |bytes: Vec<u8>| AttributeValue::B(Blob::new(bytes));
        let saved = self
            .client
            .update_item()
            .table_name(&self.table_name)
            .set_key(Some(key(&shard.stream_label, &shard.id)))
            .update_expression(
                "SET #watermark = :watermark, #updated_at = :now, #expires_at = :expires_at",
            )
            .condition_expression("attribute_not_exists(#watermark) OR #watermark < :least")
            .expression_attribute_names("#watermark", WATERMARK)
            .expression_attribute_names("#updated_at", "updated_at")
            .expression_attribute_names("#expires_at", ROLLUPS_TTL)
            .expression_attribute_values(":watermark", watermark(last.to_bytes()))
            .expression_attribute_values(":least", watermark(Watermark::lower_bound(last.sequence)))
            .expression_attribute_values(":now", now())
            .expression_attribute_values(":expires_at", number(expires_at))
            .send()
            .await;
        match saved {
            // Another process got as far.
            Err(error) if is_refused(&error) => Ok(()),
            Err(error) => Err(self.failure("saving the progress of a shard", error)),
            Ok(_) => Ok(()),
        }
    }

    /// Removes the progress of a shard that no longer exists.
    ///
    /// # Errors
    /// [`Error::DynamoDb`].
    pub async fn remove_shard_progress(&self, label: &str, shard_id: &str) -> Result<(), Error> {
        let request = self.client.delete_item().table_name(&self.table_name);
        let removed = request.set_key(Some(key(label, shard_id))).send().await;
        removed.map(drop).map_err(|error| self.failure("removing the progress of a shard", error))
    }
}

fn key(label: &str, shard_id: &str) -> HashMap<String, AttributeValue> {
    let sort = format!("{label}{SEPARATOR}{shard_id}");
    let keys = [(ROLLUPS_PARTITION_KEY, PARTITION.to_owned()), (ROLLUPS_SORT_KEY, sort)];
    keys.map(|(name, value)| (name.to_owned(), AttributeValue::S(value))).into()
}

/// Reads an item; `None` for one that is not of this form.
fn position(item: &HashMap<String, AttributeValue>, prefix: &str) -> Option<ShardPosition> {
    let shard_id = text(item, ROLLUPS_SORT_KEY)?.strip_prefix(prefix)?.to_owned();
    let last = Watermark::from_bytes(item.get(WATERMARK)?.as_b().ok()?.as_ref())?;
    Some(ShardPosition { shard_id, last, updated_at: text(item, "updated_at")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_that_is_not_of_this_form_is_no_position() {
        let last = Watermark { sequence: "7".parse().expect("a number"), seconds: 9 };
        let mut item = key("2026", "shardId-1");
        item.insert(WATERMARK.to_owned(), AttributeValue::B(Blob::new(last.to_bytes())));
        item.insert("updated_at".to_owned(), now());
        let found = position(&item, "2026/").expect("a position");
        assert_eq!((found.shard_id.as_str(), found.last), ("shardId-1", last));
        assert_eq!(position(&item, "2025/"), None, "of another stream");
        item.insert(WATERMARK.to_owned(), AttributeValue::B(Blob::new([1])));
        assert_eq!(position(&item, "2026/"), None, "not a watermark");
    }
}
