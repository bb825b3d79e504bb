//! DynamoDB's JSON API over the embedded database, without a socket.
//!
//! **Invariant:** a request that is served is served at once and whole; what may happen to it before and after is the
//! network's.

use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::clock::CHECKPOINTS;
use super::shop;

/// The namespace of DynamoDB's exceptions.
const NAMESPACE: &str = "com.amazonaws.dynamodb.v20120810#";

/// An HTTP status and a body.
pub(crate) type Answer = (u16, String);

/// The rollups' table, and nothing else.
#[derive(Clone)]
pub(crate) struct DynamoDb(Database);

impl DynamoDb {
    /// An empty one.
    pub(crate) fn new() -> Self {
        let database = Database::memory().expect("a database in memory");
        let create = json!({
            "TableName": shop::ROLLUPS_TABLE,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [
                { "AttributeName": "PK", "KeyType": "HASH" },
                { "AttributeName": "SK", "KeyType": "RANGE" },
            ],
            "AttributeDefinitions": [
                { "AttributeName": "PK", "AttributeType": "S" },
                { "AttributeName": "SK", "AttributeType": "S" },
            ],
        });
        let create = serde_json::from_value(create).expect("a request");
        database.create_table(create).expect("a table");
        Self(database)
    }

    /// Serves a request. `None` for an operation that is none of those that product code sends.
    pub(crate) fn serve(&self, operation: &str, body: &[u8]) -> Option<Answer> {
        let database = &self.0;
        Some(match operation {
            "GetItem" => answer(body, |request| database.get_item(request)),
            "PutItem" => answer(body, |request| database.put_item(request)),
            "UpdateItem" => answer(body, |request| database.update_item(request)),
            "DeleteItem" => answer(body, |request| database.delete_item(request)),
            "Query" => answer(body, |request| database.query(request)),
            "BatchGetItem" => answer(body, |request| database.batch_get_item(request)),
            "BatchWriteItem" => answer(body, |request| database.batch_write_item(request)),
            "TransactWriteItems" => answer(body, |request| database.transact_write_items(request)),
            _ => return None,
        })
    }

    /// Removes every checkpoint and lease.
    pub(crate) fn forget_checkpoints(&self) {
        for item in self.items() {
            let partition = item["PK"]["S"].as_str().unwrap_or_default();
            if partition.starts_with(CHECKPOINTS) {
                let key = json!({ "PK": item["PK"], "SK": item["SK"] });
                let delete = json!({ "TableName": shop::ROLLUPS_TABLE, "Key": key });
                let delete = serde_json::from_value(delete).expect("a request");
                self.0.delete_item(delete).expect("a deletion");
            }
        }
    }

    /// Every item of the rollups' table.
    pub(crate) fn items(&self) -> Vec<Value> {
        let mut items = Vec::new();
        let mut start = Value::Null;
        loop {
            let mut request = json!({ "TableName": shop::ROLLUPS_TABLE });
            if !start.is_null() {
                request["ExclusiveStartKey"] = start;
            }
            let request = serde_json::from_value(request).expect("a request");
            let page = self.0.scan(request).expect("a page");
            let mut page = serde_json::to_value(page).expect("JSON");
            items.append(page["Items"].as_array_mut().expect("items"));
            start = page["LastEvaluatedKey"].take();
            if start.is_null() {
                return items;
            }
        }
    }
}

/// An exception as DynamoDB writes it.
pub(crate) fn exception(status: u16, name: &str) -> Answer {
    (status, json!({ "__type": format!("{NAMESPACE}{name}"), "message": name }).to_string())
}

fn answer<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    serve: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Answer {
    let request = serde_json::from_slice(body)
        .map_err(|error| DynoxideError::SerializationException(error.to_string()));
    match request.and_then(serve) {
        Ok(answer) => (200, serde_json::to_string(&answer).expect("an answer is JSON")),
        Err(error) => (error.status_code(), error.to_json()),
    }
}
