//! The lease of a stream: one poller at a time, and the next one when it is given up, lost or
//! expired.

use std::time::Duration;

use proptest::collection::vec;
use proptest::{prelude::any, prop_assert_eq, proptest};
use weir_processor::mapping::Settings;
use weir_table::checkpoints::{
    self, BatchInfo, Checkpoint, Condition, HeldLease, LeaseWatch, OnFailureRecord, RequestContext,
    Saved,
};

use crate::mapping::events::Events;
use crate::mapping::seen::{Seen, accepting, names};

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
    let checkpoints::Error::Held(held) = held else { panic!("{held}") };
    assert_eq!((held.owner.as_str(), held.time_to_live), ("first", Some(long)));
    assert_eq!(kept.held_lease(label).await.expect("a read").as_ref(), Some(&*held));
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
    assert_eq!(kept.held_lease(label).await.expect("a read"), None);
    let next = kept.acquire(label, "second", long).await.expect("it was given up");
    assert!(next.fence() > again.fence());
}

/// The lease as it is, which a poller holds.
async fn held(kept: &checkpoints::Checkpoints, label: &str) -> HeldLease {
    kept.held_lease(label).await.expect("a read").expect("a holder")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_taken_over_or_broken_only_as_it_was_seen() {
    let kept = Events::start().await.checkpoints();
    let (label, long) = ("2026-01-01T00:00:00.000", Duration::from_secs(60));
    let first = kept.acquire(label, "first", long).await.expect("a free lease");
    let before = held(&kept, label).await;
    kept.renew(&first).await.expect("it is ours");
    let renewed = held(&kept, label).await;
    assert_ne!(before, renewed, "a renewal is seen");
    for late in
        [kept.take_over(&before, "second", long).await.map(drop), kept.break_lease(&before).await]
    {
        let Err(checkpoints::Error::Held(now)) = late else { panic!("{late:?}") };
        assert_eq!(*now, renewed);
    }

    let second = kept.take_over(&renewed, "second", long).await.expect("as it was seen");
    assert!(second.fence() > first.fence());
    let lost = kept.renew(&first).await;
    assert!(matches!(lost, Err(checkpoints::Error::Lost { .. })), "{lost:?}");
    let seen = held(&kept, label).await;
    kept.break_lease(&seen).await.expect("as it was seen");
    let lost = kept.renew(&second).await;
    assert!(matches!(lost, Err(checkpoints::Error::Lost { .. })), "its holder stops: {lost:?}");
    let third = kept.acquire(label, "third", long).await.expect("nobody has it");
    assert!(third.fence() > second.fence(), "the fence never shrinks");
}

/// A process that died ten minutes fast leaves an expiry ten minutes from now.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_whose_holder_died_expires_whatever_its_clock_said() {
    let events = Events::start().await;
    let quick = |settings: &mut Settings| settings.lease_time_to_live = Duration::from_secs(1);
    let dead = events.read(quick, accepting(&Seen::default()));
    events.put(0..5).await;
    dead.catch_up().await;
    let label = events.label().await;
    dead.kill().await;
    events.set_lease(&label, "expires_at_ms", events.epoch_ms() + 600_000).await;

    let seen = Seen::default();
    let other = |settings: &mut Settings| {
        quick(settings);
        settings.owner = "another".to_owned();
    };
    let began = tokio::time::Instant::now();
    let running = events.read(other, accepting(&seen));
    events.put(5..10).await;
    running.catch_up().await;
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    assert_eq!(seen.acknowledged(), names(5..10));
    running.stop().await;
}

/// A poller that is ten minutes slow writes an expiry that has passed for everybody else.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_is_renewed_is_not_taken_over_whatever_its_expiry_says() {
    let events = Events::start().await;
    let kept = events.checkpoints();
    let (label, second) = ("2026-01-01T00:00:00.000", Duration::from_secs(1));
    let lease = kept.acquire(label, "slow", second).await.expect("a free lease");
    for _ in 0..3 {
        kept.renew(&lease).await.expect("nobody took it over");
        events.set_lease(label, "expires_at_ms", events.epoch_ms() - 600_000).await;
        let held = kept.acquire(label, "other", second).await.expect_err("it is held");
        assert!(matches!(held, checkpoints::Error::Held(_)), "{held}");
    }
}

/// The time to live of a lease in the property below, in milliseconds.
const TIME_TO_LIVE_MS: u64 = 10_000;

proptest! {
    /// Each step is a read of the lease: so long after the one before, with a renewal in between or
    /// none, and with the expiry that a holder with any clock wrote.
    #[test]
    fn a_lease_expires_when_it_was_not_renewed_for_its_time_to_live_and_no_sooner(
        steps in vec((0..2_000_u64, any::<bool>(), any::<u64>()), 1..60),
        names_its_time in any::<bool>(),
    ) {
        let time_to_live = Duration::from_millis(TIME_TO_LIVE_MS);
        let mut held = HeldLease {
            label: "stream".to_owned(),
            owner: "holder".to_owned(),
            fence: 1,
            renewals: Some(0),
            expires_at_ms: 1,
            time_to_live: names_its_time.then_some(time_to_live),
            updated_at: String::new(),
        };
        let usual = if names_its_time { Duration::from_secs(1) } else { time_to_live };
        let mut watch = LeaseWatch::default();
        let (mut now, mut unchanged_ms) = (tokio::time::Instant::now(), None);
        for (after_ms, is_renewed, expires_at_ms) in steps {
            now += Duration::from_millis(after_ms);
            if is_renewed {
                let renewals = held.renewals.map(|so_far| so_far + 1);
                held = HeldLease { renewals, expires_at_ms, ..held };
                unchanged_ms = None;
            }
            let unchanged = unchanged_ms.map_or(0, |so_far| so_far + after_ms);
            unchanged_ms = Some(unchanged);
            let expected = Duration::from_millis(TIME_TO_LIVE_MS.saturating_sub(unchanged));
            prop_assert_eq!(watch.remaining(&held, usual, now), expected);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poller_that_lost_its_lease_stops_and_goes_on_when_it_has_it_again() {
    let events = Events::start().await;
    let seen = Seen::default();
    let quick = |settings: &mut Settings| settings.lease_time_to_live = Duration::from_secs(1);
    let running = events.read(quick, accepting(&seen));
    events.put(0..5).await;
    running.catch_up().await;

    let label = events.label().await;
    let kept = events.checkpoints();
    let ours = kept.acquire(&label, "test", Duration::from_secs(60)).await.expect("the same owner");
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
