//! Retries of the SDK: a key that is throttled does not use up the retries of others.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use futures::future::join_all;
use weir_table::Connection;
use weir_table::checkpoints::Checkpoints;

/// What begins the name of a key that is always throttled.
const HOT: &str = "hot";
/// How many other keys there are.
const KEYS: usize = 100;
/// How many requests for a hot key are made at once: more than its retry quota is for.
const HOT_REQUESTS: usize = 60;
const THROTTLED: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slower"}"#;

/// A DynamoDB of no items: it throttles every request for a hot key, and the first for any other.
#[derive(Clone, Default)]
struct Throttling {
    /// How often each body was received.
    received: Arc<Mutex<HashMap<Vec<u8>, usize>>>,
}

impl fmt::Debug for Throttling {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Throttling")
    }
}

impl HttpConnector for Throttling {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().expect("a body in memory").to_vec();
        let is_hot = String::from_utf8_lossy(&body).contains(HOT);
        let mut received = self.received.lock().expect("no panic");
        let times = received.entry(body).or_default();
        *times += 1;
        let (status, answer) = if is_hot || *times == 1 { (400, THROTTLED) } else { (200, "{}") };
        let status = status.try_into().expect("a status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, answer.into())))
    }
}

impl HttpClient for Throttling {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// Checkpoints over a connection of their own.
async fn checkpoints(throttling: &Throttling) -> Checkpoints {
    let connection = Connection::to("http://127.0.0.1:8000").await;
    let connection = connection.with_http_client(throttling.clone());
    Checkpoints::new(connection.dynamodb(), "table")
}

/// Asks for hot keys until their retries are used up.
async fn use_up(checkpoints: &Checkpoints, throttling: &Throttling) {
    let asked = (0..HOT_REQUESTS).map(|_| checkpoints.held_lease(HOT));
    assert!(join_all(asked).await.into_iter().all(|asked| asked.is_err()));
    let before: usize = throttling.received.lock().expect("no panic").values().sum();
    checkpoints.held_lease(HOT).await.expect_err("it is throttled");
    let after: usize = throttling.received.lock().expect("no panic").values().sum();
    assert_eq!(after - before, 1, "a hot key is not retried any more");
}

#[tokio::test(start_paused = true)]
async fn a_throttled_key_does_not_stop_the_retries_of_other_keys() {
    let throttling = Throttling::default();
    let checkpoints = checkpoints(&throttling).await;
    use_up(&checkpoints, &throttling).await;
    let mut retried = 0;
    for number in 0..KEYS {
        retried += usize::from(checkpoints.held_lease(&format!("key {number}")).await.is_ok());
    }
    // A few share the quota of the hot one.
    assert!(retried > KEYS * 95 / 100, "{retried} of {KEYS} keys were retried");
}

#[tokio::test(start_paused = true)]
async fn a_connection_does_not_use_up_the_retries_of_another_one() {
    let throttling = Throttling::default();
    use_up(&checkpoints(&throttling).await, &throttling).await;
    let other = checkpoints(&throttling).await;
    let before: usize = throttling.received.lock().expect("no panic").values().sum();
    other.held_lease(HOT).await.expect_err("it is throttled");
    let after: usize = throttling.received.lock().expect("no panic").values().sum();
    assert!(after - before > 1, "it was not retried");
}
