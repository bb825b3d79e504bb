//! Rows in which nothing is counted any more go away by themselves, once no record can be delivered
//! again that they have absorbed.
//!
//! **Invariant:** a row is given a time to live only while its count is zero, and each update takes
//! it away again; nothing but room depends on whether that succeeds.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue as SdkValue, ReturnConsumedCapacity};
use weir_rollups::{Accumulator, Bookkeeping, RollupKey};

use super::Rollups;
use crate::clock;
use crate::error::chain;

/// How long a row of nothing stays: longer than its watermarks may be needed.
const EMPTY_ROW_SECS: i64 = 96 * 60 * 60;

impl Rollups {
    /// Lets a row go if it counts nothing.
    pub(super) async fn expire_empty(
        &self,
        rollup: &RollupKey,
        bookkeeping: &Bookkeeping,
        item: &HashMap<String, SdkValue>,
    ) {
        let count = item.get(&Accumulator::Items.attribute_name());
        let is_empty = matches!(count, Some(SdkValue::N(count)) if count == "0");
        if bookkeeping.is_row() && is_empty {
            self.expire(rollup, bookkeeping).await;
        }
    }

    /// Lets a row go that counts nothing, unless it counts something by now.
    pub(super) async fn expire(&self, rollup: &RollupKey, bookkeeping: &Bookkeeping) {
        let soon = clock::seconds().saturating_add(EMPTY_ROW_SECS);
        let expires_at = bookkeeping.expires_at.map_or(soon, |kept| kept.min(soon));
        let place = self.place(rollup);
        let request = self
            .client
            .update_item()
            .table_name(place.table)
            .set_key(Some(place.key(rollup)))
            .update_expression("SET #ttl = :ttl")
            .condition_expression("#count = :zero")
            .expression_attribute_names("#ttl", place.ttl)
            .expression_attribute_names("#count", Accumulator::Items.attribute_name())
            .expression_attribute_values(":ttl", SdkValue::N(expires_at.to_string()))
            .expression_attribute_values(":zero", SdkValue::N("0".to_owned()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        match request.send().await {
            Ok(marked) => self.meter.add(marked.consumed_capacity()),
            Err(error) => {
                let (partition, sort, error) = (&rollup.partition, &rollup.sort, chain(&error));
                tracing::debug!(partition, sort, error, "a row of nothing stays where it is");
            }
        }
    }
}
