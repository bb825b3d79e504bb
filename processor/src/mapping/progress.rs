//! The progress of an event source mapping, for those who wait for it or show it.
//!
//! A shard is caught up at an instant when a read that began then found nothing and no record
//! waited: everything written before that instant was handled. An emulator's empty read is proof.
//! AWS may give an empty page before the end of a shard; there, caught up means nothing was found
//! just now.
//!
//! What changes here is counted in the registry of metrics as well.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use weir_table::checkpoints::Checkpoint;
use weir_telemetry::metrics;

use super::lineage::Shard;

/// A view of a mapping that lives on when the mapping runs, and when it has ended.
#[derive(Clone, Debug)]
pub struct Progress {
    receiver: watch::Receiver<Snapshot>,
    nudge: Arc<Notify>,
}

/// Everything known at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The shards that are listed or being read, by id.
    pub shards: BTreeMap<String, ShardProgress>,
    /// Records handled since the mapping started.
    pub records: u64,
    /// Invocations that failed, wholly or in part, since the mapping started.
    pub failed_invocations: u64,
    /// Records that no filter matched, since the mapping started.
    pub filtered: u64,
    /// Records discarded since the mapping started.
    pub discarded: u64,
    /// When the latest completed look at the list of shards began, since the lease was taken.
    pub(super) listed_at: Option<Instant>,
    /// Whether the stream is disabled, so that writes make no records.
    pub(super) is_disabled: bool,
    /// Whether there ever was such a look.
    pub(super) was_listed: bool,
}

/// How far one shard has been handled.
#[derive(Clone, Debug, Default)]
pub struct ShardProgress {
    /// The last record handled, or none yet.
    pub sequence_number: Option<String>,
    /// Records handled since the mapping started.
    pub records: u64,
    /// When the latest read began that found nothing while nothing waited.
    pub caught_up_at: Option<Instant>,
    /// Whether the shard was read to its end.
    pub done: bool,
    /// When the first of the latest reads in a row began that found nothing while nothing waited:
    /// as many as are proof.
    pub(super) settled_at: Option<Instant>,
    /// When this process read it to its end.
    pub(super) done_at: Option<Instant>,
    /// When the record of [`Self::sequence_number`] was made, in seconds since the epoch.
    pub(super) last_second: Option<i64>,
    /// The latest time at which a record handled was made, in seconds since the epoch.
    pub(super) handled_second: Option<i64>,
    /// When the last record handed over was made, in seconds since the epoch; none when caught up.
    pub(super) behind_since: Option<i64>,
}

/// The mapping has ended: what was waited for will not happen.
#[derive(Debug, thiserror::Error)]
#[error("the event source mapping has stopped")]
pub struct Stopped;

impl Progress {
    /// Returns the progress that is known now.
    pub fn snapshot(&self) -> Snapshot {
        self.receiver.borrow().clone()
    }

    /// Waits until something changes.
    pub async fn changed(&mut self) -> Result<(), Stopped> {
        self.receiver.changed().await.map_err(|_| Stopped)
    }

    /// Waits until everything written before an instant, usually now, has been handled.
    pub async fn caught_up_after(&self, since: Instant) -> Result<(), Stopped> {
        self.nudge.notify_one();
        let mut receiver = self.receiver.clone();
        let caught_up = receiver.wait_for(|snapshot| snapshot.is_caught_up(since)).await;
        caught_up.map(|_| ()).map_err(|_| Stopped)
    }
}

impl Snapshot {
    /// Whether everything written before an instant has been handled: the shards were listed after
    /// it, and each of them is done or was found empty after it.
    pub fn is_caught_up(&self, since: Instant) -> bool {
        let after = |at: Option<Instant>| at.is_some_and(|at| at >= since);
        after(self.listed_at)
            && self.shards.values().all(|shard| shard.done || after(shard.caught_up_at))
    }
}

impl ShardProgress {
    /// How old the last record handed over is now; zero when the shard is caught up. Records have
    /// their time in whole seconds.
    pub fn iterator_age(&self) -> Duration {
        iterator_age(self.behind_since, SystemTime::now())
    }
}

/// The writing side. Dropping it wakes all that wait.
#[derive(Debug)]
pub(super) struct ProgressTracker {
    sender: watch::Sender<Snapshot>,
    nudge: Arc<Notify>,
}

impl ProgressTracker {
    pub(super) fn new() -> Self {
        ProgressTracker { sender: watch::Sender::new(Snapshot::default()), nudge: Arc::default() }
    }

    pub(super) fn progress(&self) -> Progress {
        Progress { receiver: self.sender.subscribe(), nudge: Arc::clone(&self.nudge) }
    }

    /// Whether the shards were ever listed: the mapping could do its work.
    pub(super) fn has_listed(&self) -> bool {
        self.sender.borrow().was_listed
    }

    /// Whether every shard that is listed was read to its end.
    pub(super) fn has_ended(&self) -> bool {
        let snapshot = self.sender.borrow();
        !snapshot.shards.is_empty() && snapshot.shards.values().all(|shard| shard.done)
    }

    /// Whether the stream is enabled.
    pub(super) fn set_enabled(&self, is_enabled: bool) {
        self.sender.send_if_modified(|snapshot| {
            std::mem::replace(&mut snapshot.is_disabled, !is_enabled) == is_enabled
        });
    }

    /// As many reads in a row as are proof found nothing, the first of which began at this instant.
    pub(super) fn settled(&self, shard_id: &str, began: Instant) {
        self.change(shard_id, |shard| shard.settled_at = Some(began));
    }

    /// Whether everything written before an instant has been handled.
    pub(super) fn is_caught_up(&self, since: Instant) -> bool {
        self.sender.borrow().is_caught_up(since)
    }

    /// Waits until it is asked to look for new shards now.
    pub(super) async fn nudged(&self) {
        self.nudge.notified().await;
    }

    /// The shards were listed by a look that began at this instant.
    pub(super) fn listed(
        &self,
        began: Instant,
        shards: &[Shard],
        finished: &HashSet<String>,
        running: &HashSet<String>,
    ) {
        self.sender.send_modify(|snapshot| {
            let listed: HashSet<&str> = shards.iter().map(|shard| shard.id.as_str()).collect();
            snapshot.shards.retain(|id, _| listed.contains(id.as_str()) || running.contains(id));
            for shard in shards {
                let known = snapshot.shards.entry(shard.id.clone()).or_default();
                known.done = finished.contains(&shard.id);
            }
            snapshot.listed_at = Some(began);
            snapshot.was_listed = true;
        });
    }

    /// A read that began at this instant found nothing, and nothing waits.
    pub(super) fn caught_up(&self, shard_id: &str, began: Instant) {
        self.change(shard_id, |shard| {
            shard.caught_up_at = Some(began);
            shard.behind_since = None;
        });
        measure_age(shard_id, Duration::ZERO);
    }

    /// The handler is invoked with records, the last of which was made at this time, in seconds
    /// since the epoch; or without any.
    pub(super) fn invoked(&self, shard_id: &str, last: Option<i64>) {
        metrics::INVOCATIONS.add(1);
        if last.is_some() {
            self.change(shard_id, |shard| shard.behind_since = last);
            measure_age(shard_id, iterator_age(last, SystemTime::now()));
        }
    }

    /// This poller holds the lease of the stream from now on.
    pub(super) fn leased(&self, label: &str) {
        metrics::LEASE_HELD.set_by(&[label], 1.0);
    }

    /// This poller does not hold the lease of the stream: another poller may read its shards, so
    /// nothing is known of their age.
    pub(super) fn unleased(&self, label: &str) {
        metrics::LEASE_HELD.set_by(&[label], 0.0);
        metrics::SHARDS.set_by(&[label], 0.0);
        self.sender.send_modify(|snapshot| {
            snapshot.listed_at = None;
            for id in std::mem::take(&mut snapshot.shards).into_keys() {
                metrics::ITERATOR_AGE.set_by(&[&id], f64::NAN);
            }
        });
    }

    /// Measures what passes while nothing happens: the age of what was handed over last. So many
    /// shards of this stream are being read.
    pub(super) fn measure(&self, label: &str, running: usize) {
        metrics::SHARDS.set_by(&[label], running as f64);
        for (id, shard) in &self.sender.borrow().shards {
            if !shard.done {
                measure_age(id, shard.iterator_age());
            }
        }
    }

    /// This many more records were handled, up to the checkpoint; its record was made at this time,
    /// in seconds since the epoch.
    pub(super) fn handled(&self, checkpoint: &Checkpoint, records: u64, last: Option<i64>) {
        metrics::RECORDS.add(records);
        self.sender.send_modify(|snapshot| {
            snapshot.records += records;
            let shard = snapshot.shards.entry(checkpoint.shard_id.clone()).or_default();
            shard.records += records;
            shard.sequence_number = checkpoint.sequence_number.clone();
            shard.last_second = last;
            shard.handled_second = shard.handled_second.max(last);
        });
    }

    /// This many more records are passed over.
    pub(super) fn filtered(&self, records: u64) {
        metrics::RECORDS_FILTERED.add(records);
        self.sender.send_modify(|snapshot| snapshot.filtered += records);
    }

    /// This many more records were discarded, up to the checkpoint; its record was made at this
    /// time, in seconds since the epoch.
    pub(super) fn discarded(&self, checkpoint: &Checkpoint, records: u64, last: Option<i64>) {
        metrics::RECORDS_DISCARDED.add(records);
        self.sender.send_modify(|snapshot| {
            snapshot.discarded += records;
            let shard = snapshot.shards.entry(checkpoint.shard_id.clone()).or_default();
            shard.sequence_number = checkpoint.sequence_number.clone();
            shard.last_second = last;
        });
    }

    /// An invocation failed, wholly or in part.
    pub(super) fn failed(&self) {
        metrics::INVOCATIONS_FAILED.add(1);
        self.sender.send_modify(|snapshot| snapshot.failed_invocations += 1);
    }

    /// The shard was read to its end.
    pub(super) fn done(&self, shard_id: &str) {
        self.change(shard_id, |shard| {
            shard.done = true;
            shard.done_at = Some(Instant::now());
            shard.behind_since = None;
        });
        measure_age(shard_id, Duration::ZERO);
    }

    fn change(&self, shard_id: &str, change: impl FnOnce(&mut ShardProgress)) {
        self.sender.send_modify(|snapshot| {
            change(snapshot.shards.entry(shard_id.to_owned()).or_default());
        });
    }
}

fn measure_age(shard_id: &str, age: Duration) {
    metrics::ITERATOR_AGE.set_by(&[shard_id], age.as_millis() as f64);
}

fn iterator_age(behind_since: Option<i64>, now: SystemTime) -> Duration {
    let made = behind_since.and_then(|secs| u64::try_from(secs).ok());
    let made = made.map(|secs| UNIX_EPOCH + Duration::from_secs(secs));
    made.and_then(|made| now.duration_since(made).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_iterator_age_is_that_of_the_last_record_and_none_when_caught_up() {
        let now = UNIX_EPOCH + Duration::from_millis(100_250);
        assert_eq!(iterator_age(Some(40), now), Duration::from_millis(60_250));
        assert_eq!(iterator_age(Some(101), now), Duration::ZERO, "clocks differ");
        assert_eq!(iterator_age(None, now), Duration::ZERO);

        let (tracker, long_ago) = (ProgressTracker::new(), Some(40));
        let progress = tracker.progress();
        let age = || progress.snapshot().shards["a"].iterator_age();
        tracker.invoked("a", long_ago);
        tracker.invoked("a", None);
        assert!(age() > Duration::from_secs(1_000_000_000), "a final invocation has no records");
        tracker.caught_up("a", Instant::now());
        assert_eq!(age(), Duration::ZERO);
    }

    fn shard(id: &str) -> Shard {
        Shard { id: id.to_owned(), parent: None }
    }

    fn ids(ids: &[&str]) -> HashSet<String> {
        ids.iter().map(|id| id.to_string()).collect()
    }

    #[test]
    fn caught_up_means_listed_and_every_shard_found_empty_since() {
        let (tracker, asked) = (ProgressTracker::new(), Instant::now());
        let (before, after) = (asked - Duration::from_secs(1), asked + Duration::from_secs(1));
        let progress = tracker.progress();
        let caught_up = || progress.snapshot().is_caught_up(asked);

        tracker.listed(before, &[shard("a"), shard("b")], &ids(&[]), &ids(&["a", "b"]));
        tracker.caught_up("a", after);
        tracker.caught_up("b", after);
        assert!(!caught_up(), "shards may have come since they were listed");
        tracker.listed(after, &[shard("a"), shard("b"), shard("c")], &ids(&[]), &ids(&["a", "b"]));
        assert!(!caught_up(), "c was not read");
        tracker.caught_up("c", before);
        assert!(!caught_up(), "c was read too early");
        tracker.done("c");
        assert!(caught_up());
        let checkpoint = Checkpoint { shard_id: "a".to_owned(), ..Checkpoint::default() };
        tracker.handled(&checkpoint, 5, None);
        assert!(caught_up(), "what came later does not matter");
        assert_eq!(progress.snapshot().records, 5);
    }

    #[test]
    fn without_the_lease_nothing_is_known_of_any_shard() {
        let (tracker, asked) = (ProgressTracker::new(), Instant::now());
        let progress = tracker.progress();
        tracker.listed(asked, &[shard("a")], &ids(&[]), &ids(&["a"]));
        tracker.caught_up("a", asked);
        assert!(progress.snapshot().is_caught_up(asked));
        tracker.unleased("stream");
        assert!(progress.snapshot().shards.is_empty());
        assert!(!progress.snapshot().is_caught_up(asked), "no shard is not every shard");
        assert!(tracker.has_listed(), "DynamoDB has answered before");
    }

    #[test]
    fn a_shard_that_is_neither_listed_nor_read_is_forgotten() {
        let (tracker, now) = (ProgressTracker::new(), Instant::now());
        tracker.listed(now, &[shard("a"), shard("b"), shard("c")], &ids(&["c"]), &ids(&["a"]));
        tracker.listed(now, &[shard("c")], &ids(&["c"]), &ids(&["a"]));
        let shards = tracker.progress().snapshot().shards;
        assert_eq!(shards.keys().collect::<Vec<_>>(), ["a", "c"]);
        assert!(shards["c"].done);
    }

    #[tokio::test]
    async fn waiting_for_a_mapping_that_has_ended_ends() {
        let tracker = ProgressTracker::new();
        let progress = tracker.progress();
        drop(tracker);
        progress.caught_up_after(Instant::now()).await.expect_err("it has stopped");
    }
}
