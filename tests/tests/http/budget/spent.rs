//! No read is made beside the budget: each request of DynamoDB that a route makes is one that its
//! budget counts.

use std::collections::BTreeSet;

use serde_json::json;
use weir_testing::dynamodb::{TestDynamo, reads_in_pages};
use weir_testing::fixture::fixture;
use weir_testing::recorder::Recorder;

use crate::http::shop::{Shop, encoded};

/// What makes `spend` a leaderboard, with rows.
const RANKED: (&str, &str) = (
    "measures = { orders",
    "rank_by = \"orders\"\nmeasures = \
     { most = \"max(total)\", half = \"median(total)\", notes = \"distinct(note)\", \
     usual = \"top(note, 2)\", orders",
);

async fn recorded() -> (Shop, Recorder) {
    let recorder = Recorder::default();
    let connection = recorder.before(TestDynamo::start().await.connect().await);
    let shop = Shop::over(connection, &fixture("shop").replace(RANKED.0, RANKED.1)).await;
    (shop, recorder)
}

#[tokio::test]
async fn each_read_of_each_route_is_counted() {
    let (shop, recorder) = recorded().await;
    let order = |number: usize| {
        json!({ "user": "ann", "order": format!("{number}"),
        "placed": "2026-11-20T00:00:00Z", "total": 1 })
    };
    shop.load("order", &(0..9).map(order).collect::<Vec<_>>()).await;
    shop.load("user", &[json!({ "id": "1", "email": "ann@x" })]).await;
    let keys = encoded(&json!([{ "id": "1" }, { "id": "2" }]).to_string());
    let items = json!([{ "entity": "user", "key": { "id": "1" } }]).to_string();
    let days = "user=ann&user=bob&every=day&from=2026-11-01&to=2026-12-01";
    let paths = [
        "/order/ann/2026-11-20T00:00:00Z/1".to_owned(),
        "/order/ann?limit=2".to_owned(),
        "/order/ann?where=%7B%22note%22:%22none%22%7D&limit=1&consistent=false".to_owned(),
        "/order/ann?count=true".to_owned(),
        format!("/batch/user?keys={keys}"),
        format!("/transactions?items={}", encoded(&items)),
        "/unique/user/email/ann@x".to_owned(),
        "/rollups".to_owned(),
        "/rollups/spend?user=ann".to_owned(),
        format!("/rollups/spend?{days}"),
        format!("/rollups/spend?{days}&compare=previous_period&fill=previous&limit=4"),
        "/rollups/spend/ranks?every=all".to_owned(),
        "/rollups/spend/ranks?every=all&user=ann&neighbours=2".to_owned(),
    ];
    let mut operations = BTreeSet::new();
    for path in paths {
        recorder.requests();
        let reply = shop.get(&path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        // Describing a table reads nothing of it.
        let sent: Vec<_> =
            recorder.requests().into_iter().map(|(operation, _)| operation).collect();
        let sent: Vec<_> = sent.into_iter().filter(|name| name != "DescribeTable").collect();
        let read = reply.read.expect("a budget");
        assert_eq!(read.reads, sent.len() as u64, "{path}: {sent:?}");
        if reads_in_pages() {
            assert_eq!(read.bytes > 0, !sent.is_empty(), "{path}: {read:?}");
        }
        assert_eq!(read.bytes % 4096, 0, "{path}: {read:?}");
        operations.extend(sent);
    }
    let every = ["BatchGetItem", "GetItem", "Query", "TransactGetItems"].map(str::to_owned);
    assert_eq!(operations, BTreeSet::from(every), "every way to read is in use");
}

#[tokio::test]
async fn bytes_are_those_that_dynamodb_bills() {
    let (shop, _) = recorded().await;
    let note = |number: usize| json!({ "user": "ann", "topic": "t", "number": number });
    shop.load("note", &(0..30).map(note).collect::<Vec<_>>()).await;
    shop.load("thing", &[json!({ "id": "1", "text": "x".repeat(9_000) })]).await;
    let thing = encoded(&json!([{ "entity": "thing", "key": { "id": "1" } }]).to_string());
    for (path, kilobytes) in [
        ("/note/ann".to_owned(), 4),
        // What a filter drops is read.
        ("/note/ann?where=%7B%22number%22:7%7D".to_owned(), 4),
        ("/thing/1".to_owned(), 12),
        (format!("/transactions?items={thing}"), 12),
    ] {
        let read = shop.get(&path).await.read.expect("a budget");
        assert_eq!(read.bytes, kilobytes * 1024, "{path}");
    }
}
