//! Real process death: `weir dev --data` is killed with SIGKILL while writes go on, and started
//! again, many times. In the end every rollup equals a recount of the items.
//!
//! `WEIR_KILL_WRITES` and `WEIR_KILLS` make it larger than the default, which is for every day.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use weir_testing::http::Client;
use weir_testing::recount::{assert_exact, scan, stored};
use weir_testing::{flights, recount::Rows};

/// How many flights are written, unless `WEIR_KILL_WRITES` says otherwise.
const WRITES: usize = 600;
/// How often the process is killed, unless `WEIR_KILLS` says otherwise.
const KILLS: usize = 6;
/// Rows of one request.
const BATCH_ROWS: usize = 20;
/// How long the rollups may take to become what a recount gives, once all is written.
const PATIENCE: Duration = Duration::from_secs(300);
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// `weir dev --data` as a process of its own; killed when dropped.
struct Weir {
    process: Child,
    http: String,
    dynamodb: String,
}

impl Weir {
    fn start(folder: &Path, ports: (u16, u16)) -> Self {
        let process = Command::new(env!("CARGO_BIN_EXE_weir"))
            .arg("dev")
            .arg(folder.join("weir.toml"))
            .arg("--data")
            .arg(folder.join("weir.db"))
            .args(["--port", &ports.0.to_string(), "--dynamodb-port", &ports.1.to_string()])
            .stdout(Stdio::null())
            .spawn()
            .expect("the built binary");
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        Self { process, http: url(ports.0), dynamodb: url(ports.1) }
    }

    /// SIGKILL.
    fn kill(&mut self) {
        self.process.kill().expect("a process that runs");
        self.process.wait().expect("a process that ended");
    }
}

impl Drop for Weir {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rollups_are_exact_after_kills_at_any_moment() {
    let (writes, kills) = (size("WEIR_KILL_WRITES", WRITES), size("WEIR_KILLS", KILLS));
    let folder = tempfile::tempdir().expect("a folder");
    // Without what `weir dev` would load by itself.
    let definition = flights::DEFINITION.split("\n[dev]").next().expect("a beginning");
    std::fs::write(folder.path().join("weir.toml"), definition).expect("written");
    let ports = (free_port(), free_port());
    let mut weir = Weir::start(folder.path(), ports);
    let rows = flights::rows(writes);
    let batches: Vec<_> = rows.chunks(BATCH_ROWS).collect();
    for (position, batch) in batches.iter().enumerate() {
        put(&weir, batch).await;
        if (position + 1) * kills / batches.len() > position * kills / batches.len() {
            // At another moment each time: while changes are read, folded, written, or
            // acknowledged.
            tokio::time::sleep(Duration::from_millis(position as u64 * 37 % 120)).await;
            weir.kill();
            weir = Weir::start(folder.path(), ports);
        }
    }
    let (stored, recounted) = settled(&weir).await;
    assert_exact(&stored, &recounted);
    assert!(recounted.len() > writes / 2, "{} rollup items", recounted.len());
}

/// Puts a batch, again and again until a process that lives has taken it. Puts are idempotent.
async fn put(weir: &Weir, batch: &[Value]) {
    let start = Instant::now();
    let body = Value::from(batch);
    loop {
        match Client::new(&weir.http).try_send("POST", "/batch/flight", &body).await {
            Ok((200, answer)) if answer["written"] == batch.len() => return,
            other => assert!(start.elapsed() < PATIENCE, "the last answer was {other:?}"),
        }
        tokio::time::sleep(RETRY_PAUSE).await;
    }
}

/// The rollups and their recount, once they agree or patience ends.
async fn settled(weir: &Weir) -> (Rows, Rows) {
    let start = Instant::now();
    let client = Client::new(&weir.http);
    while client.try_send("GET", "/health", &Value::Null).await.is_err() {
        assert!(start.elapsed() < PATIENCE, "it does not start again");
        tokio::time::sleep(RETRY_PAUSE).await;
    }
    loop {
        let recounted = flights::recount(&scan(&weir.dynamodb, "flights").await);
        let stored = stored(&scan(&weir.dynamodb, "flights-rollups").await);
        if stored == recounted || start.elapsed() > PATIENCE {
            return (stored, recounted);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

fn size(variable: &str, default: usize) -> usize {
    match std::env::var(variable) {
        Ok(text) => {
            text.parse().unwrap_or_else(|_| panic!("{variable} is {text}, expected a number"))
        }
        Err(_) => default,
    }
}
