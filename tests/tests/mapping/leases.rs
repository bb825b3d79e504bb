//! The lease of a stream: one poller at a time, and the next one when it is given up, lost or expired.

use std::time::Duration;

use processor::mapping::Settings;
use table::checkpoints::{
    self, BatchInfo, Checkpoint, Condition, OnFailureRecord, RequestContext, Saved,
};

use crate::events::Events;
use crate::seen::{Seen, accepting, names};

#[tokio::test(flavor = "multi_thread")]
async fn two_pollers_never_poll_one_stream_and_the_second_takes_over() {
    let events = Events::start().await;
    let named =
        |name: &'static str| move |settings: &mut Settings| settings.owner = name.to_owned();

    let (of_first, of_second) = (Seen::default(), Seen::default());
    let first = events.read(named("first"), accepting(&of_first));
    first.catch_up().await;
    let second = events.read(named("second"), accepting(&of_second));
    events.put(0..20).await;
    first.catch_up().await;
    first.stop().await;
    events.put(20..40).await;
    second.catch_up().await;
    second.stop().await;

    assert_eq!(of_first.acknowledged(), names(0..20));
    assert_eq!(of_second.acknowledged(), names(20..40));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_has_one_holder_and_a_fence_keeps_off_the_holders_before() {
    let kept = Events::start().await.checkpoints();
    let (label, long) = ("2026-01-01T00:00:00.000", Duration::from_secs(60));
    let at = |sequence_number: &str| Checkpoint {
        shard_id: "shardId-1".to_owned(),
        sequence_number: Some(sequence_number.to_owned()),
        ..Checkpoint::default()
    };

    let first = kept.acquire(label, "first", long).await.expect("a free lease");
    let held = kept.acquire(label, "second", long).await.expect_err("it is held");
    let checkpoints::Error::Held { owner, remaining, .. } = held else { panic!("{held}") };
    assert_eq!(owner, "first");
    assert!(remaining <= long && remaining > Duration::from_secs(50), "{remaining:?}");
    kept.renew(&first).await.expect("it is ours");
    kept.save(&first, &at("111")).await.expect("no fence");

    let again = kept.acquire(label, "first", long).await.expect("an owner takes over from itself");
    assert!(again.fence() > first.fence());
    for lost in [kept.renew(&first).await, kept.release(&first).await] {
        assert!(matches!(lost, Err(checkpoints::Error::Lost { .. })), "{lost:?}");
    }
    kept.save(&first, &at("222")).await.expect("nothing was saved after it");
    kept.save(&again, &at("222")).await.expect("it is ours");
    let late = kept.save(&first, &at("111")).await.expect_err("a later holder has saved");
    assert!(matches!(late, checkpoints::Error::Lost { .. }), "{late}");
    assert_eq!(kept.load(label).await.expect("checkpoints"), [at("222")]);
    let late = kept.discard(&first, &at("333"), &discarded("333")).await.expect_err("the same");
    assert!(matches!(late, checkpoints::Error::Lost { .. }), "{late}");
    assert_eq!(kept.on_failure_records(label).await.expect("records"), []);
    assert_eq!(kept.load(label).await.expect("checkpoints"), [at("222")]);
    kept.discard(&again, &at("333"), &discarded("333")).await.expect("it is ours");
    assert_eq!(kept.on_failure_records(label).await.expect("records"), [discarded("333")]);
    assert_eq!(kept.load(label).await.expect("checkpoints"), [at("333")]);

    let done = Checkpoint { done: true, sequence_number: None, ..at("") };
    kept.save(&again, &done).await.expect("it is ours");
    assert_eq!(
        kept.load(label).await.expect("checkpoints"),
        [Checkpoint { done: true, ..at("333") }]
    );
    let saved = kept.load_saved(label).await.expect("checkpoints").swap_remove(0);
    let before = Saved { updated_at: "before".to_owned(), ..saved.clone() };
    for (lease, saved) in [(&first, &saved), (&again, &before)] {
        let refused = kept.remove(lease, saved).await.expect_err("not ours, or not as it was");
        assert!(matches!(refused, checkpoints::Error::Lost { .. }), "{refused}");
    }
    kept.remove(&again, &saved).await.expect("it is ours and as it was");
    assert_eq!(kept.load(label).await.expect("checkpoints"), []);

    kept.release(&again).await.expect("it is ours");
    let next = kept.acquire(label, "second", Duration::ZERO).await.expect("it was given up");
    assert!(next.fence() > again.fence());
    kept.acquire(label, "third", long).await.expect("it expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poller_that_lost_its_lease_stops_and_goes_on_when_it_has_it_again() {
    let events = Events::start().await;
    let seen = Seen::default();
    let quick = |settings: &mut Settings| settings.lease_time_to_live = Duration::from_secs(1);
    let running = events.read(quick, accepting(&seen));
    events.put(0..5).await;
    running.catch_up().await;

    let kept = events.rollups().await;
    let keys = kept.iter().filter_map(|item| item["PK"]["S"].as_str());
    let mut labels = keys.filter_map(|key| key.strip_prefix(checkpoints::PARTITION_PREFIX));
    let label = labels.next().expect("a stream label");
    let kept = events.checkpoints();
    let ours = kept.acquire(label, "test", Duration::from_secs(60)).await.expect("the same owner");
    // At its next renewal the poller finds its lease lost, and takes it again as its name allows.
    while kept.renew(&ours).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    events.put(5..10).await;
    running.catch_up().await;
    assert_eq!(seen.acknowledged(), names(0..10));
    running.stop().await;
}

fn discarded(sequence_number: &str) -> OnFailureRecord {
    let request =
        RequestContext { condition: Condition::RecordAgeExceeded, approximate_invoke_count: 0 };
    let batch = BatchInfo {
        shard_id: "shardId-1".to_owned(),
        start_sequence_number: sequence_number.to_owned(),
        end_sequence_number: sequence_number.to_owned(),
        approximate_arrival_of_first_record: None,
        approximate_arrival_of_last_record: None,
        batch_size: 1,
        stream_arn: "arn".to_owned(),
    };
    OnFailureRecord { timestamp: "then".to_owned(), ..OnFailureRecord::new(request, None, batch) }
}
