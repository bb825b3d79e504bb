//! A DynamoDB for a test: an embedded one of its own, or the one that `WEIR_TEST_ENDPOINT` names.
//!
//! ```text
//! TestDynamo::start() ──► connect()       with_own_tables(model) ──► names that no other test has
//! ```
//!
//! **Invariant:** tests share nothing, also when they share a DynamoDB.

use std::future::pending;
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use dynoxide::Database;
use serde_json::{Value, json};
use tokio::net::TcpSocket;
use weir_model::Model;
use weir_table::Connection;

use crate::http::Client;

/// Names the DynamoDB to test against, instead of an embedded one.
const ENDPOINT: &str = "WEIR_TEST_ENDPOINT";
/// How many connections to the embedded DynamoDB may wait to be accepted.
const BACKLOG: u32 = 128;

/// Hexadecimal digits of nanoseconds since 1970, in this century.
const NANOS_DIGITS: usize = 16;

/// When this process began to name tables.
static STARTED: LazyLock<u128> = LazyLock::new(now);
/// How many tables this process has named.
static TABLES: AtomicU32 = AtomicU32::new(0);

/// Returns whether a Query reads at most a megabyte, and reports all that it reads, as AWS's
/// DynamoDB and the embedded one do. DynamoDB Local reads on while a filter drops items, and
/// reports no capacity for a Query that finds nothing.
pub fn reads_in_pages() -> bool {
    std::env::var_os(ENDPOINT).is_none()
}

/// A DynamoDB that lives as long as the runtime of the test.
#[derive(Clone)]
pub struct TestDynamo {
    /// Its address.
    pub url: String,
    embedded: Option<Database>,
}

impl TestDynamo {
    /// Returns whether it is embedded, and no other that keeps for all tests what they leave.
    pub fn is_embedded(&self) -> bool {
        self.embedded.is_some()
    }

    /// Connects to the DynamoDB that the environment names, or serves an empty one in memory.
    pub async fn start() -> Self {
        match std::env::var(ENDPOINT) {
            Ok(url) => Self { url, embedded: None },
            Err(_) => {
                let database = Database::memory().expect("a database in memory");
                Self { url: serve(database.clone()), embedded: Some(database) }
            }
        }
    }

    /// Connects to the DynamoDB that the environment names, or serves one that keeps all in a file
    /// of this folder.
    pub async fn start_in(folder: &Path) -> Self {
        match std::env::var(ENDPOINT) {
            Ok(url) => Self { url, embedded: None },
            Err(_) => {
                let file = folder.join("dynamodb.db");
                let database = Database::new(file.to_str().expect("text")).expect("a database");
                // Without a sync to the disk at every write, as `weir dev --data` has it.
                database.disable_bulk_loading().expect("a setting of SQLite");
                Self { url: serve(database.clone()), embedded: Some(database) }
            }
        }
    }

    /// Returns a way to it.
    pub async fn connect(&self) -> Connection {
        Connection::to(&self.url).await
    }

    /// Removes what has expired from the embedded DynamoDB. Another one does so by itself, after
    /// some seconds; but DynamoDB Local for seven tables at a time, so those of earlier processes,
    /// which are not needed any more, make room.
    pub async fn sweep(&self) {
        let Some(database) = self.embedded.clone() else { return self.make_room().await };
        let sweep = tokio::task::spawn_blocking(move || database.sweep_ttl());
        sweep.await.expect("no panic").expect("a sweep");
    }

    /// Deletes the tables of a model. DynamoDB Local expires the items of no more than seven tables
    /// at a time, so a test with items that expire makes room for the next.
    pub async fn delete_tables(&self, model: &Model) {
        for table in [&model.table.name, &model.table.rollups_table] {
            self.delete_table(table).await;
        }
    }

    /// Deletes a table, unless another test has.
    async fn delete_table(&self, name: &str) {
        let client = Client::new(&self.url);
        let (status, answer) =
            client.try_dynamodb("DeleteTable", &json!({ "TableName": name })).await;
        let gone = answer["__type"]
            .as_str()
            .is_some_and(|kind| kind.ends_with("#ResourceNotFoundException"));
        assert!(status == 200 || gone, "DeleteTable of {name:?}: {status} {answer}");
    }

    async fn make_room(&self) {
        let client = Client::new(&self.url);
        let mut request = json!({});
        loop {
            let page = client.dynamodb("ListTables", &request).await;
            let names = page["TableNames"].as_array().cloned().unwrap_or_default();
            for name in names.iter().filter_map(|name| name.as_str()) {
                if made_at(name).is_some_and(|made_at| made_at < *STARTED) {
                    self.delete_table(name).await;
                }
            }
            match &page["LastEvaluatedTableName"] {
                Value::String(last) => request = json!({ "ExclusiveStartTableName": last }),
                _ => return,
            }
        }
    }
}

/// Returns when a table was named, in nanoseconds since 1970; `None` for one that no test has
/// named.
fn made_at(table: &str) -> Option<u128> {
    let parts = table.split('-').filter(|part| part.len() == NANOS_DIGITS);
    parts.filter_map(|part| u128::from_str_radix(part, 16).ok()).next()
}

/// Nanoseconds since 1970.
fn now() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_nanos()
}

/// Returns the model over tables that no other test has, in this process or in another that shares
/// the DynamoDB.
pub fn with_own_tables(model: Model) -> Model {
    // Before the name is made.
    let _ = *STARTED;
    let number = TABLES.fetch_add(1, Ordering::Relaxed);
    let name = format!("{}-{:x}-{number}", model.table.name, now());
    model.with_table(&name, None)
}

/// Serves a database and returns its address.
fn serve(database: Database) -> String {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_nodelay(true).expect("an option of TCP");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let listener = socket.listen(BACKLOG).expect("a listener");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, pending()));
    url
}
