//! Shards that end, split, expire and are trimmed, on a streams endpoint that does so on demand.

use std::time::Duration;

use weir_processor::mapping::Settings;
use weir_testing::running::PATIENCE;

use crate::mapping::events::Events;
use crate::mapping::seen::{Seen, accepting, name, names};
use crate::mapping::streams::{FakeStream, LABEL, Shard};

#[tokio::test(flavor = "multi_thread")]
async fn shards_are_read_parents_first_to_their_ends_and_never_again() {
    let events = Events::start().await;
    // b and c follow a, d follows c; d is open. e's parent was trimmed.
    let stream = FakeStream::start(vec![
        Shard::new("d", Some("c"), 6..9),
        Shard::new("c", Some("a"), 4..6).closed(),
        Shard::new("a", None, 0..3).closed(),
        Shard::new("b", Some("a"), 3..4).closed(),
        Shard::new("e", Some("trimmed"), 20..22).closed(),
    ])
    .await;

    let seen = Seen::default();
    let running = stream.read(&events, |_| {}, accepting(&seen)).await;
    running.catch_up().await;
    let order = seen.acknowledged();
    let place = |number: usize| {
        let found = order.iter().position(|found| *found == name(number));
        found.unwrap_or_else(|| panic!("{number} was not delivered"))
    };
    assert_eq!(order.len(), 11);
    for (earlier, later) in [(0, 1), (1, 2), (2, 3), (2, 4), (5, 6), (7, 8), (20, 21)] {
        assert!(place(earlier) < place(later), "{earlier} before {later}: {order:?}");
    }
    running.stop().await;

    stream.change(|shards| shards[0].extend(9..11));
    let seen = Seen::default();
    let running = stream.read(&events, |_| {}, accepting(&seen)).await;
    running.catch_up().await;
    assert_eq!(seen.acknowledged(), names(9..11), "only what is new");
    assert_eq!(running.progress.snapshot().shards.values().filter(|shard| shard.done).count(), 4);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_that_splits_while_it_is_read_goes_on_in_its_children() {
    let events = Events::start().await;
    let stream = FakeStream::start(vec![Shard::new("a", None, 0..5)]).await;
    let seen = Seen::default();
    let running = stream.read(&events, |_| {}, accepting(&seen)).await;
    running.catch_up().await;

    stream.change(|shards| {
        shards[0].extend(5..7);
        shards[0].close();
        shards.push(Shard::new("b", Some("a"), 7..9));
        shards.push(Shard::new("c", Some("a"), 9..9));
    });
    running.catch_up().await;
    assert_eq!(seen.acknowledged(), names(0..9));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_iterator_is_replaced_without_loss_or_repetition() {
    let events = Events::start().await;
    let stream = FakeStream::start(vec![Shard::new("a", None, 0..10)]).await;
    let seen = Seen::default();
    let running = stream.read(&events, |_| {}, accepting(&seen)).await;
    for round in 1..4 {
        running.catch_up().await;
        stream.expire_iterators();
        stream.change(|shards| shards[0].extend(round * 10..round * 10 + 10));
    }
    running.catch_up().await;
    assert_eq!(seen.acknowledged(), names(0..40));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_the_trim_horizon_reading_goes_on_from_the_oldest_record_left() {
    let events = Events::start().await;
    let stream = FakeStream::start(vec![Shard::new("a", None, 0..10)]).await;
    let seen = Seen::default();
    let running = stream.read(&events, |_| {}, accepting(&seen)).await;
    running.catch_up().await;
    running.stop().await;

    stream.change(|shards| {
        shards[0].extend(10..20);
        shards[0].trim(15);
    });
    let seen = Seen::default();
    let running = stream.read(&events, |_| {}, accepting(&seen)).await;
    running.catch_up().await;
    assert_eq!(seen.acknowledged(), names(15..20));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checkpoint_of_a_shard_that_is_long_gone_is_removed_and_no_other() {
    let events = Events::start().await;
    let stream = FakeStream::start(vec![
        Shard::new("gone", None, 0..2).closed(),
        Shard::new("lately", None, 2..3).closed(),
        Shard::new("unlisted", None, 3..4).closed(),
        Shard::new("listed", None, 4..5).closed(),
        Shard::new("child", Some("gone"), 5..6),
    ])
    .await;
    let seen = Seen::default();
    let running = stream.read(&events, |_| {}, accepting(&seen)).await;
    running.catch_up().await;
    running.stop().await;
    for shard in ["gone", "unlisted", "listed", "child"] {
        events.backdate(LABEL, shard, "2026-01-01T00:00:00Z").await;
    }
    stream.change(|shards| {
        shards.retain(|shard| shard.id != "gone" && shard.id != "lately");
        shards[0].hide();
    });

    let seen = Seen::default();
    let running = stream.read(&events, |_| {}, accepting(&seen)).await;
    let kept = events.checkpoints();
    let removed = async {
        loop {
            let left = kept.load(LABEL).await.expect("checkpoints");
            if left.iter().all(|checkpoint| checkpoint.shard_id != "gone") {
                return left;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let left = tokio::time::timeout(PATIENCE, removed).await.expect("patience");
    running.catch_up().await;
    let left: Vec<_> = left.into_iter().map(|checkpoint| checkpoint.shard_id).collect();
    assert_eq!(left, ["child", "lately", "listed", "unlisted"]);
    stream.change(|shards| shards.iter_mut().for_each(|shard| shard.show()));
    running.catch_up().await;
    assert_eq!(seen.acknowledged(), [""; 0], "nothing is read again");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_with_too_many_readers_is_read_later() {
    let events = Events::start().await;
    let stream = FakeStream::start(vec![Shard::new("a", None, 0..5)]).await;
    // More often than the SDK tries by itself.
    stream.refuse(9);
    let seen = Seen::default();
    let running = stream.read(&events, |_| {}, accepting(&seen)).await;
    running.catch_up().await;
    assert_eq!((stream.refusals_left(), seen.acknowledged()), (0, names(0..5)));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_of_a_shard_that_is_gone_is_handed_over() {
    let events = Events::start().await;
    let stream = FakeStream::start(vec![Shard::new("a", None, 0..2)]).await;
    let seen = Seen::default();
    let gather = |settings: &mut Settings| settings.batching_window = Duration::from_secs(300);
    let running = stream.read(&events, gather, accepting(&seen)).await;
    let read = async {
        while stream.reads() < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("patience");
    assert_eq!(seen.batches(), [], "they wait for others");
    stream.change(Vec::clear);
    running.catch_up().await;
    assert_eq!(seen.acknowledged(), names(0..2));
    running.stop().await;

    // It was not read to its end. If DynamoDB was wrong about it, the next poller reads on.
    stream.change(|shards| shards.push(Shard::new("a", None, 0..4)));
    let kept = events.checkpoints().load(LABEL).await.expect("checkpoints");
    assert_eq!(kept.iter().map(|kept| kept.done).collect::<Vec<_>>(), [false]);
    let seen = Seen::default();
    let running = stream.read(&events, |_| {}, accepting(&seen)).await;
    running.catch_up().await;
    assert_eq!(seen.acknowledged(), names(2..4));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batching_window_gathers_records_into_one_event() {
    let events = Events::start().await;
    let stream = FakeStream::start(vec![Shard::new("a", None, 0..8)]).await;
    let seen = Seen::default();
    let gather = |settings: &mut Settings| settings.batching_window = Duration::from_millis(500);
    let running = stream.read(&events, gather, accepting(&seen)).await;
    running.catch_up().await;
    assert_eq!(seen.batches(), [(names(0..8), 8)], "although a read gives three records");
    running.stop().await;
}
