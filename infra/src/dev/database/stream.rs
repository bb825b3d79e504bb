//! For tests: a table with a stream in the embedded DynamoDB, and the records of the stream.

use dynoxide::Database;
use dynoxide::actions::get_records::Record;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The table of a test that needs only one.
pub(super) const TABLE: &str = "items";

/// Returns a request of the API from its JSON.
pub(super) fn request<T: DeserializeOwned>(json: Value) -> T {
    serde_json::from_value(json).expect("a request")
}

/// Makes a table with a stream whose items expire at `until`.
pub(super) fn create(database: &Database, table: &str) {
    let created = database.create_table(request(json!({
        "TableName": table,
        "AttributeDefinitions": [{ "AttributeName": "PK", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "PK", "KeyType": "HASH" }],
        "BillingMode": "PAY_PER_REQUEST",
        "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" },
    })));
    created.expect("a table");
    let expires = json!({
        "TableName": table,
        "TimeToLiveSpecification": { "AttributeName": "until", "Enabled": true },
    });
    database.update_time_to_live(request(expires)).expect("a time to live");
}

/// Returns all records of the stream of a table.
pub(super) fn records(database: &Database, table: &str) -> Vec<Record> {
    let iterator = database.get_shard_iterator(request(json!({
        "StreamArn": dynoxide::streams::stream_arn(table, "any"),
        "ShardId": dynoxide::streams::shard_id(table),
        "ShardIteratorType": "TRIM_HORIZON",
    })));
    let mut iterator = iterator.expect("an iterator").shard_iterator;
    let mut all = Vec::new();
    while let Some(text) = iterator {
        let page = database.get_records(request(json!({ "ShardIterator": text })));
        let page = page.expect("records");
        if page.records.is_empty() {
            break;
        }
        all.extend(page.records);
        iterator = page.next_shard_iterator;
    }
    all
}

/// Returns the kinds of these records.
pub(super) fn names(database: &Database, table: &str) -> Vec<String> {
    records(database, table).into_iter().map(|record| record.event_name).collect()
}
