//! Rows whose count crosses zero, written together with the rollup item that counts them.
//!
//! An update of such a row is first tried under the condition that the count stays above zero, or
//! stays at zero. If that fails, row and rollup item are written in one transaction: the row under
//! its watermark and under the count that was seen. So the watermark of the row is that of both.
//!
//! ```text
//! attempt ──► done
//!    └─ the count crosses zero ──► transaction: up to 24 rows, each if its count is the one seen,
//!                  ▲               and the rollup item
//!                  └─ another client changed one of them ─┘
//! ```
//!
//! | part | does |
//! |---|---|
//! | [`Transaction`] | a value: the rows, and the amounts that their rollup item gains |
//! | `transact` | sends it, once |
//! | `written`, `cancelled`, `failed` | decide what happens to each row |
//!
//! **Invariant:** a rollup item's `distinct(a)` is the number of value rows of `a` whose count is
//! above zero.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, ReturnConsumedCapacity, TransactWriteItem};
use weir_rollups::{Amounts, Bookkeeping, RollupKey, Update};

use super::Rollups;
use super::expression::Expression;
use super::outcome::Applied;
use super::pause::pause;
use super::pending::{Attempted, PendingCrossing};
use crate::error::Error;

/// How many rows one transaction writes: fewer than DynamoDB accepts, as any of them may cancel it.
const MAX_ROWS: usize = 24;
/// How often a transaction is built again while other clients change its items.
const MAX_ROUNDS: u32 = 10;

/// An update with its outcome.
type CrossingOutcome = (Update, Result<Applied, Error>);

/// The result of one round: updates that are settled, and those to try again.
#[derive(Debug, Default)]
struct Round {
    outcomes: Vec<CrossingOutcome>,
    again: Vec<PendingCrossing>,
}

/// Rows that are written together with their rollup item.
#[derive(Debug)]
struct Transaction {
    rows: Vec<Crosser>,
    item: RollupKey,
    /// The writes that go with the rollup item beside the amounts.
    bookkeeping: Bookkeeping,
    /// The amounts that the rollup item gains.
    amounts: Amounts,
}

/// A row in a transaction.
#[derive(Debug)]
struct Crosser {
    pending: PendingCrossing,
    /// The count of the row once the transaction is done.
    count_after: i128,
}

impl Transaction {
    /// Builds the transaction of rows that the same rollup item counts; `None` if no row is left.
    /// Rows whose count is not a number are settled with an error.
    fn build(pending: Vec<PendingCrossing>) -> (Option<Self>, Vec<CrossingOutcome>) {
        let mut rows = Vec::new();
        let mut amounts = Amounts::default();
        let mut unreadable = Vec::new();
        for pending in pending {
            match pending.counts() {
                Ok((before, count_after)) => {
                    amounts.merge(&pending.crossing().amounts(before, count_after));
                    rows.push(Crosser { pending, count_after });
                }
                Err(error) => unreadable.push((pending.update, Err(error))),
            }
        }
        let target = rows.first().map(|Crosser { pending, .. }| {
            (pending.item().clone(), pending.crossing().bookkeeping.as_ref().clone())
        });
        let transaction =
            target.map(|(item, bookkeeping)| Self { rows, item, bookkeeping, amounts });
        (transaction, unreadable)
    }

    /// Returns the actions: one for each row, in order, and then that of the rollup item.
    fn actions(&self, rollups: &Rollups, watermark: &str) -> Vec<TransactWriteItem> {
        let row = |Crosser { pending, .. }: &Crosser| {
            let key = &pending.update.key;
            let mut expression =
                Expression::for_update(watermark, &pending.update, rollups.place(key));
            expression.with_count(pending.count.as_ref());
            expression.action(rollups, key)
        };
        let mut actions: Vec<_> = self.rows.iter().map(row).collect();
        // As many rows may have begun to count something as have stopped to.
        if !self.amounts.is_zero() {
            let place = rollups.place(&self.item);
            let expression = Expression::for_amounts(&self.amounts, &self.bookkeeping, place);
            actions.push(expression.action(rollups, &self.item));
        }
        actions
    }
}

impl Rollups {
    /// Adds updates of rows that cross zero and that the same rollup item counts. Returns each with
    /// its outcome, in no order.
    pub(super) async fn cross(
        &self,
        watermark: &str,
        pending: Vec<PendingCrossing>,
    ) -> Vec<CrossingOutcome> {
        let mut outcomes = Vec::new();
        let mut queue = pending;
        let mut round = 0;
        while !queue.is_empty() {
            let rest = queue.split_off(queue.len().min(MAX_ROWS));
            let done = self.cross_once(watermark, queue).await;
            outcomes.extend(done.outcomes);
            // The rest of the queue waits until these rows are written.
            round = if done.again.is_empty() { 0 } else { round + 1 };
            queue = done.again.into_iter().chain(rest).collect();
            if round > MAX_ROUNDS {
                outcomes.extend(queue.into_iter().map(|pending| (pending.update, Err(busy()))));
                return outcomes;
            }
            if round > 0 {
                pause(watermark, round).await;
            }
        }
        outcomes
    }

    /// Builds and sends one transaction.
    async fn cross_once(&self, watermark: &str, pending: Vec<PendingCrossing>) -> Round {
        let (transaction, unreadable) = Transaction::build(pending);
        let mut round = match transaction {
            None => Round::default(),
            Some(transaction) => match self.transact(watermark, &transaction).await {
                Ok(()) => self.written(transaction).await,
                Err(error) => self.cancelled(watermark, transaction, error).await,
            },
        };
        round.outcomes.extend(unreadable);
        round
    }

    /// Sends a transaction once.
    async fn transact(
        &self,
        watermark: &str,
        transaction: &Transaction,
    ) -> Result<(), SdkError<TransactWriteItemsError>> {
        let request = self
            .client
            .transact_write_items()
            .set_transact_items(Some(transaction.actions(self, watermark)))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let sent = request.send().await?;
        sent.consumed_capacity().iter().for_each(|units| self.meter.add(Some(units)));
        Ok(())
    }

    /// Settles the rows of a transaction that was written. Rows that count nothing now expire.
    async fn written(&self, transaction: Transaction) -> Round {
        let mut round = Round::default();
        for Crosser { pending: PendingCrossing { update, applied, .. }, count_after } in
            transaction.rows
        {
            if count_after == 0 {
                self.expire(&update.key, &update.bookkeeping).await;
            }
            round.outcomes.push((update, Ok(applied)));
        }
        round
    }

    /// Settles the rows of a transaction that failed, or tries them again.
    async fn cancelled(
        &self,
        watermark: &str,
        transaction: Transaction,
        error: SdkError<TransactWriteItemsError>,
    ) -> Round {
        let reasons = match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                cancelled.cancellation_reasons().to_vec()
            }
            _ => return self.failed(transaction, error),
        };
        let Transaction { rows, item, .. } = transaction;
        // If the rollup item is rejected, none of its rows can be written.
        let of_item = reasons.get(rows.len()).and_then(|reason| self.refusal(&item, reason));
        // A row without a reason is tried again.
        let reasons = reasons.into_iter().map(Some).chain(std::iter::repeat(None));
        let mut round = Round::default();
        for (Crosser { pending, .. }, reason) in rows.into_iter().zip(reasons) {
            let reason = reason.unwrap_or_else(|| CancellationReason::builder().build());
            let refusal = of_item.clone();
            match refusal.or_else(|| self.refusal(&pending.update.key, &reason)) {
                Some(message) => {
                    round.outcomes.push((pending.update, Err(Error::refused(message))));
                }
                None => match self.retried(watermark, pending, &reason).await {
                    Ok(Attempted::Crosses(pending)) => round.again.push(pending),
                    Ok(Attempted::Done(update, applied)) => {
                        round.outcomes.push((update, Ok(applied)))
                    }
                    Err((update, error)) => round.outcomes.push((update, Err(error))),
                },
            }
        }
        round
    }

    /// Retries the update of one row of a cancelled transaction.
    async fn retried(
        &self,
        watermark: &str,
        pending: PendingCrossing,
        reason: &CancellationReason,
    ) -> Result<Attempted, (Update, Error)> {
        match reason.code() {
            // Another client changed the row: an attempt shows its present state.
            Some("ConditionalCheckFailed") => {
                self.attempt(watermark, pending.update, pending.applied).await
            }
            _ => Ok(Attempted::Crosses(pending)),
        }
    }

    /// Returns why an action of a cancelled transaction can never succeed, if so.
    fn refusal(&self, key: &RollupKey, reason: &CancellationReason) -> Option<String> {
        if let Some(item) = reason.item() {
            return self.place(key).refusal(key, item).map(|refusal| refusal.to_string());
        }
        let is_refused =
            matches!(reason.code(), Some("ValidationError" | "ItemCollectionSizeLimitExceeded"));
        is_refused.then(|| reason.message().unwrap_or_default().to_owned())
    }

    /// Settles each row with the error of the whole request.
    fn failed(&self, transaction: Transaction, error: SdkError<TransactWriteItemsError>) -> Round {
        let error = Error::from_sdk(&self.table, error);
        let refusal = error.is_refusal().then(|| error.to_string());
        let mut first = Some(error);
        let outcome = |Crosser { pending, .. }: Crosser| {
            // A request that is rejected as a whole is rejected for each row, or its shard would
            // wait for it.
            let other = || refusal.clone().map_or_else(busy, Error::refused);
            (pending.update, Err(first.take().unwrap_or_else(other)))
        };
        Round { outcomes: transaction.rows.into_iter().map(outcome).collect(), again: Vec::new() }
    }
}

fn busy() -> Error {
    Error::Conflict { source: "other transactions keep changing the rows".into() }
}
