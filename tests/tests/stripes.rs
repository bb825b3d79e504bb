//! A rollup whose groups are spread over stripes: exact as any other, and read as one.

use serde_json::{Value, json};
use weir_processor::event::{Event, Response};
use weir_testing::flights::{DEFINITION, every, recount};
use weir_testing::recount::{assert_exact, stored};
use weir_testing::system::{Captured, System};

const FLIGHTS: usize = 120;
/// How many steps apart the flights are: few of them are then of many days.
const STEP: usize = 100;
/// The shards that the records are dealt out to; a stream of an embedded DynamoDB has one.
const SHARDS: usize = 7;
const BATCH_RECORDS: usize = 9;

/// The flights of the example, each of its rollups over several stripes.
async fn flights() -> System {
    let definition = DEFINITION.replace("\nof = \"flight\"", "\nstripes = 4\nof = \"flight\"");
    let system = System::open(&definition).await;
    assert!(system.model.rollups.iter().all(|rollup| rollup.stripes == 4));
    for rows in every(STEP, FLIGHTS).chunks(60) {
        let (status, answer) = system.http.send("POST", "/batch/flight", Some(&rows.into())).await;
        assert_eq!(status, 200, "{answer}");
    }
    system
}

/// The stream's records in batches of several shards.
async fn dealt(system: &System) -> Vec<Event> {
    let whole = Captured::read(system).await.cut(FLIGHTS * 2).remove(0);
    let of_shard = |shard: usize| {
        let records: Vec<_> = whole.records.iter().skip(shard).step_by(SHARDS).cloned().collect();
        let shard_id = Some(format!("shardId-{shard:020}-0000000{shard}"));
        let batches = records.chunks(BATCH_RECORDS).map(<[_]>::to_vec).collect::<Vec<_>>();
        let whole = whole.clone();
        batches.into_iter().map(move |records| Event {
            records,
            shard_id: shard_id.clone(),
            ..whole.clone()
        })
    };
    (0..SHARDS).flat_map(of_shard).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn stripes_add_up_to_what_a_recount_gives() {
    let system = flights().await;
    let events = dealt(&system).await;
    let processor = system.processor();
    for event in events.iter().chain(events.iter().rev()).chain(&events[3..]) {
        let response = processor.handle(event.clone()).await.expect("a response");
        assert_eq!(response, Response::success());
    }
    let kept = system.stored_rollups().await;
    let partitions = kept.iter().filter_map(|item| item["PK"]["S"].as_str());
    let of_stripe = |stripe: &str| partitions.clone().any(|key| key.contains(stripe));
    assert!(["/00#", "/01#", "/02#", "/03#"].into_iter().all(of_stripe), "all are used");
    assert!(kept.iter().all(|item| {
        let watermarks = item.as_object().expect("an item").keys();
        watermarks.filter(|name| name.starts_with('@')).count() <= SHARDS.div_ceil(2)
    }));
    let items = system.stored().await;
    assert_exact(&stored(&kept), &recount(&items));

    let all = answer(&system, "every=all&").await;
    let flights = items.iter().filter(|item| item["origin"]["S"] == "ATL").count();
    assert_eq!(all[0]["flights"], json!(flights));
    let days = "every=day&from=2001-01-01&to=2001-04-01&";
    let points = answer(&system, days).await;
    assert!(points.len() > 3, "{points:?}");
    for limit in 1..4 {
        assert_eq!(answer(&system, &format!("{days}limit={limit}&")).await, points);
    }
}

/// All points of Atlanta's flights, page by page.
async fn answer(system: &System, question: &str) -> Vec<Value> {
    let (mut points, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/rollups/flights_by_origin?{question}origin=ATL{cursor}");
        let (status, mut answer) = system.http.get(&path).await;
        assert_eq!(status, 200, "{answer}");
        let page = answer["points"].as_array_mut().expect("points");
        points.append(page);
        match answer["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return points,
        }
    }
}
