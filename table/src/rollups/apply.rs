//! Application of updates: all updates of a batch of records, in the order that answers need.
//!
//! ```text
//! rows ──attempt──► done
//!         └─ the count crosses zero ──► grouped by rollup item ──► transactions ──► done
//! then rollup items ──attempt──► done                  rejected for good, anywhere ──► parked
//! ```
//!
//! The rows of one rollup item share transactions, one after another: two transactions that write
//! the same item cancel each other.
//!
//! **Invariant:** rollup items are written after their rows. The freshness of an answer follows
//! from the watermarks of the rollup item, so it holds for the rows too.

use std::collections::BTreeMap;

use futures::{StreamExt, stream};
use weir_rollups::{RollupKey, Update};

use super::Rollups;
use super::outcome::{Applied, Outcome, SettledUpdate};
use super::pending::{Attempted, PendingCrossing};
use super::shard_id::ShardId;
use crate::error::Error;

/// The number of rollup items or rows that are written at the same time.
const MAX_WRITES_IN_FLIGHT: usize = 32;
/// The number of rollup items whose rows are counted at the same time.
const MAX_TRANSACTIONS_IN_FLIGHT: usize = 8;

/// The result of one attempt at a row.
enum RowAttempt {
    Settled(Box<SettledUpdate>),
    Crosses(Box<PendingCrossing>),
}

impl Rollups {
    /// Applies the updates of a batch of one shard's records, each exactly once, and parks those
    /// that DynamoDB rejects for good. Returns each with its outcome, in no order.
    ///
    /// An update with an error may have been added or not. Its records must be delivered again, and
    /// applying it again counts it once in either case.
    pub async fn apply_all(&self, shard: &ShardId, updates: Vec<Update>) -> Vec<SettledUpdate> {
        let (rows, items) = updates.into_iter().partition(|update| update.bookkeeping.is_row());
        let (mut settled, crossing) = self.attempt_rows(shard, rows).await;
        settled.extend(self.cross_rows(shard, crossing).await);
        settled.extend(self.apply_items(shard, items).await);
        settled
    }

    /// Adds an update to its rollup item or row, unless that has absorbed it already.
    ///
    /// # Errors
    /// The error of DynamoDB. The update may have been added or not; applying it again is right in
    /// either case. If the error [is a refusal](Error::is_refusal), every retry fails the same way:
    /// see [`Rollups::park`].
    pub async fn apply(&self, shard: &ShardId, update: &Update) -> Result<Applied, Error> {
        let watermark = shard.watermark_name();
        let attempted = self.attempt(&watermark, update.clone(), Applied::Whole).await;
        match attempted.map_err(|(_, error)| error)? {
            Attempted::Done(_, applied) => Ok(applied),
            Attempted::Crosses(pending) => {
                let mut outcomes = self.cross(&watermark, vec![pending]).await;
                let (_, applied) = outcomes.pop().expect("each update has an outcome");
                applied
            }
        }
    }

    /// Attempts the updates of rows. Returns those that are settled, and those whose row crosses
    /// zero by the rollup item that counts the row.
    async fn attempt_rows(
        &self,
        shard: &ShardId,
        rows: Vec<Update>,
    ) -> (Vec<SettledUpdate>, BTreeMap<RollupKey, Vec<PendingCrossing>>) {
        let attempts: Vec<_> = stream::iter(rows)
            .map(|update| self.attempt_row(shard, update))
            .buffer_unordered(MAX_WRITES_IN_FLIGHT)
            .collect()
            .await;
        let mut settled = Vec::new();
        let mut crossing: BTreeMap<RollupKey, Vec<PendingCrossing>> = BTreeMap::new();
        for attempt in attempts {
            match attempt {
                RowAttempt::Settled(update) => settled.push(*update),
                RowAttempt::Crosses(pending) => {
                    crossing.entry(pending.item().clone()).or_default().push(*pending);
                }
            }
        }
        (settled, crossing)
    }

    async fn attempt_row(&self, shard: &ShardId, update: Update) -> RowAttempt {
        let watermark = shard.watermark_name();
        let applied = match self.attempt(&watermark, update.clone(), Applied::Whole).await {
            Ok(Attempted::Crosses(pending)) => return RowAttempt::Crosses(Box::new(pending)),
            Ok(Attempted::Done(_, applied)) => Ok(applied),
            Err((_, error)) => Err(error),
        };
        RowAttempt::Settled(Box::new(self.settle(shard, update, applied).await))
    }

    /// Applies the updates of rows that cross zero, those of each rollup item together with it.
    async fn cross_rows(
        &self,
        shard: &ShardId,
        crossing: BTreeMap<RollupKey, Vec<PendingCrossing>>,
    ) -> Vec<SettledUpdate> {
        let settled: Vec<_> = stream::iter(crossing.into_values())
            .map(|pending| self.cross_rows_of_item(shard, pending))
            .buffer_unordered(MAX_TRANSACTIONS_IN_FLIGHT)
            .collect()
            .await;
        settled.into_iter().flatten().collect()
    }

    async fn cross_rows_of_item(
        &self,
        shard: &ShardId,
        pending: Vec<PendingCrossing>,
    ) -> Vec<SettledUpdate> {
        let mut settled = Vec::new();
        for (update, applied) in self.cross(&shard.watermark_name(), pending).await {
            settled.push(self.settle(shard, update, applied).await);
        }
        settled
    }

    /// Applies the updates of rollup items, which nothing counts.
    async fn apply_items(&self, shard: &ShardId, items: Vec<Update>) -> Vec<SettledUpdate> {
        let apply = |update: Update| async move {
            let applied = self.apply(shard, &update).await;
            self.settle(shard, update, applied).await
        };
        stream::iter(items).map(apply).buffer_unordered(MAX_WRITES_IN_FLIGHT).collect().await
    }

    /// Parks an update that DynamoDB rejected for good.
    async fn settle(
        &self,
        shard: &ShardId,
        update: Update,
        applied: Result<Applied, Error>,
    ) -> SettledUpdate {
        let result = match applied {
            Ok(applied) => Ok(Outcome::Applied(applied)),
            Err(error) if error.is_refusal() => {
                let parked = self.park(shard, &update, &error).await;
                parked.map(|()| Outcome::Parked(error))
            }
            Err(error) => Err(error),
        };
        SettledUpdate { update, result }
    }
}
