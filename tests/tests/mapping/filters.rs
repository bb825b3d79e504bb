//! Filters: what none of them matches is never handed over, and still counts as handled.

use std::time::Duration;

use weir_processor::mapping::{FilterCriteria, Settings};

use crate::mapping::events::Events;
use crate::mapping::seen::{Seen, accepting, name, name_of, names, parse};
use crate::mapping::streams::{FakeStream, LABEL, Shard, sequence_number};

/// Lets through the events whose name ends in one of these ways.
fn ending(ends: &[&str]) -> FilterCriteria {
    let pattern = |end: &&str| {
        format!(r#"{{"dynamodb":{{"Keys":{{"SK":{{"S":[{{"suffix":"{end}"}}]}}}}}}}}"#)
    };
    FilterCriteria::new(ends.iter().map(pattern)).expect("filters")
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_a_filter_matches_fills_batches_and_the_checkpoint_passes_the_rest() {
    let events = Events::start().await;
    let stream = FakeStream::start(vec![Shard::new("a", None, 0..20)]).await;
    let seen = Seen::default();
    let pairs = |settings: &mut Settings| {
        settings.filter_criteria = ending(&["5"]);
        settings.batch_size = 2;
        settings.batching_window = Duration::from_secs(60);
    };
    let running = stream.read(&events, pairs, accepting(&seen)).await;
    running.catch_up().await;
    assert_eq!(seen.batches(), [(names([5, 15]), 2)]);
    let snapshot = running.progress.snapshot();
    assert_eq!((snapshot.records, snapshot.filtered), (2, 18));
    running.stop().await;

    let saved = events.checkpoints().load(LABEL).await.expect("checkpoints");
    assert_eq!(saved[0].sequence_number, Some(sequence_number(19)));
    stream.change(|shards| shards[0].extend(20..22));
    let seen = Seen::default();
    let running = stream.read(&events, |_| {}, accepting(&seen)).await;
    running.catch_up().await;
    assert_eq!(seen.acknowledged(), names(20..22), "what was passed over does not come again");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_passed_over_waits_for_what_failed_before_it() {
    let events = Events::start().await;
    // The reads are 012 and 345.
    let stream = FakeStream::start(vec![Shard::new("a", None, 0..6)]).await;
    let two = |settings: &mut Settings| {
        settings.filter_criteria = ending(&["3", "4"]);
    };
    let saved = async || {
        let saved = events.checkpoints().load(LABEL).await.expect("checkpoints");
        saved[0].sequence_number.clone().expect("a sequence number")
    };
    let seen = Seen::default();
    let failing = {
        let seen = seen.clone();
        move |event: Vec<u8>| {
            let event = parse(&event);
            let failed = event.records.iter().position(|record| name_of(record) == name(4));
            std::future::ready(seen.answer(&event, failed.unwrap_or_default()))
        }
    };
    let mut running = stream.read(&events, two, failing).await;
    running.reaches(|progress| progress.failed_invocations >= 2).await;
    running.stop().await;
    assert_eq!(saved().await, sequence_number(3), "4 failed, and 5 is behind it");

    let seen = Seen::default();
    let running = stream.read(&events, two, accepting(&seen)).await;
    running.catch_up().await;
    running.stop().await;
    assert_eq!(seen.acknowledged(), names([4]));
    assert_eq!(saved().await, sequence_number(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_of_which_nothing_is_handed_over_is_read_to_its_end() {
    let events = Events::start().await;
    let stream = FakeStream::start(vec![
        Shard::new("a", None, 0..5).closed(),
        Shard::new("b", Some("a"), 5..7),
    ])
    .await;
    let seen = Seen::default();
    let fives = |settings: &mut Settings| settings.filter_criteria = ending(&["5"]);
    let running = stream.read(&events, fives, accepting(&seen)).await;
    running.catch_up().await;
    assert_eq!(seen.acknowledged(), names([5]));
    assert!(running.progress.snapshot().shards["a"].done);
    running.stop().await;
}
