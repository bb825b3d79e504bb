//! A proxy before a DynamoDB that counts the writes to each table, whichever process sends them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use ureq::Agent;

/// The headers of a request that DynamoDB reads.
const REQUEST_HEADERS: [&str; 4] = ["content-type", "x-amz-target", "x-amz-date", "authorization"];
/// The headers of an answer that an SDK reads.
const ANSWER_HEADERS: [&str; 4] = ["content-type", "x-amzn-requestid", "x-amz-crc32", "date"];
/// The operations that write items.
const WRITES: [&str; 5] =
    ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"];

/// The proxy, as long as the runtime of the test lives.
pub(crate) struct Proxy {
    /// Its address.
    pub(crate) url: String,
    counts: Counts,
}

/// The number of writes by operation and table.
type Counts = Arc<Mutex<BTreeMap<(String, String), u64>>>;

#[derive(Clone)]
struct Upstream {
    url: String,
    agent: Agent,
    counts: Counts,
}

impl Proxy {
    /// Starts a proxy before the DynamoDB at a URL.
    pub(crate) async fn start(url: &str) -> Self {
        let counts = Counts::default();
        let agent = Agent::config_builder().http_status_as_error(false).build().into();
        let upstream = Upstream { url: url.to_owned(), agent, counts: Arc::clone(&counts) };
        let app = Router::new().fallback(forward).with_state(upstream);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async { axum::serve(listener, app).await });
        Self { url, counts }
    }

    /// Returns the number of writes to a table, by operation.
    pub(crate) fn writes(&self, table: &str) -> BTreeMap<String, u64> {
        let counts = self.counts.lock().expect("no panic");
        let of_table = counts.iter().filter(|((_, known), _)| known == table);
        of_table.map(|((operation, _), count)| (operation.clone(), *count)).collect()
    }
}

async fn forward(
    State(upstream): State<Upstream>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, HeaderMap, Vec<u8>), StatusCode> {
    upstream.count(&headers, &body);
    let mut request = ureq::http::Request::post(&upstream.url);
    for name in REQUEST_HEADERS {
        if let Some(value) = headers.get(name) {
            request = request.header(name, value.as_bytes());
        }
    }
    let request = request.body(body.to_vec()).map_err(|_| StatusCode::BAD_REQUEST)?;
    let agent = upstream.agent.clone();
    let call = move || {
        let (parts, mut body) = agent.run(request)?.into_parts();
        Ok::<_, ureq::Error>((parts, body.read_to_vec()?))
    };
    let called = tokio::task::spawn_blocking(call).await.expect("no panic");
    let (parts, body) = called.map_err(|_| StatusCode::BAD_GATEWAY)?;
    let kept = ANSWER_HEADERS.iter().filter_map(|name| {
        Some((name.parse().expect("a name"), parts.headers.get(*name)?.clone()))
    });
    Ok((parts.status, kept.collect(), body))
}

impl Upstream {
    fn count(&self, headers: &HeaderMap, body: &Bytes) {
        let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = target.and_then(|target| target.rsplit('.').next()).unwrap_or_default();
        if !WRITES.contains(&operation) {
            return;
        }
        let body: Value = serde_json::from_slice(body).expect("JSON");
        let mut tables = Vec::new();
        find_tables(&body, &mut tables);
        let mut counts = self.counts.lock().expect("no panic");
        for table in tables {
            *counts.entry((operation.to_owned(), table)).or_default() += 1;
        }
    }
}

/// Finds the tables that a request names: `TableName` wherever it is, and the keys of
/// `RequestItems`.
fn find_tables(body: &Value, tables: &mut Vec<String>) {
    tables.extend(body["TableName"].as_str().map(str::to_owned));
    if let Some(requests) = body["RequestItems"].as_object() {
        tables.extend(requests.keys().cloned());
    }
    for action in body["TransactItems"].as_array().into_iter().flatten() {
        for request in action.as_object().into_iter().flat_map(|action| action.values()) {
            tables.extend(request["TableName"].as_str().map(str::to_owned));
        }
    }
}
