//! A function reports its failures in a form that Lambda understands, and the process goes on.

use std::sync::Arc;

use serde_json::{Value, json};
use weir_testing::deployed::Deployed;
use weir_testing::dynamodb::TestDynamo;
use weir_testing::faulty::{BROKEN, Fate, Faulty, THROTTLED};
use weir_testing::flights::{DEFINITION, ROLLUPS, rows};
use weir_testing::functions::Function;
use weir_testing::recount::assert_all_exact;
use weir_testing::running::PATIENCE;
use weir_testing::system::Captured;

/// The answer to an event of which nothing has to come again.
const SUCCESS: &str = r#"{"state":{},"batchItemFailures":[]}"#;

async fn load(world: &Deployed, flights: &[Value]) {
    let (status, answer) = world.http.send("POST", "/batch/flight", Some(&flights.into())).await;
    assert_eq!((status, &answer["written"]), (200, &json!(flights.len())), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_without_a_shard_names_the_setting_and_the_next_one_is_served() {
    let dynamodb = TestDynamo::start().await;
    let world = Deployed::start(&dynamodb, DEFINITION).await;
    load(&world, &rows(5)).await;
    let event = Captured::read(&world.system).await.cut(5).remove(0);
    let whole = serde_json::to_value(&event).expect("JSON");
    let mut plain = whole.clone();
    plain.as_object_mut().expect("an object").remove("shardId");

    let processor = world.processor(PATIENCE);
    let error = processor.invoke(plain.to_string().into()).await.expect_err("no shard");
    assert_eq!(error.error_type, "Event");
    assert!(error.error_message.contains("TumblingWindowInSeconds"), "{error}");
    processor.says("the invocation failed, all of it comes again").await;

    let answer = processor.invoke(whole.to_string().into()).await.expect("an answer");
    assert_eq!(String::from_utf8_lossy(&answer), SUCCESS);
    assert_eq!(processor.started().len(), 1, "the same process");
    assert_all_exact(&dynamodb, &world.system.model, &ROLLUPS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_that_is_no_event_is_an_error_and_the_next_one_is_served() {
    let dynamodb = TestDynamo::start().await;
    let world = Deployed::start(&dynamodb, DEFINITION).await;
    let processor = world.processor(PATIENCE);
    for payload in ["[1]", "\"text\"", "{\"Records\":1}", "{\"Records\":[{}]}", "{"] {
        let error = processor.invoke(payload.into()).await.expect_err(payload);
        assert!(error.error_type.contains("Deserialize"), "{payload}: {error}");
    }
    let error = world.writer.invoke(b"{\"Records\":[]}".to_vec()).await.expect_err("no request");
    assert!(error.error_message.contains("Amazon API Gateway"), "{error}");
    let final_one = json!({ "shardId": "s", "eventSourceARN": "a/stream/b", "state": {} });
    processor.invoke(final_one.to_string().into()).await.expect("a final invocation");
    assert_eq!(processor.started().len(), 1, "the same process");
    assert_eq!(world.http.send("POST", "/flight", Some(&rows(1)[0])).await.0, 201);
    assert_eq!(world.writer.started().len(), 1, "the same process");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_dynamodb_does_not_take_is_reported_from_its_first_record_on_and_exact_later() {
    let dynamodb = TestDynamo::start().await;
    let world = Deployed::start(&dynamodb, DEFINITION).await;
    load(&world, &rows(12)).await;
    let captured = Captured::read(&world.system).await;
    let event = captured.cut(12).remove(0);
    let sequence = |row: usize| event.records[row].dynamodb.sequence_number.clone();
    let payload = serde_json::to_vec(&event).expect("JSON");
    let origin = |row: usize| -> String {
        let image = event.records[row].dynamodb.new_image.as_ref().expect("an insertion");
        serde_json::to_value(&image["origin"]).expect("JSON")["S"].as_str().expect("text").into()
    };

    let way = Faulty::before(&dynamodb.url).await;
    let variables = world.variables_with(&way.url);
    let processor = Arc::new(Function::start("processor", &variables, PATIENCE));
    for (fate, row) in [(BROKEN, 4), (THROTTLED, 7)] {
        let wanted = format!("flights_by_origin#{}\"", origin(row));
        let first = (0..12).find(|earlier| origin(*earlier) == origin(row)).expect("itself");
        way.decide(move |operation, body| {
            let is_its = operation == "UpdateItem" && body.contains(&wanted);
            if is_its { fate } else { Fate::Pass }
        });
        let answer = processor.invoke(payload.clone()).await.expect("an answer");
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        let expected = json!([{ "itemIdentifier": sequence(first) }]);
        assert_eq!(answer, json!({ "state": {}, "batchItemFailures": expected }));
    }
    way.mend();
    for event in captured.cut(5) {
        let payload = serde_json::to_vec(&event).expect("JSON");
        let answer = processor.invoke(payload).await.expect("an answer");
        assert_eq!(String::from_utf8_lossy(&answer), SUCCESS);
    }
    assert_eq!(processor.started().len(), 1, "the same process");
    assert_all_exact(&dynamodb, &world.system.model, &ROLLUPS).await;
}
