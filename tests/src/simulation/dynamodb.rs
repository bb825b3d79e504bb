//! DynamoDB's JSON API over the embedded database, without a socket.
//!
//! **Invariant:** a request that is served is served at once and whole; what may happen to it
//! before and after is the network's.

use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::clock::CHECKPOINTS;
use super::shop;

/// The namespace of DynamoDB's exceptions.
const NAMESPACE: &str = "com.amazonaws.dynamodb.v20120810#";

const TABLES: [&str; 2] = [shop::ROLLUPS_TABLE, shop::TABLE];

/// An HTTP status and a body.
pub(crate) type StatusAndText = (u16, String);

/// The rollups' table, and of the table of items what rollup items are in it.
#[derive(Clone)]
pub(crate) struct DynamoDb(Database);

impl DynamoDb {
    /// Returns an empty one.
    pub(crate) fn new() -> Self {
        let database = Database::memory().expect("a database in memory");
        for table in TABLES {
            let create = json!({
                "TableName": table,
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
        }
        Self(database)
    }

    /// Serves a request. `None` for an operation that product code does not send.
    pub(crate) fn serve(&self, operation: &str, body: &[u8]) -> Option<StatusAndText> {
        let database = &self.0;
        Some(match operation {
            "GetItem" => answer(body, |request| database.get_item(request)),
            "PutItem" => answer(body, |request| database.put_item(request)),
            "UpdateItem" => answer(body, |request| database.update_item(request)),
            "DeleteItem" => answer(body, |request| database.delete_item(request)),
            "Query" => answer(body, |request| database.query(request)),
            "Scan" => answer(body, |request| database.scan(request)),
            "BatchGetItem" => answer(body, |request| database.batch_get_item(request)),
            "BatchWriteItem" => answer(body, |request| database.batch_write_item(request)),
            "TransactGetItems" => answer(body, |request| database.transact_get_items(request)),
            "TransactWriteItems" => answer(body, |request| database.transact_write_items(request)),
            _ => return None,
        })
    }

    /// Removes every checkpoint and lease.
    pub(crate) fn forget_checkpoints(&self) {
        self.delete(|item| {
            item["PK"]["S"].as_str().is_some_and(|partition| partition.starts_with(CHECKPOINTS))
        });
    }

    /// Removes what has expired. Returns how many items.
    pub(crate) fn sweep(&self, now_secs: u64) -> usize {
        self.delete(|item| {
            let expires_at = item["expires_at"]["N"].as_str();
            let is_lease = item["PK"]["S"].as_str().is_some_and(|key| key.starts_with('@'));
            !is_lease
                && expires_at.is_some_and(|at| at.parse::<u64>().expect("seconds") <= now_secs)
        })
    }

    /// Removes items of the rollups' table.
    fn delete(&self, which: impl Fn(&Value) -> bool) -> usize {
        let gone: Vec<_> = self.items_of(shop::ROLLUPS_TABLE).into_iter().filter(which).collect();
        for item in &gone {
            let key = json!({ "PK": item["PK"], "SK": item["SK"] });
            let delete = json!({ "TableName": shop::ROLLUPS_TABLE, "Key": key });
            let delete = serde_json::from_value(delete).expect("a request");
            self.0.delete_item(delete).expect("a deletion");
        }
        gone.len()
    }

    /// Returns an item of a table.
    pub(crate) fn find(&self, table: &str, key: &Value) -> Option<Value> {
        let read = json!({ "TableName": table, "Key": key });
        let found = self.0.get_item(serde_json::from_value(read).expect("a request"));
        let mut found = serde_json::to_value(found.expect("an answer")).expect("JSON");
        Some(found["Item"].take()).filter(Value::is_object)
    }

    /// Adds to an attribute of an item, as nobody but an operator does.
    pub(crate) fn add(&self, table: &str, key: &Value, attribute: &str, number: i64) {
        let update = json!({
            "TableName": table,
            "Key": key,
            "UpdateExpression": "ADD #a :n",
            "ExpressionAttributeNames": { "#a": attribute },
            "ExpressionAttributeValues": { ":n": { "N": number.to_string() } },
        });
        let update = serde_json::from_value(update).expect("a request");
        self.0.update_item(update).expect("an update");
    }

    /// Returns the rollup items beside the items of the table.
    pub(crate) fn colocated(&self) -> Vec<Value> {
        self.items_of(shop::TABLE)
    }

    /// Returns every item of both tables.
    pub(crate) fn items(&self) -> Vec<Value> {
        TABLES.into_iter().flat_map(|table| self.items_of(table)).collect()
    }

    fn items_of(&self, table: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut start = Value::Null;
        loop {
            let mut request = json!({ "TableName": table });
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

/// Returns the exception of a transaction that another one is in the way of, at the first of its
/// actions.
pub(crate) fn conflict(actions: usize) -> StatusAndText {
    let reason = |place: usize| match place {
        0 => {
            json!({ "Code": "TransactionConflict", "Message": "Transaction is ongoing for the \
                item" })
        }
        _ => json!({ "Code": "None" }),
    };
    let name = "TransactionCanceledException";
    let reasons: Vec<Value> = (0..actions).map(reason).collect();
    let body = json!({
        "__type": format!("{NAMESPACE}{name}"),
        "message": name,
        "CancellationReasons": reasons,
    });
    (400, body.to_string())
}

/// Returns an exception as DynamoDB writes it.
pub(crate) fn exception(status: u16, name: &str) -> StatusAndText {
    (status, json!({ "__type": format!("{NAMESPACE}{name}"), "message": name }).to_string())
}

fn answer<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    serve: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> StatusAndText {
    let request = serde_json::from_slice(body)
        .map_err(|error| DynoxideError::SerializationException(error.to_string()));
    match request.and_then(serve) {
        Ok(answer) => (200, serde_json::to_string(&answer).expect("an answer is JSON")),
        Err(error) => (error.status_code(), error.to_json()),
    }
}
