//! What is said of a request: one line of the log, without anything of an item in it, and an id to
//! quote.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use axum::routing::get;
use serde_json::Value;
use tower::ServiceExt;
use tracing::instrument::WithSubscriber;
use tracing_subscriber::layer::SubscriberExt;
use weir_http::{Kind, PathTexts, Problem};
use weir_table::Error;
use weir_testing::emf::Lines;

/// What stands for something that nobody else should read.
const SECRET: &str = "ann@example.com";

fn app() -> Router {
    let missing = || async {
        let source = format!("no table for {SECRET}").into();
        Problem::from(Error::MissingTable { table: "shop".to_owned(), source })
    };
    let not_found = |_: PathTexts| async { Problem::new(Kind::NotFound, "there is none") };
    let router = Router::new()
        .route("/order/{user}", get(|_: PathTexts| async { "an order" }).delete(not_found))
        .route("/missing", get(missing));
    weir_http::finish(router, &[])
}

/// The answer and what was logged meanwhile.
async fn ask(request: Request<Body>) -> (Response<Body>, Vec<Value>) {
    let log = Lines::default();
    let writer = log.clone();
    let layer = weir_telemetry::log::json(move || writer.clone());
    let subscriber = tracing_subscriber::registry()
        .with(layer)
        .with(tracing_subscriber::filter::LevelFilter::INFO);
    let answer = async { app().oneshot(request).await.expect("an answer") };
    let answer = answer.with_subscriber(subscriber).await;
    (answer, log.take())
}

fn request(method: &str, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path)
}

fn id(answer: &Response<Body>) -> &str {
    answer.headers()["x-request-id"].to_str().expect("text")
}

#[tokio::test]
async fn a_request_is_one_line_that_says_nothing_of_an_item() {
    let path = format!("/order/{SECRET}?cursor={SECRET}");
    let cases = [
        ("GET", path.as_str(), "/order/{user}", 200, Value::Null),
        ("DELETE", &path, "/order/{user}", 404, "not-found".into()),
        ("PUT", &path, "/order/{user}", 405, "method-not-allowed".into()),
        ("GET", &format!("/{SECRET}/x"), "none", 404, "unknown-entity".into()),
    ];
    for (method, path, route, status, problem) in cases {
        let asked = request(method, path).header("x-secret", SECRET).body(Body::from(SECRET));
        let (answer, log) = ask(asked.expect("a request")).await;
        let [line] = log.as_slice() else { panic!("one line a request, found {log:#?}") };
        assert_eq!(
            (&line["level"], &line["message"]),
            (&"INFO".into(), &"a request was answered".into())
        );
        assert_eq!((&line["method"], &line["route"]), (&method.into(), &route.into()));
        assert_eq!((&line["status"], &line["problem"]), (&status.into(), &problem));
        assert!(line["duration_ms"].as_f64().expect("a duration") < 10_000.0);
        assert_eq!(line["request_id"], id(&answer));
        assert!(!line.to_string().contains(SECRET), "{line}");
    }
}

#[tokio::test]
async fn an_id_that_is_sane_comes_back_and_another_is_replaced() {
    for (given, is_kept) in [("client-7/a", true), ("two words", false), (&"x".repeat(129), false)]
    {
        let asked = request("GET", "/order/1").header("x-request-id", given).body(Body::empty());
        let (answer, log) = ask(asked.expect("a request")).await;
        assert_eq!(id(&answer) == given, is_kept, "{given}");
        assert_eq!(log[0]["request_id"], id(&answer));
    }
}

#[tokio::test]
async fn a_failure_can_be_quoted_by_the_id_that_its_cause_is_logged_with() {
    let asked = request("GET", "/missing").header("x-request-id", "quoted").body(Body::empty());
    let (answer, log) = ask(asked.expect("a request")).await;
    assert_eq!((answer.status().as_u16(), id(&answer)), (503, "quoted"));
    let body = to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
    let problem: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(problem["request_id"], "quoted");
    let [cause, line] = log.as_slice() else { panic!("a cause and a line, found {log:#?}") };
    assert_eq!((&cause["level"], &cause["request_id"]), (&"ERROR".into(), &"quoted".into()));
    assert!(cause["cause"].as_str().expect("a cause").contains("no table for"));
    assert_eq!((&line["status"], &line["problem"]), (&503.into(), &"missing-table".into()));

    let asked = request("DELETE", "/order/1").body(Body::empty()).expect("a request");
    let body = to_bytes(ask(asked).await.0.into_body(), usize::MAX).await.expect("a body");
    let problem: Value = serde_json::from_slice(&body).expect("JSON");
    assert!(problem.get("request_id").is_none(), "the log has no more to say of it: {problem}");
}
