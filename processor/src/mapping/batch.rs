//! How records that were read become batches.
//!
//! A batch is the first records that wait, up to the batch size, up to 6 MB of event, and within
//! one tumbling window. It is handed over when it cannot grow, when its oldest record has waited
//! for the batching window, or when the shard has ended.
//!
//! What was handed over and not handled stays a batch: nothing is added to it, see `retry`.
//!
//! **Invariant:** records leave in the order in which they came, and only from the front.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;
use weir_table::checkpoints::OpenWindow;

use super::retry::SubBatch;
use super::window;
use crate::event::Record;

/// The largest event that Lambda hands over, in bytes.
const MAX_EVENT_BYTES: usize = 6 * 1024 * 1024;
/// The size of an event beside its records: a shard id, an ARN, two times.
const ENVELOPE_BYTES: usize = 2 * 1024;

/// The bounds of a batch.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    pub(super) records: usize,
    pub(super) bytes: usize,
    pub(super) wait: Duration,
    pub(super) tumbling_window: Duration,
}

/// A record that waits.
#[derive(Debug)]
struct Waiting {
    record: Record,
    /// Its size in the event.
    bytes: usize,
    /// The last record that was passed over between it and the one before.
    passed: Option<Passed>,
    /// When it arrived; nothing if it was handed over before and has waited enough.
    arrived: Option<Instant>,
}

/// A record that was passed over.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Passed {
    pub(super) sequence_number: String,
    /// When it was made, in seconds since the epoch.
    pub(super) second: Option<i64>,
}

impl Passed {
    pub(super) fn new(Record { dynamodb, .. }: Record) -> Self {
        let second = dynamodb.approximate_creation_date_time;
        Self { sequence_number: dynamodb.sequence_number, second }
    }
}

/// The next step for a shard.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// Hand over this many records.
    Invoke(usize),
    /// Make the final invocation for the open window.
    Close,
    /// Read on; come back after this long even if nothing was found.
    Read { within: Option<Duration> },
    /// The shard has ended and every record of it was handled.
    Finish,
}

/// The facts known of a shard beside the records that wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shard {
    /// The window that had an invocation and not yet its final one.
    pub(super) open: Option<OpenWindow>,
    /// Until when, in seconds since the epoch, it is known that nothing else waits.
    pub(super) read_until: Option<i64>,
    /// Whether it was read to its end.
    pub(super) has_ended: bool,
}

/// The records read and not yet handled.
#[derive(Debug)]
pub(super) struct Buffer {
    limits: Limits,
    waiting: VecDeque<Waiting>,
    /// How the first of them were cut, where they were handed over before.
    sub_batches: VecDeque<SubBatch>,
    /// The last record that was passed over after all of them.
    passed: Option<Passed>,
}

impl Limits {
    pub(super) fn new(records: usize, wait: Duration, tumbling_window: Duration) -> Self {
        Limits { records, bytes: MAX_EVENT_BYTES - ENVELOPE_BYTES, wait, tumbling_window }
    }
}

impl Waiting {
    fn new(record: Record, arrived: Option<Instant>) -> Self {
        let bytes = serde_json::to_vec(&record).expect("a record is JSON: its keys are text").len();
        Waiting { record, bytes, passed: None, arrived }
    }
}

impl Buffer {
    pub(super) fn new(limits: Limits) -> Self {
        Buffer { limits, waiting: VecDeque::new(), sub_batches: VecDeque::new(), passed: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Adds a record that arrived now.
    pub(super) fn push(&mut self, record: Record, now: Instant) {
        let passed = self.passed.take();
        self.waiting.push_back(Waiting { passed, ..Waiting::new(record, Some(now)) });
    }

    /// Passes over a record: it is handled when all before it are.
    pub(super) fn pass(&mut self, record: Record) {
        self.passed = Some(Passed::new(record));
    }

    /// The last record that was passed over before the first one that waits.
    pub(super) fn take_passed(&mut self) -> Option<Passed> {
        match self.waiting.front_mut() {
            Some(first) => first.passed.take(),
            None => self.passed.take(),
        }
    }

    /// Removes the first records.
    pub(super) fn take(&mut self, count: usize) -> Vec<Record> {
        self.waiting.drain(..count).map(|waiting| waiting.record).collect()
    }

    /// The batch of this many records, which [`Buffer::step`] said, with its failures.
    pub(super) fn sub_batch(&mut self, records: usize) -> SubBatch {
        self.sub_batches.pop_front().unwrap_or_else(|| SubBatch::new(records))
    }

    /// Cuts the first records so.
    pub(super) fn cut_as(&mut self, sub_batches: VecDeque<SubBatch>) {
        sub_batches.into_iter().rev().for_each(|sub_batch| self.sub_batches.push_front(sub_batch));
    }

    /// The first records.
    pub(super) fn first(&self, count: usize) -> impl Iterator<Item = &Record> {
        self.waiting.iter().take(count).map(|waiting| &waiting.record)
    }

    /// Puts back what was taken and not handled.
    pub(super) fn put_back(&mut self, records: Vec<Record>) {
        for record in records.into_iter().rev() {
            self.waiting.push_front(Waiting::new(record, None));
        }
    }

    /// The tumbling window of the first record.
    pub(super) fn window(&self, open: Option<OpenWindow>) -> Option<OpenWindow> {
        self.window_of(self.waiting.front()?, open)
    }

    /// Decides what comes next.
    pub(super) fn step(&self, now: Instant, shard: Shard) -> Step {
        let Some(oldest) = self.waiting.front() else {
            let is_over = |open| shard.read_until.is_some_and(|until| window::is_over(open, until));
            return match shard.open {
                Some(open) if shard.has_ended || is_over(open) => Step::Close,
                None if shard.has_ended => Step::Finish,
                _ => Step::Read { within: None },
            };
        };
        let window = self.window_of(oldest, shard.open);
        if shard.open.is_some() && window != shard.open {
            return Step::Close;
        }
        if let Some(sub_batch) = self.sub_batches.front() {
            return Step::Invoke(sub_batch.records);
        }
        let count = self.cut(window);
        let full = count == self.limits.records || count < self.waiting.len();
        let due = oldest.arrived.map(|arrived| arrived + self.limits.wait);
        match due.filter(|due| *due > now) {
            Some(due) if !full && !shard.has_ended => Step::Read { within: Some(due - now) },
            _ => Step::Invoke(count),
        }
    }

    /// How many of the first records go into one batch: at least one, if there is one.
    fn cut(&self, window: Option<OpenWindow>) -> usize {
        let mut bytes = 0;
        let fits = |waiting: &&Waiting| {
            bytes += waiting.bytes + ",".len();
            bytes <= self.limits.bytes && self.window_of(waiting, window) == window
        };
        let count = self.waiting.iter().take(self.limits.records).take_while(fits).count();
        count.max(1).min(self.waiting.len())
    }

    fn window_of(&self, waiting: &Waiting, open: Option<OpenWindow>) -> Option<OpenWindow> {
        window::window_of(&waiting.record, self.limits.tumbling_window, open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_secs(5);
    /// A shard that continues, without a window that had an invocation.
    const OPEN: Shard = Shard { open: None, read_until: None, has_ended: false };
    const ENDED: Shard = Shard { has_ended: true, ..OPEN };

    fn record(created: Option<i64>, sequence_number: usize) -> Record {
        Record {
            event_id: sequence_number.to_string(),
            event_name: "INSERT".to_owned(),
            event_version: None,
            event_source: None,
            aws_region: None,
            dynamodb: crate::event::StreamRecord {
                approximate_creation_date_time: created,
                sequence_number: sequence_number.to_string(),
                ..Default::default()
            },
            user_identity: None,
            event_source_arn: None,
        }
    }

    fn limits(records: usize, wait: Duration) -> Limits {
        Limits::new(records, wait, Duration::from_secs(60))
    }

    fn buffer(limits: Limits, created: &[Option<i64>], now: Instant) -> Buffer {
        let mut buffer = Buffer::new(limits);
        for (index, created) in created.iter().enumerate() {
            buffer.push(record(*created, index), now);
        }
        buffer
    }

    #[test]
    fn without_a_batching_window_what_there_is_goes_at_once() {
        let now = Instant::now();
        let three = buffer(limits(100, Duration::ZERO), &[None; 3], now);
        assert_eq!(three.step(now, OPEN), Step::Invoke(3));
    }

    #[test]
    fn with_one_a_batch_waits_until_it_is_full_or_old_or_the_shard_ends() {
        let now = Instant::now();
        let three = buffer(limits(4, WAIT), &[None; 3], now);
        assert_eq!(three.step(now, OPEN), Step::Read { within: Some(WAIT) });
        assert_eq!(
            three.step(now + Duration::from_secs(2), OPEN),
            Step::Read { within: Some(Duration::from_secs(3)) }
        );
        assert_eq!(three.step(now + WAIT, OPEN), Step::Invoke(3));
        assert_eq!(three.step(now, ENDED), Step::Invoke(3));
        assert_eq!(buffer(limits(4, WAIT), &[None; 4], now).step(now, OPEN), Step::Invoke(4));
        assert_eq!(buffer(limits(4, WAIT), &[None; 9], now).step(now, OPEN), Step::Invoke(4));
    }

    #[test]
    fn nothing_waiting_means_read_on_or_finish() {
        let now = Instant::now();
        let empty = buffer(limits(4, WAIT), &[], now);
        assert_eq!(empty.step(now, OPEN), Step::Read { within: None });
        assert_eq!(empty.step(now, ENDED), Step::Finish);
    }

    #[test]
    fn a_batch_stays_within_its_bytes_but_takes_one_record_of_any_size() {
        let now = Instant::now();
        let size = Waiting::new(record(None, 0), None).bytes + 1;
        let cut = |bytes| {
            let limits = Limits { bytes, ..limits(100, WAIT) };
            buffer(limits, &[None; 5], now).step(now, OPEN)
        };
        assert_eq!(cut(2 * size), Step::Invoke(2));
        assert_eq!(cut(3 * size - 1), Step::Invoke(2));
        assert_eq!(cut(1), Step::Invoke(1));
        assert_eq!(cut(5 * size), Step::Read { within: Some(WAIT) });
    }

    #[test]
    fn a_batch_stays_within_one_tumbling_window() {
        let now = Instant::now();
        let minutes = [Some(60), None, Some(119), Some(120), Some(121)];
        let mut buffer = buffer(limits(100, WAIT), &minutes, now);
        assert_eq!(buffer.step(now, OPEN), Step::Invoke(3));
        let window = buffer.window(None);
        assert_eq!(window, Some(OpenWindow { start: 60, end: 120 }));
        buffer.take(3);
        assert_eq!(buffer.step(now, OPEN), Step::Read { within: Some(WAIT) });
    }

    #[test]
    fn a_window_that_had_an_invocation_is_closed_before_a_record_of_a_later_one() {
        let now = Instant::now();
        let minutes = [Some(119), Some(120)];
        let mut buffer = buffer(limits(100, Duration::ZERO), &minutes, now);
        let shard = Shard { open: Some(OpenWindow { start: 60, end: 120 }), ..OPEN };
        assert_eq!(buffer.step(now, shard), Step::Invoke(1), "119 is in it");
        buffer.take(1);
        assert_eq!(buffer.step(now, shard), Step::Close);
        assert_eq!(buffer.step(now, OPEN), Step::Invoke(1), "none was open");
    }

    #[test]
    fn a_window_is_closed_when_it_is_over_and_nothing_is_left_or_when_the_shard_ends() {
        let now = Instant::now();
        let empty = buffer(limits(100, WAIT), &[], now);
        let at = |read_until| Shard {
            open: Some(OpenWindow { start: 60, end: 120 }),
            read_until,
            ..OPEN
        };
        assert_eq!(empty.step(now, at(None)), Step::Read { within: None }, "it was not looked");
        assert_eq!(empty.step(now, at(Some(119))), Step::Read { within: None });
        assert_eq!(empty.step(now, at(Some(200))), Step::Close);
        let idle = Shard { open: None, ..at(Some(200)) };
        assert_eq!(empty.step(now, idle), Step::Read { within: None }, "none for an idle shard");
        assert_eq!(empty.step(now, Shard { has_ended: true, ..at(None) }), Step::Close);
    }

    #[test]
    fn what_is_passed_over_is_handled_when_all_before_it_are() {
        let now = Instant::now();
        let mut buffer = buffer(limits(100, Duration::ZERO), &[], now);
        let passed =
            |number: usize, second| Some(Passed { sequence_number: number.to_string(), second });
        assert_eq!(buffer.take_passed(), None);
        buffer.pass(record(Some(1), 10));
        buffer.pass(record(Some(2), 11));
        buffer.push(record(None, 12), now);
        buffer.pass(record(Some(3), 13));
        buffer.push(record(None, 14), now);
        buffer.pass(record(None, 15));
        assert_eq!(buffer.take_passed(), passed(11, Some(2)), "before 12");
        assert_eq!(buffer.take_passed(), None, "once");
        buffer.take(1);
        assert_eq!(buffer.take_passed(), passed(13, Some(3)), "before 14");
        buffer.take(1);
        assert_eq!(buffer.take_passed(), passed(15, None), "after all");
    }

    #[test]
    fn what_is_put_back_comes_first_and_in_order() {
        let now = Instant::now();
        let mut buffer = buffer(limits(100, WAIT), &[None; 5], now);
        let mut batch = buffer.take(4);
        buffer.put_back(batch.split_off(1));
        assert_eq!(buffer.step(now, OPEN), Step::Invoke(4), "it has waited enough");
        buffer.cut_as([SubBatch::new(1), SubBatch::new(2)].into());
        assert_eq!(buffer.step(now, OPEN), Step::Invoke(1), "as it was cut");
        assert_eq!((buffer.sub_batch(1).records, buffer.sub_batch(2).records), (1, 2));
        assert_eq!(buffer.step(now, OPEN), Step::Invoke(4), "all sub_batches are gone");
        let left: Vec<_> = buffer.take(4).into_iter().map(|record| record.event_id).collect();
        assert_eq!(left, ["1", "2", "3", "4"]);
    }
}
