//! Attempts at one update: a conditional write, and the decision that follows when it fails.
//!
//! ```text
//! write ──► added
//!   └─ the condition failed: the old item has
//!        a watermark at or behind the first record ──► the rest is written, or nothing is left
//!        a count that would cross zero             ──► left to `crossing`
//!        neither                                   ──► the item has changed since: again
//! ```

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue as SdkValue, ReturnConsumedCapacity, ReturnValue};
use weir_model::table::ROLLUPS_TTL;
use weir_rollups::{Accumulator, RollupKey, Update, Watermark};

use super::Rollups;
use super::expression::Expression;
use super::outcome::Applied;
use super::pause::pause;
use super::pending::{Attempted, PendingCrossing};
use crate::error::Error;

/// How often an update is cut down to what is left of it. Once is enough unless invocations for the
/// shard overlap.
const MAX_ROUNDS: u32 = 8;

/// The result of one write.
enum WriteResult {
    /// The update is in its rollup item or row now.
    Added,
    /// It had been before.
    Absorbed,
    /// A part had been; this is left.
    Rest(Update),
    /// The count of its row, which is this, would cross zero.
    Crosses(Option<SdkValue>),
}

impl Rollups {
    /// Attempts an update until it is added, absorbed, or its row is seen to cross zero.
    pub(super) async fn attempt(
        &self,
        watermark: &str,
        mut update: Update,
        mut applied: Applied,
    ) -> Result<Attempted, (Update, Error)> {
        for round in 0..MAX_ROUNDS {
            match self.attempt_once(watermark, &update).await {
                Ok(WriteResult::Added) => return Ok(Attempted::Done(update, applied)),
                Ok(WriteResult::Absorbed) => return Ok(Attempted::Done(update, Applied::Nothing)),
                Ok(WriteResult::Rest(rest)) => (update, applied) = (rest, Applied::Rest),
                Ok(WriteResult::Crosses(count)) => {
                    return Ok(Attempted::Crosses(PendingCrossing { update, applied, count }));
                }
                // A transaction for another shard holds the item, or the item was removed since.
                Err(Error::Conflict { .. }) if round + 1 < MAX_ROUNDS => {
                    pause(watermark, round).await
                }
                Err(error) => return Err((update, error)),
            }
        }
        let source = format!("{} moved on {MAX_ROUNDS} times during one write", update.key).into();
        Err((update, Error::Conflict { source }))
    }

    /// Attempts an update once. If its condition fails, the old item decides what follows.
    async fn attempt_once(&self, watermark: &str, update: &Update) -> Result<WriteResult, Error> {
        let key = &update.key;
        let error = match self.add(watermark, update).await {
            Ok(item) => {
                self.expire_empty(key, &update.bookkeeping, &item).await;
                self.remove_stale(key, item, update.last().seconds).await;
                return Ok(WriteResult::Added);
            }
            Err(error) => error,
        };
        let item = self.refused_by(key, error).await?;
        if let Some(refusal) = self.place(key).refusal(key, &item) {
            return Err(refusal);
        }
        let absorbed = self.watermark_of(watermark, key, &item)?;
        if let Some(absorbed) = absorbed.filter(|absorbed| absorbed.sequence >= update.first()) {
            if let Some(rest) = update.after(absorbed.sequence) {
                return Ok(WriteResult::Rest(rest));
            }
            if !item.contains_key(ROLLUPS_TTL) {
                self.expire_empty(key, &update.bookkeeping, &item).await;
            }
            return Ok(WriteResult::Absorbed);
        }
        if update.bookkeeping.crossing.is_some() {
            let count = item.get(&Accumulator::Items.attribute_name()).cloned();
            // A transaction does not return the items that it writes, and some rows are written by
            // transactions only.
            self.remove_stale(key, item, update.last().seconds).await;
            return Ok(WriteResult::Crosses(count));
        }
        // The item was there when the condition failed, and was removed since.
        let source = format!("{key} has changed since").into();
        Err(Error::Conflict { source })
    }

    /// Sends one conditional write. Returns the item that it made.
    async fn add(
        &self,
        watermark: &str,
        update: &Update,
    ) -> Result<HashMap<String, SdkValue>, SdkError<UpdateItemError>> {
        let mut expression = Expression::for_update(watermark, update, self.place(&update.key));
        if update.bookkeeping.crossing.is_some() {
            expression.without_crossing(update.amounts().get(&Accumulator::Items));
        }
        let request = expression
            .request(self, &update.key)
            .return_values(ReturnValue::AllNew)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let made = request.send().await?;
        self.meter.add(made.consumed_capacity());
        Ok(made.attributes.unwrap_or_default())
    }

    /// Returns the item on which the condition of a write failed, empty if there is none; any other
    /// error is returned as it is.
    pub(super) async fn refused_by(
        &self,
        key: &RollupKey,
        error: SdkError<UpdateItemError>,
    ) -> Result<HashMap<String, SdkValue>, Error> {
        let Some(UpdateItemError::ConditionalCheckFailedException(failed)) =
            error.as_service_error()
        else {
            return Err(Error::from_sdk(self.place(key).table, error));
        };
        match &failed.item {
            Some(item) => Ok(item.clone()),
            None => Ok(self.get(key).await?.unwrap_or_default()),
        }
    }

    /// Returns how far a rollup item or row has absorbed the shard; `None` if it has absorbed
    /// nothing of it.
    fn watermark_of(
        &self,
        watermark: &str,
        key: &RollupKey,
        item: &HashMap<String, SdkValue>,
    ) -> Result<Option<Watermark>, Error> {
        let Some(stored) = item.get(watermark) else { return Ok(None) };
        let bytes = stored.as_b().ok();
        let read = bytes.and_then(|blob| Watermark::from_bytes(blob.as_ref()));
        let unreadable = || Error::Unreadable(format!("the watermark `{watermark}` of {key}"));
        read.ok_or_else(unreadable).map(Some)
    }
}
