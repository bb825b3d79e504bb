//! A shop whose orders are counted, and `weir export` of its rollups.

use std::process::{Command, Output};

use serde_json::{Map, Value, json};
use tempfile::TempDir;
use weir_processor::event::{Event, Response};
use weir_testing::http::encoded;
use weir_testing::system::{Captured, System};

pub(super) const DEFINITION: &str = include_str!("shop.toml");
/// The values of two texts: a formula of a spreadsheet, and the characters that keys escape.
pub(super) const COUNTRIES: [&str; 3] = ["DE", "=1+1", "a#b%c"];
const USERS: [&str; 4] = ["ann", "bob#1", "50%", "cy"];
/// The shards that the records are dealt out to, so that every stripe has some.
const SHARDS: usize = 5;

/// The shop, and a folder for files.
pub(super) struct Shop {
    pub(super) system: System,
    pub(super) folder: TempDir,
}

impl Shop {
    /// Returns a shop without orders.
    pub(super) async fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("weir.toml"), DEFINITION).expect("written");
        Self { system: System::open(DEFINITION).await, folder }
    }

    /// Returns a shop with so many orders, which are counted.
    pub(super) async fn with_orders(count: usize) -> Self {
        let shop = Self::empty().await;
        let orders: Vec<Value> = (0..count).map(order).collect();
        for orders in orders.chunks(50) {
            let (status, answer) =
                shop.system.http.send("POST", "/batch/order", Some(&orders.into())).await;
            assert_eq!(status, 200, "{answer}");
        }
        let processor = shop.system.processor();
        for event in dealt(&shop.system, count).await {
            let response = processor.handle(event).await.expect("a response");
            assert_eq!(response, Response::success());
        }
        shop
    }

    /// Runs `weir export` with these arguments.
    pub(super) fn export(&self, line: &str) -> Output {
        self.command(line).output().expect("started")
    }

    pub(super) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
        command.arg("export").args(line.split_whitespace()).current_dir(self.folder.path());
        command.args(["--endpoint", &self.system.dynamodb.url]).env("NO_COLOR", "1");
        let table = &self.system.model.table;
        command.env("TABLE_NAME", &table.name).env("ROLLUPS_TABLE_NAME", &table.rollups_table);
        command.env_remove("AWS_PROFILE");
        command
    }

    /// Returns the rows of an export as NDJSON.
    pub(super) fn rows(&self, line: &str) -> Vec<Map<String, Value>> {
        let output = self.export(&format!("{line} --format ndjson"));
        assert!(output.status.success(), "{}", text(&output.stderr));
        let lines = text(&output.stdout);
        lines.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// Returns the point that the reader has for a row: its group and its bucket.
    pub(super) async fn point(&self, rollup: &str, row: &Map<String, Value>) -> Value {
        let mut path = format!("/rollups/{rollup}?every={}", cell(&row["every"]));
        for (name, value) in row["dimensions"].as_object().expect("a group") {
            path.push_str(&format!("&{name}={}", encoded(&cell(value))));
        }
        if let (Value::String(start), Value::String(end)) = (&row["start"], &row["end"]) {
            path.push_str(&format!("&from={}&to={}", encoded(start), encoded(end)));
        }
        let (status, answer) = self.system.http.get(&path).await;
        assert_eq!(status, 200, "{path}: {answer}");
        let points = answer["points"].as_array().expect("points");
        assert_eq!(points.len(), 1, "{path}: {answer}");
        points[0].clone()
    }
}

/// Returns an order; the orders are of the same minutes of several days.
fn order(number: usize) -> Value {
    let (day, minute) = (1 + number % 3 + 27 * (number % 2), number % 60);
    json!({
        "user": USERS[number % USERS.len()],
        "number": number,
        "country": COUNTRIES[number % COUNTRIES.len()],
        "paid": !number.is_multiple_of(5),
        "total": format!("{}.{:02}", (number * 37) % 130, number % 100),
        "status": if number.is_multiple_of(7) { "placed" } else { "sent" },
        "at": format!("2026-10-{day:02}T{:02}:{minute:02}:00Z", (number / 60) % 24),
    })
}

/// Returns the stream's records in batches of several shards.
async fn dealt(system: &System, count: usize) -> Vec<Event> {
    let whole = Captured::read(system).await.cut(2 * count).remove(0);
    let of_shard = |shard: usize| Event {
        records: whole.records.iter().skip(shard).step_by(SHARDS).cloned().collect(),
        shard_id: Some(format!("shardId-{shard:020}-0000000{shard}")),
        ..whole.clone()
    };
    (0..SHARDS).map(of_shard).collect()
}

/// Returns a value as a cell of CSV has it, but for formulas.
pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}
