//! The progress of a build, for those who wait for it.
//!
//! ```text
//! PK      SK        attributes
//! @build  sales@2   phase, done, total, updated_at
//! ```
//!
//! It decides nothing: the state item says which revisions are counted and read.

use std::collections::HashMap;
use std::fmt;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue as SdkValue, ReturnConsumedCapacity};
use weir_model::table::{ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY};
use weir_rollups::Revision;

use crate::budget::{Budget, ITEM_BYTES, Unit};
use crate::clock;
use crate::error::Error;

/// The partition key of every such item.
const PARTITION: &str = "@build";

/// The progress of a build of one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildProgress {
    /// The step that the build is at, such as `scan`.
    pub phase: String,
    /// The number of items, records or rollup items that this step has handled.
    pub done: u64,
    /// The number that it will have handled at its end, as far as it is known.
    pub total: Option<u64>,
}

impl fmt::Display for BuildProgress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { phase, done, total } = self;
        match total {
            Some(total) => write!(formatter, "{phase}, {done} of about {total}"),
            None => write!(formatter, "{phase}, {done}"),
        }
    }
}

/// Reads the progress of the build of a revision; `None` if none has stored it.
pub(super) async fn load(
    client: &Client,
    budget: &Budget,
    table: &str,
    revision: &Revision,
) -> Result<Option<BuildProgress>, Error> {
    let reservation = budget.reserve(ITEM_BYTES).await?;
    let request = client
        .get_item()
        .table_name(table)
        .set_key(Some(key(revision)))
        .return_consumed_capacity(ReturnConsumedCapacity::Total)
        .consistent_read(true);
    let read = request.send().await.map_err(|error| Error::from_sdk(table, error))?;
    reservation.settle(&read.consumed_capacity, Unit::Strong);
    let Some(item) = read.item else { return Ok(None) };
    let whole = |name: &str| item.get(name)?.as_n().ok()?.parse::<u64>().ok();
    let phase = item.get("phase").and_then(|phase| phase.as_s().ok()).cloned();
    let done = whole("done").unwrap_or_default();
    Ok(phase.map(|phase| BuildProgress { phase, done, total: whole("total") }))
}

/// Stores the progress of the build of a revision.
pub(super) async fn save(
    client: &Client,
    table: &str,
    revision: &Revision,
    progress: &BuildProgress,
) -> Result<(), Error> {
    let number = |number: u64| SdkValue::N(number.to_string());
    let mut item = key(revision);
    item.insert("phase".to_owned(), SdkValue::S(progress.phase.clone()));
    item.insert("done".to_owned(), number(progress.done));
    item.insert("updated_at".to_owned(), SdkValue::S(clock::now()));
    if let Some(total) = progress.total {
        item.insert("total".to_owned(), number(total));
    }
    let request = client.put_item().table_name(table).set_item(Some(item));
    request.send().await.map(drop).map_err(|error| Error::from_sdk(table, error))
}

fn key(revision: &Revision) -> HashMap<String, SdkValue> {
    HashMap::from([
        (ROLLUPS_PARTITION_KEY.to_owned(), SdkValue::S(PARTITION.to_owned())),
        (ROLLUPS_SORT_KEY.to_owned(), SdkValue::S(revision.to_string())),
    ])
}
