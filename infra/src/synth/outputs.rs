//! The outputs of the stack.

use serde_json::{Map, Value, json};

use super::intrinsics::{attribute, either, reference};
use super::logical_ids::{API, QUEUE, ROLLUPS};
use super::parameters::when;
use super::resources::Options;

/// The output that says what authorises requests, and what it says where tokens do.
pub(crate) const AUTHORIZATION: &str = "Authorization";
pub(crate) const BY_TOKENS: &str = "JWT";

/// Returns the section `Outputs`.
pub(super) fn section(options: &Options) -> Value {
    let mut outputs = Map::new();
    let mut add = |name: String, description: &str, value: Value| {
        drop(outputs.insert(name, json!({ "Description": description, "Value": value })));
    };
    add("ApiUrl".to_owned(), "Where items and rollups are served", attribute(API, "ApiEndpoint"));
    let way = either(when::JWT, json!(BY_TOKENS), json!("AWS_IAM"));
    add(AUTHORIZATION.to_owned(), "What authorises requests to it", way);
    add("TableName".to_owned(), "The table of items", options.table_name());
    add("RollupsTableName".to_owned(), "The table of rollups", reference(ROLLUPS));
    add("StreamArn".to_owned(), "The stream of the table of items", options.stream_arn());
    for function in options.functions() {
        let id = function.logical_id();
        add(format!("{id}Arn"), &format!("The {}", function.program()), attribute(id, "Arn"));
    }
    add("OnFailureQueueUrl".to_owned(), "What the processor was never told", reference(QUEUE));
    Value::Object(outputs)
}
