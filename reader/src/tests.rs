//! The reader as a value, without a DynamoDB: what is answered or refused before it is asked.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde_json::{Value, json};
use tower::ServiceExt;
use weir_model::Model;
use weir_table::{Connection, Rollups, Table};

const DEFINITION: &str = r##"
    [table]
    name = "shop"
    [entities.order]
    PK = "USER#{user}"
    SK = "ORDER#{placed}#{number:08}"
    [entities.order.attributes]
    user = { type = "string", required = true }
    placed = { type = "timestamp", required = true }
    number = { type = "integer", required = true }
    total = { type = "decimal", scale = 2, required = true, min = 0 }
    [entities.profile]
    PK = "USER#{user}"
    SK = "PROFILE"
    [entities.profile.attributes]
    user = { type = "string", required = true }
    [rollups.spend]
    of = "order"
    by = ["user"]
    time = "placed"
    buckets = ["day", "all"]
    time_zone = "Europe/Berlin"
    measures = { orders = "count", revenue = "sum(total)" }
"##;

/// Returns a reader whose DynamoDB does not exist: a test that reached it would fail.
async fn app() -> (Router, Arc<Model>) {
    let model: Arc<Model> = Arc::new(DEFINITION.parse().expect("a definition"));
    let connection = Connection::to("http://127.0.0.1:1").await;
    let rollups = Rollups::new(&connection, &model.table);
    let app = crate::app(
        Table::new(&connection, Arc::clone(&model)),
        rollups,
        crate::Settings::default(),
    );
    (weir_http::finish(app, &weir_http::routes::reads(&model)), model)
}

async fn get(path: &str) -> (u16, Value) {
    let request = Request::builder().uri(path).body(Body::empty()).expect("a request");
    let response = app().await.0.oneshot(request).await.expect("an answer");
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

#[tokio::test]
async fn what_cannot_be_answered_says_what_can() {
    let cases = [
        (
            "/rollups/spent?user=ann",
            "unknown-rollup",
            "did you mean `spend`? expected one of spend",
        ),
        ("/rollups/spend", "bad-query", "`user`: missing; the dimensions of `spend` are user"),
        ("/rollups/spend?usr=ann", "bad-query", "did you mean `user`?"),
        (
            "/rollups/spend?user=ann&every=hour&from=2026-11-16&to=2026-11-23",
            "bad-query",
            "`every`: an hour (Europe/Berlin) ends at 2026-11-16T01:00:00+01:00, which is not \
             where a bucket of `spend` does",
        ),
        ("/rollups/spend?user=ann&every=day&to=2026", "bad-query", "`from`: missing"),
        ("/rollups/spend?user=ann&from=2026", "bad-query", "`to`: missing"),
        (
            "/rollups/spend?user=ann&limit=10001",
            "bad-query",
            "expected a whole number from 1 to 10000",
        ),
        (
            "/rollups/spend?user=ann&format=xml",
            "bad-query",
            "`format`: `xml`, expected json, csv or ndjson",
        ),
        ("/order/ann?limit=0", "bad-query", "expected a whole number from 1 to 1000"),
        ("/order/ann?order=newest", "bad-query", "expected asc or desc"),
        (
            "/order/ann?after=2026",
            "bad-query",
            "expected one of order, cursor, consistent, where, begins_with, from, gte, gt, to, lt, \
             lte, eq, between, count, limit, select",
        ),
        ("/order/ann?where=%7B", "bad-query", "`where`: "),
        ("/order/ann?where=%7B%22totl%22:1%7D", "bad-query", "did you mean `total`?"),
        ("/order/ann?select=total,plced", "bad-query", "did you mean `placed`?"),
        ("/order/ann?count=true&limit=3", "bad-query", "`limit`: goes without count"),
        ("/order/ann?consistent=yes", "bad-query", "`yes`, expected true or false"),
        ("/order/ann?between=2026,2025", "bad-query", "expected the lower end first"),
        ("/batch/order", "bad-query", "`keys`: missing, expected a list of keys"),
        ("/batch/order?keys=[]", "bad-query", "`keys`: 0 keys, expected 1 to 100"),
        ("/batch/order?keys=[1]", "bad-query", "expected a list of keys"),
        (
            "/batch/order?keys=[%7B%22usr%22:1%7D]",
            "bad-query",
            "`keys[0].usr`: is not part of the key, expected user, placed, number",
        ),
        (
            "/order/ann?from=2026-11-20T06:40:54+01:00",
            "bad-query",
            "a query string writes as `%2B`",
        ),
        (
            "/order/ann?between=2026,2026-11-20T06:40:54+01:00",
            "bad-query",
            "a query string writes as `%2B`",
        ),
        (
            "/order/ann?where=%7B%22placed%22:%222026-11-20T06:40:54+01:00%22%7D",
            "bad-query",
            "a query string writes as `%2B`",
        ),
        (
            "/rollups/spend?user=ann&from=2026-11-20T06:40:54+01:00&to=2027",
            "bad-query",
            "a query string writes as `%2B`",
        ),
        ("/order/ann?from=soon", "bad-query", "`from`: expected an RFC 3339 timestamp"),
        ("/order/ann/soon/7", "validation", "`placed`: expected an RFC 3339 timestamp"),
        ("/profile/ann?limit=1", "bad-query", "no such parameter; this path takes none"),
        ("/order/ann?cursor=nonsense", "bad-cursor", "the cursor is none"),
        ("/rollups/spend?user=ann&cursor=nonsense", "bad-cursor", "the cursor is none"),
    ];
    for (path, kind, detail) in cases {
        let (status, problem) = get(path).await;
        assert_eq!(
            (status, &problem["type"]),
            (400, &json!(format!("/problems/{kind}"))),
            "{path}: {problem}"
        );
        let found = problem["detail"].as_str().expect("a detail");
        assert!(found.contains(detail), "{path}: {found}");
    }
}

#[tokio::test]
async fn the_rollups_are_listed_with_what_they_can_be_asked() {
    let (status, mut answer) = get("/rollups").await;
    assert_eq!(status, 200);
    assert!(answer["now"].take().is_string(), "{answer}");
    let spend = json!({
        "name": "spend", "of": "order", "dimensions": [{ "name": "user", "type": "string" }],
        "time": "placed", "time_zone": "Europe/Berlin", "buckets": ["day", "all"],
        "measures": { "orders": "count", "revenue": "sum(total)" },
        "state": "unknown",
    });
    let expected = json!({
        "rollups": [spend],
        "now": null,
        "complete_through": null,
        "records_counted": null,
    });
    assert_eq!(answer, expected, "what they are is known without a table");
}

#[tokio::test]
async fn the_document_is_served() {
    let (status, document) = get("/openapi.json").await;
    assert_eq!((status, &document["openapi"]), (200, &json!("3.1.1")));
    assert!(document["paths"]["/rollups/spend"]["get"].is_object());
}

#[tokio::test]
async fn every_route_of_the_registry_is_served() {
    let (app, model) = app().await;
    for route in weir_http::routes::reads(&model) {
        let path = route.path.replace("{user}", "ann").replace("{number}", "7");
        let path = path.replace("{rollup}", "spend").replace("{placed}", "2026-11-20T00:00:00Z");
        let request = Request::builder().uri(format!("{path}?no=1")).body(Body::empty());
        let request = request.expect("a request");
        let status = app.clone().oneshot(request).await.expect("an answer").status();
        let is_static =
            [weir_http::routes::HEALTH, weir_http::routes::OPENAPI].contains(&path.as_str());
        assert_eq!(status, if is_static { 200 } else { 400 }, "{}", route.shown());
    }
}
