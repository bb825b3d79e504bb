//! The first subscriber: folds an invocation's changes and adds them to the rollup items.
//!
//! | what DynamoDB says to an update | what becomes of it |
//! |---|---|
//! | done, or its condition shows that it was done before | absorbed |
//! | refused for good, as the item is too large or holds something else than numbers | parked; the shard goes on |
//! | throttled, in conflict, not answered | its first record is reported, and all from there on comes again |
//! | no such table, access denied, other keys | the invocation fails: no update can succeed |

use aggregates::{SequenceNumber, Update, fold};
use futures::{StreamExt, stream};
use model::Model;
use table::error::chain;
use table::{Applied, Error, Rollups};

use crate::invocation::Invocation;
use crate::metrics;

/// How many rollup items are written at once.
const MAX_WRITES_IN_FLIGHT: usize = 32;

/// What became of one update.
enum Outcome {
    Applied(Applied),
    Parked,
}

/// What happened to an invocation's updates.
#[derive(Debug, Default)]
struct Tally {
    whole: usize,
    rest: usize,
    nothing: usize,
    parked: usize,
    failed: Vec<(SequenceNumber, Error)>,
}

/// Adds what the changes contribute to the rollups. Returns the lowest record that some rollup item could not absorb.
///
/// # Errors
/// A table that cannot be written at all: no update can succeed until somebody mends that.
pub(crate) async fn absorb(
    model: &Model,
    rollups: &Rollups,
    invocation: &Invocation,
) -> Result<Option<SequenceNumber>, Error> {
    let changes = invocation.changes.iter().map(|record| &record.change);
    let fold = fold(model, &invocation.shard, changes);
    for ((rollup, reason), skipped) in &fold.skipped {
        let (images, first) = (skipped.images, skipped.first.to_string());
        tracing::warn!(rollup, %reason, images, first, "images were not counted");
        metrics::IMAGES_SKIPPED.add(images);
    }
    let outcomes: Vec<_> = stream::iter(fold.updates)
        .map(|update| async move {
            let outcome = apply_or_park(rollups, invocation, &update).await;
            (update.first(), outcome)
        })
        .buffer_unordered(MAX_WRITES_IN_FLIGHT)
        .collect()
        .await;
    let mut tally = Tally::default();
    for (first, outcome) in outcomes {
        match outcome {
            Ok(outcome) => tally.count(&outcome),
            Err(error) if error.is_of_the_table() => return Err(error),
            Err(error) => tally.failed.push((first, error)),
        }
    }
    tally.measure();
    tally.log(invocation);
    Ok(tally.failed.into_iter().map(|(first, _)| first).min())
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
    let (partition, sort, error) = (&update.key.partition, &update.key.sort, chain(&refusal));
    tracing::error!(
        partition,
        sort,
        error,
        "a rollup item refuses an update for good: it is parked and wrong until it is repaired"
    );
    Ok(Outcome::Parked)
}

impl Tally {
    fn count(&mut self, outcome: &Outcome) {
        *match outcome {
            Outcome::Applied(Applied::Whole) => &mut self.whole,
            Outcome::Applied(Applied::Rest) => &mut self.rest,
            Outcome::Applied(Applied::Nothing) => &mut self.nothing,
            Outcome::Parked => &mut self.parked,
        } += 1;
    }

    fn measure(&self) {
        metrics::UPDATES_ABSORBED.add((self.whole + self.rest) as u64);
        metrics::UPDATES_REFOLDED.add(self.rest as u64);
        metrics::UPDATES_DUPLICATE.add(self.nothing as u64);
        metrics::UPDATES_PARKED.add(self.parked as u64);
        metrics::UPDATES_FAILED.add(self.failed.len() as u64);
    }

    fn log(&self, invocation: &Invocation) {
        let Self { whole, rest, nothing, parked, failed } = self;
        let (shard, records, failures) =
            (&invocation.shard, invocation.changes.len(), failed.len());
        let Some((_, error)) = failed.first() else {
            tracing::info!(shard, records, whole, rest, nothing, parked, "a batch became rollups");
            return;
        };
        let error = chain(error);
        tracing::error!(
            shard,
            records,
            whole,
            rest,
            nothing,
            parked,
            failed = failures,
            error,
            "a batch became rollups in part"
        );
    }
}
