//! The writer as a value, without a DynamoDB: what is refused before it is asked.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use serde_json::{Value, json};
use tower::ServiceExt;
use weir_model::Model;
use weir_table::{Connection, Table};

const DEFINITION: &str = r##"
    [table]
    name = "shop"
    [entities.order]
    PK = "USER#{user}"
    SK = "ORDER#{number:08}"
    [entities.order.attributes]
    user = { type = "string", required = true }
    number = { type = "integer", required = true }
    total = { type = "decimal", scale = 2, required = true, min = 0 }
"##;

/// A writer whose DynamoDB does not exist: a test that reached it would fail.
async fn app() -> (Router, Arc<Model>) {
    let model: Arc<Model> = Arc::new(DEFINITION.parse().expect("a definition"));
    let connection = Connection::to("http://127.0.0.1:1").await;
    let app = crate::app(Table::new(&connection, Arc::clone(&model)));
    (weir_http::finish(app, &weir_http::routes::writes(&model)), model)
}

async fn send(method: &str, path: &str, body: impl Into<Body>) -> (u16, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json");
    let request = request.body(body.into()).expect("a request");
    let response = app().await.0.oneshot(request).await.expect("an answer");
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

#[tokio::test]
async fn every_bad_field_is_told_at_once() {
    let body = json!({ "user": 1, "number": 1.5, "total": -1, "totl": 3 }).to_string();
    for (method, path) in [("POST", "/order"), ("PUT", "/order/ann/seven")] {
        let (status, problem) = send(method, path, body.clone()).await;
        assert_eq!((status, &problem["type"]), (400, &json!("/problems/validation")), "{problem}");
        let errors = problem["errors"].as_array().expect("errors").iter();
        let mut fields: Vec<_> =
            errors.map(|error| error["field"].as_str().expect("a field")).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["number", "total", "totl", "user"], "{problem}");
    }
}

#[tokio::test]
async fn a_body_that_contradicts_its_path_is_refused() {
    let body = json!({ "user": "bob", "total": 1 }).to_string();
    let (status, problem) = send("PUT", "/order/ann/7", body).await;
    assert_eq!(status, 400);
    assert_eq!(problem["errors"][0]["field"], "user");
    assert_eq!(
        problem["errors"][0]["message"],
        "\"bob\" in the body, expected \"ann\" as in the path"
    );
}

#[tokio::test]
async fn what_is_too_large_is_refused_unread() {
    let row =
        json!({ "user": "x".repeat(weir_http::body::MAX_ITEM_BYTES), "number": 1 }).to_string();
    let rows = json!(vec![json!({}); weir_http::body::MAX_BATCH_ROWS + 1]).to_string();
    let bytes = "x".repeat(weir_http::body::MAX_BATCH_BYTES + 1);
    for (path, body) in [("/order", row), ("/batch/order", rows), ("/batch/order", bytes)] {
        let (status, problem) = send("POST", path, body).await;
        assert_eq!(
            (status, &problem["type"]),
            (413, &json!("/problems/payload-too-large")),
            "{path}"
        );
    }
}

#[tokio::test]
async fn rows_that_cannot_be_stored_are_reported_one_by_one() {
    let rows =
        json!([5, { "user": "", "number": 1, "total": 1 }, { "number": "x", "total": 0.001 }]);
    let (status, report) = send("POST", "/batch/order", rows.to_string()).await;
    assert_eq!(status, 200, "{report}");
    let whole = json!([{ "field": "", "message": "expected an object, found 5" }]);
    assert_eq!(report["failed"][0], json!({ "index": 0, "errors": whole }));
    assert_eq!(report["failed"][1]["errors"][0]["field"], "user");
    assert_eq!(report["failed"][2]["errors"].as_array().map(Vec::len), Some(3));
    assert_eq!((&report["written"], &report["unprocessed"]), (&json!(0), &json!([])));
}

#[tokio::test]
async fn a_parameter_is_refused_rather_than_ignored() {
    let (status, problem) = send("DELETE", "/order/ann/7?force=true", Body::empty()).await;
    assert_eq!((status, &problem["type"]), (400, &json!("/problems/bad-query")));
}

#[tokio::test]
async fn a_key_that_no_path_can_have_is_refused() {
    let (status, problem) = send("DELETE", "/order/ann/123456789", Body::empty()).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (400, &json!("number")));
    let (status, problem) = send("DELETE", "/order//7", Body::empty()).await;
    assert_eq!((status, &problem["type"]), (404, &json!("/problems/unknown-path")));
}

#[tokio::test]
async fn every_route_of_the_registry_is_served() {
    let (app, model) = app().await;
    for route in weir_http::routes::writes(&model) {
        // A parameter that nobody takes: whoever serves the route refuses it.
        let path = route.path.replace("{user}", "ann").replace("{number}", "7");
        let request =
            Request::builder().method(route.operation.method()).uri(format!("{path}?no=1"));
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let request = request.body(Body::from("{}")).expect("a request");
        let status = app.clone().oneshot(request).await.expect("an answer").status();
        let expected = if path == weir_http::routes::HEALTH { 200 } else { 400 };
        assert_eq!(status, expected, "{}", route.shown());
    }
}
