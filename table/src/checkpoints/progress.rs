//! How far the local event source mapping has handled a whole stream.
//!
//! ```text
//! PK         SK              attributes
//! @progress  <stream label>  complete_through_ms, records, updated_at
//! ```
//!
//! A reader answers with it, and `weir load` waits for it. On Lambda, where no function knows all
//! shards, it does not exist.
//!
//! **Invariant:** `complete_through_ms` only grows: every change up to it was handled, by this
//! poller or an earlier one.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use weir_model::table::{ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY};

use super::{Checkpoints, Error, is_refused, now, number};

/// The partition key of every such item, and of the progress of each shard.
pub(super) const PARTITION: &str = "@progress";

/// How far a stream was handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamProgress {
    /// Every change up to this time, in milliseconds since 1970, was handled.
    pub complete_through_ms: i64,
    /// How many records were handled since the stream is polled.
    pub records: u64,
}

impl Checkpoints {
    /// Reads how far a stream was handled; `None` where no mapping has said so.
    ///
    /// # Errors
    /// [`Error::DynamoDb`].
    pub async fn progress(&self, label: &str) -> Result<Option<StreamProgress>, Error> {
        let request = self.client.get_item().table_name(&self.table_name);
        let read = request.set_key(Some(key(label))).consistent_read(true).send().await;
        let read = read.map_err(|error| self.failure("reading the progress", error))?;
        let Some(item) = read.item else { return Ok(None) };
        let whole = |name: &str| item.get(name)?.as_n().ok()?.parse::<i64>().ok();
        Ok(whole("complete_through_ms").map(|complete_through_ms| StreamProgress {
            complete_through_ms,
            records: whole("records").and_then(|records| records.try_into().ok()).unwrap_or(0),
        }))
    }

    /// Stores that every change of a stream up to a time was handled, and so many more records.
    ///
    /// # Errors
    /// [`Error::DynamoDb`].
    pub async fn save_progress(
        &self,
        label: &str,
        complete_through_ms: i64,
        more_records: u64,
    ) -> Result<(), Error> {
        let saved = self
            .client
            .update_item()
            .table_name(&self.table_name)
            .set_key(Some(key(label)))
            .update_expression("SET #through = :through, #updated_at = :now ADD #records :more")
            .condition_expression("attribute_not_exists(#through) OR #through <= :through")
            .expression_attribute_names("#through", "complete_through_ms")
            .expression_attribute_names("#records", "records")
            .expression_attribute_names("#updated_at", "updated_at")
            .expression_attribute_values(":through", number(complete_through_ms))
            .expression_attribute_values(":more", number(more_records))
            .expression_attribute_values(":now", now())
            .send()
            .await;
        match saved {
            // Another poller got further.
            Err(error) if is_refused(&error) => Ok(()),
            Err(error) => Err(self.failure("saving the progress", error)),
            Ok(_) => Ok(()),
        }
    }
}

fn key(label: &str) -> HashMap<String, AttributeValue> {
    let keys = [(ROLLUPS_PARTITION_KEY, PARTITION), (ROLLUPS_SORT_KEY, label)];
    keys.map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned()))).into()
}
