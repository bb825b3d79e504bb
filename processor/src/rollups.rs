//! The first subscriber: folds an invocation's changes and adds them to the rollup items.

use aggregates::{SequenceNumber, Update, fold};
use futures::{StreamExt, stream};
use model::Model;
use table::{Applied, Error, Rollups};

use crate::invocation::Invocation;

/// How many rollup items are written at once.
const MAX_WRITES_IN_FLIGHT: usize = 32;

/// What happened to an invocation's updates.
#[derive(Debug, Default)]
struct Tally {
    whole: usize,
    rest: usize,
    nothing: usize,
    failed: Vec<(SequenceNumber, Error)>,
}

/// Adds what the changes contribute to the rollups. Returns the lowest record that some rollup item could not absorb.
///
/// # Errors
/// A missing table or a denied permission: no write can succeed until somebody mends it.
pub(crate) async fn absorb(
    model: &Model,
    rollups: &Rollups,
    invocation: &Invocation,
) -> Result<Option<SequenceNumber>, Error> {
    let fold = fold(model, invocation.changes.iter().map(|record| &record.change));
    for ((rollup, reason), skipped) in &fold.skipped {
        let (images, first) = (skipped.images, skipped.first.to_string());
        tracing::warn!(rollup, %reason, images, first, "images were not counted");
    }
    let apply = |update: Update| async move {
        let applied = rollups.apply(&invocation.stream_label, &invocation.shard, &update).await;
        (update.first(), applied)
    };
    let outcomes: Vec<_> = stream::iter(fold.updates)
        .map(apply)
        .buffer_unordered(MAX_WRITES_IN_FLIGHT)
        .collect()
        .await;
    let mut tally = Tally::default();
    for (first, outcome) in outcomes {
        match outcome {
            Ok(Applied::Whole) => tally.whole += 1,
            Ok(Applied::Rest) => tally.rest += 1,
            Ok(Applied::Nothing) => tally.nothing += 1,
            Err(error @ (Error::MissingTable { .. } | Error::Denied { .. })) => return Err(error),
            Err(error) => tally.failed.push((first, error)),
        }
    }
    tally.log(invocation);
    Ok(tally.failed.into_iter().map(|(first, _)| first).min())
}

impl Tally {
    fn log(&self, invocation: &Invocation) {
        let (whole, rest, nothing, failed) =
            (self.whole, self.rest, self.nothing, self.failed.len());
        let (shard, records) = (&invocation.shard, invocation.changes.len());
        match self.failed.first() {
            None => tracing::info!(shard, records, whole, rest, nothing, "a batch became rollups"),
            Some((_, error)) => {
                let error = table::error::chain(error);
                tracing::error!(
                    shard,
                    records,
                    whole,
                    rest,
                    nothing,
                    failed,
                    error,
                    "a batch became rollups in part"
                );
            }
        }
    }
}
