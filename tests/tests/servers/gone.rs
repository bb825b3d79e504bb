//! Clients that do not wait for their answers, and handlers that panic: what was begun is done to
//! its end, and is in the log.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use weir_http::Limits;
use weir_testing::emf::Lines;

use crate::servers::served::{Served, rest, status};

const SECOND: Duration = Duration::from_secs(1);
const POST: &str = "POST /wait HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}";

/// The log of this thread, on which the runtime of a test runs its tasks.
fn log() -> (Lines, DefaultGuard) {
    let lines = Lines::default();
    let writer = lines.clone();
    let layer = weir_telemetry::log::json(move || writer.clone());
    let subscriber = tracing_subscriber::registry().with(layer).with(LevelFilter::INFO);
    (lines, tracing::subscriber::set_default(subscriber))
}

/// Sends a request, and closes the connection once it has arrived.
async fn leave(served: &Served) {
    let mut connection = served.connect().await;
    connection.write_all(POST.as_bytes()).await.expect("an open connection");
    served.arrived.notified().await;
    drop(connection);
    // Time for the server to notice.
    sleep(SECOND).await;
}

fn answered(lines: &[Value]) -> Vec<&Value> {
    lines.iter().filter(|line| line["message"] == "a request was answered").collect()
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_client_is_gone_is_done_and_logged() {
    let (lines, _guard) = log();
    let served = Served::start(Limits::default()).await;
    leave(&served).await;
    assert_eq!(lines.take(), Vec::<Value>::new());
    served.release.notify_one();
    sleep(SECOND).await;
    let lines = lines.take();
    let [line] = answered(&lines)[..] else { panic!("one line, found {lines:#?}") };
    assert_eq!((&line["method"], &line["status"]), (&json!("POST"), &json!(200)));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_waits_for_a_request_whose_client_is_gone() {
    let (lines, _guard) = log();
    let mut served = Served::start(Limits::default()).await;
    leave(&served).await;
    served.stop.take().expect("it runs").send(()).expect("it runs");
    sleep(SECOND).await;
    assert!(!served.task.is_finished(), "a request is in progress");
    let begun = Instant::now();
    served.release.notify_one();
    served.task.await.expect("it ends");
    assert!(begun.elapsed() < SECOND, "{:?}", begun.elapsed());
    assert_eq!(answered(&lines.take()).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_client_is_gone_counts_as_a_connection() {
    let served = Served::start(Limits { connections: 1, ..Limits::default() }).await;
    leave(&served).await;
    assert_eq!(status(&served.get("/health").await), 503);
    served.release.notify_one();
    sleep(SECOND).await;
    assert_eq!(status(&served.get("/health").await), 200);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_not_read_does_not_make_its_request_give_up_its_place() {
    let served = Served::start(Limits { connections: 1, ..Limits::default() }).await;
    let mut connection = served.connect().await;
    let request = "POST /wait HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                   content-length: 1000\r\n\r\n{";
    connection.write_all(request.as_bytes()).await.expect("an open connection");
    served.arrived.notified().await;
    assert_eq!(status(&served.get("/health").await), 503);
    served.release.notify_one();
    let answer = rest(&mut connection).await;
    assert!(answer.ends_with("waited"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_panic_closes_its_connection_alone_and_is_logged() {
    let (lines, _guard) = log();
    let mut served = Served::start(Limits { connections: 1, ..Limits::default() }).await;
    assert_eq!(served.get("/panic").await, "");
    let lines = lines.take();
    let is_told =
        |line: &Value| line["message"].as_str().is_some_and(|text| text.contains("panicked"));
    assert_eq!(lines.iter().filter(|line| is_told(line)).count(), 1, "{lines:#?}");
    assert_eq!(status(&served.get("/health").await), 200);
    served.stop.take().expect("it runs").send(()).expect("it runs");
    served.task.await.expect("it ends");
}
