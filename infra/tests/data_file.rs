//! `weir dev --data` as a process: after SIGKILL, and after tables were deleted through its own
//! DynamoDB, the file answers as a table of AWS would.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use weir_testing::http::Client;
use weir_testing::process::Process;
use weir_testing::running::PATIENCE;

/// How many requests with a key are sent while the process is killed.
const REQUESTS: usize = 24;
/// One kill for so many requests.
const REQUESTS_PER_KILL: usize = 3;
const RETRY_PAUSE: Duration = Duration::from_millis(50);
/// The last line that `weir dev` prints once it is up.
const UP: &str = "Ctrl-C stops.";

const DEFINITION: &str = r##"
[table]
name = "notes"
[entities.note]
PK = "NOTE#{id}"
SK = "NOTE"
unique = [["title"]]
[entities.note.attributes]
id = { type = "string", required = true }
title = { type = "string" }
number = { type = "integer" }
map = { type = "map", attributes = { x = { type = "integer" } } }
[rollups.notes]
of = "note"
measures = { notes = "count", sum = "sum(number)" }
"##;

struct Weir {
    process: Process,
    http: Client,
    dynamodb: Client,
}

/// Starts a process with the file of a folder, which may fail to start.
fn start(folder: &Path) -> Weir {
    start_with(folder, DEFINITION)
}

/// The same under another definition.
fn start_with(folder: &Path, text: &str) -> Weir {
    let definition = folder.join("weir.toml");
    std::fs::write(&definition, text).expect("written");
    let (port, dynamodb_port) = (free_port(), free_port());
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command.arg("dev").arg(definition).arg("--data").arg(folder.join("weir.db"));
    command.args(["--port", &port.to_string(), "--dynamodb-port", &dynamodb_port.to_string()]);
    let client = |port: u16| Client::new(&format!("http://127.0.0.1:{port}"));
    let process = Process::start(command);
    Weir { process, http: client(port), dynamodb: client(dynamodb_port) }
}

/// Starts a process and waits until it is up.
async fn up(folder: &Path) -> Weir {
    let weir = start(folder);
    weir.process.says(UP).await;
    weir
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// The actions of a transaction on one note.
fn action(action: &str, id: &str, add: &Value) -> Value {
    json!([{ "action": action, "entity": "note", "key": { "id": id }, "add": add }])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_a_key_is_done_once_whenever_the_process_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut weir = up(folder.path()).await;
    let add = action("update", "a", &json!({ "number": 1 }));
    for number in 0..REQUESTS {
        let key = format!("key-{number}");
        let headers = [("Idempotency-Key", key.as_str())];
        let (http, body) = (weir.http.clone(), add.clone());
        let header = key.clone();
        let sent = tokio::spawn(async move {
            let headers = [("Idempotency-Key", header.as_str())];
            http.try_send_with(&headers, "POST", "/transactions", &body).await.ok()
        });
        if number % REQUESTS_PER_KILL == 0 {
            // At a different moment of the request each time.
            tokio::time::sleep(Duration::from_micros(number as u64 * 300)).await;
            weir.process.kill();
            weir = up(folder.path()).await;
        }
        let first = sent.await.expect("no panic");
        assert!(first.is_none_or(|(status, _)| status == 200));
        let again = weir.http.send_with(&headers, "POST", "/transactions", Some(&add)).await;
        assert_eq!(again.0, 200, "{again:?}");
    }
    let (_, note) = weir.http.get("/note/a").await;
    assert_eq!(note["number"], REQUESTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_remembered_after_a_kill_whatever_the_transaction_did() {
    let folder = tempfile::tempdir().expect("a folder");
    let weir = up(folder.path()).await;
    let requests = [
        ("create", "/note", json!({ "id": "b", "title": "b", "number": 1 })),
        ("map", "/transactions", action("update", "c", &json!({ "map.x": 1 }))),
        ("twice", "/transactions", action("update", "c", &json!({ "map.x": 1 }))),
    ];
    let mut answers = Vec::new();
    for (key, path, body) in &requests {
        let headers = [("Idempotency-Key", *key)];
        answers.push(weir.http.send_with(&headers, "POST", path, Some(body)).await);
    }
    assert!(answers.iter().all(|(status, _)| matches!(status, 200 | 201)), "{answers:?}");
    weir.process.kill();

    let weir = up(folder.path()).await;
    for ((key, path, body), answer) in requests.iter().zip(&answers) {
        let headers = [("Idempotency-Key", *key)];
        let again = weir.http.send_with(&headers, "POST", path, Some(body)).await;
        assert_eq!(again, *answer, "{key}");
        // A key is bound to its route.
        let other = if *path == "/note" {
            json!({ "id": "d", "title": "d" })
        } else {
            action("update", "d", &json!({ "number": 1 }))
        };
        let other = weir.http.send_with(&headers, "POST", path, Some(&other)).await;
        let expected = (409, json!("/problems/idempotency-key-reused"));
        assert_eq!((other.0, other.1["type"].clone()), expected, "{key}");
    }
    assert_eq!(weir.http.get("/note/c").await.1["map"], json!({ "x": 2 }));
    assert_eq!(weir.http.get("/note/d").await.0, 404);
    let other = json!({ "id": "b", "title": "other" });
    let without = weir.http.send("POST", "/note", Some(&other)).await;
    assert_eq!(without.1["type"], "/problems/already-exists", "{without:?}");
}

/// The count of notes, once it is this or patience ends.
async fn count(weir: &Weir, expected: &Value) -> Value {
    let begun = Instant::now();
    loop {
        let (_, answer) = weir.http.get("/rollups/notes").await;
        let count = answer["points"][0]["notes"].clone();
        if count == *expected || begun.elapsed() > PATIENCE {
            return count;
        }
        tokio::time::sleep(RETRY_PAUSE).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_were_deleted_leave_no_counts() {
    let folder = tempfile::tempdir().expect("a folder");
    let weir = up(folder.path()).await;
    for id in ["a", "b", "c"] {
        let path = format!("/note/{id}");
        let put = weir.http.send("PUT", &path, Some(&json!({ "number": 1 }))).await;
        assert_eq!(put.0, 200);
    }
    assert_eq!(count(&weir, &json!(3)).await, 3);
    for table in ["notes", "notes-rollups"] {
        weir.dynamodb.dynamodb("DeleteTable", &json!({ "TableName": table })).await;
    }
    weir.process.kill();

    let weir = up(folder.path()).await;
    let put = weir.http.send("PUT", "/note/d", Some(&json!({ "number": 1 }))).await;
    assert_eq!(put.0, 200);
    assert_eq!(count(&weir, &json!(1)).await, 1);
    weir.dynamodb.dynamodb("DeleteTable", &json!({ "TableName": "notes" })).await;
    weir.process.kill();

    for _ in 0..2 {
        let weir = start(folder.path());
        weir.process.says("delete `notes-rollups` too, or restore `notes`").await;
        assert!(!weir.process.ended().await.success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_that_loses_stored_items_does_not_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let weir = up(folder.path()).await;
    let put = weir.http.send("PUT", "/note/a", Some(&json!({ "number": 1 }))).await;
    assert_eq!(put.0, 200);
    assert_eq!(count(&weir, &json!(1)).await, 1);
    weir.process.kill();

    let weir = start_with(folder.path(), &DEFINITION.replace("NOTE#{id}", "N#{id}"));
    weir.process.says("the plan is rejected: note: `PK`: was `NOTE#{id}`, is `N#{id}`").await;
    assert!(!weir.process.ended().await.success());

    let weir = up(folder.path()).await;
    assert_eq!(weir.http.get("/note/a").await.1["number"], 1);
    assert_eq!(count(&weir, &json!(1)).await, 1);
}
