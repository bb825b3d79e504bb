//! A way to a DynamoDB that writes down what is asked of it: every operation, and the table it is
//! asked of.
//!
//! Requests continue to DynamoDB as they are, but that this can be told to act as one that does not
//! return the item on which a condition failed, of which there were some; or as one that denies the
//! updates of a partition.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::Value;
use weir_table::Connection;

use crate::interception::{Fate, intercepted};

const CONDITION_FAILED: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"The conditional request failed"}"#;

const DENIED: &str =
    r#"{"__type":"com.amazon.coral.service#AccessDeniedException","message":"not authorized"}"#;

/// The requests of all connections through it.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    asked: Arc<Mutex<BTreeSet<(String, String)>>>,
    requests: Arc<Mutex<Vec<(String, bool)>>>,
    updated: Arc<Mutex<Vec<String>>>,
    denied: Arc<Mutex<Option<String>>>,
    refuses_conditions: Arc<AtomicBool>,
}

impl Recorder {
    /// Returns the connection, each request through which is written down.
    pub fn before(&self, connection: Connection) -> Connection {
        let recorder = self.clone();
        intercepted(connection, move |request| {
            let (operation, body) = recorder.record(request);
            if operation == "UpdateItem" && recorder.note_update(&body) {
                return Fate::Refuse(DENIED);
            }
            let is_conditional =
                operation == "UpdateItem" && body["ConditionExpression"].is_string();
            let refuses = recorder.refuses_conditions.load(Ordering::SeqCst);
            if refuses && is_conditional { Fate::Refuse(CONDITION_FAILED) } else { Fate::Pass }
        })
    }

    /// Operations and what they were asked of: `table`, or `table/index/name`.
    pub fn asked(&self) -> BTreeSet<(String, String)> {
        self.asked.lock().expect("no panic").clone()
    }

    /// Returns the requests since this was asked last: the operation of each, and whether it is
    /// strongly consistent, sorted.
    pub fn requests(&self) -> Vec<(String, bool)> {
        let mut requests = std::mem::take(&mut *self.requests.lock().expect("no panic"));
        requests.sort();
        requests
    }

    /// Returns the values of `PK` in the updates since this was asked last, sorted.
    pub fn updated_partitions(&self) -> Vec<String> {
        let mut updated = std::mem::take(&mut *self.updated.lock().expect("no panic"));
        updated.sort();
        updated
    }

    /// From now on, denies every update of an item whose `PK` is this.
    pub fn deny_updates_of(&self, partition: &str) {
        *self.denied.lock().expect("no panic") = Some(partition.to_owned());
    }

    /// From now on, answers every update that has a condition with a failed one, without the item.
    pub fn refuse_conditions(&self) {
        self.refuses_conditions.store(true, Ordering::SeqCst);
    }

    /// From now on, lets them through again.
    pub fn allow_conditions(&self) {
        self.refuses_conditions.store(false, Ordering::SeqCst);
    }

    /// Writes an update down. Returns whether it is denied.
    fn note_update(&self, body: &Value) -> bool {
        let partition = body["Key"]["PK"]["S"].as_str().unwrap_or_default().to_owned();
        let is_denied = self.denied.lock().expect("no panic").as_ref() == Some(&partition);
        self.updated.lock().expect("no panic").push(partition);
        is_denied
    }

    /// Writes a request down. Returns its operation and its body.
    fn record(&self, request: &HttpRequest) -> (String, Value) {
        let target = request.headers().get("x-amz-target").expect("an operation");
        let operation = target.rsplit('.').next().unwrap_or(target).to_owned();
        let body = request.body().bytes().expect("a body in memory");
        let body: Value = serde_json::from_slice(body).expect("JSON");
        self.requests.lock().expect("no panic").push((operation.clone(), is_strong(&body)));
        let mut asked = self.asked.lock().expect("no panic");
        match body["TransactItems"].as_array() {
            // A transaction is permitted as each of its actions is.
            Some(actions) => asked.extend(actions.iter().map(transacted)),
            None => asked.extend(resources(&body).into_iter().map(|of| (operation.clone(), of))),
        }
        (operation, body)
    }
}

/// Returns the operation that an action of a transaction is, and the table that it is asked of.
fn transacted(action: &Value) -> (String, String) {
    let (name, action) = action.as_object().and_then(|all| all.iter().next()).expect("an action");
    let table = action["TableName"].as_str().expect("a table").to_owned();
    let operation = if name == "ConditionCheck" {
        "ConditionCheckItem".to_owned()
    } else {
        format!("{name}Item")
    };
    (operation, table)
}

/// Returns whether a read is strongly consistent.
fn is_strong(body: &Value) -> bool {
    let of_tables = body["RequestItems"].as_object().into_iter().flat_map(|tables| tables.values());
    std::iter::once(body).chain(of_tables).any(|read| read["ConsistentRead"] == true)
}

/// Returns the tables and indexes that a request is about.
fn resources(body: &Value) -> Vec<String> {
    match (body["TableName"].as_str(), body["IndexName"].as_str(), &body["RequestItems"]) {
        (Some(table), Some(index), _) => vec![format!("{table}/index/{index}")],
        (Some(table), None, _) => vec![table.to_owned()],
        (None, None, Value::Object(tables)) => tables.keys().cloned().collect(),
        _ => panic!("a request that names no table: {body}"),
    }
}
