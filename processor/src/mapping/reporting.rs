//! Stores how far the stream was handled, once a second, for readers and for `weir load`; and how
//! far each shard was, at most once a second, and when the poller stops.
//!
//! A time is complete when every record up to it was handled: of a shard that was read to where
//! nothing came, the beginning of the first of some such reads in a row; of one that is behind, the
//! second before that of the last record handled; and shards that are not listed yet began after
//! the last look at the list.
//!
//! DynamoDB promises no time within which a record can be read. So a
//! [`margin`](super::Settings::visibility_margin) is taken off, which is zero only where an
//! emulator shows records at once.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::{StreamExt, stream};
use tokio::time::{Instant, sleep};
use weir_rollups::Watermark;
use weir_table::ShardId;
use weir_table::checkpoints::Checkpoints;

use super::progress::{Progress, ShardProgress, Snapshot};
use super::settings::REPORT_INTERVAL_MS;
use super::stream::Stream;
use crate::invocation::seconds;
use crate::shard_progress::ProgressStore;

/// How many positions of shards are written at once.
const WRITES_AT_ONCE: usize = 8;

/// Stores the progress of one stream and of its shards.
#[derive(Debug)]
pub(super) struct Reporter {
    shards: ProgressStore,
    checkpoints: Checkpoints,
    stream: Stream,
    progress: Progress,
    margin: Duration,
    reported_records: u64,
    reported_through_ms: i64,
    reported_at: Option<Instant>,
}

impl Reporter {
    pub(super) fn new(
        checkpoints: Checkpoints,
        stream: &Stream,
        progress: Progress,
        margin: Duration,
    ) -> Self {
        let reported_records = progress.snapshot().records;
        Self {
            shards: ProgressStore::new(checkpoints.clone()),
            checkpoints,
            stream: stream.clone(),
            progress,
            margin,
            reported_records,
            reported_through_ms: 0,
            reported_at: None,
        }
    }

    /// Stores that nothing is known to be missing before the stream began, unless more is stored
    /// already: from then on a reader can tell a stream that is polled from one that is not.
    async fn begin(&self) {
        let Some(began_at) = weir_table::stream_began_at(self.stream.label()) else { return };
        if let Err(error) =
            self.checkpoints.save_progress(self.stream.label(), began_at * 1_000, 0).await
        {
            tracing::debug!(%error, "the beginning of the stream was not stored");
        }
    }

    /// Reports until it is dropped: at most four times an interval while records come, and once an
    /// interval while none do.
    pub(super) async fn run(&mut self) {
        let interval = Duration::from_millis(REPORT_INTERVAL_MS);
        self.begin().await;
        loop {
            sleep(interval / 4).await;
            self.report_shards().await;
            let is_due = self.reported_at.is_none_or(|at| at.elapsed() >= interval);
            if is_due || self.progress.snapshot().records != self.reported_records {
                self.report().await;
            }
        }
    }

    /// Stores the position of each shard that moved, unless it was written less than a second ago.
    async fn report_shards(&self) {
        let positions = stream::iter(self.positions());
        let shards = &self.shards;
        let store = |(shard, last): (ShardId, _)| async move {
            shards.acknowledge(&shard, Some(last)).await;
        };
        positions.for_each_concurrent(WRITES_AT_ONCE, store).await;
    }

    /// Reports for the last time: all that was handled.
    pub(super) async fn finish(&mut self) {
        let positions = stream::iter(self.positions());
        let shards = &self.shards;
        let store = |(shard, last): (ShardId, _)| async move { shards.store(&shard, last).await };
        positions.for_each_concurrent(WRITES_AT_ONCE, store).await;
        self.report().await;
    }

    /// Returns the last record that was handled of each shard.
    fn positions(&self) -> Vec<(ShardId, Watermark)> {
        let of_shard = |(id, shard): (&String, &ShardProgress)| {
            Some((ShardId::new(self.stream.label(), id), shard.position()?))
        };
        self.progress.snapshot().shards.iter().filter_map(of_shard).collect()
    }

    /// Reports once how far the stream was handled.
    async fn report(&mut self) {
        let snapshot = self.progress.snapshot();
        let Some(through_ms) = snapshot.complete_through_ms(self.margin) else { return };
        let through_ms = through_ms.max(self.reported_through_ms);
        let more = snapshot.records.saturating_sub(self.reported_records);
        if more == 0 && through_ms == self.reported_through_ms {
            return;
        }
        // Reads after the stream was disabled say nothing of later writes.
        if !self.stream.is_still_written().await {
            return;
        }
        match self.checkpoints.save_progress(self.stream.label(), through_ms, more).await {
            Ok(()) => {
                self.reported_records = snapshot.records;
                self.reported_through_ms = through_ms;
                self.reported_at = Some(Instant::now());
            }
            Err(error) => tracing::debug!(%error, "the progress was not stored, trying again"),
        }
    }
}

impl ShardProgress {
    /// Returns the last record that was handled; `None` before there is one.
    fn position(&self) -> Option<Watermark> {
        let sequence = self.sequence_number.as_deref()?.parse().ok()?;
        Some(Watermark { sequence, seconds: seconds(self.last_second) })
    }
}

impl Snapshot {
    /// Until when, in milliseconds since 1970, every record was handled; `None` where a shard was
    /// not read yet.
    fn complete_through_ms(&self, margin: Duration) -> Option<i64> {
        if self.is_disabled {
            return None;
        }
        let listed_at = self.listed_at?;
        let listed_ms = epoch_ms(listed_at, margin);
        let of_shard = |shard: &ShardProgress| {
            if shard.done {
                // Where it was read to its end after the list was, its children are not known yet.
                let is_listed_since = shard.done_at.is_none_or(|done_at| done_at < listed_at);
                return Some(if is_listed_since { i64::MAX } else { listed_ms });
            }
            let caught_up = shard.settled_at.map(|at| epoch_ms(at, margin));
            // More records of the same second may follow.
            let handled = shard.handled_second.map(|second| (second - 1) * 1_000);
            caught_up.max(handled)
        };
        let least = self.shards.values().map(of_shard).min();
        let is_any_open = self.shards.values().any(|shard| !shard.done);
        match least {
            Some(through) => Some(through?.min(if is_any_open { i64::MAX } else { listed_ms })),
            None => Some(listed_ms),
        }
    }
}

/// An instant of this process in milliseconds since 1970, less a margin.
fn epoch_ms(instant: Instant, margin: Duration) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let through = now.saturating_sub(instant.elapsed()).saturating_sub(margin);
    i64::try_from(through.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_MS: i64 = 1_000;

    /// A snapshot whose shards were listed so many seconds ago.
    fn snapshot(listed: u64, shards: &[(&str, ShardProgress)]) -> Snapshot {
        Snapshot {
            shards: shards.iter().map(|(id, shard)| ((*id).to_owned(), shard.clone())).collect(),
            listed_at: Some(ago(listed)),
            ..Snapshot::default()
        }
    }

    fn ago(seconds: u64) -> Instant {
        Instant::now() - Duration::from_secs(seconds)
    }

    fn caught_up(seconds: u64) -> ShardProgress {
        ShardProgress { settled_at: Some(ago(seconds)), ..ShardProgress::default() }
    }

    fn done(seconds: u64) -> ShardProgress {
        ShardProgress { done: true, done_at: Some(ago(seconds)), ..ShardProgress::default() }
    }

    /// How many seconds ago everything was handled.
    fn age(snapshot: &Snapshot, margin: u64) -> Option<i64> {
        let through = snapshot.complete_through_ms(Duration::from_secs(margin))?;
        let now = epoch_ms(Instant::now(), Duration::ZERO);
        Some((now - through + SECOND_MS / 2) / SECOND_MS)
    }

    #[test]
    fn a_stream_is_complete_up_to_its_shard_that_is_furthest_behind() {
        assert_eq!(age(&snapshot(9, &[]), 0), Some(9), "a stream without shards");
        let open = [("a", caught_up(3)), ("b", caught_up(5))];
        assert_eq!(age(&snapshot(9, &open), 0), Some(5));
        assert_eq!(age(&snapshot(9, &open), 60), Some(65), "the margin is taken off");
        let now = epoch_ms(Instant::now(), Duration::ZERO) / SECOND_MS;
        let behind = ShardProgress { handled_second: Some(now - 40), ..ShardProgress::default() };
        let age_behind = age(&snapshot(9, &[("a", caught_up(3)), ("b", behind.clone())]), 0);
        assert!(matches!(age_behind, Some(41 | 42)), "{age_behind:?}");
        let both = ShardProgress { settled_at: Some(ago(20)), ..behind };
        assert_eq!(age(&snapshot(9, &[("a", both)]), 0), Some(20), "what was known stays known");
    }

    #[test]
    fn a_shard_that_was_not_read_yet_leaves_it_unknown() {
        let shards = [("a", caught_up(3)), ("b", ShardProgress::default())];
        assert_eq!(age(&snapshot(9, &shards), 0), None);
        assert_eq!(age(&Snapshot::default(), 0), None, "nothing was listed");
        let disabled = Snapshot { is_disabled: true, ..snapshot(9, &[("a", caught_up(3))]) };
        assert_eq!(age(&disabled, 0), None, "writes make no records");
    }

    #[test]
    fn the_children_of_a_shard_that_has_ended_count_once_they_are_listed() {
        assert_eq!(age(&snapshot(9, &[("a", done(4)), ("b", caught_up(1))]), 0), Some(9));
        assert_eq!(age(&snapshot(2, &[("a", done(4)), ("b", caught_up(1))]), 0), Some(1));
        assert_eq!(age(&snapshot(2, &[("a", done(4))]), 0), Some(2), "all have ended");
    }
}
