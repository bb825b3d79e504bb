//! Records that keep failing: handed over as often as is set, cut in halves, discarded durably, and
//! nothing else with them.

use std::ops::Range;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use weir_processor::event::Event;
use weir_processor::mapping::Settings;
use weir_table::checkpoints::{Condition, OnFailureRecord};
use weir_testing::conflicts::Transaction;
use weir_testing::running::PATIENCE;

use crate::mapping::events::Events;
use crate::mapping::seen::{Seen, name, name_of, names, parse};
use crate::mapping::streams::{ARN, FakeStream, LABEL, LONG_AGO, Shard, sequence_number};

/// What the handler does with a batch that holds the record that always fails.
#[derive(Clone, Copy)]
enum Failure {
    /// It fails as a whole.
    Whole,
    /// It names the record.
    Named,
}

/// A handler to which this record is poison.
fn poisoned(
    seen: &Seen,
    poison: usize,
    failure: Failure,
) -> impl Fn(Vec<u8>) -> std::future::Ready<Result<Vec<u8>, String>> + use<> {
    let seen = seen.clone();
    move |event| {
        let event: Event = parse(&event);
        let place = event.records.iter().position(|record| name_of(record) == name(poison));
        std::future::ready(match (place, failure) {
            (None, _) => seen.answer(&event, event.records.len()),
            (Some(place), Failure::Named) => seen.answer(&event, place),
            (Some(_), Failure::Whole) => {
                let _ = seen.answer(&event, 0);
                Err("poison".to_owned())
            }
        })
    }
}

/// Batches of which so many records are acknowledged.
fn batches(expected: &[(Range<usize>, usize)]) -> Vec<(Vec<String>, usize)> {
    expected.iter().map(|(records, count)| (names(records.clone()), *count)).collect()
}

/// Hands over six records, of which the third is poison, until all are handled or discarded.
async fn hand_over(
    failure: Failure,
    change: impl FnOnce(&mut Settings),
) -> (Seen, Vec<OnFailureRecord>) {
    let events = Events::start().await;
    let stream = FakeStream::start(vec![Shard::new("a", None, 0..6)]).await;
    let seen = Seen::default();
    let gather = |settings: &mut Settings| {
        settings.batch_size = 6;
        // A read gives three records.
        settings.batching_window = Duration::from_secs(60);
        change(settings);
    };
    let mut running = stream.read(&events, gather, poisoned(&seen, 2, failure)).await;
    running.reaches(|progress| progress.records + progress.discarded == 6).await;
    running.catch_up().await;
    running.stop().await;
    let discarded = events.checkpoints().on_failure_records(LABEL).await.expect("records");

    // The checkpoint is behind all of them.
    let (stream, after) = (stream, Seen::default());
    stream.change(|shards| shards[0].extend(6..7));
    let at_once = |_: &mut Settings| {};
    let running = stream.read(&events, at_once, poisoned(&after, 2, failure)).await;
    running.catch_up().await;
    assert_eq!(after.acknowledged(), names(6..7));
    running.stop().await;
    (seen, discarded)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_discarded_as_a_whole_after_its_retries_and_that_is_written_down() {
    let (seen, discarded) =
        hand_over(Failure::Whole, |settings| settings.maximum_retry_attempts = Some(2)).await;
    assert_eq!(seen.batches(), batches(&[(0..6, 0), (0..6, 0), (0..6, 0)]));
    let [record] = &discarded[..] else { panic!("{discarded:?}") };
    let mut written = serde_json::to_value(record).expect("JSON");
    assert!(written["timestamp"].take().is_string());
    let expected = json!({
        "requestContext": { "condition": "RetryAttemptsExhausted", "approximateInvokeCount": 3 },
        "responseContext": {
            "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"
        },
        "version": "1.0",
        "timestamp": null,
        "DDBStreamBatchInfo": {
            "shardId": "a",
            "startSequenceNumber": sequence_number(0),
            "endSequenceNumber": sequence_number(5),
            "approximateArrivalOfFirstRecord": "2026-01-01T00:00:00Z",
            "approximateArrivalOfLastRecord": "2026-01-01T00:00:00Z",
            "batchSize": 6,
            "streamArn": ARN,
        },
    });
    assert_eq!(written, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn bisecting_finds_the_record_that_fails_and_gives_up_no_other() {
    let (seen, discarded) = hand_over(Failure::Whole, |settings| {
        settings.maximum_retry_attempts = Some(1);
        settings.bisect_batch_on_function_error = true;
    })
    .await;
    let expected =
        [(0..6, 0), (0..3, 0), (0..1, 1), (1..3, 0), (1..2, 1), (2..3, 0), (2..3, 0), (3..6, 3)];
    assert_eq!(seen.batches(), batches(&expected));
    let [record] = &discarded[..] else { panic!("{discarded:?}") };
    assert_eq!(record.batch.batch_size, 1);
    assert_eq!(record.batch.start_sequence_number, sequence_number(2));
    assert_eq!(record.request_context.approximate_invoke_count, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_partial_answer_only_what_is_left_of_the_batch_is_discarded() {
    let (seen, discarded) =
        hand_over(Failure::Named, |settings| settings.maximum_retry_attempts = Some(1)).await;
    assert_eq!(seen.batches(), batches(&[(0..6, 2), (2..6, 0)]));
    let [record] = &discarded[..] else { panic!("{discarded:?}") };
    assert_eq!(record.batch.batch_size, 4);
    let response = record.response_context.as_ref().expect("there was an answer");
    assert_eq!(response.function_error, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_partial_answer_the_batch_is_bisected_at_the_record_it_names() {
    let (seen, discarded) = hand_over(Failure::Named, |settings| {
        settings.maximum_retry_attempts = Some(0);
        settings.bisect_batch_on_function_error = true;
    })
    .await;
    assert_eq!(
        seen.batches(),
        batches(&[(0..6, 2), (2..6, 0), (2..4, 0), (2..3, 0), (3..4, 1), (4..6, 2)])
    );
    assert_eq!(discarded.len(), 1);
    assert_eq!(discarded[0].batch.end_sequence_number, sequence_number(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_are_too_old_are_discarded_without_being_handed_over() {
    let events = Events::start().await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() as i64;
    let mut shard = Shard::new("a", None, 0..2);
    shard.extend_at(now, 2..3);
    let stream = FakeStream::start(vec![shard]).await;
    let seen = Seen::default();
    let hour = |settings: &mut Settings| {
        settings.maximum_record_age = Some(Duration::from_secs(60 * 60));
    };
    let running = stream.read(&events, hour, poisoned(&seen, 9, Failure::Whole)).await;
    running.catch_up().await;
    assert_eq!(seen.batches(), batches(&[(2..3, 1)]));
    assert_eq!(running.progress.snapshot().discarded, 2);
    running.stop().await;

    let discarded = events.checkpoints().on_failure_records(LABEL).await.expect("records");
    let [record] = &discarded[..] else { panic!("{discarded:?}") };
    assert_eq!(record.request_context.condition, Condition::RecordAgeExceeded);
    assert_eq!(record.request_context.approximate_invoke_count, 0);
    assert_eq!((&record.response_context, record.batch.batch_size), (&None, 2));
    let arrival = record.batch.approximate_arrival_of_last_record.as_deref();
    assert_eq!((LONG_AGO, arrival), (1_767_225_600, Some("2026-01-01T00:00:00Z")));
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_fail_come_again_until_the_stream_has_them_no_more() {
    let events = Events::start().await;
    let stream = FakeStream::start(vec![Shard::new("a", None, 0..3)]).await;
    let seen = Seen::default();
    let mut running = stream.read(&events, |_| {}, poisoned(&seen, 1, Failure::Named)).await;
    running.reaches(|progress| progress.failed_invocations >= 4).await;
    assert_eq!(running.progress.snapshot().discarded, 0, "however old they are");

    stream.change(|shards| {
        shards[0].extend(3..5);
        shards[0].trim(3);
    });
    running.reaches(|progress| progress.records == 3).await;
    running.catch_up().await;
    assert_eq!(running.progress.snapshot().discarded, 2);
    assert_eq!(seen.acknowledged(), names([0, 3, 4]));
    running.stop().await;
    let discarded = events.checkpoints().on_failure_records(LABEL).await.expect("records");
    let [record] = &discarded[..] else { panic!("{discarded:?}") };
    assert_eq!(record.request_context.condition, Condition::RecordAgeExceeded);
    assert_eq!(record.batch.start_sequence_number, sequence_number(1));
    assert_eq!(record.batch.end_sequence_number, sequence_number(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_discarded_until_that_is_written_down() {
    let events = Events::start().await;
    let stream = FakeStream::start(vec![Shard::new("a", None, 0..3)]).await;
    let partition = format!("{}{LABEL}", weir_table::checkpoints::PARTITION_PREFIX);
    let transaction = Transaction::on(&partition).against_transactions();
    let seen = Seen::default();
    let streams = weir_table::Connection::to(stream.url()).await;
    let checkpoints = events.checkpoints_before(&transaction);
    let once = |settings: &mut Settings| settings.maximum_retry_attempts = Some(0);
    let running = events.read_from(&streams, checkpoints, once, poisoned(&seen, 2, Failure::Named));

    let tried = async {
        while transaction.refused() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, tried).await.expect("patience");
    let kept = events.checkpoints();
    let saved = kept.load(LABEL).await.expect("checkpoints");
    assert_eq!(saved[0].sequence_number, Some(sequence_number(1)), "the last one handled");
    assert_eq!(running.progress.snapshot().discarded, 0);
    transaction.end();
    running.catch_up().await;
    assert_eq!(kept.on_failure_records(LABEL).await.expect("records").len(), 1);
    assert_eq!(running.progress.snapshot().discarded, 1);
    running.stop().await;
}
