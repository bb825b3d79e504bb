//! Retries: which records are delivered again after a failed invocation, and which are discarded.
//!
//! A sub-batch is a run of records that is delivered together until all of it is handled or
//! discarded. Nothing is added to it, so no record is discarded for the failures of others.
//!
//! | the invocation with a sub-batch | next |
//! |---|---|
//! | failed behind its first record | the rest is a sub-batch with one failure, or none if bisected |
//! | failed, and is bisected | each half is a sub-batch without failures |
//! | failed otherwise, attempts are left | all of it is delivered again |
//! | failed otherwise | it is discarded |
//!
//! Before each invocation, the first records are discarded if they exceed the maximum age. The
//! defaults are Lambda's: attempts and age have no limit, nothing is discarded, and bisecting
//! consumes no attempt. The poller counts failures in memory, and a new poller begins at zero.
//!
//! "No limit" ends with the retention of the stream: a record that failed and that the stream has
//! trimmed since is discarded, as on Lambda. No other poller could deliver it, and a rollup item
//! may forget that it absorbed it (see the watermarks of `aggregates`).
//!
//! **Invariant:** a record is discarded for failures of invocations that it was part of, or for its
//! age, and for nothing else.

use std::collections::VecDeque;
use std::time::Duration;

use crate::event::Record;

/// When records are discarded, and whether they are cut before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Policy {
    /// How often a sub-batch is delivered again; `None` for no limit.
    pub(super) maximum_retry_attempts: Option<u32>,
    /// The maximum age of a record; `None` for no limit.
    pub(super) maximum_record_age: Option<Duration>,
    /// Whether a sub-batch that failed is cut in two.
    pub(super) bisects: bool,
}

/// Records that are delivered together.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct SubBatch {
    pub(super) records: usize,
    /// Failed invocations with it after which it was not cut.
    pub(super) failures: u32,
    /// All invocations with it, and with the sub-batches it was cut from.
    pub(super) invocations: u32,
}

/// The next step for the rest of a sub-batch.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum RetryDecision {
    /// Deliver these, one after the other.
    Retry(VecDeque<SubBatch>),
    /// Do not deliver it again.
    Discard(SubBatch),
}

impl SubBatch {
    /// Returns a sub-batch that was not delivered yet.
    pub(super) fn new(records: usize) -> Self {
        SubBatch { records, failures: 0, invocations: 0 }
    }
}

/// Decides about a sub-batch after an invocation that handled some of its records, but not all.
pub(super) fn after_failure(sub_batch: SubBatch, handled: usize, policy: Policy) -> RetryDecision {
    let invocations = sub_batch.invocations.saturating_add(1);
    let failures = if handled == 0 { sub_batch.failures.saturating_add(1) } else { 1 };
    let left = SubBatch { records: sub_batch.records - handled, failures, invocations };
    let uncounted = |records| SubBatch { records, failures: 0, invocations };
    if policy.bisects && handled > 0 {
        return RetryDecision::Retry([uncounted(left.records)].into());
    }
    if policy.bisects && left.records > 1 {
        let half = left.records / 2;
        return RetryDecision::Retry([uncounted(half), uncounted(left.records - half)].into());
    }
    match policy.maximum_retry_attempts {
        Some(attempts) if failures > attempts => RetryDecision::Discard(left),
        _ => RetryDecision::Retry([left].into()),
    }
}

/// How long a stream keeps a record ("DynamoDB Streams": 24 hours; then it may be trimmed at any
/// time).
pub(super) const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// Returns how many of the first records exceed the maximum age; `now` is in seconds since 1970.
pub(super) fn too_old<'a>(
    records: impl Iterator<Item = &'a Record>,
    policy: Policy,
    now: i64,
) -> usize {
    let Some(maximum) = policy.maximum_record_age else { return 0 };
    let is_too_old = |record: &&Record| {
        let created = record.dynamodb.approximate_creation_date_time;
        created.is_some_and(|created| now.saturating_sub(created) > maximum.as_secs() as i64)
    };
    records.take_while(is_too_old).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOR_EVER: Policy =
        Policy { maximum_retry_attempts: None, maximum_record_age: None, bisects: false };
    const TWO_RETRIES: Policy = Policy { maximum_retry_attempts: Some(2), ..FOR_EVER };
    const HALVES: Policy = Policy { bisects: true, ..TWO_RETRIES };

    fn sub_batch(records: usize, failures: u32, invocations: u32) -> SubBatch {
        SubBatch { records, failures, invocations }
    }

    fn check(before: SubBatch, handled: usize, policy: Policy, expected: &[SubBatch]) {
        let expected = RetryDecision::Retry(expected.iter().copied().collect());
        assert_eq!(after_failure(before, handled, policy), expected);
    }

    #[test]
    fn without_limits_all_of_it_comes_again_for_ever() {
        check(sub_batch(5, 7, 7), 0, FOR_EVER, &[sub_batch(5, 8, 8)]);
        check(sub_batch(5, u32::MAX, u32::MAX), 0, FOR_EVER, &[sub_batch(5, u32::MAX, u32::MAX)]);
    }

    #[test]
    fn after_its_attempts_a_piece_is_discarded_and_not_before() {
        check(SubBatch::new(5), 0, TWO_RETRIES, &[sub_batch(5, 1, 1)]);
        check(sub_batch(5, 1, 1), 0, TWO_RETRIES, &[sub_batch(5, 2, 2)]);
        assert_eq!(
            after_failure(sub_batch(5, 2, 2), 0, TWO_RETRIES),
            RetryDecision::Discard(sub_batch(5, 3, 3)),
            "three invocations: two retries"
        );
        let none = Policy { maximum_retry_attempts: Some(0), ..FOR_EVER };
        assert_eq!(
            after_failure(SubBatch::new(5), 2, none),
            RetryDecision::Discard(sub_batch(3, 1, 1))
        );
    }

    #[test]
    fn a_later_record_that_fails_has_attempts_of_its_own() {
        check(sub_batch(5, 2, 2), 3, TWO_RETRIES, &[sub_batch(2, 1, 3)]);
    }

    #[test]
    fn bisecting_cuts_in_two_until_one_is_left_and_consumes_no_attempt() {
        check(sub_batch(5, 0, 1), 0, HALVES, &[sub_batch(2, 0, 2), sub_batch(3, 0, 2)]);
        check(sub_batch(2, 0, 2), 0, HALVES, &[sub_batch(1, 0, 3), sub_batch(1, 0, 3)]);
        check(sub_batch(1, 0, 3), 0, HALVES, &[sub_batch(1, 1, 4)]);
        assert_eq!(
            after_failure(sub_batch(1, 2, 5), 0, HALVES),
            RetryDecision::Discard(sub_batch(1, 3, 6))
        );
    }

    #[test]
    fn a_partial_answer_is_where_a_piece_is_bisected() {
        check(sub_batch(5, 0, 0), 4, HALVES, &[sub_batch(1, 0, 1)]);
        check(sub_batch(5, 0, 0), 1, HALVES, &[sub_batch(4, 0, 1)]);
    }

    #[test]
    fn the_first_records_that_are_too_old_are_counted() {
        let event: crate::event::Event =
            serde_json::from_str(include_str!("../event/fixtures/tumbling_window.json"))
                .expect("an event");
        let records = |times: [Option<i64>; 3]| {
            let mut records = event.records.clone();
            for (record, created) in records.iter_mut().zip(times) {
                record.dynamodb.approximate_creation_date_time = created;
            }
            records
        };
        let minute =
            Policy { maximum_record_age: Some(Duration::from_secs(60)), ..Policy::default() };
        for (times, expected) in [
            ([Some(39), Some(40), Some(1)], 1),
            ([Some(39), Some(38), Some(1)], 3),
            ([Some(40), Some(1), Some(1)], 0),
            ([None, Some(1), Some(1)], 0),
        ] {
            let records = records(times);
            assert_eq!(too_old(records.iter(), minute, 100), expected, "{times:?}");
            assert_eq!(too_old(records.iter(), Policy::default(), 100), 0, "any age");
        }
    }
}
