//! Tables as they are, compared with the definition: the facts that a plan is made from.
//!
//! ```text
//! DescribeTable             status, keys, stream, size   ─► InspectedTable
//! DescribeTimeToLive        the attribute by which items expire
//! DescribeContinuousBackups whether there is point-in-time recovery
//! ```
//!
//! **Invariant:** nothing is written, and a table that differs from its definition is not an error.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{PointInTimeRecoveryStatus, TableDescription, TimeToLiveStatus};
use weir_model::table::{ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY};

use super::{check_keys, describe, rollups};
use crate::error::Error;
use crate::items::Table;
use crate::state::{self, ItemsTable};

/// A table, as DynamoDB describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct InspectedTable {
    /// DynamoDB's identity of it and of its stream.
    pub identity: ItemsTable,
    /// Its status, such as `ACTIVE`.
    pub status: String,
    /// The number of its items, as DynamoDB counts them every six hours.
    pub items: u64,
    /// The bytes of its items, counted at the same time.
    pub bytes: u64,
    /// Its stream, if that is enabled.
    pub stream: Option<InspectedStream>,
    /// Its differences from the definition.
    pub mismatches: Vec<Mismatch>,
}

/// A stream that is enabled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectedStream {
    /// Its ARN.
    pub arn: String,
    /// The part of the items that its records have, such as `NEW_AND_OLD_IMAGES`.
    pub view_type: String,
}

/// A difference between a table and its definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// The table has other keys: which, and those that are expected.
    Keys(String),
    /// The table of items lacks the index of this name.
    Index(String),
    /// The table of rollups lacks the index of ranks, or has another one: how to add it.
    Ranks(String),
}

impl InspectedTable {
    fn new(name: &str, table: &TableDescription) -> Self {
        let whole = |number: Option<i64>| number.and_then(|number| number.try_into().ok());
        let stream = table.stream_specification().filter(|stream| stream.stream_enabled());
        let view = stream.and_then(|stream| stream.stream_view_type());
        let stream = table.latest_stream_arn().zip(view);
        Self {
            identity: ItemsTable::new(name, table),
            status: table.table_status().map_or_else(String::new, |status| status.to_string()),
            items: whole(table.item_count()).unwrap_or_default(),
            bytes: whole(table.table_size_bytes()).unwrap_or_default(),
            stream: stream.map(|(arn, view)| InspectedStream {
                arn: arn.to_owned(),
                view_type: view.to_string(),
            }),
            mismatches: Vec::new(),
        }
    }

    /// Returns whether its stream has every change since the table was created and the table of
    /// rollups was there before, so that a processor counts every item without a build.
    pub fn has_every_change(&self, rollups: &Self) -> bool {
        self.stream.is_some()
            && state::has_every_record(&self.identity, rollups.identity.created_at)
    }
}

impl Table {
    /// Describes the table of items, and compares it with the definition; `None` if it does not
    /// exist.
    ///
    /// # Errors
    /// The error of DynamoDB.
    pub async fn inspect(&self) -> Result<Option<InspectedTable>, Error> {
        let definition = &self.model.table;
        let Some(table) = describe(&self.client, &definition.name).await? else { return Ok(None) };
        let mut inspected = InspectedTable::new(&definition.name, &table);
        let sort = definition.sort_key.as_deref();
        let keys = check_keys(&definition.name, &table, &definition.partition_key, sort);
        inspected.mismatches.extend(mismatch(keys).map(Mismatch::Keys));
        let indexes = table.global_secondary_indexes();
        for wanted in &definition.indexes {
            if !indexes.iter().any(|index| index.index_name() == Some(wanted.name.as_str())) {
                inspected.mismatches.push(Mismatch::Index(wanted.name.clone()));
            }
        }
        Ok(Some(inspected))
    }

    /// Describes the table of rollups, and compares it with what the definition needs; `None` if it
    /// does not exist.
    ///
    /// # Errors
    /// The error of DynamoDB.
    pub async fn inspect_rollups(&self) -> Result<Option<InspectedTable>, Error> {
        let name = &self.model.table.rollups_table;
        let Some(table) = describe(&self.client, name).await? else { return Ok(None) };
        let mut inspected = InspectedTable::new(name, &table);
        let keys = check_keys(name, &table, ROLLUPS_PARTITION_KEY, Some(ROLLUPS_SORT_KEY));
        inspected.mismatches.extend(mismatch(keys).map(Mismatch::Keys));
        let ranks = rollups::check_ranks(name, &table, self.model.needs_ranks());
        inspected.mismatches.extend(mismatch(ranks).map(Mismatch::Ranks));
        Ok(Some(inspected))
    }

    /// Returns the attribute by which DynamoDB deletes rollup items; `None` if it deletes none.
    ///
    /// # Errors
    /// The error of DynamoDB.
    pub async fn rollups_ttl(&self) -> Result<Option<String>, Error> {
        ttl_attribute(&self.client, &self.model.table.rollups_table).await
    }

    /// Returns whether the table of items has point-in-time recovery, which an export needs.
    ///
    /// # Errors
    /// The error of DynamoDB.
    pub async fn has_recovery(&self) -> Result<bool, Error> {
        let name = self.name();
        let answer = self.client.describe_continuous_backups().table_name(name).send().await;
        let answer = answer.map_err(|error| Error::from_sdk(name, error))?;
        let backups = answer.continuous_backups_description;
        let recovery = backups.and_then(|backups| backups.point_in_time_recovery_description);
        let status = recovery.and_then(|recovery| recovery.point_in_time_recovery_status);
        Ok(status == Some(PointInTimeRecoveryStatus::Enabled))
    }
}

/// Returns the attribute by which the items of a table expire; `None` if they do not.
///
/// # Errors
/// The error of DynamoDB.
pub(crate) async fn ttl_attribute(client: &Client, name: &str) -> Result<Option<String>, Error> {
    let answer = client.describe_time_to_live().table_name(name).send().await;
    let answer = answer.map_err(|error| Error::from_sdk(name, error))?;
    let ttl = answer.time_to_live_description.filter(|ttl| {
        matches!(
            ttl.time_to_live_status,
            Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)
        )
    });
    Ok(ttl.and_then(|ttl| ttl.attribute_name))
}

/// Returns how a table differs from its definition, as a check has found.
fn mismatch(checked: Result<(), Error>) -> Option<String> {
    match checked {
        Ok(()) => None,
        Err(Error::OtherTable { mismatch, .. }) => Some(mismatch),
        Err(error) => Some(error.to_string()),
    }
}
