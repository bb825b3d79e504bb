//! Rows that come to count something, or stop to: written together with the rollup item that counts them.
//!
//! An update of such a row is first tried under the condition that its count goes on to be above zero, or not to be. Where
//! that fails, row and rollup item are written in one transaction, the row under its watermark and under the count that was
//! seen. So the watermark of the row is that of both.
//!
//! ```text
//! try ──► done
//!  └─ the count crosses zero ──► transaction: rows (≤ 24), each if its count is still the one seen, and the rollup item
//!          ▲                          │ another was at one of them
//!          └──────────────────────────┘
//! ```
//!
//! **Invariant:** a rollup item's `distinct(a)` is the number of value rows of `a` whose count is above zero.

use aggregates::{Accumulator, Amounts, Crossing, RollupKey, Update, watermark};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue as SdkValue, CancellationReason, ReturnConsumedCapacity,
};

use super::expression::Expression;
use super::pause::pause;
use super::{Applied, Rollups, Step};
use crate::error::Error;

/// How many rows are written in one transaction: fewer than DynamoDB takes, as any of them may cancel it.
const MAX_ROWS: usize = 24;
/// How often a transaction is made anew while others are at its items.
const MAX_ROUNDS: u32 = 10;

/// An update whose row crosses zero.
#[derive(Clone, Debug)]
pub struct Pending {
    /// What of the update is left to be added.
    pub(super) update: Update,
    /// What has become of the update once that is added.
    pub(super) applied: Applied,
    /// The count that was seen; `None` where there is none.
    pub(super) count: Option<SdkValue>,
}

impl Pending {
    /// The rollup item that counts the row.
    pub fn item(&self) -> &RollupKey {
        self.update.upkeep.item.as_ref().expect("only rows cross")
    }

    /// What that gains while the row counts something.
    fn crossing(&self) -> &Crossing {
        self.update.upkeep.crossing.as_ref().expect("only rows that are counted cross")
    }

    /// The row's count before and after.
    fn counts(&self) -> Result<(i128, i128), Error> {
        let before = match &self.count {
            None => 0,
            Some(SdkValue::N(text)) if text.parse::<i128>().is_ok() => text.parse().unwrap_or(0),
            Some(other) => {
                let row = &self.update.key;
                return Err(Error::Unreadable(format!("the count of {row}, which is {other:?}")));
            }
        };
        Ok((before, before + self.update.amounts().get(&Accumulator::Items)))
    }
}

impl Rollups {
    /// Adds updates of rows that cross zero and are counted by the same rollup item. What became of each, in no order.
    pub async fn cross(
        &self,
        stream_label: &str,
        shard: &str,
        pending: Vec<Pending>,
    ) -> Vec<(Update, Result<Applied, Error>)> {
        let name = watermark::name(stream_label, shard);
        let mut results = Vec::new();
        let mut queue = pending;
        let mut round = 0;
        while !queue.is_empty() {
            let rest = queue.split_off(queue.len().min(MAX_ROWS));
            let left = self.cross_once(&name, queue, &mut results).await;
            // Whoever is behind waits until these are through.
            round = if left.is_empty() { 0 } else { round + 1 };
            if round > MAX_ROUNDS {
                let again = left.into_iter().chain(rest);
                results.extend(again.map(|pending| (pending.update, Err(busy()))));
                return results;
            }
            if round > 0 {
                pause(&name, round).await;
            }
            queue = left.into_iter().chain(rest).collect();
        }
        results
    }

    /// One transaction; what is to be tried again.
    async fn cross_once(
        &self,
        name: &str,
        pending: Vec<Pending>,
        results: &mut Vec<(Update, Result<Applied, Error>)>,
    ) -> Vec<Pending> {
        let mut rows = Vec::new();
        let mut amounts = Amounts::default();
        for pending in pending {
            match pending.counts() {
                Ok((before, after)) => {
                    amounts.merge(&pending.crossing().amounts(before, after));
                    rows.push((pending, after));
                }
                Err(error) => results.push((pending.update, Err(error))),
            }
        }
        let Some((first, _)) = rows.first() else { return Vec::new() };
        let (item, upkeep) = (first.item().clone(), first.crossing().upkeep.clone());
        let mut actions = Vec::new();
        for (pending, _) in &rows {
            let place = self.place(&pending.update.key);
            let mut expression = Expression::of_update(name, &pending.update, place);
            expression.with_count(pending.count.as_ref());
            actions.push(expression.action(self, &pending.update.key));
        }
        // As many may have come as gone.
        if !amounts.is_zero() {
            let expression = Expression::of_amounts(&amounts, &upkeep, self.place(&item));
            actions.push(expression.action(self, &item));
        }
        let request = self.client.transact_write_items().set_transact_items(Some(actions));
        let request = request.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let error = match request.send().await {
            Ok(made) => {
                made.consumed_capacity().iter().for_each(|units| self.meter.add(Some(units)));
                for (pending, after) in rows {
                    if after == 0 {
                        self.expire(&pending.update.key, &pending.update.upkeep).await;
                    }
                    results.push((pending.update, Ok(pending.applied)));
                }
                return Vec::new();
            }
            Err(error) => error,
        };
        let reasons = match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                cancelled.cancellation_reasons().to_vec()
            }
            _ => {
                self.fail(error, rows.into_iter().map(|(pending, _)| pending), results);
                return Vec::new();
            }
        };
        // What the rollup item refuses, no row of it can be written with.
        let refusal = reasons.get(rows.len()).and_then(|reason| self.refusal(&item, reason));
        let mut left = Vec::new();
        let unknown = CancellationReason::builder().build();
        for (position, (pending, _)) in rows.into_iter().enumerate() {
            // One without a reason is tried again.
            let reason = reasons.get(position).unwrap_or(&unknown);
            match refusal.clone().or_else(|| self.refusal(&pending.update.key, reason)) {
                Some(message) => results.push((pending.update, Err(Error::refused(message)))),
                None => match self.again(name, pending, reason).await {
                    Ok(Step::Crosses(pending)) => left.push(pending),
                    Ok(Step::Done(update, applied)) => results.push((update, Ok(applied))),
                    Err((update, error)) => results.push((update, Err(error))),
                },
            }
        }
        left
    }

    /// A row's update after a cancelled transaction.
    async fn again(
        &self,
        name: &str,
        pending: Pending,
        reason: &CancellationReason,
    ) -> Result<Step, (Update, Error)> {
        match reason.code() {
            // Another was at it: what the row is now is seen by trying anew.
            Some("ConditionalCheckFailed") => {
                self.attempt(name, pending.update, pending.applied).await
            }
            _ => Ok(Step::Crosses(pending)),
        }
    }

    /// What a cancelled transaction says of an action that is refused for good.
    fn refusal(&self, key: &RollupKey, reason: &CancellationReason) -> Option<String> {
        if let Some(item) = reason.item() {
            return self.place(key).refusal(key, item).map(|refusal| refusal.to_string());
        }
        let is_refused =
            matches!(reason.code(), Some("ValidationError" | "ItemCollectionSizeLimitExceeded"));
        is_refused.then(|| reason.message().unwrap_or_default().to_owned())
    }

    /// The same error for each update.
    fn fail(
        &self,
        error: SdkError<TransactWriteItemsError>,
        pending: impl Iterator<Item = Pending>,
        results: &mut Vec<(Update, Result<Applied, Error>)>,
    ) {
        let error = Error::of(&self.table, error);
        let refusal = error.is_refusal().then(|| error.to_string());
        let mut error = Some(error);
        for pending in pending {
            // What is refused as a whole is refused for each, or its shard would wait for it.
            let again = || refusal.clone().map_or_else(busy, Error::refused);
            let error = error.take().unwrap_or_else(again);
            results.push((pending.update, Err(error)));
        }
    }
}

fn busy() -> Error {
    Error::Conflict { source: "other transactions keep changing the rows".into() }
}
