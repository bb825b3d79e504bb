//! Which record an invocation is repeated from: the lowest that any rollup or reactor could not
//! take.

use std::future::ready;

use futures::TryStreamExt;
use serde::Deserialize;
use serde_json::json;
use weir_model::ItemType;
use weir_processor::event::{Event, Record, Response};
use weir_processor::{Changes, Failure, Processor};
use weir_testing::system::Captured;

use crate::reactors::club::{Club, Log, Member, id};

/// A type that the definition knows nothing of.
#[derive(Deserialize)]
struct Stranger {}

/// A member that a secret does not fit.
#[derive(Deserialize)]
struct Open {
    #[serde(rename = "secret")]
    _secret: Option<()>,
}

impl ItemType for Stranger {
    const ENTITY: &'static str = "stranger";
}

impl ItemType for Open {
    const ENTITY: &'static str = "member";
}

/// A club of eight members, and the event of their joining. The sixth has a secret.
async fn joined() -> (Club, Event) {
    let club = Club::open().await;
    club.join(0..5).await;
    club.put(&id(5), json!({ "plan": id(5), "secret": "x" })).await;
    club.join(6..8).await;
    let event = Captured::read(&club.system).await.cut(8).remove(0);
    (club, event)
}

/// Handles the event, and says from which of its records on it is to be repeated.
async fn repeated_from(processor: Processor, event: &Event) -> Option<usize> {
    let response = processor.handle(event.clone()).await.expect("a response");
    if response == Response::success() {
        return None;
    }
    let again =
        |record: &Record| response == Response::retry_from(&record.dynamodb.sequence_number);
    Some(event.records.iter().position(again).expect("one record of the batch"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lowest_failure_over_rollups_and_reactors_is_returned() {
    let (club, event) = joined().await;
    let failing_at = |processor: Processor, number: Option<usize>| {
        let bad = number.map(id);
        Log::default().noting(processor, move |id| match bad.as_deref() == Some(id) {
            true => Err("no".to_owned()),
            false => Ok(()),
        })
    };
    // The records at which a rollup, a reactor and another reactor fail, and the one to repeat
    // from.
    let cases = [
        (Some(7), Some(5), Some(3), Some(3)),
        (Some(7), Some(3), Some(5), Some(3)),
        (Some(2), Some(5), Some(3), Some(2)),
        (Some(4), None, None, Some(4)),
        (None, Some(6), None, Some(6)),
        (None, None, Some(0), Some(0)),
        (None, None, None, None),
    ];
    for (rollup, reactor, other, expected) in cases {
        let processor = match rollup {
            Some(number) => club.held_at(number).await.0,
            None => club.system.processor(),
        };
        let processor = failing_at(failing_at(processor, reactor), other);
        let repeated = repeated_from(processor, &event).await;
        assert_eq!(repeated, expected, "{rollup:?} {reactor:?} {other:?}");
    }
    club.assert_rollups_exact().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reactor_that_fails_outside_any_record_repeats_the_whole_invocation() {
    let (club, event) = joined().await;
    let processor = || Processor::new(club.system.model.clone());
    let first = Some(0);

    let at_once = processor().react("at once", |_| ready(Err(Failure::from("no"))));
    assert_eq!(repeated_from(at_once, &event).await, first);
    let panic = processor().react("panic", |_| -> std::future::Ready<_> { panic!("no future") });
    assert_eq!(repeated_from(panic, &event).await, first);
    let in_the_end = processor().react("in the end", |changes: Changes| async move {
        changes.try_for_each(|_| ready(Ok::<(), Failure>(()))).await?;
        Err(Failure::from("no"))
    });
    assert_eq!(repeated_from(in_the_end, &event).await, first);
    let stream = processor().react("stream", |changes: Changes| async move {
        changes.typed::<Open>().stream().try_for_each(|_| ready(Ok(()))).await?;
        Ok(())
    });
    assert_eq!(repeated_from(stream, &event).await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_does_not_fit_its_type_fails_its_record() {
    let (club, event) = joined().await;
    let processor = || Processor::new(club.system.model.clone());
    let open = processor().react("open", |changes: Changes| {
        changes.typed::<Open>().try_for_each(|_| ready(Ok::<(), Failure>(())))
    });
    assert_eq!(repeated_from(open, &event).await, Some(5));
    let fits = processor().react("member", |changes: Changes| {
        changes.typed::<Member>().try_for_each(|_| ready(Ok::<(), Failure>(())))
    });
    assert_eq!(repeated_from(fits, &event).await, None);
    let stranger = processor().react("stranger", |changes: Changes| {
        changes.typed::<Stranger>().try_for_each(|_| ready(Ok::<(), Failure>(())))
    });
    assert_eq!(repeated_from(stranger, &event).await, Some(0), "no record can be read");
}
