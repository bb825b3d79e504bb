//! Requests to DynamoDB that a builder and a verifier send. Each is sent again for five minutes if
//! it may succeed later.

use std::time::Duration;

use tokio::time::sleep;
use weir_table::{Error, ItemsTable, RollupsState, Table};

use crate::backoff::retried;

/// Describes the table of items.
pub(crate) async fn describe(table: &Table) -> Result<ItemsTable, Error> {
    retried(Error::is_retryable, || table.describe()).await
}

/// Returns DynamoDB's time, in seconds since 1970.
pub(crate) async fn dynamodb_time(table: &Table) -> Result<i64, Error> {
    retried(Error::is_retryable, || table.dynamodb_time()).await
}

/// Reads the state of the rollups; `None` if no processor has registered the table.
pub(crate) async fn rollups_state(table: &Table) -> Result<Option<RollupsState>, Error> {
    retried(Error::is_retryable, || table.read_rollups_state()).await
}

/// Waits until DynamoDB's clock has reached a time in seconds since 1970.
pub(crate) async fn wait_until(table: &Table, time: i64) -> Result<(), Error> {
    loop {
        let left = time - dynamodb_time(table).await?;
        if left <= 0 {
            return Ok(());
        }
        sleep(Duration::from_secs(left.unsigned_abs())).await;
    }
}
