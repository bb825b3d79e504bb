//! Tumbling windows: a window that had an invocation gets one more, its final one, and only one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use weir_processor::event::{Event, Response};
use weir_processor::mapping::{FilterCriteria, MAX_TUMBLING_WINDOW_SECS, Settings};
use weir_testing::running::{PATIENCE, Running};

use crate::mapping::events::Events;
use crate::mapping::seen::{name_of, parse};
use crate::mapping::streams::{FakeStream, LONG_AGO, Shard};

/// What the handler saw, in order: `a 00:00 000000 000001` is a batch of two of shard a in the
/// window that begins then, `a 00:00 final` its end.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn note(&self, event: &Event) {
        let window = event.window.as_ref().expect("a window on every event");
        let start = window.start[11..16].to_owned();
        assert_eq!(window.start[..11], window.end[..11]);
        let shard = event.shard_id.clone().expect("a shard");
        let names = event.records.iter().map(name_of);
        let end = event.is_final_invoke_for_window.then(|| "final".to_owned());
        let line: Vec<_> = [shard, start].into_iter().chain(names).chain(end).collect();
        self.0.lock().expect("no panic").push(line.join(" "));
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().expect("no panic").clone()
    }

    /// Waits until something was seen.
    async fn has(&self, line: &str) {
        let seen = async {
            while !self.lines().iter().any(|seen| seen == line) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let seen = tokio::time::timeout(PATIENCE, seen).await;
        seen.unwrap_or_else(|_| panic!("`{line}` is not among {:?}", self.lines()));
    }

    /// Waits until the mapping has looked at the stream twice more: what it would do by itself, it
    /// has done.
    async fn settled(&self, running: &Running) -> Vec<String> {
        running.catch_up().await;
        running.catch_up().await;
        self.lines()
    }
}

/// A handler that acknowledges everything.
fn accepting(log: &Log) -> impl Fn(Vec<u8>) -> std::future::Ready<Result<Vec<u8>, String>> + use<> {
    let log = log.clone();
    move |event| {
        log.note(&parse(&event));
        std::future::ready(Ok(serde_json::to_vec(&Response::success()).expect("JSON")))
    }
}

fn minutes(settings: &mut Settings) {
    settings.tumbling_window = Duration::from_secs(60);
    settings.batch_size = 2;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_window_is_closed_once_after_its_records_and_before_the_next() {
    let events = Events::start().await;
    let mut shard = Shard::new("a", None, 0..3);
    // The window at 00:01 has no record, and record 4 is older than the one before it.
    shard.extend_at(LONG_AGO + 120, 3..4);
    shard.extend_at(LONG_AGO + 119, 4..5);
    let stream = FakeStream::start(vec![shard]).await;
    let log = Log::default();
    let running = stream.read(&events, minutes, accepting(&log)).await;
    log.has("a 00:02 final").await;
    let expected = "a 00:00 000000 000001, a 00:00 000002, a 00:00 final, a 00:02 000003 000004, \
                    a 00:02 final";
    assert_eq!(log.settled(&running).await.join(", "), expected, "and none while it is idle");
    running.stop().await;

    let log = Log::default();
    let running = stream.read(&events, minutes, accepting(&log)).await;
    assert_eq!(log.settled(&running).await, [""; 0], "none after a restart either");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_goes_on_is_closed_when_its_shard_ends_also_by_the_next_poller() {
    let events = Events::start().await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() as i64;
    let day = 24 * 60 * 60;
    // Tomorrow's windows go on for as long as the test may take.
    let shard = Shard::new("a", None, 0..1).created_at(now - now % day + day);
    let stream = FakeStream::start(vec![shard]).await;
    let log = Log::default();
    let long = |settings: &mut Settings| {
        settings.tumbling_window = Duration::from_secs(MAX_TUMBLING_WINDOW_SECS);
    };
    let running = stream.read(&events, long, accepting(&log)).await;
    assert_eq!(log.settled(&running).await, ["a 00:00 000000"]);
    running.stop().await;

    let log = Log::default();
    let running = stream.read(&events, long, accepting(&log)).await;
    assert_eq!(log.settled(&running).await, [""; 0]);
    stream.change(|shards| {
        shards[0].close();
        shards.push(Shard::new("b", Some("a"), 1..1));
    });
    running.catch_up().await;
    assert_eq!(log.lines(), ["a 00:00 final"], "before its children begin");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_filtered_opens_no_window_and_shows_that_one_is_over() {
    let events = Events::start().await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() as i64;
    let day = 24 * 60 * 60;
    let tomorrow = now - now % day + day;
    let mut shard = Shard::new("a", None, 0..1).created_at(tomorrow);
    shard.extend_at(tomorrow + 180, 1..2);
    let stream = FakeStream::start(vec![shard]).await;
    let log = Log::default();
    let filtered = |settings: &mut Settings| {
        minutes(settings);
        let first = r#"{"dynamodb":{"Keys":{"SK":{"S":["000000"]}}}}"#;
        settings.filter_criteria = FilterCriteria::new([first]).expect("a filter");
    };
    let running = stream.read(&events, filtered, accepting(&log)).await;
    log.has("a 00:00 final").await;
    assert_eq!(log.settled(&running).await, ["a 00:00 000000", "a 00:00 final"]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_final_invocation_is_made_again_and_holds_its_shard_alone() {
    let events = Events::start().await;
    let mut shard = Shard::new("a", None, 0..1);
    shard.extend_at(LONG_AGO + 60, 1..2);
    let stream = FakeStream::start(vec![shard, Shard::new("b", None, 2..3)]).await;
    let log = Log::default();
    let finals = Arc::new(AtomicUsize::new(0));
    let handler = {
        let (log, finals) = (log.clone(), finals.clone());
        move |event: Vec<u8>| {
            let event = parse(&event);
            log.note(&event);
            let is_first_of_a = event.shard_id.as_deref() == Some("a")
                && event.is_final_invoke_for_window
                && finals.fetch_add(1, Ordering::SeqCst) < 2;
            std::future::ready(match is_first_of_a {
                // One fails, one names a record although there is none.
                true if finals.load(Ordering::SeqCst) == 1 => Err("not yet".to_owned()),
                true => Ok(serde_json::to_vec(&Response::retry_from("111")).expect("JSON")),
                false => Ok(serde_json::to_vec(&Response::success()).expect("JSON")),
            })
        }
    };
    let running = stream.read(&events, minutes, handler).await;
    log.has("a 00:01 final").await;
    running.catch_up().await;
    log.has("b 00:00 final").await;
    let of_a: Vec<_> = log.lines().into_iter().filter(|line| line.starts_with('a')).collect();
    let (before, after) = of_a.split_at(1);
    assert_eq!(before, ["a 00:00 000000"]);
    let expected =
        ["a 00:00 final", "a 00:00 final", "a 00:00 final", "a 00:01 000001", "a 00:01 final"];
    assert_eq!(after, expected);
    assert_eq!(running.progress.snapshot().failed_invocations, 2);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_of_which_a_part_was_handled_is_closed_by_the_next_poller() {
    let events = Events::start().await;
    let stream = FakeStream::start(vec![Shard::new("a", None, 0..3).closed()]).await;
    let log = Log::default();
    let first_alone = {
        let log = log.clone();
        move |event: Vec<u8>| {
            let event = parse(&event);
            log.note(&event);
            // Of the first batch one record is handled, and nothing of those after it.
            let answer = match name_of(&event.records[0]).as_str() {
                "000000" => {
                    let second = &event.records[1].dynamodb.sequence_number;
                    Ok(serde_json::to_vec(&Response::retry_from(second)).expect("JSON"))
                }
                _ => Err("not now".to_owned()),
            };
            std::future::ready(answer)
        }
    };
    let running = stream.read(&events, minutes, first_alone).await;
    log.has("a 00:00 000001").await;
    running.stop().await;

    // The next poller has no record of the window: all that is left is filtered.
    let log = Log::default();
    let filtered = |settings: &mut Settings| {
        minutes(settings);
        let first = r#"{"dynamodb":{"Keys":{"SK":{"S":["000000"]}}}}"#;
        settings.filter_criteria = FilterCriteria::new([first]).expect("a filter");
    };
    let running = stream.read(&events, filtered, accepting(&log)).await;
    running.catch_up().await;
    assert_eq!(log.lines(), ["a 00:00 final"]);
    running.stop().await;
}
