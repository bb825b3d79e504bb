//! A panic fails what it happened in, and not the process.

use std::sync::Arc;

use serde_json::{Value, json};
use weir_testing::deployed::Deployed;
use weir_testing::dynamodb::TestDynamo;
use weir_testing::flights::{DEFINITION, ROLLUPS, rows};
use weir_testing::functions::{Binary, Function};
use weir_testing::recount::assert_all_exact;
use weir_testing::running::PATIENCE;
use weir_testing::system::Captured;

/// The delay that the reactor cannot bear.
const TERRIBLE: i64 = 666;

#[tokio::test(flavor = "multi_thread")]
async fn a_reactor_that_panics_has_its_record_again_while_rollups_stay_exact() {
    let dynamodb = TestDynamo::start().await;
    let world = Deployed::start(&dynamodb, DEFINITION).await;
    let mut flights = rows(10);
    flights[3]["delay"] = json!(TERRIBLE);
    flights[8]["delay"] = json!(TERRIBLE);
    let (status, _) = world.http.send("POST", "/batch/flight", Some(&json!(flights))).await;
    assert_eq!(status, 200);
    let captured = Captured::read(&world.system).await;
    let event = captured.cut(10).remove(0);
    let terrible: Vec<_> = event
        .records
        .iter()
        .filter(|record| format!("{:?}", record.dynamodb.new_image).contains("\"666\""))
        .map(|record| record.dynamodb.sequence_number.clone())
        .collect();
    assert_eq!(terrible.len(), 2);

    let binary = Binary::named("brittle_reactor");
    let function = Arc::new(Function::from_binary(binary, &world.variables, PATIENCE));
    let payload = serde_json::to_vec(&event).expect("JSON");
    for sequence in &terrible {
        let answer = function.invoke(payload.clone()).await.expect("an answer");
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        assert_eq!(answer["batchItemFailures"], json!([{ "itemIdentifier": sequence }]));
        assert_all_exact(&dynamodb, &world.system.model, &ROLLUPS).await;
    }
    function.says("it panicked: 666 minutes are too many").await;
    for event in captured.cut(4) {
        let payload = serde_json::to_vec(&event).expect("JSON");
        let answer = function.invoke(payload).await.expect("an answer");
        assert_eq!(answer, br#"{"state":{},"batchItemFailures":[]}"#);
    }
    assert_all_exact(&dynamodb, &world.system.model, &ROLLUPS).await;
    assert_eq!(function.started().len(), 1, "the same process");
}

/// AWS sends no such event: it makes `lambda_http` panic outside of anything that Weir catches.
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_the_handler_is_an_error_and_the_next_request_is_served() {
    let dynamodb = TestDynamo::start().await;
    let world = Deployed::start(&dynamodb, DEFINITION).await;
    let mut event: Value =
        serde_json::from_slice(&weir_testing::api_gateway::health()).expect("an event");
    event["body"] = json!("no base64!");
    event["isBase64Encoded"] = json!(true);
    let error = world.reader.invoke(event.to_string().into()).await.expect_err("a panic");
    assert!(error.error_message.starts_with("Lambda panicked: "), "{error}");
    assert_eq!(world.http.get("/health").await.0, 200);
    assert_eq!(world.reader.started().len(), 1, "the same process");
}
