//! One attempt at a transaction: the reads before it, the request, and the decision after it
//! failed.

use std::collections::HashSet;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};
use weir_model::{Item, PrimaryKey};

use super::failed::Failed;
use super::plan::{MAX_ACTIONS, Seen};
use crate::error::Error;
use crate::items::locks::Locks;
use crate::items::table::Table;
use crate::items::write::{PATH_INVALID, Write};

/// The decision after DynamoDB cancelled a transaction.
pub(super) enum Cancelled {
    /// It may succeed if it is planned again from the items that were seen since.
    Again,
    Failed(Failed),
}

impl Table {
    /// Reads the items of the writes that must know them. It does not check them, as a transaction
    /// that was done before with the same token may have changed them: DynamoDB checks the
    /// conditions.
    pub(super) async fn read_first(
        &self,
        writes: &[Write<'_>],
        seen: &mut [Seen],
    ) -> Result<(), Failed> {
        for (index, write) in writes.iter().enumerate() {
            if write.must_read_first() && matches!(seen[index], Seen::Unknown) {
                let item =
                    self.probe(&write.key).await.map_err(|error| Failed::at(index, error))?;
                seen[index] = Seen::Known(item);
            }
        }
        Ok(())
    }

    /// Sends a transaction once.
    pub(super) async fn transact(
        &self,
        actions: Vec<TransactWriteItem>,
        token: Option<&str>,
    ) -> Result<(), SdkError<TransactWriteItemsError>> {
        if let Some(token) = token.filter(|_| self.keeps_receipts && actions.len() < MAX_ACTIONS) {
            return self.transact_with_receipt(actions, token).await;
        }
        let request = self
            .client
            .transact_write_items()
            .set_transact_items(Some(actions))
            .set_client_request_token(token.map(str::to_owned));
        request.send().await.map(drop)
    }

    /// Decides what follows from the reasons of a cancellation, one for each action.
    pub(super) fn cancelled(
        &self,
        writes: &[Write<'_>],
        seen: &mut [Seen],
        locks: &Locks,
        foreign: &mut HashSet<PrimaryKey>,
        reasons: &[CancellationReason],
    ) -> Cancelled {
        let mut again = false;
        for (index, (write, reason)) in writes.iter().zip(reasons).enumerate() {
            let message = reason.message().unwrap_or_default().to_owned();
            match reason.code().unwrap_or_default() {
                "ConditionalCheckFailed" => {
                    let item = reason.item.clone().map(Item::from);
                    if let Err(error) = write.explain(self, item.as_ref()) {
                        return Cancelled::Failed(Failed::at(index, error));
                    }
                    if !write.must_read_first() && !write.may_be_made_again() {
                        let item = item.map(Box::new);
                        let error = Error::ConditionFailed { item };
                        return Cancelled::Failed(Failed::at(index, error));
                    }
                    (again, seen[index]) = (true, Seen::Known(item));
                }
                "ValidationError" if message.contains(PATH_INVALID) => {
                    (again, seen[index]) = (true, Seen::Unknown);
                }
                "None" | "" | "TransactionConflict" => {}
                code => {
                    let error = Error::from_reason(self.name(), code, message);
                    return Cancelled::Failed(Failed::at(index, error));
                }
            }
        }
        let conflicts = |reason: &CancellationReason| reason.code() == Some("TransactionConflict");
        if again || reasons.iter().any(conflicts) {
            return Cancelled::Again;
        }
        let refused = reasons
            .iter()
            .skip(writes.len())
            .position(|reason| reason.code() == Some("ConditionalCheckFailed"));
        match refused.map(|position| locks.refused(position, writes)) {
            Some(Ok((index, error))) => Cancelled::Failed(Failed::at(index, error)),
            Some(Err(key)) => {
                foreign.insert(key);
                Cancelled::Again
            }
            None => {
                let message = "a transaction was cancelled for no reason that is known".to_owned();
                Cancelled::Failed(Failed::whole(Error::refused(message)))
            }
        }
    }
}
