//! Lists that are longer than DynamoDB takes are rejected before they are planned, with the number
//! that was sent and the limit.

use serde_json::{Value, json};
use weir_model::limits::{
    MAX_ACTIONS, MAX_BATCH_JSON_VALUES, MAX_EXPRESSION_BYTES, MAX_IN_OPERANDS, MAX_TESTS,
    MAX_UPDATE_PATHS,
};

use super::app::{App, encoded, members};

/// The message of the only error of a problem.
async fn message(app: &App, method: &str, path: &str, body: &Value) -> String {
    let reply = app.send(method, path, body.to_string()).await;
    assert_eq!(reply.status, 400, "{}", reply.text);
    let problem = reply.json();
    let errors = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    match errors {
        [] => problem["detail"].as_str().expect("a detail").to_owned(),
        [only] => format!("{}: {}", only["field"], only["message"]),
        several => panic!("{} errors: {}", several.len(), reply.text),
    }
}

#[tokio::test]
async fn more_paths_than_an_expression_can_have_are_rejected_with_their_number() {
    let app = App::new().await;
    let limit = format!("expected at most {MAX_UPDATE_PATHS}");
    for verb in ["set", "set_if_absent", "add", "append"] {
        let update = json!({ verb: members(28_000, "any.a", &json!(1)) });
        let message = message(&app, "PATCH", "/thing/1", &update).await;
        assert!(message.contains(&format!("28000 paths, {limit}")), "{verb}: {message}");
    }
    let removed: Vec<_> = (0..28_000).map(|number| format!("any.a{number}")).collect();
    let text = message(&app, "PATCH", "/thing/1", &json!({ "remove": removed })).await;
    assert!(text.contains(&format!("28000 paths, {limit}")), "{text}");
    let several = json!({
        "set": members(MAX_UPDATE_PATHS, "any.a", &json!(1)),
        "add": members(1, "any.b", &json!(1)),
    });
    let text = message(&app, "PATCH", "/thing/1", &several).await;
    assert!(text.contains(&format!("{} paths, {limit}", MAX_UPDATE_PATHS + 1)), "{text}");

    let update = json!({ "set": members(60_000, "any.a", &json!(1)) });
    let action = |json: &Value| {
        let mut action = json!({ "action": "patch", "entity": "thing", "key": { "id": "1" } });
        action
            .as_object_mut()
            .expect("an object")
            .extend(json.as_object().cloned().unwrap_or_default());
        json!([action])
    };
    let text = message(&app, "POST", "/transactions", &action(&update)).await;
    assert!(text.contains(&format!("60000 paths, {limit}")), "{text}");
}

#[tokio::test]
async fn an_update_whose_expression_would_be_too_long_is_rejected_with_its_length() {
    let app = App::new().await;
    let update = json!({ "set": members(MAX_UPDATE_PATHS, "any.a", &json!(1)) });
    let message = message(&app, "PATCH", "/thing/1", &update).await;
    let limit = format!("bytes, expected at most {MAX_EXPRESSION_BYTES}");
    assert!(message.contains("update") && message.contains(&limit), "{message}");
}

#[tokio::test]
async fn more_tests_than_an_expression_can_have_are_rejected_with_their_number() {
    let app = App::new().await;
    let tests = MAX_TESTS + 1;
    let limit = format!("{tests} tests, expected at most {MAX_TESTS}");
    let conditions = [
        json!({ "or": vec![json!({ "note": "a" }); tests] }),
        json!({ "and": vec![json!({}); tests] }),
        json!({ "not": { "or": [{ "and": vec![json!({ "note": { "gt": "a" } }); tests - 1] },
            { "note": "b" }] } }),
        json!({ "or": vec![json!({ "size": { "gte": 1, "lt": 5 } }); tests / 2], "note": "a" }),
        Value::Object(members(tests, "any.a", &json!(1))),
    ];
    for condition in conditions {
        let update = json!({ "set": { "note": "b" }, "where": condition });
        let message = message(&app, "PATCH", "/thing/1", &update).await;
        assert!(message.contains(&limit), "{message}");
    }
}

#[tokio::test]
async fn more_operands_of_in_than_dynamodb_takes_are_rejected_with_their_number() {
    let app = App::new().await;
    let operands: Vec<_> = (0..=MAX_IN_OPERANDS).map(|number| number.to_string()).collect();
    for condition in [json!({ "note": operands }), json!({ "note": { "in": operands } })] {
        let path = format!("/thing/1?where={}", encoded(&condition.to_string()));
        let message = message(&app, "DELETE", &path, &json!({})).await;
        assert!(message.contains("101 values; expected at most 100"), "{message}");
    }
}

#[tokio::test]
async fn more_actions_rows_and_values_than_a_request_may_have_are_rejected_with_their_number() {
    let app = App::new().await;
    let text = message(&app, "POST", "/transactions", &json!(vec![json!({}); 101])).await;
    assert!(text.contains(&format!("101 actions, expected 1 to {MAX_ACTIONS}")), "{text}");

    let values = format!("[[{}1]]", "1,".repeat(MAX_BATCH_JSON_VALUES));
    for path in ["/batch/thing", "/batch", "/transactions"] {
        let reply = app.send("POST", path, values.clone()).await;
        assert_eq!(reply.status, 400, "{}", reply.text);
        assert!(reply.text.contains("more than 1000000 values"), "{}", reply.text);
    }
}
