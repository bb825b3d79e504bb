//! `weir dev` and requests as a web page at another site sends them: neither port answers them, and
//! AWS's own clients are answered as before.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use serde_json::json;
use weir_testing::http::Client;
use weir_testing::process::Process;

const DEFINITION: &str = r##"
[table]
name = "notes"
[entities.note]
PK = "NOTE#{id}"
SK = "NOTE"
[entities.note.attributes]
id = { type = "string", required = true }
"##;
/// The last line that `weir dev` prints once it is up.
const UP: &str = "Ctrl-C stops.";
const DYNAMODB_JSON: &str = "content-type: application/x-amz-json-1.0";
const SCAN: &str = "x-amz-target: DynamoDB_20120810.Scan";
/// What every request to an emulator is signed with.
const SIGNED: [&str; 2] = [
    "x-amz-date: 20260101T000000Z",
    "authorization: AWS4-HMAC-SHA256 Credential=weir/20260101/us-east-1/dynamodb/aws4_request, \
     SignedHeaders=host;x-amz-date, Signature=0",
];

struct Weir {
    _process: Process,
    _folder: tempfile::TempDir,
    http: String,
    dynamodb: String,
}

async fn start(variables: &[(&str, &str)]) -> Weir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("weir.toml"), DEFINITION).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command.current_dir(folder.path()).envs(variables.iter().copied());
    command.args(["dev", "--port", "0", "--dynamodb-port", "0"]);
    let process = Process::start(command);
    process.says(UP).await;
    let log = process.log.text();
    let mut addresses = log.split("http://").skip(1).map(|rest| {
        let end = rest.find(|char: char| !(char.is_ascii_digit() || ".:".contains(char)));
        rest[..end.unwrap_or(rest.len())].trim_end_matches('.').to_owned()
    });
    let http = addresses.next().unwrap_or_else(|| panic!("no address: {log}"));
    let dynamodb = addresses.find(|address| *address != http);
    let dynamodb = dynamodb.unwrap_or_else(|| panic!("one address: {log}"));
    Weir { _process: process, _folder: folder, http, dynamodb }
}

/// Sends a request as it is, and returns the status and the whole answer.
fn ask(address: &str, lines: &[&str], body: &str) -> (u16, String) {
    let mut connection = TcpStream::connect(address).expect("a connection");
    let length = format!("content-length: {}", body.len());
    let lines = [lines, &[&length, "connection: close", "", body]].concat().join("\r\n");
    connection.write_all(lines.as_bytes()).expect("an open connection");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("an answer");
    let status = answer.get(9..12).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("no status: {answer}")), answer)
}

fn assert_private(answer: &str) {
    assert!(!answer.to_lowercase().contains("access-control-"), "{answer}");
    assert!(answer.contains("x-content-type-options: nosniff\r\n"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_at_another_site_neither_reads_nor_writes_on_either_port() {
    let weir = start(&[]).await;
    let note = json!({ "id": "secret" });
    let client = Client::new(&format!("http://{}", weir.http));
    assert_eq!(client.send("POST", "/note", Some(&note)).await.0, 201);

    let scan = r#"{"TableName":"notes"}"#;
    let evil = "origin: https://evil.example";
    let own = "host: localhost";
    let post = [&["POST / HTTP/1.1", DYNAMODB_JSON, SCAN][..], &SIGNED].concat();
    let preflight = ["access-control-request-method: POST", "access-control-request-headers: x"];
    let dynamodb: [(Vec<&str>, u16); 9] = [
        ([&post[..], &[own, evil]].concat(), 403),
        ([&post[..], &[own, "origin: null"]].concat(), 403),
        ([&post[..], &[own, "sec-fetch-site: cross-site"]].concat(), 403),
        ([&post[..], &["host: evil.example"]].concat(), 421),
        ([&post[..], &["host: 127.0.0.1.evil.example"]].concat(), 421),
        ([&post[..], &[own, own]].concat(), 400),
        ([&["OPTIONS / HTTP/1.1", own, evil][..], &preflight].concat(), 403),
        ([&["POST / HTTP/1.1", own, "content-type: text/plain", SCAN][..], &SIGNED].concat(), 415),
        ([&["POST / HTTP/1.1", own, DYNAMODB_JSON][..], &SIGNED].concat(), 400),
    ];
    for (lines, expected) in &dynamodb {
        let (status, answer) = ask(&weir.dynamodb, lines, scan);
        assert_eq!(status, *expected, "{lines:?}: {answer}");
        assert!(!answer.contains("secret"), "{lines:?}: {answer}");
        assert_private(&answer);
    }
    let http: [(&[&str], u16); 6] = [
        (&["GET /note/secret HTTP/1.1", "host: evil.example"], 421),
        (&["GET /note/secret HTTP/1.1", own, evil], 403),
        (&["GET /note/secret HTTP/1.1", own, "host: evil.example"], 400),
        (&["DELETE /note/secret HTTP/1.1", own, evil], 403),
        (&["OPTIONS /note HTTP/1.1", own, evil], 403),
        (&["POST /note HTTP/1.1", own], 415),
    ];
    for (lines, expected) in http {
        let body = if lines[0].starts_with("POST") { r#"{"id":"planted"}"# } else { "" };
        let (status, answer) = ask(&weir.http, lines, body);
        assert_eq!(status, expected, "{lines:?}: {answer}");
        assert_private(&answer);
    }
    assert_eq!(client.get("/note/secret").await, (200, note));
    assert_eq!(client.get("/note/planted").await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_dynamodb_and_allowed_names_are_answered() {
    let weir = start(&[("WEIR_ALLOWED_HOSTS", "weir.test")]).await;
    let dynamodb = Client::new(&format!("http://{}", weir.dynamodb));
    for number in 0..50 {
        let item = json!({ "PK": { "S": format!("X#{number}") }, "SK": { "S": "X" } });
        let put = json!({ "TableName": "notes", "Item": item });
        dynamodb.dynamodb("PutItem", &put).await;
    }
    let scans = (0..20).map(|_| {
        let dynamodb = dynamodb.clone();
        tokio::spawn(async move {
            dynamodb.dynamodb("Scan", &json!({ "TableName": "notes" })).await["Count"].clone()
        })
    });
    // All at once: more connections to the database than one.
    for scan in scans.collect::<Vec<_>>() {
        assert_eq!(scan.await.expect("no panic"), 50);
    }
    let (status, problem) = dynamodb.try_dynamodb("Scan", &json!({ "TableName": "nope" })).await;
    assert_eq!(status, 400);
    assert!(problem["__type"].as_str().expect("a type").ends_with("ResourceNotFoundException"));
    let (status, answer) = ask(&weir.dynamodb, &["GET / HTTP/1.1", "host: localhost"], "");
    assert_eq!(status, 200, "{answer}");
    assert!(answer.contains("healthy: "), "{answer}");
    for host in ["host: weir.test", "host: Weir.Test:8000"] {
        let lines = [&["POST / HTTP/1.1", host, DYNAMODB_JSON, SCAN][..], &SIGNED].concat();
        let (status, answer) = ask(&weir.dynamodb, &lines, r#"{"TableName":"notes"}"#);
        assert_eq!(status, 200, "{answer}");
        assert_private(&answer);
        let (status, answer) = ask(&weir.http, &["GET /health HTTP/1.1", host], "");
        assert_eq!(status, 200, "{answer}");
    }
}
