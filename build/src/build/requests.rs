//! The requests of a builder to DynamoDB. Each is sent again for five minutes if it may succeed
//! later.

use weir_table::{ItemsTable, RollupsState};

use super::Builder;
use super::error::BuildError;
use crate::backoff::{Retries, retried};

impl Builder {
    /// Describes the table of items.
    pub(super) async fn describe(&self) -> Result<ItemsTable, BuildError> {
        Ok(retried(weir_table::Error::is_retryable, || self.table.describe()).await?)
    }

    /// Returns DynamoDB's time, in seconds since 1970.
    pub(super) async fn dynamodb_time(&self) -> Result<i64, BuildError> {
        Ok(retried(weir_table::Error::is_retryable, || self.table.dynamodb_time()).await?)
    }

    /// Reads the state of the rollups.
    pub(super) async fn state(&self) -> Result<RollupsState, BuildError> {
        let state = retried(weir_table::Error::is_retryable, || self.table.read_rollups_state());
        state.await?.ok_or(BuildError::Unregistered)
    }

    /// Changes the state of the rollups. `change` is called again if another process has written
    /// meanwhile, or if DynamoDB did not answer: the change may be stored already.
    pub(super) async fn change_state<T>(
        &self,
        mut change: impl FnMut(&mut RollupsState, i64) -> Result<T, BuildError>,
    ) -> Result<T, BuildError> {
        let mut retries = Retries::default();
        loop {
            match self.table.change_rollups_state(&mut change).await {
                Err(error) if error.may_pass() => retries.wait(error).await?,
                answer => return answer,
            }
        }
    }
}
