//! Removal, in passing, of watermarks that cannot be needed again.
//!
//! A shard lives for some hours, and a rollup item that is written all the time gathers a watermark
//! of each. Every update returns the item, the one of a row that crosses as its condition fails;
//! when some of its watermarks are stale, one more write removes a few of them, the oldest first.
//!
//! **Invariant:** a watermark is removed only while it is what was found stale; nothing depends on
//! whether that succeeds.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue as SdkValue, ReturnConsumedCapacity};
use weir_rollups::{RollupKey, watermark};

use super::Rollups;
use crate::error::chain;

/// Fewer stale watermarks than this are left where they are: removing them costs a write.
const WORTH_REMOVING: usize = 4;
/// No more than this are removed by one write.
const MAX_REMOVED: usize = 16;

impl Rollups {
    /// Removes what is stale in a rollup item or row that a record of this time, in seconds since
    /// 1970, was delivered for.
    pub(super) async fn remove_stale(
        &self,
        rollup: &RollupKey,
        item: HashMap<String, SdkValue>,
        absorbed_seconds: u32,
    ) {
        let mut stale = watermark::stale(&item.into(), absorbed_seconds);
        if stale.len() < WORTH_REMOVING {
            return;
        }
        stale.truncate(MAX_REMOVED);
        let place = self.place(rollup);
        let mut request = self
            .client
            .update_item()
            .table_name(place.table)
            .set_key(Some(place.key(rollup)))
            .update_expression(placeholders(stale.len(), "REMOVE ", ", ", |n| format!("#n{n}")))
            .condition_expression(placeholders(stale.len(), "", " AND ", |n| {
                format!("#n{n} = :v{n}")
            }));
        for (position, (name, value)) in stale.into_iter().enumerate() {
            request = request
                .expression_attribute_names(format!("#n{position}"), name)
                .expression_attribute_values(
                    format!(":v{position}"),
                    super::bytes(value.to_bytes()),
                );
        }
        match request.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await {
            Ok(removed) => self.meter.add(removed.consumed_capacity()),
            Err(error) => {
                let (partition, sort, error) = (&rollup.partition, &rollup.sort, chain(&error));
                tracing::debug!(partition, sort, error, "stale watermarks stay where they are");
            }
        }
    }
}

fn placeholders(count: usize, start: &str, between: &str, one: fn(usize) -> String) -> String {
    start.to_owned() + &(0..count).map(one).collect::<Vec<_>>().join(between)
}
