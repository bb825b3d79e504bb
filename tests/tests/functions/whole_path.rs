//! From a request to the writer to an answer of the reader, with every part in a process of its
//! own.

use std::time::Duration;

use serde_json::{Value, json};
use weir_processor::event::Event;
use weir_testing::deployed::{Deployed, handler};
use weir_testing::dynamodb::TestDynamo;
use weir_testing::flights::{DEFINITION, ROLLUPS, every, path};
use weir_testing::recount::assert_all_exact;
use weir_testing::running::PATIENCE;

/// Enough rows for several batches, of several days.
const ROWS: usize = 60;
/// How many steps apart they are in the data.
const STEP: usize = 300;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_posted_to_the_writer_is_what_the_reader_answers_with() {
    let dynamodb = TestDynamo::start().await;
    let world = Deployed::start(&dynamodb, DEFINITION).await;
    let processor = world.processor(PATIENCE);
    let running = world.map(&processor, 25);
    let flights = every(STEP, ROWS);
    let (some, others) = flights.split_at(20);
    for flight in some {
        let (status, answer) = world.http.send("POST", "/flight", Some(flight)).await;
        assert_eq!(status, 201, "{answer}");
    }
    let (status, answer) = world.http.send("POST", "/batch/flight", Some(&others.into())).await;
    assert_eq!((status, &answer["written"]), (200, &json!(others.len())), "{answer}");
    for flight in flights.iter().step_by(7) {
        let mut late = flight.clone();
        late["delay"] = json!(123);
        let (status, answer) = world.http.send("PUT", &path(flight), Some(&late)).await;
        assert_eq!(status, 200, "{answer}");
    }
    for flight in flights.iter().step_by(5) {
        let (status, answer) = world.http.send("DELETE", &path(flight), None).await;
        assert_eq!((status, answer), (204, Value::Null));
    }
    running.catch_up().await;
    let items = assert_all_exact(&dynamodb, &world.system.model, &ROLLUPS).await;
    assert!(items > 100, "{items} rollup items are too few to tell");

    // What the functions answer is what the libraries do, asked in this process.
    let mut origins: Vec<_> = flights.iter().map(|flight| flight["origin"].clone()).collect();
    origins.sort_by_key(Value::to_string);
    origins.dedup();
    for origin in origins {
        let origin = origin.as_str().expect("text");
        let question = format!("/rollups/flights_by_origin?origin={origin}");
        let answer = world.http.get(&question).await;
        assert_eq!(answer, world.system.http.get(&question).await);
        let left = flights.iter().enumerate().filter(|(row, _)| row % 5 != 0);
        let left = left.filter(|(_, flight)| flight["origin"] == origin).count();
        let points = answer.1["points"].as_array().expect("points");
        let counted: u64 = points.iter().filter_map(|point| point["flights"].as_u64()).sum();
        assert_eq!(counted as usize, left, "{origin}: {}", answer.1);
    }
    running.stop().await;
    for function in [&processor, &world.writer, &world.reader] {
        let started = function.started();
        assert_eq!(started.len(), 1, "one process served all of it");
        println!("{}", started[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_carry_shard_and_window_and_the_end_of_a_window_is_taken() {
    let dynamodb = TestDynamo::start().await;
    let world = Deployed::start(&dynamodb, DEFINITION).await;
    let processor = world.processor(PATIENCE);
    let (sender, events) = std::sync::mpsc::channel();
    let invoke = handler(&processor);
    let noting = move |event: Vec<u8>| {
        sender.send(serde_json::from_slice::<Event>(&event).expect("an event")).expect("the test");
        invoke(event)
    };
    let running = world.system.run_in_windows(noting, 100, Duration::from_secs(1));
    world.http.send("POST", "/batch/flight", Some(&every(STEP, 10).into())).await;
    running.catch_up().await;

    let (mut records, mut has_closed) = (0, false);
    while !(has_closed && records == 10) {
        let event = tokio::task::block_in_place(|| events.recv_timeout(PATIENCE));
        let event = event.expect("a final invocation");
        assert!(event.shard_id.is_some() && event.window.is_some());
        records += event.records.len();
        has_closed |= event.is_final_invoke_for_window;
    }
    running.stop().await;
    assert_all_exact(&dynamodb, &world.system.model, &ROLLUPS).await;
}
