//! A `weir dev` as a process, on a definition file that tests save.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use weir_testing::http::Client;
use weir_testing::process::Process;
use weir_testing::recount::scan;
use weir_testing::running::PATIENCE;

/// How often to look again.
pub(crate) const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// The last line that it prints once it is up.
const UP: &str = "Ctrl-C stops.";
const FILE: &str = "weir.toml";

/// A `weir dev` that is up.
pub(crate) struct Dev {
    pub(crate) process: Process,
    pub(crate) http: Client,
    pub(crate) dynamodb: Client,
}

impl Dev {
    /// Starts it on the file of a folder, which gets a text first, and waits until it is up.
    pub(crate) async fn start(folder: &Path, definition: &str, arguments: &[&str]) -> Self {
        let process = Self::spawn(folder, definition, arguments);
        process.says(UP).await;
        let line = process.says("Serving on ").await;
        let (http, rest) = line.split_once(", with the DynamoDB at ").expect("two URLs");
        let http = http.trim_start_matches("Serving on ");
        let dynamodb = rest.split(". Look").next().expect("a URL");
        Self { http: Client::new(http), dynamodb: Client::new(dynamodb), process }
    }

    /// Starts it, and does not wait.
    pub(crate) fn spawn(folder: &Path, definition: &str, arguments: &[&str]) -> Process {
        save(folder, definition);
        let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
        command.current_dir(folder).args(["dev", FILE, "--port", "0"]).args(arguments);
        for name in ["RUST_LOG", "TABLE_NAME", "ROLLUPS_TABLE_NAME", "FORCE_COLOR"] {
            command.env_remove(name);
        }
        Process::start(command)
    }

    /// Starts it with a DynamoDB in memory.
    pub(crate) async fn in_memory(folder: &Path, definition: &str) -> Self {
        Self::start(folder, definition, &["--dynamodb-port", "0"]).await
    }

    /// Waits until it has printed a line that begins so after a position of its log. Returns the
    /// position after the line.
    pub(crate) async fn says_from(&self, position: usize, wanted: &str) -> usize {
        let asked = Instant::now();
        loop {
            let found = self.process.log.find_from(position, |line| line.starts_with(wanted));
            if let Some((position, _)) = found {
                return position + 1;
            }
            let is_patient = !self.process.has_ended() && asked.elapsed() < PATIENCE;
            assert!(is_patient, "it does not say `{wanted}`:\n{}", self.process.log.text());
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// Asks until an answer is such. Returns it.
    pub(crate) async fn answers(&self, path: &str, is_such: impl Fn(u16, &Value) -> bool) -> Value {
        let asked = Instant::now();
        loop {
            let (status, answer) = self.http.get(path).await;
            if is_such(status, &answer) {
                return answer;
            }
            let log = self.process.log.text();
            assert!(asked.elapsed() < PATIENCE, "{path}: {status} {answer}\n{log}");
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// Puts an item, which must be accepted.
    pub(crate) async fn put(&self, path: &str, item: &Value) {
        let (status, answer) = self.http.send("PUT", path, Some(item)).await;
        assert_eq!(status, 200, "{path}: {answer}");
    }

    /// Returns the items of a table.
    pub(crate) async fn items(&self, table: &str) -> Vec<Value> {
        scan(self.dynamodb.url(), table).await
    }

    /// Returns the attribute by which the items of a table expire; null if they do not.
    pub(crate) async fn ttl(&self, table: &str) -> Value {
        let request = json!({ "TableName": table });
        let described = self.dynamodb.dynamodb("DescribeTimeToLive", &request).await;
        let described = &described["TimeToLiveDescription"];
        match described["TimeToLiveStatus"].as_str() {
            Some("ENABLED" | "ENABLING") => described["AttributeName"].clone(),
            _ => Value::Null,
        }
    }

    /// Ends it as Ctrl-C does, and expects that it ends well.
    pub(crate) async fn stop(self) {
        self.process.terminate();
        let status = self.process.ended().await;
        assert_eq!(status.code(), Some(0), "{}", self.process.log.text());
    }
}

/// Saves the definition file of a folder as editors do: another file takes its place.
pub(crate) fn save(folder: &Path, definition: &str) {
    let other = folder.join("weir.toml.new");
    std::fs::write(&other, definition).expect("written");
    std::fs::rename(other, folder.join(FILE)).expect("renamed");
}
