//! The rollups' table: applying an update exactly once.
//!
//! ```text
//! UpdateItem  SET @<stream label>/<shard> = :last   ADD count :n, sum(total) :s
//! condition   attribute_not_exists(@…) OR @… < :first          returns the old item when it fails
//! ```
//!
//! When the condition fails, the old item's watermark says how far this rollup item has absorbed the shard; only the
//! changes behind it are sent again, or nothing when there are none.
//!
//! | to see | read |
//! |---|---|
//! | what becomes of an update that is refused for good | `park` |
//! | how a range of buckets is read, over all stripes | `read` |
//! | how watermarks that are not needed any more go away | `stale` |
//! | what the writes consume | `meter` |
//!
//! **Invariant:** an update that returns `Ok` is in the rollup item, and each of its changes is in it once, whatever
//! was retried.

mod meter;
mod park;
mod read;
mod stale;

pub use park::Parked;
pub use read::{Row, Rows};

use std::borrow::Cow;
use std::collections::HashMap;

use aggregates::watermark::{self, WATERMARK_BYTES};
use aggregates::{RollupKey, Update, Watermark};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeValue as SdkValue, ReturnConsumedCapacity, ReturnValue,
    ReturnValuesOnConditionCheckFailure,
};
use model::table::{ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY};

use self::meter::Meter;
use crate::connection::Connection;
use crate::error::Error;

/// When an update is added. Bytes of another size are no watermark, whatever they compare to.
const CONDITION: &str =
    "attribute_not_exists(#watermark) OR (#watermark < :first AND size(#watermark) = :bytes)";
/// How often an update is cut down to what is left of it. Once is enough unless invocations for the shard overlap.
const MAX_ROUNDS: u32 = 8;

/// The table of rollups. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Rollups {
    client: Client,
    table: String,
    meter: Meter,
}

/// What applying an update did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// All of it was added.
    Whole,
    /// A part had been absorbed before; the rest was added.
    Rest,
    /// All of it had been absorbed before; nothing was added.
    Nothing,
}

impl Rollups {
    /// The rollups in the table of that name.
    pub fn new(connection: &Connection, table: &str) -> Self {
        Self { client: connection.dynamodb(), table: table.to_owned(), meter: Meter::default() }
    }

    /// Adds an update to its rollup item, unless the item has absorbed it already.
    ///
    /// # Errors
    /// What DynamoDB says. The update may then have been added or not; applying it again is right in either case. One
    /// that [is a refusal](Error::is_refusal) will come again however often that is done: see [`Rollups::park`].
    pub async fn apply(
        &self,
        stream_label: &str,
        shard: &str,
        update: &Update,
    ) -> Result<Applied, Error> {
        let name = watermark::name(stream_label, shard);
        let mut pending = Cow::Borrowed(update);
        let mut applied = Applied::Whole;
        for _ in 0..MAX_ROUNDS {
            let error = match self.add(&name, &pending).await {
                Ok(item) => {
                    self.remove_stale(&pending.key, item, pending.last().seconds).await;
                    return Ok(applied);
                }
                Err(error) => error,
            };
            let absorbed = self.absorbed(&name, &pending.key, error).await?;
            match pending.after(absorbed.sequence) {
                None => return Ok(Applied::Nothing),
                Some(rest) => pending = Cow::Owned(rest),
            }
            applied = Applied::Rest;
        }
        let key = &update.key;
        let reason =
            format!("{} {} moved on {MAX_ROUNDS} times during one write", key.partition, key.sort);
        Err(Error::Conflict { source: reason.into() })
    }

    /// One conditional write. Returns the item that it made.
    async fn add(
        &self,
        watermark: &str,
        update: &Update,
    ) -> Result<HashMap<String, SdkValue>, SdkError<UpdateItemError>> {
        let mut request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(&update.key)))
            .condition_expression(CONDITION)
            .expression_attribute_values(":bytes", SdkValue::N(WATERMARK_BYTES.to_string()))
            .return_values(ReturnValue::AllNew)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .expression_attribute_names("#watermark", watermark)
            .expression_attribute_values(":first", bytes(Watermark::lower_bound(update.first())))
            .expression_attribute_values(":last", bytes(update.last().to_bytes()));
        let mut additions = Vec::new();
        for (position, (name, amount)) in update.amounts().to_add().enumerate() {
            request = request
                .expression_attribute_names(format!("#a{position}"), name)
                .expression_attribute_values(
                    format!(":a{position}"),
                    SdkValue::N(amount.to_string()),
                );
            additions.push(format!("#a{position} :a{position}"));
        }
        let mut expression = "SET #watermark = :last".to_owned();
        if !additions.is_empty() {
            expression.push_str(" ADD ");
            expression.push_str(&additions.join(", "));
        }
        let made = request.update_expression(expression).send().await?;
        self.meter.add(made.consumed_capacity());
        Ok(made.attributes.unwrap_or_default())
    }

    /// How far a rollup item has absorbed the shard, when that is why a write failed; any other error is returned.
    async fn absorbed(
        &self,
        watermark: &str,
        key: &RollupKey,
        error: SdkError<UpdateItemError>,
    ) -> Result<Watermark, Error> {
        let Some(UpdateItemError::ConditionalCheckFailedException(failed)) =
            error.as_service_error()
        else {
            return Err(Error::of(&self.table, error));
        };
        let item = match &failed.item {
            Some(item) => item.clone(),
            None => self.get(key).await?.unwrap_or_default(),
        };
        // It was there when the condition failed, and was removed since.
        if !item.contains_key(watermark) {
            let reason = format!("{} {} has changed since", key.partition, key.sort);
            return Err(Error::Conflict { source: reason.into() });
        }
        let stored = item.get(watermark).and_then(|value| value.as_b().ok());
        let unreadable = || {
            Error::Unreadable(format!(
                "the watermark `{watermark}` of {} {}",
                key.partition, key.sort
            ))
        };
        stored.and_then(|blob| Watermark::from_bytes(blob.as_ref())).ok_or_else(unreadable)
    }

    async fn get(&self, rollup: &RollupKey) -> Result<Option<HashMap<String, SdkValue>>, Error> {
        let request = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(rollup)))
            .consistent_read(true);
        request
            .send()
            .await
            .map(|answer| answer.item)
            .map_err(|error| Error::of(&self.table, error))
    }
}

fn key(key: &RollupKey) -> HashMap<String, SdkValue> {
    HashMap::from([
        (ROLLUPS_PARTITION_KEY.to_owned(), SdkValue::S(key.partition.clone())),
        (ROLLUPS_SORT_KEY.to_owned(), SdkValue::S(key.sort.clone())),
    ])
}

fn bytes(bytes: Vec<u8>) -> SdkValue {
    SdkValue::B(Blob::new(bytes))
}
