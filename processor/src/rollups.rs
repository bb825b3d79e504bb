//! The first subscriber: folds an invocation's changes and adds them to the rollup items.
//!
//! | what DynamoDB says to an update | what becomes of it |
//! |---|---|
//! | done, or its condition shows that it was done before | absorbed |
//! | refused for good, as the item is too large or holds something else than numbers | parked; the shard goes on |
//! | throttled, in conflict, not answered | its first record is reported, and all from there on comes again |
//! | no such table, access denied, other keys | the invocation fails: no update can succeed |

use std::collections::BTreeMap;

use aggregates::fold::Skipped;
use aggregates::{RollupKey, SequenceNumber, Update, fold};
use futures::{StreamExt, stream};
use model::Model;
use table::error::chain;
use table::{Applied, Error, Pending, Rollups, Step};

use crate::invocation::Invocation;

/// How many rollup items are written at once.
const MAX_WRITES_IN_FLIGHT: usize = 32;
/// Of how many rollup items rows are counted at once.
const MAX_TRANSACTIONS_IN_FLIGHT: usize = 8;

/// What became of one update.
enum Outcome {
    Applied(Applied),
    Parked(RollupKey, Error),
}

/// What became of an update with this first record; an error if it must come again.
type Settled = (SequenceNumber, Result<Outcome, Error>);

/// What became of the update of a row that was tried.
enum Tried {
    Settled(Settled),
    Crosses(Box<Pending>),
}

/// What happened to an invocation's updates.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Updates that were added whole.
    pub(crate) whole: u64,
    /// Updates of which a part had been absorbed before.
    pub(crate) refolded: u64,
    /// Updates that had been absorbed before.
    pub(crate) duplicate: u64,
    /// Rollup items that refused theirs for good, each with why.
    pub(crate) parked: Vec<(RollupKey, Error)>,
    /// Updates that must come again, each with its first record and why.
    pub(crate) failed: Vec<(SequenceNumber, Error)>,
    /// Images that were not counted, by the kind of reason.
    pub(crate) skipped: Vec<(&'static str, u64)>,
    /// What the writes consumed, as far as DynamoDB tells.
    pub(crate) write_units: Option<f64>,
    /// Why the table cannot be written at all: no update can succeed until somebody mends that.
    pub(crate) unwritable: Option<Error>,
}

/// Adds what the changes contribute to the rollups; of those since a time, where there is one.
pub(crate) async fn absorb(
    model: &Model,
    rollups: &Rollups,
    invocation: &Invocation,
    counts_from: Option<i64>,
) -> Tally {
    let changes = invocation.changes.iter().map(|record| &record.change);
    let changes =
        changes.filter(|change| counts_from.is_none_or(|seconds| change.is_since(seconds)));
    let fold = fold(model, &invocation.shard, changes);
    let mut tally = Tally::default();
    for Skipped { rollup, images, reason, first, item } in &fold.skipped {
        let partition = item.as_ref().map(|key| key.partition.as_str());
        let sort = item.as_ref().and_then(|key| key.sort.as_deref());
        let (first, images) = (first.to_string(), *images);
        tracing::warn!(
            rollup, %reason, images, first, partition, sort, "images were not counted"
        );
        tally.skipped.push((reason.kind(), images));
    }
    let writer = Writer { rollups: &rollups.metered(), invocation };
    let (rows, items) = fold.updates.into_iter().partition(|update| update.upkeep.is_row());
    // The rollup items last: how fresh an answer is follows from them, and holds for the rows then.
    let (mut settled, crossing) = writer.try_rows(rows).await;
    settled.extend(writer.cross(crossing).await);
    settled.extend(writer.add_items(items).await);
    for (first, outcome) in settled {
        match outcome {
            Ok(outcome) => tally.count(outcome),
            Err(error) if error.is_of_the_table() => tally.unwritable = Some(error),
            Err(error) => tally.failed.push((first, error)),
        }
    }
    tally.write_units = writer.rollups.write_units();
    tally.log_errors();
    tally
}

/// Writes the updates of an invocation.
#[derive(Clone, Copy)]
struct Writer<'a> {
    rollups: &'a Rollups,
    invocation: &'a Invocation,
}

impl Writer<'_> {
    /// Adds the updates of rows, but for those that cross: these by the rollup item that counts them, for two transactions at one
    /// item would be in each other's way.
    async fn try_rows(
        self,
        rows: Vec<Update>,
    ) -> (Vec<Settled>, BTreeMap<RollupKey, Vec<Pending>>) {
        let tried: Vec<_> = stream::iter(rows)
            .map(|update| self.try_row(update))
            .buffer_unordered(MAX_WRITES_IN_FLIGHT)
            .collect()
            .await;
        let mut settled = Vec::new();
        let mut crossing: BTreeMap<RollupKey, Vec<Pending>> = BTreeMap::new();
        for tried in tried {
            match tried {
                Tried::Settled(outcome) => settled.push(outcome),
                Tried::Crosses(pending) => {
                    crossing.entry(pending.item().clone()).or_default().push(*pending);
                }
            }
        }
        (settled, crossing)
    }

    async fn try_row(self, update: Update) -> Tried {
        let Invocation { stream_label, shard, .. } = self.invocation;
        let applied = match self.rollups.try_apply(stream_label, shard, &update).await {
            Ok(Step::Crosses(pending)) => return Tried::Crosses(Box::new(pending)),
            Ok(Step::Done(_, applied)) => Ok(applied),
            Err(error) => Err(error),
        };
        Tried::Settled(self.settle(&update, applied).await)
    }

    /// Adds the updates of rows that cross, those of each rollup item together with it.
    async fn cross(self, crossing: BTreeMap<RollupKey, Vec<Pending>>) -> Vec<Settled> {
        let settled: Vec<_> = stream::iter(crossing.into_values())
            .map(|pending| self.cross_of_item(pending))
            .buffer_unordered(MAX_TRANSACTIONS_IN_FLIGHT)
            .collect()
            .await;
        settled.into_iter().flatten().collect()
    }

    async fn cross_of_item(self, pending: Vec<Pending>) -> Vec<Settled> {
        let Invocation { stream_label, shard, .. } = self.invocation;
        let mut settled = Vec::new();
        for (update, applied) in self.rollups.cross(stream_label, shard, pending).await {
            settled.push(self.settle(&update, applied).await);
        }
        settled
    }

    /// Adds the updates of rollup items, which nothing counts.
    async fn add_items(self, items: Vec<Update>) -> Vec<Settled> {
        let Invocation { stream_label, shard, .. } = self.invocation;
        let add = |update: Update| async move {
            let applied = self.rollups.apply(stream_label, shard, &update).await;
            self.settle(&update, applied).await
        };
        stream::iter(items).map(add).buffer_unordered(MAX_WRITES_IN_FLIGHT).collect().await
    }

    /// Parks an update that is refused for good.
    async fn settle(self, update: &Update, applied: Result<Applied, Error>) -> Settled {
        let Invocation { stream_label, shard, .. } = self.invocation;
        let outcome = match applied {
            Ok(applied) => Ok(Outcome::Applied(applied)),
            Err(error) if error.is_refusal() => {
                let parked = self.rollups.park(stream_label, shard, update, &error).await;
                parked.map(|()| Outcome::Parked(update.key.clone(), error))
            }
            Err(error) => Err(error),
        };
        (update.first(), outcome)
    }
}

impl Tally {
    /// The lowest record that some rollup item could not absorb.
    pub(crate) fn lowest_failed(&self) -> Option<SequenceNumber> {
        self.failed.iter().map(|(first, _)| *first).min()
    }

    fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Applied(Applied::Whole) => self.whole += 1,
            Outcome::Applied(Applied::Rest) => self.refolded += 1,
            Outcome::Applied(Applied::Nothing) => self.duplicate += 1,
            Outcome::Parked(key, refusal) => self.parked.push((key, refusal)),
        }
    }

    /// One line for each way to fail, with the first that failed so; the record of a parked update has its own reason.
    fn log_errors(&self) {
        if let Some((RollupKey { partition, sort, .. }, refusal)) = self.parked.first() {
            tracing::error!(
                parked = self.parked.len(),
                partition,
                sort,
                error = chain(refusal),
                "rollup items refuse updates for good: they are parked and wrong until they are repaired"
            );
        }
        if let Some((first, error)) = self.failed.first() {
            tracing::error!(
                failed = self.failed.len(),
                first = first.to_string(),
                error = chain(error),
                "rollup items were not written: their records come again"
            );
        }
    }
}
