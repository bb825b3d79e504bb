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
//! | the write's expressions | `expression` |
//! | how rows are counted by their rollup item | `crossing` |
//! | which table an item is in, and how it is told from items there | `place` |
//! | how rows of nothing go away | `expiry` |
//! | what becomes of an update that is refused for good | `park` |
//! | how items, rows and ranks are read | `read` |
//! | how watermarks that are not needed any more go away | `stale` |
//! | how long is waited for others that are at an item | `pause` |
//! | what the writes consume | `meter` |
//!
//! **Invariant:** an update that returns `Ok` is in the rollup item, and each of its changes is in it once, whatever
//! was retried.

mod crossing;
mod expiry;
mod expression;
mod meter;
mod park;
mod pause;
mod place;
mod read;
mod stale;

pub use crossing::Pending;
pub use park::Parked;
pub use read::{Range, Ranked};

use std::collections::HashMap;
use std::sync::Arc;

use aggregates::{Accumulator, RollupKey, Update, Watermark, watermark};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue as SdkValue, ReturnConsumedCapacity, ReturnValue};
use model::TableDefinition;
use model::table::ROLLUPS_TTL;

use self::expression::Expression;
use self::meter::Meter;
use self::pause::pause;
use crate::connection::Connection;
use crate::error::Error;

/// How often an update is cut down to what is left of it. Once is enough unless invocations for the shard overlap.
const MAX_ROUNDS: u32 = 8;

/// The rollups of a table, in a table of their own or beside the items. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Rollups {
    client: Client,
    /// The name of the table of rollups.
    table: String,
    /// The table of items, where the rollups that have keys there are.
    items: Arc<TableDefinition>,
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

/// How far an update got.
#[derive(Clone, Debug)]
pub enum Step {
    /// It is in its rollup item or row. The update, or what was left of it to be added.
    Done(Update, Applied),
    /// Its row comes to count something or stops to: see [`Rollups::cross`].
    Crosses(Pending),
}

impl Rollups {
    /// The rollups of a table.
    pub fn new(connection: &Connection, table: &TableDefinition) -> Self {
        Self {
            client: connection.dynamodb(),
            table: table.rollups_table.clone(),
            items: Arc::new(table.clone()),
            meter: Meter::default(),
        }
    }

    /// Adds an update to its rollup item or row, unless that has absorbed it already.
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
        let pending = match self.try_apply(stream_label, shard, update).await? {
            Step::Done(_, applied) => return Ok(applied),
            Step::Crosses(pending) => pending,
        };
        let mut results = self.cross(stream_label, shard, vec![pending]).await;
        results.pop().map_or(Ok(Applied::Nothing), |(_, applied)| applied)
    }

    /// The same, but for a row that comes to count something or stops to: that is left to [`Rollups::cross`], together with
    /// others that the same rollup item counts.
    ///
    /// # Errors
    /// As those of [`Rollups::apply`].
    pub async fn try_apply(
        &self,
        stream_label: &str,
        shard: &str,
        update: &Update,
    ) -> Result<Step, Error> {
        let name = watermark::name(stream_label, shard);
        self.attempt(&name, update.clone(), Applied::Whole).await.map_err(|(_, error)| error)
    }

    /// Tries an update until it is added, absorbed, or seen to cross.
    async fn attempt(
        &self,
        name: &str,
        update: Update,
        mut applied: Applied,
    ) -> Result<Step, (Update, Error)> {
        let mut pending = update;
        for round in 0..MAX_ROUNDS {
            let error = match self.add(name, &pending).await {
                Ok(item) => {
                    self.expire_empty(&pending.key, &pending.upkeep, &item).await;
                    self.remove_stale(&pending.key, item, pending.last().seconds).await;
                    return Ok(Step::Done(pending, applied));
                }
                Err(error) => error,
            };
            let item = match self.refused_by(&pending.key, error).await {
                Ok(item) => item,
                // A transaction was at it: rows of another shard that it counts.
                Err(Error::Conflict { .. }) if round + 1 < MAX_ROUNDS => {
                    pause(name, round).await;
                    continue;
                }
                Err(error) => return Err((pending, error)),
            };
            if let Some(refusal) = self.place(&pending.key).refusal(&pending.key, &item) {
                return Err((pending, refusal));
            }
            let absorbed = match self.watermark_of(name, &pending.key, &item) {
                Ok(absorbed) => absorbed,
                Err(error) => return Err((pending, error)),
            };
            match absorbed.filter(|absorbed| absorbed.sequence >= pending.first()) {
                Some(absorbed) => match pending.after(absorbed.sequence) {
                    None => {
                        if !item.contains_key(ROLLUPS_TTL) {
                            self.expire_empty(&pending.key, &pending.upkeep, &item).await;
                        }
                        return Ok(Step::Done(pending, Applied::Nothing));
                    }
                    Some(rest) => {
                        pending = rest;
                        applied = Applied::Rest;
                    }
                },
                None if pending.upkeep.crossing.is_some() => {
                    let count = item.get(&Accumulator::Items.attribute_name()).cloned();
                    let crosses = Pending { update: pending, applied, count };
                    return Ok(Step::Crosses(crosses));
                }
                // It was there when the condition failed, and was removed since.
                None => {
                    let place = format!("{} {}", pending.key.partition, pending.key.sort);
                    let source = format!("{place} has changed since").into();
                    return Err((pending, Error::Conflict { source }));
                }
            }
        }
        let place = format!("{} {}", pending.key.partition, pending.key.sort);
        let source = format!("{place} moved on {MAX_ROUNDS} times during one write").into();
        Err((pending, Error::Conflict { source }))
    }

    /// One conditional write. Returns the item that it made.
    async fn add(
        &self,
        watermark: &str,
        update: &Update,
    ) -> Result<HashMap<String, SdkValue>, SdkError<UpdateItemError>> {
        let mut expression = Expression::of_update(watermark, update, self.place(&update.key));
        if update.upkeep.crossing.is_some() {
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

    /// The item whose condition made a write fail, empty where there is none; any other error is returned.
    async fn refused_by(
        &self,
        key: &RollupKey,
        error: SdkError<UpdateItemError>,
    ) -> Result<HashMap<String, SdkValue>, Error> {
        let Some(UpdateItemError::ConditionalCheckFailedException(failed)) =
            error.as_service_error()
        else {
            return Err(Error::of(self.place(key).table, error));
        };
        match &failed.item {
            Some(item) => Ok(item.clone()),
            None => Ok(self.get(key).await?.unwrap_or_default()),
        }
    }

    /// How far a rollup item or row has absorbed the shard; `None` where it has absorbed nothing of it.
    fn watermark_of(
        &self,
        watermark: &str,
        key: &RollupKey,
        item: &HashMap<String, SdkValue>,
    ) -> Result<Option<Watermark>, Error> {
        let Some(stored) = item.get(watermark) else { return Ok(None) };
        let bytes = stored.as_b().ok();
        let read = bytes.and_then(|blob| Watermark::from_bytes(blob.as_ref()));
        let unreadable = || {
            let place = format!("{} {}", key.partition, key.sort);
            Error::Unreadable(format!("the watermark `{watermark}` of {place}"))
        };
        read.ok_or_else(unreadable).map(Some)
    }

    async fn get(&self, rollup: &RollupKey) -> Result<Option<HashMap<String, SdkValue>>, Error> {
        let place = self.place(rollup);
        let request = self
            .client
            .get_item()
            .table_name(place.table)
            .set_key(Some(place.key(rollup)))
            .consistent_read(true);
        request
            .send()
            .await
            .map(|answer| answer.item)
            .map_err(|error| Error::of(place.table, error))
    }
}

fn bytes(bytes: Vec<u8>) -> SdkValue {
    SdkValue::B(Blob::new(bytes))
}
