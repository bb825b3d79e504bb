//! A question with the token of a write is answered after the write was counted, or says that it
//! is not.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use jiff::Timestamp;
use serde_json::{Value, json};
use tower::ServiceExt;
use weir_query::{AfterWrite, QueryEngine, RollupQuery};
use weir_reader::Settings;
use weir_table::{Rollups, WriteToken, fresh};
use weir_testing::running::PATIENCE;

use crate::rollups_state::shop::{QUESTION, Shop};

/// A writer and a reader in one process, which keeps what it knows of the rollups.
struct Services(Router);

/// An answer: its status, its headers and its body.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Services {
    fn start(shop: &Shop, write_wait: Duration) -> Self {
        Self(shop.services(Settings { write_wait, ..Settings::default() }))
    }

    async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let request =
            Request::builder().method(method).uri(path).header("Content-Type", "application/json");
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = self.0.clone().oneshot(request.body(body).expect("a request")).await;
        let (parts, body) = response.expect("an answer").into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body");
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// Writes, and returns the token.
    async fn write(&self, method: &str, path: &str, body: Option<&Value>) -> String {
        let answer = self.send(method, path, body).await;
        assert!((200..300).contains(&answer.status), "{method} {path}: {}", answer.body);
        answer.token().expect("a token").to_owned()
    }

    async fn ask(&self, token: &str) -> Answer {
        self.send("GET", &format!("{QUESTION}?after={token}"), None).await
    }
}

impl Answer {
    fn token(&self) -> Option<&str> {
        self.headers.get("weir-token").map(|token| token.to_str().expect("ASCII"))
    }

    /// Returns what it says of the write, the orders and the revenue.
    fn counted(&self) -> (&str, i64, i64) {
        assert_eq!(self.status, 200, "{}", self.body);
        let number = |name: &str| self.body["points"][0][name].as_i64().unwrap_or(0);
        (self.body["after"].as_str().unwrap_or("absent"), number("orders"), number("revenue"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_after_a_write_has_the_write() {
    let shop = Shop::new().await;
    let running = shop.process().await;
    let services = Services::start(&shop, PATIENCE);
    let order =
        |number: u32, total: i64| json!({ "user": "ann", "number": number, "total": total });
    let put = json!({ "total": 5 });
    let set = json!({ "set": { "total": 7 } });
    let rows = json!([order(3, 20), order(4, 30)]);
    let transaction = json!([
        { "action": "delete", "entity": "order", "key": { "user": "ann", "number": 3 } },
        { "action": "create", "entity": "order", "item": order(5, 100) },
    ]);
    let writes = [
        ("POST", "/order", Some(order(1, 10)), (1, 10)),
        ("PUT", "/order/ann/2", Some(put), (2, 15)),
        ("PATCH", "/order/ann/2", Some(set), (2, 17)),
        ("DELETE", "/order/ann/1", None, (1, 7)),
        ("POST", "/batch/order", Some(rows), (3, 57)),
        ("POST", "/transactions", Some(transaction), (3, 137)),
    ];
    // Before the processor has stored its first progress, nobody knows how far it is.
    let asked = Instant::now();
    while services.send("GET", QUESTION, None).await.body["complete_through"].is_null() {
        assert!(asked.elapsed() < PATIENCE, "the processor stores no progress");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for (method, path, body, (orders, revenue)) in writes {
        // What the reader knows of the rollups is of before the write.
        services.send("GET", QUESTION, None).await;
        let token = services.write(method, path, body.as_ref()).await;
        let answer = services.ask(&token).await;
        assert_eq!(answer.counted(), ("counted", orders, revenue), "{method}: {}", answer.body);
        assert_eq!(answer.headers["weir-after"], "counted");
        let through = answer.body["complete_through"].as_str().expect("a time");
        let through: Timestamp = through.parse().expect("RFC 3339");
        let token: WriteToken = token.parse().expect("a token");
        assert!(through.as_millisecond() >= token.at_ms(), "{}", answer.body);
    }
    assert_eq!(services.send("GET", QUESTION, None).await.counted().0, "absent");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_says_that_a_write_is_not_counted_yet() {
    let shop = Shop::new().await;
    shop.order("1", 10).await;
    shop.count().await;
    let services = Services::start(&shop, Duration::from_millis(250));
    let token = services.write("PUT", "/order/ann/2", Some(&json!({ "total": 1 }))).await;
    assert_eq!(services.ask(&token).await.counted(), ("pending", 1, 10), "nobody counts");
    shop.count().await;
    let later = Services::start(&shop, PATIENCE);
    let running = shop.process().await;
    assert_eq!(later.ask(&token).await.counted(), ("counted", 2, 11));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_progress_is_not_known_an_answer_says_so_at_once() {
    let shop = Shop::new().await;
    shop.table().open_rollups().await.expect("a state");
    let services = Services::start(&shop, Duration::from_secs(1_000_000));
    let token = services.write("PUT", "/order/ann/1", Some(&json!({ "total": 1 }))).await;
    assert_eq!(services.ask(&token).await.counted(), ("unknown", 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_of_a_write_to_the_table_is_rejected() {
    let shop = Shop::new().await;
    shop.count().await;
    let services = Services::start(&shop, PATIENCE);
    let (now, name) = (Timestamp::now().as_second(), shop.model.table.name.as_str());
    let token = |table: &str, second| WriteToken::new(table, second).expect("a time").to_string();
    let cases = [
        ("nonsense".to_owned(), "`nonsense` is not a token; expected the value of the header"),
        (token("other", now), "another table; expected one of a write to `"),
        (token(name, now + 1_000), "in the future; expected at most 300 s"),
    ];
    for (token, expected) in cases {
        let Answer { status, body, .. } = services.ask(&token).await;
        assert_eq!((status, &body["type"]), (400, &json!("/problems/bad-query")), "{body}");
        let error = &body["errors"][0];
        let message = error["message"].as_str().expect("a message");
        assert!(error["field"] == "after" && message.contains(expected), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_writes_nothing_has_no_token() {
    let shop = Shop::new().await;
    let services = Services::start(&shop, PATIENCE);
    let order = json!({ "user": "ann", "number": 1, "total": 1 });
    services.write("POST", "/order", Some(&order)).await;
    for (method, path, body, status) in [
        ("POST", "/order", Some(&order), 409),
        ("DELETE", "/order/ann/2", None, 404),
        ("POST", "/batch/order", Some(&json!([])), 200),
        ("GET", "/order/ann/1", None, 200),
    ] {
        let answer = services.send(method, path, body).await;
        assert_eq!((answer.status, answer.token()), (status, None), "{method} {}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_without_http_reads_after_its_writes() {
    let shop = Shop::new().await;
    let running = shop.process().await;
    let (table, rollups) = (shop.table(), Rollups::new(&shop.connection, &shop.model.table));
    let engine = QueryEngine::new(&table, &rollups).with_write_wait(PATIENCE);
    let entity = table.model().entity("order").expect("it is defined");
    let writes = async {
        for number in 1..=3 {
            let order = json!({ "user": "ann", "number": number, "total": 10 });
            let item = entity.encode(order.as_object().expect("an object"), fresh());
            table.create(item.expect("valid")).await.expect("it is new");
        }
    };
    let ((), token) = table.with_token(writes).await;
    assert!(token.is_some(), "DynamoDB dates its answers");
    let answer = engine.answer(&RollupQuery::total("orders").after_write(token)).await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.page.completeness.after, Some(AfterWrite::Counted));
    assert_eq!(answer.points.expect("points")[0]["revenue"], 30);
    running.stop().await;
}
