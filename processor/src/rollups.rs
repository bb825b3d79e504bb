//! The first subscriber: folds an invocation's changes and adds them to the rollup items.
//!
//! | what DynamoDB says to an update | what becomes of it |
//! |---|---|
//! | done, or its condition shows that it was done before | absorbed |
//! | refused for good, as the item is too large or holds something else than numbers | parked; the shard goes on |
//! | throttled, in conflict, not answered | its first record is reported, and all from there on comes again |
//! | no such table, access denied, other keys | the invocation fails: no update can succeed |

use aggregates::{RollupKey, SequenceNumber, Update, fold};
use futures::{StreamExt, stream};
use model::Model;
use table::error::chain;
use table::{Applied, Error, Rollups};

use crate::invocation::Invocation;

/// How many rollup items are written at once.
const MAX_WRITES_IN_FLIGHT: usize = 32;

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
    let outcomes: Vec<_> = stream::iter(fold.updates)
        .map(|update| async move {
            let outcome = apply_or_park(rollups, invocation, &update).await;
            (update.first(), outcome)
        })
        .buffer_unordered(MAX_WRITES_IN_FLIGHT)
        .collect()
        .await;
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

async fn apply_or_park(
    rollups: &Rollups,
    invocation: &Invocation,
    update: &Update,
) -> Result<Outcome, Error> {
    let (label, shard) = (&invocation.stream_label, &invocation.shard);
    let refusal = match rollups.apply(label, shard, update).await {
        Err(error) if error.is_refusal() => error,
        applied => return applied.map(Outcome::Applied),
    };
    rollups.park(label, shard, update, &refusal).await?;
    Ok(Outcome::Parked(update.key.clone(), refusal))
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
        if let Some((RollupKey { partition, sort }, refusal)) = self.parked.first() {
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
