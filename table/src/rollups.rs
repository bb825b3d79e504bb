//! The rollups' table: applying an update exactly once.
//!
//! ```text
//! UpdateItem  SET @<stream label>/<shard> = :last   ADD count :n, sum(total) :s
//! condition   attribute_not_exists(@…) OR @… < :first          returns the old item when it fails
//! ```
//!
//! When the condition fails, the old item's watermark says how far this rollup item has absorbed
//! the shard. Only the changes behind it are sent again, or nothing if there are none.
//!
//! | to see | read |
//! |---|---|
//! | the order in which the updates of a batch are written | `apply` |
//! | how one update is written, and what a failed condition shows | `attempt` |
//! | the write's expressions | `expression` |
//! | how rows are counted by their rollup item | `crossing` |
//! | in which table an item is, and how it differs from other items there | `place` |
//! | how rows that count nothing expire | `expiry` |
//! | where an update is recorded that DynamoDB rejects for good | `park` |
//! | how such a record and its mark are removed after a repair | `repair` |
//! | how items, rows and ranks are read | `read` |
//! | how all items are read, and some at one moment | `scan` |
//! | how watermarks that are not needed any more are removed | `stale` |
//! | how long a write waits for other clients at an item | `pause` |
//! | what the writes consume | `meter` |
//! | how the items of old revisions are deleted | `delete` |
//! | how the groups of a rollup are found, for an export | `scan_keys` |
//!
//! **Invariant:** an update that returns `Ok` is in the rollup item, and each of its changes is in
//! it once, whatever was retried.

mod apply;
mod attempt;
mod crossing;
mod delete;
mod expiry;
mod expression;
mod meter;
mod outcome;
mod park;
mod pause;
mod pending;
mod place;
mod read;
mod repair;
mod scan;
mod scan_keys;
mod shard_id;
mod stale;

pub use outcome::{Applied, Outcome, SettledUpdate};
pub use park::Parked;
pub use read::{Range, Ranked};
pub use scan_keys::RollupKeysPage;
pub use shard_id::ShardId;

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue as SdkValue, ReturnConsumedCapacity};
use weir_model::TableDefinition;
use weir_rollups::RollupKey;

use self::meter::Meter;
use crate::budget::{Budget, ITEM_BYTES, Unit};
use crate::connection::Connection;
use crate::error::Error;

/// The rollups of a table, in a table of their own or beside the items. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Rollups {
    client: Client,
    /// The name of the table of rollups.
    table: String,
    /// The table of items, where the rollups that have keys there are.
    items: Arc<TableDefinition>,
    meter: Meter,
    /// The budget that its reads spend.
    budget: Budget,
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

    /// Returns the budget that its reads spend.
    pub fn budget(&self) -> &Budget {
        &self.budget
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
        let answer = request.send().await.map_err(|error| Error::from_sdk(place.table, error))?;
        reservation.settle(&answer.consumed_capacity, Unit::Strong);
        Ok(answer.item)
    }
}

fn bytes(bytes: Vec<u8>) -> SdkValue {
    SdkValue::B(Blob::new(bytes))
}
