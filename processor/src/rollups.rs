//! The first subscriber: folds an invocation's changes and adds them to the rollup items.
//!
//! | DynamoDB's answer to an update | result |
//! |---|---|
//! | done, or its condition shows that it was done before | absorbed |
//! | rejected for good: the item is too large, or holds no numbers | parked; the shard continues |
//! | throttled, in conflict, no answer | its first record is retried, and all after it |
//! | no such table, access denied, other keys | the invocation fails: no update can succeed |

use std::sync::Arc;

use weir_model::Model;
use weir_rollups::fold::Skipped;
use weir_rollups::{RollupKey, SequenceNumber, fold};
use weir_table::error::chain;
use weir_table::{Applied, Error, Outcome, Rollups, SettledUpdate};

use crate::invocation::Invocation;

/// Rollups of one definition that are counted from one cut on.
#[derive(Clone, Debug)]
pub(crate) struct CountedRollups {
    /// The definition, with these rollups alone, each with the number of its revision.
    pub(crate) model: Arc<Model>,
    /// Records of earlier seconds since 1970 do not count; `None` if every record counts.
    pub(crate) cut: Option<i64>,
}

/// The outcomes of an invocation's updates.
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
    /// Updates that must be retried, each with its first record and why.
    pub(crate) failed: Vec<(SequenceNumber, Error)>,
    /// Images that were not counted, by the kind of reason.
    pub(crate) skipped: Vec<(&'static str, u64)>,
    /// The write units that the writes consumed, as far as DynamoDB reports it.
    pub(crate) write_units: Option<f64>,
    /// Why the table cannot be written at all: no update can succeed until that is fixed.
    pub(crate) unwritable: Option<Error>,
}

/// Adds what the changes contribute to the rollups that are counted, each from its cut on.
pub(crate) async fn absorb(
    counted: &[CountedRollups],
    rollups: &Rollups,
    invocation: &Invocation,
) -> Tally {
    let Invocation { shard, changes } = invocation;
    let (mut updates, mut skipped) = (Vec::new(), Vec::new());
    for CountedRollups { model, cut } in counted {
        let changes = changes.iter().map(|record| &record.change);
        let since = changes.filter(|change| cut.is_none_or(|cut| change.is_since(cut)));
        let fold = fold(model, &shard.id, since);
        updates.extend(fold.updates);
        skipped.extend(fold.skipped);
    }
    let mut tally = Tally::default();
    for Skipped { rollup, images, reason, first, item } in &skipped {
        let partition = item.as_ref().map(|key| key.partition.as_str());
        let sort = item.as_ref().and_then(|key| key.sort.as_deref());
        let (first, images) = (first.to_string(), *images);
        tracing::warn!(
            rollup, %reason, images, first, partition, sort, "images were not counted"
        );
        tally.skipped.push((reason.kind(), images));
    }
    let rollups = rollups.metered();
    for SettledUpdate { update, result } in rollups.apply_all(shard, updates).await {
        match result {
            Ok(outcome) => tally.count(update.key, outcome),
            Err(error) if error.is_table_level() => tally.unwritable = Some(error),
            Err(error) => tally.failed.push((update.first(), error)),
        }
    }
    tally.write_units = rollups.write_units();
    tally.log_errors();
    tally
}

impl Tally {
    /// The lowest record that some rollup item could not absorb.
    pub(crate) fn lowest_failed(&self) -> Option<SequenceNumber> {
        self.failed.iter().map(|(first, _)| *first).min()
    }

    fn count(&mut self, key: RollupKey, outcome: Outcome) {
        match outcome {
            Outcome::Applied(Applied::Whole) => self.whole += 1,
            Outcome::Applied(Applied::Rest) => self.refolded += 1,
            Outcome::Applied(Applied::Nothing) => self.duplicate += 1,
            Outcome::Parked(refusal) => self.parked.push((key, refusal)),
        }
    }

    /// One line for each way to fail, with the first that failed so; the record of a parked update
    /// has its own reason.
    fn log_errors(&self) {
        if let Some((RollupKey { partition, sort, .. }, refusal)) = self.parked.first() {
            tracing::error!(
                parked = self.parked.len(),
                partition,
                sort,
                error = chain(refusal),
                "rollup items refuse updates for good: they are parked and wrong until they are \
                 repaired"
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
