//! Writes that must all be done or none: the actions of a transaction, and an item with the locks
//! of its unique attributes.
//!
//! ```text
//! writes ──read first──► items seen ──plan──► actions on items, each under its guard, and on locks
//!            ▲                                              │ attempt: one TransactWriteItems
//!            └── an item was not as it was seen, or another transaction was at it ◄──┘
//! ```
//!
//! | to see | read |
//! |---|---|
//! | the actions that follow from writes and items | `plan` |
//! | the request, and the decision after it failed | `attempt` |
//! | how writes are recognized that were done before with the same token | `replay` |
//!
//! **Invariant:** a transaction that is done leaves, for each item it wrote, exactly the locks that
//! its values make.

mod attempt;
mod failed;
mod plan;
mod replay;
mod size;

use std::collections::HashSet;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use weir_model::Item;

pub(crate) use self::failed::Failed;
pub use self::plan::MAX_ACTIONS;

use self::attempt::Cancelled;
use self::plan::Seen;
use super::backoff::{MAX_ROUNDS, delay};
use super::table::Table;
use super::write::Write;
use crate::error::Error;

impl Table {
    /// Does all writes or none, no two of which are at one item. Returns the items that were read
    /// first.
    pub(crate) async fn commit(
        &self,
        writes: &[Write<'_>],
        token: Option<&str>,
    ) -> Result<Vec<Option<Item>>, Failed> {
        let mut seen = vec![Seen::Unknown; writes.len()];
        let mut foreign = HashSet::new();
        for round in 0..MAX_ROUNDS {
            self.read_first(writes, &mut seen).await?;
            let plan = self.plan(writes, &seen, &foreign)?;
            let error = match self.transact(plan.actions, token).await {
                Ok(()) => return Ok(items(seen)),
                Err(error) => error,
            };
            let cancelled = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    let reasons = cancelled.cancellation_reasons();
                    self.cancelled(writes, &mut seen, &plan.locks, &mut foreign, reasons)
                }
                Some(TransactWriteItemsError::IdempotentParameterMismatchException(_))
                    if self.was_done(writes, token).await? =>
                {
                    return Ok(items(seen));
                }
                _ => Cancelled::Failed(Failed::whole(Error::from_sdk(self.name(), error))),
            };
            match cancelled {
                Cancelled::Again => tokio::time::sleep(delay(round)).await,
                Cancelled::Failed(failed) => return Err(failed),
            }
        }
        let source = "other transactions keep changing the items".into();
        Err(Failed::whole(Error::Conflict { source }))
    }
}

/// Returns the items that were seen.
fn items(seen: Vec<Seen>) -> Vec<Option<Item>> {
    let item = |seen| match seen {
        Seen::Known(item) => item,
        Seen::Unknown => None,
    };
    seen.into_iter().map(item).collect()
}
