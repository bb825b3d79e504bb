//! `weir init --from-table` on tables of other programs: the draft is a definition that
//! `weir check` accepts, and each mistake says what to do.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use weir_testing::dynamodb::TestDynamo;
use weir_testing::http::Client;

/// The samples of `model/tests/drafts` that a DynamoDB takes.
const SAMPLES: [&str; 9] = [
    "electrodb",
    "toolbox",
    "onetable",
    "pynamodb",
    "dynamoid",
    "single_table",
    "plain",
    "one_item",
    "hostile",
];

fn weir(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command.args(arguments).env("NO_COLOR", "1");
    for name in ["AWS_PROFILE", "TABLE_NAME", "ROLLUPS_TABLE_NAME"] {
        command.env_remove(name);
    }
    command.output().expect("started")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// Creates the table of a sample, and puts its items.
async fn create(dynamodb: &TestDynamo, sample: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/drafts");
    let sample = std::fs::read_to_string(folder.join(sample).with_extension("json"));
    let sample: Value = serde_json::from_str(&sample.expect("read")).expect("JSON");
    let (table, items) = (&sample["table"], sample["items"].as_array().expect("items"));
    create_table(dynamodb, table).await;
    let client = Client::new(&dynamodb.url);
    for item in items {
        client.dynamodb("PutItem", &json!({ "TableName": table["name"], "Item": item })).await;
    }
    table["name"].as_str().expect("a name").to_owned()
}

async fn create_table(dynamodb: &TestDynamo, table: &Value) {
    let schema = |keys: &Value| -> Vec<Value> {
        let both = [("HASH", &keys["partition_key"]), ("RANGE", &keys["sort_key"])];
        let there = both.iter().filter(|(_, key)| !key.is_null());
        there.map(|(kind, key)| json!({ "AttributeName": key["name"], "KeyType": kind })).collect()
    };
    let indexes = table["indexes"].as_array().expect("indexes");
    let mut defined: Vec<Value> = Vec::new();
    for keys in std::iter::once(table).chain(indexes) {
        for key in [&keys["partition_key"], &keys["sort_key"]] {
            let definition =
                json!({ "AttributeName": key["name"], "AttributeType": key["letter"] });
            if !key.is_null() && !defined.contains(&definition) {
                defined.push(definition);
            }
        }
    }
    let index = |index: &Value| {
        json!({ "IndexName": index["name"], "KeySchema": schema(index),
                "Projection": { "ProjectionType": "ALL" } })
    };
    let mut request = json!({
        "TableName": table["name"], "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": schema(table), "AttributeDefinitions": defined,
    });
    if !indexes.is_empty() {
        request["GlobalSecondaryIndexes"] = indexes.iter().map(index).collect();
    }
    if let Some(view) = table["stream_view"].as_str() {
        request["StreamSpecification"] = json!({ "StreamEnabled": true, "StreamViewType": view });
    }
    Client::new(&dynamodb.url).dynamodb("CreateTable", &request).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_draft_of_a_table_is_one_that_weir_check_accepts() {
    let folder = tempfile::tempdir().expect("a folder");
    for sample in SAMPLES {
        let dynamodb = TestDynamo::start().await;
        let table = create(&dynamodb, sample).await;
        let file = folder.path().join(sample).with_extension("toml");
        let path = file.to_str().expect("text");
        let arguments = ["init", "--from-table", &table, "--endpoint", &dynamodb.url];
        let drafted = weir(&[&arguments[..], &["--output", path]].concat());
        assert!(drafted.status.success(), "{sample}: {}", text(&drafted.stderr));
        let checked = weir(&["check", path]);
        assert!(checked.status.success(), "{sample}: {}", text(&checked.stderr));
        let printed = weir(&arguments);
        assert_eq!(
            text(&printed.stdout),
            std::fs::read_to_string(&file).expect("read"),
            "{sample}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_has_no_more_items_than_asked_for_and_items_of_all_segments() {
    let dynamodb = TestDynamo::start().await;
    let table = create(&dynamodb, "toolbox").await;
    let drafted = |items: &str| {
        let arguments =
            ["init", "--from-table", &table, "--endpoint", &dynamodb.url, "--sample", items];
        text(&weir(&arguments).stdout)
    };
    assert!(drafted("10").starts_with("# Drafted from 10 items of the table `toolbox-shop`.\n"));
    let all = "# Drafted from 54 items of the table `toolbox-shop`, all that it has.\n";
    assert!(drafted("100").starts_with(all));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mistake_says_what_failed() {
    let dynamodb = TestDynamo::start().await;
    let table = json!({
        "name": "empty", "indexes": [], "partition_key": { "name": "pk", "letter": "S" },
    });
    create_table(&dynamodb, &table).await;
    let numbers = json!({
        "name": "numbers", "indexes": [], "partition_key": { "name": "n", "letter": "N" },
    });
    create_table(&dynamodb, &numbers).await;
    let item = json!({ "TableName": "numbers", "Item": { "n": { "N": "1" } } });
    Client::new(&dynamodb.url).dynamodb("PutItem", &item).await;
    let cases = [
        ("missing", "could not sample the table `missing`: the table `missing` does not exist"),
        ("empty", "the table `empty` has no items to draft a definition from"),
        ("numbers", "the key `n` of the table `numbers` is of type N"),
    ];
    for (table, expected) in cases {
        let output = weir(&["init", "--from-table", table, "--endpoint", &dynamodb.url]);
        assert_eq!(output.status.code(), Some(1), "{table}");
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("weir.toml");
    std::fs::write(&file, "mine").expect("written");
    let table = create(&dynamodb, "one_item").await;
    let path = file.to_str().expect("text");
    let output =
        weir(&["init", "--from-table", &table, "--endpoint", &dynamodb.url, "--output", path]);
    assert!(!output.status.success(), "a file that exists is not replaced");
    assert_eq!(std::fs::read_to_string(&file).expect("read"), "mine");
}

/// DynamoDB's answer to a caller without rights.
#[tokio::test(flavor = "multi_thread")]
async fn a_denied_table_says_so() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let read = stream.read(&mut [0; 16_384]).await;
            assert!(read.is_ok_and(|bytes| bytes > 0), "a request");
            let body =
                r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"no"}"#;
            let answer = format!(
                "HTTP/1.1 400 Bad Request\r\ncontent-type: application/x-amz-json-1.0\r\n\
                 connection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let output = tokio::task::spawn_blocking(move || {
        weir(&["init", "--from-table", "shop", "--endpoint", &url])
    });
    let output = output.await.expect("no panic");
    let expected = "access to the table `shop` was denied";
    assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
}
