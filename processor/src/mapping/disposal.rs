//! What becomes of records whose invocation failed: handed over again, in halves, or discarded.
//!
//! A *piece* is a run of records that is handed over together until all of it was handled or given
//! up: nothing is added to it, so that no record is discarded for the failures of others.
//!
//! | the invocation with a piece                       | next                                     |
//! |---------------------------------------------------|------------------------------------------|
//! | failed at a record that is not its first          | what is left is a piece of its own; that |
//! |                                                   | was its first failure, or none if pieces |
//! |                                                   | are bisected: this is where it is cut    |
//! | failed, pieces are bisected, it has several records | each half is a piece of its own without |
//! |                                                   | failures                                 |
//! | failed otherwise, attempts are left               | all of it again                          |
//! | failed otherwise                                  | discarded                                 |
//!
//! Before each invocation, the first records are discarded that are older than records may be. As
//! Lambda has it: by default attempts and age have no limit, and nothing is ever discarded; to bisect
//! consumes no attempt. Failures are counted by the poller, and a new one begins at none.
//!
//! **Invariant:** a record is discarded for failures of invocations that it was part of, or for its
//! age, and for nothing else.
//!
//! "No limit" ends where the stream ends: a record that failed and that the stream has trimmed since is
//! discarded, as on Lambda. It could not be delivered by anybody else any more, and what has absorbed
//! it may forget that it did (see the watermarks of `aggregates`).

use std::collections::VecDeque;
use std::time::Duration;

use crate::event::Record;

/// When records are discarded, and how they are cut before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Policy {
    /// How often a piece is handed over again; without one, for ever.
    pub(super) maximum_retry_attempts: Option<u32>,
    /// How old a record may be; without one, any age.
    pub(super) maximum_record_age: Option<Duration>,
    /// Whether a piece that failed is cut in two.
    pub(super) bisects: bool,
}

/// Records that are handed over together.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Piece {
    pub(super) records: usize,
    /// Invocations with it that failed and were not an occasion to cut it.
    pub(super) failures: u32,
    /// All invocations with it, and with the pieces it was cut from.
    pub(super) invocations: u32,
}

/// What to do with a piece, or with what is left of it.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Disposal {
    /// Hand these over, one after the other.
    Retry(VecDeque<Piece>),
    /// Hand it over no more.
    Discard(Piece),
}

impl Piece {
    /// One that was not handed over yet.
    pub(super) fn new(records: usize) -> Self {
        Piece { records, failures: 0, invocations: 0 }
    }
}

/// Decides about a piece after an invocation in which so many of its records, not all, were handled.
pub(super) fn after_failure(piece: Piece, handled: usize, policy: Policy) -> Disposal {
    let invocations = piece.invocations.saturating_add(1);
    let failures = if handled == 0 { piece.failures.saturating_add(1) } else { 1 };
    let left = Piece { records: piece.records - handled, failures, invocations };
    let uncounted = |records| Piece { records, failures: 0, invocations };
    if policy.bisects && handled > 0 {
        return Disposal::Retry([uncounted(left.records)].into());
    }
    if policy.bisects && left.records > 1 {
        let half = left.records / 2;
        return Disposal::Retry([uncounted(half), uncounted(left.records - half)].into());
    }
    match policy.maximum_retry_attempts {
        Some(attempts) if failures > attempts => Disposal::Discard(left),
        _ => Disposal::Retry([left].into()),
    }
}

/// How long a stream keeps a record for certain. It may be trimmed at any moment from then on.
pub(super) const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// How many of the first records are older than records may be, now in seconds since the epoch.
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

    fn piece(records: usize, failures: u32, invocations: u32) -> Piece {
        Piece { records, failures, invocations }
    }

    fn check(before: Piece, handled: usize, policy: Policy, expected: &[Piece]) {
        let expected = Disposal::Retry(expected.iter().copied().collect());
        assert_eq!(after_failure(before, handled, policy), expected);
    }

    #[test]
    fn without_limits_all_of_it_comes_again_for_ever() {
        check(piece(5, 7, 7), 0, FOR_EVER, &[piece(5, 8, 8)]);
        check(piece(5, u32::MAX, u32::MAX), 0, FOR_EVER, &[piece(5, u32::MAX, u32::MAX)]);
    }

    #[test]
    fn after_its_attempts_a_piece_is_discarded_and_not_before() {
        check(Piece::new(5), 0, TWO_RETRIES, &[piece(5, 1, 1)]);
        check(piece(5, 1, 1), 0, TWO_RETRIES, &[piece(5, 2, 2)]);
        assert_eq!(
            after_failure(piece(5, 2, 2), 0, TWO_RETRIES),
            Disposal::Discard(piece(5, 3, 3)),
            "three invocations: two retries"
        );
        let none = Policy { maximum_retry_attempts: Some(0), ..FOR_EVER };
        assert_eq!(after_failure(Piece::new(5), 2, none), Disposal::Discard(piece(3, 1, 1)));
    }

    #[test]
    fn a_later_record_that_fails_has_attempts_of_its_own() {
        check(piece(5, 2, 2), 3, TWO_RETRIES, &[piece(2, 1, 3)]);
    }

    #[test]
    fn bisecting_cuts_in_two_until_one_is_left_and_consumes_no_attempt() {
        check(piece(5, 0, 1), 0, HALVES, &[piece(2, 0, 2), piece(3, 0, 2)]);
        check(piece(2, 0, 2), 0, HALVES, &[piece(1, 0, 3), piece(1, 0, 3)]);
        check(piece(1, 0, 3), 0, HALVES, &[piece(1, 1, 4)]);
        assert_eq!(after_failure(piece(1, 2, 5), 0, HALVES), Disposal::Discard(piece(1, 3, 6)));
    }

    #[test]
    fn a_partial_answer_is_where_a_piece_is_bisected() {
        check(piece(5, 0, 0), 4, HALVES, &[piece(1, 0, 1)]);
        check(piece(5, 0, 0), 1, HALVES, &[piece(4, 0, 1)]);
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
