//! The first subscriber: folds an invocation's changes and adds them to the rollup items.
//!
//! | what DynamoDB says to an update | what becomes of it |
//! |---|---|
//! | done, or its condition shows that it was done before | absorbed |
//! | refused for good, as the item is too large or holds something else than numbers | parked; the shard goes on |
//! | throttled, in conflict, not answered | its first record is reported, and all from there on comes again |
//! | no such table, access denied, other keys | the invocation fails: no update can succeed |

use std::collections::BTreeMap;

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

/// Adds what the changes contribute to the rollups.
pub(crate) async fn absorb(model: &Model, rollups: &Rollups, invocation: &Invocation) -> Tally {
    let changes = invocation.changes.iter().map(|record| &record.change);
    let fold = fold(model, &invocation.shard, changes);
    let rollups = &rollups.metered();
    let mut tally = Tally::default();
    for ((rollup, reason), skipped) in &fold.skipped {
        let (images, first) = (skipped.images, skipped.first.to_string());
        tracing::warn!(rollup, %reason, images, first, "images were not counted");
        tally.skipped.push((reason.kind(), images));
    }
    // The rollup items last: how fresh an answer is follows from them, and holds for the rows then.
    let (rows, items): (Vec<_>, Vec<_>) =
        fold.updates.into_iter().partition(|update| update.upkeep.is_row());
    let tried: Vec<_> = stream::iter(rows)
        .map(|update| try_apply(rollups, invocation, update))
        .buffer_unordered(MAX_WRITES_IN_FLIGHT)
        .collect()
        .await;
    let mut outcomes = Vec::new();
    // By the rollup item that counts them: two transactions at one item would be in each other's way.
    let mut crossing: BTreeMap<RollupKey, Vec<Pending>> = BTreeMap::new();
    for (first, tried) in tried {
        match tried {
            Ok(Tried::Outcome(outcome)) => outcomes.push((first, Ok(outcome))),
            Ok(Tried::Crosses(pending)) => {
                crossing.entry(pending.item().clone()).or_default().push(*pending);
            }
            Err(error) => outcomes.push((first, Err(error))),
        }
    }
    let crossed: Vec<_> = stream::iter(crossing.into_values())
        .map(|pending| cross(rollups, invocation, pending))
        .buffer_unordered(MAX_TRANSACTIONS_IN_FLIGHT)
        .collect()
        .await;
    outcomes.extend(crossed.into_iter().flatten());
    let applied: Vec<_> = stream::iter(items)
        .map(|update| apply(rollups, invocation, update))
        .buffer_unordered(MAX_WRITES_IN_FLIGHT)
        .collect()
        .await;
    outcomes.extend(applied);
    for (first, outcome) in outcomes {
        match outcome {
            Ok(outcome) => tally.count(outcome),
            Err(error) if error.is_of_the_table() => tally.unwritable = Some(error),
            Err(error) => tally.failed.push((first, error)),
        }
    }
    tally.write_units = rollups.write_units();
    tally.log_errors();
    tally
}

/// What became of an update that was tried.
enum Tried {
    Outcome(Outcome),
    Crosses(Box<Pending>),
}

async fn try_apply(
    rollups: &Rollups,
    invocation: &Invocation,
    update: Update,
) -> (SequenceNumber, Result<Tried, Error>) {
    let tried = rollups.try_apply(&invocation.stream_label, &invocation.shard, &update).await;
    let outcome = match tried {
        Ok(Step::Crosses(pending)) => {
            return (update.first(), Ok(Tried::Crosses(Box::new(pending))));
        }
        Ok(Step::Done(_, applied)) => Ok(Outcome::Applied(applied)),
        Err(error) => or_park(rollups, invocation, &update, error).await,
    };
    (update.first(), outcome.map(Tried::Outcome))
}

/// Adds the update of a rollup item, which is counted by none.
async fn apply(
    rollups: &Rollups,
    invocation: &Invocation,
    update: Update,
) -> (SequenceNumber, Result<Outcome, Error>) {
    let applied = rollups.apply(&invocation.stream_label, &invocation.shard, &update).await;
    let outcome = match applied {
        Ok(applied) => Ok(Outcome::Applied(applied)),
        Err(error) => or_park(rollups, invocation, &update, error).await,
    };
    (update.first(), outcome)
}

/// Adds updates of rows that are counted by one rollup item, together with it.
async fn cross(
    rollups: &Rollups,
    invocation: &Invocation,
    pending: Vec<Pending>,
) -> Vec<(SequenceNumber, Result<Outcome, Error>)> {
    let (label, shard) = (&invocation.stream_label, &invocation.shard);
    let mut outcomes = Vec::new();
    for (update, applied) in rollups.cross(label, shard, pending).await {
        let outcome = match applied {
            Ok(applied) => Ok(Outcome::Applied(applied)),
            Err(error) => or_park(rollups, invocation, &update, error).await,
        };
        outcomes.push((update.first(), outcome));
    }
    outcomes
}

/// Parks an update that is refused for good.
async fn or_park(
    rollups: &Rollups,
    invocation: &Invocation,
    update: &Update,
    error: Error,
) -> Result<Outcome, Error> {
    if !error.is_refusal() {
        return Err(error);
    }
    rollups.park(&invocation.stream_label, &invocation.shard, update, &error).await?;
    Ok(Outcome::Parked(update.key.clone(), error))
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
