//! Operations of the OpenAPI document: the responses and problems that each has.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::media::JSON;
use super::schema::{self, reference};
use crate::form::DYNAMODB_JSON;
use crate::problem::{Kind, MEDIA_TYPE};
use crate::routes::Operation;

/// The problems that every operation on a table may meet.
const OF_DYNAMODB: [Kind; 5] =
    [Kind::Denied, Kind::Internal, Kind::Throttled, Kind::Unavailable, Kind::MissingTable];

/// An operation of the document, while it is built.
pub(super) struct OperationBuilder<'a> {
    operation: Operation,
    id: String,
    pub(super) tag: &'a str,
    summary: &'a str,
    pub(super) parameters: Vec<Value>,
    pub(super) body: Option<Value>,
}

impl<'a> OperationBuilder<'a> {
    /// Returns an operation without parameters. `subject` is its tag, too.
    pub(super) fn new(
        operation: Operation,
        verb: &str,
        subject: &'a str,
        summary: &'a str,
    ) -> Self {
        let id = format!("{verb}_{subject}");
        Self { operation, id, tag: subject, summary, parameters: Vec::new(), body: None }
    }

    /// Returns the finished operation, with this response beside its problems.
    pub(super) fn success(
        self,
        status: StatusCode,
        description: &str,
        schema: Option<Value>,
    ) -> Value {
        let mut success = json!({ "description": description });
        if let Some(schema) = schema {
            success["content"] = content(self.operation, schema);
        }
        if self.operation.method() != Method::GET {
            success["headers"] = headers_of_write();
        }
        let mut responses = Map::from_iter([(status.as_str().to_owned(), success)]);
        responses.extend(problems(self.operation));
        let mut operation = json!({
            "operationId": self.id,
            "tags": [self.tag],
            "summary": self.summary,
            "parameters": self.parameters,
            "responses": responses,
        });
        if let Some(schema) = self.body {
            let content = json!({ JSON: { "schema": schema } });
            operation["requestBody"] = json!({ "required": true, "content": content });
        }
        operation
    }
}

/// Returns the headers of an answer to a write.
pub(super) fn headers_of_write() -> Value {
    let description = "the token of the write, for the parameter `after` of rollup questions; \
                       absent where DynamoDB does not date its answers";
    json!({ "Weir-Token": { "schema": { "type": "string" }, "description": description } })
}

/// Returns the problems of an operation, by status.
fn problems(operation: Operation) -> Vec<(String, Value)> {
    let common = if operation.asks_dynamodb() { &OF_DYNAMODB[..] } else { &[] };
    let mut by_status: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for kind in operation.problems().iter().chain(common) {
        let entry = kind.entry();
        let lines = by_status.entry(entry.status.as_u16()).or_default();
        lines.push(format!("`{}`: {}", kind.type_uri(), entry.doc));
    }
    let schema = json!({ MEDIA_TYPE: { "schema": reference(schema::PROBLEM) } });
    by_status
        .into_iter()
        .map(|(status, lines)| {
            let response = json!({ "description": lines.join("\n\n"), "content": schema });
            (status.to_string(), response)
        })
        .collect()
}

/// Returns the content of a response, in each form that the operation has.
pub(super) fn content(operation: Operation, schema: Value) -> Value {
    let mut content = json!({ JSON: { "schema": schema } });
    if operation.answers_items() {
        content[DYNAMODB_JSON] = json!({ "schema": { "type": "object" } });
    }
    content
}
