//! Delivery: at least once and in order, through failures, restarts and kills.

use std::future::pending;
use std::time::Duration;

use tokio::time::Instant;
use weir_processor::mapping::{Settings, Source};
use weir_rollups::SequenceNumber;
use weir_testing::running::PATIENCE;

use crate::mapping::events::Events;
use crate::mapping::seen::{Seen, accepting, names, parse};

#[tokio::test(flavor = "multi_thread")]
async fn every_record_is_delivered_in_order_through_failures_a_stop_and_a_restart() {
    let events = Events::start().await;
    events.put(0..150).await;
    let seen = Seen::default();
    // Every third invocation acknowledges a part, every seventh fails, and one panics.
    let handler = {
        let (seen, events) = (seen.clone(), events.clone());
        move |event: Vec<u8>| {
            let (seen, events) = (seen.clone(), events.clone());
            async move {
                let event = parse(&event);
                let shard = event.shard_id.as_deref().expect("a shard");
                assert!(shard.starts_with("shardId-"), "{shard}");
                assert!(event.event_source_arn.is_some() && event.window.is_some());
                if event.is_final_invoke_for_window {
                    return seen.answer(&event, 0);
                }
                let first = &event.records[0].dynamodb.sequence_number;
                let first: SequenceNumber = first.parse().expect("a sequence number");
                let saved = events.saved().await;
                assert!(saved.iter().all(|saved| *saved < first), "{saved:?} passes {first}");

                let invocation = seen.next();
                assert_ne!(invocation, 5, "this one panics, which the mapping has to survive");
                match invocation {
                    _ if invocation % 7 == 6 => Err("the table is on fire".to_owned()),
                    _ if invocation % 3 == 1 => seen.answer(&event, event.records.len() / 2),
                    _ => seen.answer(&event, event.records.len()),
                }
            }
        }
    };
    let small = |settings: &mut Settings| settings.batch_size = 7;

    let mut running = events.read(small, handler.clone());
    running.reaches(|progress| progress.records >= 60).await;
    running.stop().await;
    let before_restart = seen.acknowledged();
    assert!((60..150).contains(&before_restart.len()), "{}", before_restart.len());

    events.put(150..200).await;
    let running = events.read(small, handler);
    running.catch_up().await;
    events.put(200..210).await;
    running.catch_up().await;
    assert_eq!(seen.acknowledged(), names(0..210), "each once: a clean stop loses no checkpoint");
    assert_eq!(running.progress.snapshot().records as usize, 210 - before_restart.len());
    assert!(running.progress.snapshot().failed_invocations > 0);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_the_records_since_the_checkpoint_come_again() {
    let events = Events::start().await;
    events.put(0..50).await;
    let seen = Seen::default();
    let handler = |fatal: Option<usize>| {
        let seen = seen.clone();
        move |event: Vec<u8>| {
            let seen = seen.clone();
            async move {
                let event = parse(&event);
                let answer = seen.answer(&event, event.records.len());
                if Some(seen.next()) == fatal {
                    // The batch was handled, and nobody hears of it.
                    pending::<()>().await;
                }
                answer
            }
        }
    };
    let quick = |settings: &mut Settings| {
        settings.batch_size = 10;
        // Longer than a renewal takes on a machine that does much else.
        settings.lease_time_to_live = Duration::from_secs(5);
    };

    let running = events.read(quick, handler(Some(2)));
    let third = async {
        while seen.batches().len() < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, third).await.expect("patience");
    running.kill().await;
    let handled = seen.acknowledged();
    let (unheard_of, _) = seen.batches().swap_remove(2);

    let began = Instant::now();
    let other_owner = |settings: &mut Settings| {
        quick(settings);
        settings.owner = "another".to_owned();
    };
    let running = events.read(other_owner, handler(None));
    running.catch_up().await;
    assert!(began.elapsed() < Duration::from_secs(60), "the lease of the dead expires");
    let again = handled.len() - unheard_of.len();
    assert!(again > 0, "two batches were heard of");
    let expected: Vec<_> = names(0..handled.len()).into_iter().chain(names(again..50)).collect();
    assert_eq!(seen.acknowledged(), expected);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_in_the_table_that_is_read_do_not_feed_on_themselves() {
    let events = Events::start().await;
    let kept = events.checkpoints_in(&events.table_name);
    let seen = Seen::default();
    let quick = |settings: &mut Settings| settings.lease_time_to_live = Duration::from_secs(1);
    let running = events.read_from(events.connection(), kept, quick, accepting(&seen));
    events.put(0..5).await;
    running.catch_up().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    running.catch_up().await;
    assert_eq!(seen.acknowledged(), names(0..5));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_polled_is_refused_at_once() {
    let events = Events::start().await;
    let refusal = async |change: fn(&mut Settings)| {
        let running = events.read(change, |_| async { Err(String::new()) });
        let progress = running.progress.clone();
        let error = running.ended().await;
        progress.caught_up_after(Instant::now()).await.expect_err("it has ended");
        error.to_string()
    };
    assert_eq!(
        refusal(|settings| settings.source = Source::Table("nothing".to_owned())).await,
        "table nothing has no stream, expected one with NEW_AND_OLD_IMAGES"
    );
    assert_eq!(
        refusal(|settings| settings.batch_size = 10_001).await,
        "batch size is 10001, expected 1 to 10000 records"
    );
}
