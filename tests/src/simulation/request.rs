//! A request of the SDK: the facts that its fate depends on, and its entry in the journal.
//!
//! **Invariant:** the entry is the same in every run, though the SDK leaves the order of members to
//! chance.

use std::hash::{DefaultHasher, Hasher};

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use super::clock;
use super::faults::Service;
use super::shop::{COLOCATED_PARTITION, TABLE};
use super::world::World;

/// How the target of a DynamoDB request begins.
const DYNAMODB: &str = "DynamoDB_20120810.";
/// How the target of a DynamoDB Streams request begins.
const STREAMS: &str = "DynamoDBStreams_20120810.";
/// The member that holds the actions of a transaction.
const ACTIONS: &str = "TransactItems";
/// The partition of stored definitions, and how the entry of the state item beside them begins.
const DEFINITIONS: &str = "@definition";
const STATE: &str = "@definition @definition ";
/// The operations that name the table of items and write nothing.
const READS: [&str; 6] =
    ["GetItem", "Query", "Scan", "BatchGetItem", "TransactGetItems", "DescribeTable"];

/// A request on its way.
pub(crate) struct Request {
    pub(crate) service: Service,
    pub(crate) operation: String,
    pub(crate) body: Vec<u8>,
    /// Its entry in the journal.
    pub(crate) about: String,
    pub(crate) partition: String,
    pub(crate) table: String,
    /// Whether it writes an item of the table that is not a rollup item.
    pub(crate) writes_items: bool,
    /// The keys of the rollup items beside the items that it writes.
    pub(crate) colocated: Vec<Value>,
    pub(crate) attempt: u32,
    /// Whether its sender is an old version of Weir.
    pub(crate) is_of_old_version: bool,
    /// How many actions it has, if it is a transaction.
    pub(crate) actions: Option<usize>,
}

impl Request {
    /// Reads a request, with the world's time in place of the machine's.
    pub(crate) fn read(request: &HttpRequest, world: &World) -> Self {
        let target = request.headers().get("x-amz-target").expect("the SDK names the operation");
        let (service, operation) = match target.strip_prefix(DYNAMODB) {
            Some(operation) => (Service::DynamoDb, operation),
            None => (Service::Streams, target.strip_prefix(STREAMS).unwrap_or(target)),
        };
        let mut body = request.body().bytes().expect("a body in memory").to_vec();
        let mut json: Value = serde_json::from_slice(&body).expect("the SDK writes JSON");
        if clock::translate(&mut json, world) {
            body = json.to_string().into_bytes();
        }
        let (partition, about) = about(&json);
        let attempt = request.headers().get("amz-sdk-request").and_then(attempt).unwrap_or(1);
        let actions = json[ACTIONS].as_array();
        let writes = actions.into_iter().flatten().filter_map(Value::as_object);
        let writes = writes.flat_map(Map::values).chain([&json]);
        let is_write = service == Service::DynamoDb && !READS.contains(&operation);
        let keys = writes.filter(|write| is_write && write["TableName"] == TABLE).map(key);
        let (colocated, other) = keys.partition::<Vec<_>, _>(is_colocated);
        Self {
            service,
            operation: operation.to_owned(),
            body,
            about,
            partition,
            table: json["TableName"].as_str().unwrap_or_default().to_owned(),
            writes_items: !other.is_empty(),
            colocated,
            attempt,
            is_of_old_version: false,
            actions: json[ACTIONS].as_array().filter(|_| is_write).map(Vec::len),
        }
    }

    /// Returns whether it is about a stored definition.
    pub(crate) fn is_definition(&self) -> bool {
        self.partition == DEFINITIONS && !self.is_of_state()
    }

    /// Returns whether it is about the state item.
    pub(crate) fn is_of_state(&self) -> bool {
        self.about.starts_with(STATE)
    }

    /// Returns whether it writes, which a transaction may conflict with.
    pub(crate) fn is_write(&self) -> bool {
        ["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"]
            .contains(&self.operation.as_str())
    }
}

/// Returns the primary key of the item that a write is of.
fn key(write: &Value) -> Value {
    let of = if write["Key"].is_object() { &write["Key"] } else { &write["Item"] };
    json!({ "PK": of["PK"], "SK": of["SK"] })
}

fn is_colocated(key: &Value) -> bool {
    key["PK"]["S"].as_str().is_some_and(|partition| partition.starts_with(COLOCATED_PARTITION))
}

/// Returns the partition of a request, and its entry: its key, and its values or a digest of it.
fn about(json: &Value) -> (String, String) {
    if let Some(actions) = json[ACTIONS].as_array() {
        return about_all(actions);
    }
    let key = |name: &str| json["Key"][name]["S"].as_str().unwrap_or_default();
    let partition = match key("PK") {
        "" => json["ShardIterator"].as_str().or(json["ShardId"].as_str()).unwrap_or_default(),
        partition => partition,
    };
    let entry = match json["ExpressionAttributeValues"].as_object() {
        Some(values) if !key("PK").is_empty() => values_of(values),
        _ => {
            let mut digest = DefaultHasher::new();
            digest_of(json, &mut digest);
            format!("{:08x}", digest.finish() as u32)
        }
    };
    (partition.to_owned(), format!("{partition} {} {entry}", key("SK")))
}

/// Returns the same of a transaction: the partition of its last action, which is the rollup item
/// that counts the others.
fn about_all(actions: &[Value]) -> (String, String) {
    let of_one = |action: &Value| {
        let write = action.as_object().and_then(|action| action.values().next());
        about(write.unwrap_or(&Value::Null))
    };
    let entry: Vec<_> = actions.iter().map(of_one).collect();
    let partition = entry.last().map(|(partition, _)| partition.clone()).unwrap_or_default();
    let entry: Vec<_> = entry.into_iter().map(|(_, about)| about).collect();
    (partition, entry.join(" + "))
}

/// Returns the values of an update by name. Bytes are shown in hexadecimal digits, which is how a
/// watermark reads as a sequence number.
fn values_of(values: &Map<String, Value>) -> String {
    let hexadecimal = |base64: &str| {
        let bytes = BASE64_STANDARD.decode(base64).unwrap_or_default();
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        digits.trim_start_matches('0').to_owned()
    };
    let mut entry: Vec<_> = values
        .iter()
        .map(|(name, value)| match value["B"].as_str() {
            Some(base64) => format!("{name} {}", hexadecimal(base64)),
            None => {
                format!("{name} {}", value["N"].as_str().or(value["S"].as_str()).unwrap_or("…"))
            }
        })
        .collect();
    entry.sort_unstable();
    entry.join(" ")
}

/// JSON whatever the order of its members, which the SDK leaves to chance.
fn digest_of(json: &Value, digest: &mut DefaultHasher) {
    match json {
        Value::Object(members) => {
            let mut names: Vec<_> = members.keys().collect();
            names.sort_unstable();
            for name in names {
                digest.write(name.as_bytes());
                digest_of(&members[name], digest);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| digest_of(value, digest)),
        other => digest.write(other.to_string().as_bytes()),
    }
}

/// Returns the number of the attempt in `attempt=2; max=8`.
fn attempt(header: &str) -> Option<u32> {
    let (_, rest) = header.split_once("attempt=")?;
    rest.split(';').next()?.trim().parse().ok()
}
