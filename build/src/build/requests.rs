//! The reads and changes of the state of the rollups by a builder. Each is sent again for five
//! minutes if it may succeed later.

use weir_table::RollupsState;

use super::Builder;
use super::error::BuildError;
use crate::backoff::Retries;
use crate::requests::rollups_state;

impl Builder {
    /// Reads the state of the rollups.
    pub(super) async fn state(&self) -> Result<RollupsState, BuildError> {
        rollups_state(&self.table).await?.ok_or(BuildError::Unregistered)
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
