//! Stopping while a batch is in flight: it is waited for, but no longer than the settings say.

use std::future::pending;
use std::time::Duration;

use tokio::sync::watch;
use weir_processor::mapping::Settings;
use weir_testing::running::PATIENCE;

use crate::mapping::events::Events;
use crate::mapping::seen::{Seen, accepting, names, parse};

/// An answer of a handler that is never given.
type Never = std::future::Pending<Result<Vec<u8>, String>>;

/// A handler that never answers, and what says that it was called.
fn endless() -> (impl Fn(Vec<u8>) -> Never, watch::Receiver<usize>) {
    let (called, calls) = watch::channel(0);
    let handler = move |event: Vec<u8>| {
        called.send_replace(parse(&event).records.len());
        pending()
    };
    (handler, calls)
}

async fn is_called(mut calls: watch::Receiver<usize>) {
    let called = calls.wait_for(|records| *records > 0);
    tokio::time::timeout(PATIENCE, called).await.expect("patience").expect("a handler");
}

fn briefly(settings: &mut Settings) {
    settings.shutdown_timeout = Duration::from_millis(200);
    // A discarded record would not come again.
    settings.maximum_retry_attempts = Some(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_does_not_end_in_time_is_delivered_again_by_the_next_poller() {
    let events = Events::start().await;
    events.put(0..5).await;
    let (handler, calls) = endless();
    let running = events.read(briefly, handler);
    is_called(calls).await;
    running.stop().await;

    let label = events.label().await;
    let kept = events.checkpoints();
    assert_eq!(kept.held_lease(&label).await.expect("a read"), None, "the lease was given up");
    assert_eq!(kept.on_failure_records(&label).await.expect("records"), [], "nothing is lost");
    let seen = Seen::default();
    let running = events.read(briefly, accepting(&seen));
    running.catch_up().await;
    assert_eq!(seen.acknowledged(), names(0..5));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_ends_in_time_is_acknowledged() {
    let events = Events::start().await;
    events.put(0..5).await;
    let seen = Seen::default();
    let (go, gone) = watch::channel(false);
    let (called, calls) = watch::channel(0);
    let handler = {
        let seen = seen.clone();
        move |event: Vec<u8>| {
            let (seen, mut gone) = (seen.clone(), gone.clone());
            let event = parse(&event);
            called.send_replace(event.records.len());
            async move {
                gone.wait_for(|go| *go).await.expect("somebody says go");
                seen.answer(&event, event.records.len())
            }
        }
    };
    let running = events.read(|_| {}, handler);
    is_called(calls).await;
    let go = async { go.send_replace(true) };
    futures::join!(running.stop(), go);
    let handled = seen.acknowledged();

    let running = events.read(|_| {}, accepting(&seen));
    running.catch_up().await;
    assert!(!handled.is_empty());
    assert_eq!(seen.acknowledged(), names(0..5), "each once: the checkpoint was saved");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poller_that_lost_its_lease_stops_in_time_as_well() {
    let events = Events::start().await;
    events.put(0..5).await;
    let (handler, calls) = endless();
    let quick = |settings: &mut Settings| {
        briefly(settings);
        settings.lease_time_to_live = Duration::from_secs(1);
    };
    let mut running = events.read(quick, handler);
    is_called(calls).await;
    let kept = events.checkpoints();
    let label = events.label().await;
    kept.acquire(&label, "test", Duration::from_secs(60)).await.expect("the same owner");
    running.reaches(|progress| progress.shards.is_empty()).await;
    running.stop().await;
}
