//! A reactor that fails: its record comes again, those after it too, none before it; the rollups
//! stay exact.

use std::collections::BTreeSet;

use crate::reactors::club::{Club, Faults, Log, id, ids};

/// More than any test here writes before it begins to read.
const ONE_BATCH: usize = 1000;

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_record_comes_again_with_those_after_it_and_none_before_it() {
    let club = Club::open().await;
    club.join(0..10).await;
    let (failing, witness) = (Log::default(), Log::default());
    let faults = Faults::new([(id(6), 2)]);
    let processor = failing.noting(club.system.processor(), move |id| match faults.strike(id) {
        true => Err(format!("{id} is not welcome yet")),
        false => Ok(()),
    });
    let processor = witness.noting(processor, |_| Ok(()));
    let running = club.system.process(processor, ONE_BATCH);
    running.catch_up().await;

    let expected = [ids(0..7), ids([6]), ids(6..10)].concat();
    assert_eq!(failing.ids(), expected, "nothing after a failure before it is mended");
    let expected = [ids(0..10), ids(6..10), ids(6..10)].concat();
    assert_eq!(witness.ids(), expected, "another reactor is not held up within an invocation");
    let events: BTreeSet<_> = witness.entries().into_iter().collect();
    let event_ids: BTreeSet<_> = events.iter().map(|(_, event)| event).collect();
    assert_eq!((events.len(), event_ids.len()), (10, 10), "a change keeps its event id");
    let progress = running.progress.snapshot();
    assert_eq!((progress.records, progress.failed_invocations), (10, 2));
    club.assert_rollups_exact().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_reactors_that_fail_the_lower_record_is_where_to_go_on() {
    let club = Club::open().await;
    club.join(0..10).await;
    let mut logs = Vec::new();
    let mut processor = club.system.processor();
    for faults in [Faults::new([(id(5), 2)]), Faults::new([(id(3), 1)])] {
        let log = Log::default();
        processor = log.noting(processor, move |id| match faults.strike(id) {
            true => Err("not yet".to_owned()),
            false => Ok(()),
        });
        logs.push(log);
    }
    let running = club.system.process(processor, ONE_BATCH);
    running.catch_up().await;
    assert_eq!(logs[0].ids(), [ids(0..6), ids(3..6), ids(5..10)].concat());
    assert_eq!(logs[1].ids(), [ids(0..4), ids(3..10), ids(5..10)].concat());
    club.assert_rollups_exact().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollup_item_that_takes_nothing_holds_back_its_record_until_it_does() {
    let club = Club::open().await;
    let log = Log::default();
    let (processor, transaction) = club.held_at(7).await;
    club.join(0..10).await;
    let mut running = club.system.process(log.noting(processor, |_| Ok(())), ONE_BATCH);
    running.reaches(|progress| progress.failed_invocations >= 3).await;
    assert_eq!(running.progress.snapshot().records, 7, "what is before it is done");

    transaction.end();
    running.catch_up().await;
    assert_eq!(running.progress.snapshot().records, 10);
    assert_eq!(log.ids()[..8], ids(0..8), "what is before it came once");
    assert!(log.ids()[8..].iter().all(|again| *again >= id(7)), "{:?}", log.ids());
    club.assert_rollups_exact().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_fails_its_record_and_not_the_process() {
    let club = Club::open().await;
    club.join(0..10).await;
    let log = Log::default();
    let faults = Faults::new([(id(3), 1)]);
    let processor = log.noting(club.system.processor(), move |id| {
        assert!(!faults.strike(id), "{id} is more than this reactor can bear");
        Ok(())
    });
    let running = club.system.process(processor, ONE_BATCH);
    running.catch_up().await;
    assert_eq!(log.ids(), [ids(0..4), ids(3..10)].concat());
    let progress = running.progress.snapshot();
    assert_eq!((progress.records, progress.failed_invocations), (10, 1));

    club.join(10..12).await;
    running.catch_up().await;
    assert_eq!(log.ids().split_off(11), ids(10..12), "the same process goes on");
    club.assert_rollups_exact().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rollups_stay_exact_while_a_reactor_fails_again_and_again() {
    let club = Club::open().await;
    let (log, count) = (Log::default(), 30);
    let faults = Faults::new((0..count).step_by(3).map(|number| (id(number), 2)));
    let processor = log.noting(club.system.processor(), move |id| {
        let strikes = faults.strike(id);
        assert!(!strikes || id != "m12", "one of them panics");
        match strikes {
            true => Err("not yet".to_owned()),
            false => Ok(()),
        }
    });
    let running = club.system.process(processor, 7);
    club.join(0..count).await;
    for number in (0..count).step_by(2) {
        club.put(&id(number), serde_json::json!({ "plan": "all", "points": 1000 })).await;
    }
    for number in (0..count).step_by(5) {
        club.delete(&id(number)).await;
    }
    running.catch_up().await;
    club.assert_rollups_exact().await;

    let changes = count + count / 2 + count / 5;
    let progress = running.progress.snapshot();
    assert_eq!((progress.records as usize, progress.failed_invocations), (changes, 20));
    assert_eq!(log.ids().len(), changes + 20, "a record that failed comes again, and it first");
    running.stop().await;
}
