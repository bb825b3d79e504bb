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
use crate::budget::{Budget, ITEM_BYTES, Unit};
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
    /// What its reads spend.
    budget: Budget,
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

/// What one try of an update showed.
enum Attempt {
    /// It is in its rollup item or row now.
    Added,
    /// It had been before.
    Absorbed,
    /// A part had been; this is left.
    Rest(Update),
    /// Its row, of this count, would come to count something or stop to.
    Crosses(Option<SdkValue>),
}

impl Rollups {
    /// The rollups of a table.
    pub fn new(connection: &Connection, table: &TableDefinition) -> Self {
        Self {
            client: connection.dynamodb(),
            table: table.rollups_table.clone(),
            items: Arc::new(table.clone()),
            meter: Meter::default(),
            budget: Budget::unlimited(),
        }
    }

    /// The same rollups, whose reads spend a budget. Without one they have no limit.
    #[must_use]
    pub fn with_budget(&self, budget: &Budget) -> Self {
        Self { budget: budget.clone(), ..self.clone() }
    }

    /// What its reads spend.
    pub fn budget(&self) -> &Budget {
        &self.budget
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
        let (_, applied) = results.pop().expect("what became of each update is told");
        applied
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
        mut update: Update,
        mut applied: Applied,
    ) -> Result<Step, (Update, Error)> {
        for round in 0..MAX_ROUNDS {
            match self.attempt_once(name, &update).await {
                Ok(Attempt::Added) => return Ok(Step::Done(update, applied)),
                Ok(Attempt::Absorbed) => return Ok(Step::Done(update, Applied::Nothing)),
                Ok(Attempt::Rest(rest)) => (update, applied) = (rest, Applied::Rest),
                Ok(Attempt::Crosses(count)) => {
                    return Ok(Step::Crosses(Pending { update, applied, count }));
                }
                // A transaction was at it, of rows of another shard that it counts; or it went away while it was looked at.
                Err(Error::Conflict { .. }) if round + 1 < MAX_ROUNDS => pause(name, round).await,
                Err(error) => return Err((update, error)),
            }
        }
        let source = format!("{} moved on {MAX_ROUNDS} times during one write", update.key).into();
        Err((update, Error::Conflict { source }))
    }

    /// Tries an update once. Where its condition fails, what was there tells what to do.
    async fn attempt_once(&self, name: &str, update: &Update) -> Result<Attempt, Error> {
        let key = &update.key;
        let error = match self.add(name, update).await {
            Ok(item) => {
                self.expire_empty(key, &update.upkeep, &item).await;
                self.remove_stale(key, item, update.last().seconds).await;
                return Ok(Attempt::Added);
            }
            Err(error) => error,
        };
        let item = self.refused_by(key, error).await?;
        if let Some(refusal) = self.place(key).refusal(key, &item) {
            return Err(refusal);
        }
        let absorbed = self.watermark_of(name, key, &item)?;
        if let Some(absorbed) = absorbed.filter(|absorbed| absorbed.sequence >= update.first()) {
            if let Some(rest) = update.after(absorbed.sequence) {
                return Ok(Attempt::Rest(rest));
            }
            if !item.contains_key(ROLLUPS_TTL) {
                self.expire_empty(key, &update.upkeep, &item).await;
            }
            return Ok(Attempt::Absorbed);
        }
        if update.upkeep.crossing.is_some() {
            let count = item.get(&Accumulator::Items.attribute_name()).cloned();
            // A transaction does not return what it makes: some rows are written by nothing else.
            self.remove_stale(key, item, update.last().seconds).await;
            return Ok(Attempt::Crosses(count));
        }
        // It was there when the condition failed, and was removed since.
        let source = format!("{key} has changed since").into();
        Err(Error::Conflict { source })
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
        let unreadable = || Error::Unreadable(format!("the watermark `{watermark}` of {key}"));
        read.ok_or_else(unreadable).map(Some)
    }

    async fn get(&self, rollup: &RollupKey) -> Result<Option<HashMap<String, SdkValue>>, Error> {
        let place = self.place(rollup);
        let request = self
            .client
            .get_item()
            .table_name(place.table)
            .set_key(Some(place.key(rollup)))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .consistent_read(true);
        let reservation = self.budget.reserve(ITEM_BYTES).await?;
        let answer = request.send().await.map_err(|error| Error::of(place.table, error))?;
        reservation.settle(&answer.consumed_capacity, Unit::Strong);
        Ok(answer.item)
    }
}

fn bytes(bytes: Vec<u8>) -> SdkValue {
    SdkValue::B(Blob::new(bytes))
}
