//! The operations of the OpenAPI document: what each route takes and answers.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use axum::http::StatusCode;
use model::relation::Scope;
use model::{Entity, Model, Pattern, Unique};
use serde_json::{Map, Value, json};

use super::keys::{given, in_path};
use super::schema::{self, reference};
use crate::body::MAX_BATCH_ROWS;
use crate::form::DYNAMODB_JSON;
use crate::idempotency::{IDEMPOTENCY_KEY, MAX_KEY_BYTES};
use crate::paths::path_attributes;
use crate::problem::{Kind, MEDIA_TYPE};
use crate::routes::Operation;

const JSON: &str = "application/json";
/// The problems that every operation on a table may meet.
const OF_DYNAMODB: [Kind; 5] =
    [Kind::Denied, Kind::Internal, Kind::Throttled, Kind::Unavailable, Kind::MissingTable];

/// An operation on an entity's items.
pub(super) fn of_entity(model: &Model, operation: Operation, entity: &Entity) -> Value {
    let name = &entity.name;
    let item = || Some(reference(name));
    let input = format!("{name}.input");
    match operation {
        Operation::Create => {
            let mut created = Answer::new(operation, "create", name, "creates an item");
            created.body = Some(reference(&input));
            created.parameters.push(idempotency_key());
            created.success(StatusCode::CREATED, "the item; `Location` is its path", item())
        }
        Operation::Replace => {
            let summary = "replaces an item, or creates it at its path";
            let mut replaced = Answer::new(operation, "replace", name, summary);
            let mut body = schema::input(entity);
            body["required"] = required_beside(&path_attributes(entity), &body["required"]);
            replaced.body = Some(body);
            replaced.parameters = path_parameters(entity, &path_attributes(entity));
            replaced.parameters.push(condition(entity));
            replaced.parameters.push(if_match(entity));
            let creates = "`*`: only where there is no item";
            replaced.parameters.push(header("If-None-Match", json!({ "enum": ["*"] }), creates));
            replaced.success(StatusCode::OK, "the item", item())
        }
        Operation::Delete => {
            let mut deleted = Answer::new(operation, "delete", name, "deletes an item");
            deleted.parameters = path_parameters(entity, &path_attributes(entity));
            deleted.parameters.push(condition(entity));
            let returns = json!({ "enum": ["nothing", "item"], "default": "nothing" });
            let description = "`item`: the answer is 200 and the item as it was";
            deleted.parameters.push(query("return", returns, description));
            deleted.parameters.push(if_match(entity));
            let mut operation = deleted.success(StatusCode::NO_CONTENT, "it is deleted", None);
            let content = content(Operation::Delete, reference(name));
            operation["responses"]["200"] =
                json!({ "description": "the item as it was", "content": content });
            operation
        }
        Operation::Update => {
            let summary = "updates an item that is there";
            let mut updated = Answer::new(operation, "update", name, summary);
            updated.body = Some(schema::update());
            updated.parameters = path_parameters(entity, &path_attributes(entity));
            let creates = json!({ "enum": ["false", "true"], "default": "false" });
            let description = "whether an item that is not there is created, if the update says all that is required of it";
            updated.parameters.push(query("create", creates, description));
            updated.parameters.push(if_match(entity));
            updated.success(StatusCode::OK, "the item as it has become", item())
        }
        Operation::Batch => {
            let summary = "puts many items; each row is checked and counted by itself";
            let mut batch = Answer::new(operation, "batch", name, summary);
            let items = reference(&input);
            batch.body =
                Some(json!({ "type": "array", "maxItems": MAX_BATCH_ROWS, "items": items }));
            let report = Some(reference(schema::BATCH_REPORT));
            batch.success(StatusCode::OK, "what became of each row", report)
        }
        Operation::GetMany => super::lists::of_keys(model, entity),
        Operation::List => super::lists::of_partition(model, entity),
        _ => {
            let mut got = Answer::new(operation, "get", name, "gets an item");
            got.parameters = path_parameters(entity, &path_attributes(entity));
            got.parameters.extend(super::lists::include(model, entity, &Scope::One));
            got.success(StatusCode::OK, "the item", item())
        }
    }
}

/// An operation on the item that has the values of a unique constraint.
pub(super) fn of_unique(operation: Operation, entity: &Entity, unique: &Unique) -> Value {
    let names: Vec<_> = unique.attributes.iter().map(String::as_str).collect();
    let subject = format!("{}.{}", entity.name, names.join("."));
    let parameters = path_parameters(entity, &names);
    let item = || Some(reference(&entity.name));
    if operation == Operation::GetUnique {
        let summary = format!("gets the item by its {}", names.join(" and "));
        let mut got = Answer::new(operation, "find", &subject, &summary);
        (got.tag, got.parameters) = (&entity.name, parameters);
        return got.success(StatusCode::OK, "the item", item());
    }
    let summary = format!(
        "creates an item, or sets what is given in the one that has the same {}",
        names.join(" and ")
    );
    let mut written = Answer::new(operation, "upsert", &subject, &summary);
    let body = schema::upsert(entity, &names);
    (written.tag, written.parameters, written.body) = (&entity.name, parameters, Some(body));
    let mut operation = written.success(StatusCode::OK, "the item as it has become", item());
    let mut created = operation["responses"]["200"].clone();
    created["description"] = "the item, which is new; `Location` is its path".into();
    operation["responses"]["201"] = created;
    operation
}

/// Many writes at once.
pub(super) fn of_batch(model: &Model) -> Value {
    let summary =
        "puts and deletes many items of any entities; each is checked and counted by itself";
    let mut batch = Answer::new(Operation::BatchAny, "write", "batch", summary);
    batch.body = Some(schema::batch(model));
    batch.success(StatusCode::OK, "what became of each row", Some(reference(schema::BATCH_REPORT)))
}

/// Several actions at once.
pub(super) fn of_transactions(model: &Model) -> Value {
    let summary = "does up to 100 actions on items of any entities, or none of them";
    let mut answer = Answer::new(Operation::Transact, "do", "transactions", summary);
    answer.body = Some(schema::transaction(model));
    answer.parameters.push(idempotency_key());
    let paths = json!({ "type": "array", "items": { "type": "string" } });
    let schema =
        json!({ "type": "object", "required": ["paths"], "properties": { "paths": paths } });
    answer.success(StatusCode::OK, "all are done; the path of each action's item", Some(schema))
}

/// What is no entity's and no rollup's.
pub(super) fn of_service(operation: Operation) -> Value {
    let (verb, subject, summary, schema) = match operation {
        Operation::Rollups => ("list", "rollups", "lists the rollups", reference(schema::ROLLUPS)),
        Operation::OpenApi => ("get", "openapi", "this document", json!({ "type": "object" })),
        _ => ("get", "health", "says that the service runs", json!({ "type": "object" })),
    };
    let mut answer = Answer::new(operation, verb, subject, summary);
    answer.tag = if operation == Operation::Rollups { "rollups" } else { "service" };
    answer.success(StatusCode::OK, summary, Some(schema))
}

/// An operation in the making.
pub(super) struct Answer<'a> {
    operation: Operation,
    id: String,
    pub(super) tag: &'a str,
    summary: &'a str,
    pub(super) parameters: Vec<Value>,
    body: Option<Value>,
}

impl<'a> Answer<'a> {
    pub(super) fn new(
        operation: Operation,
        verb: &str,
        subject: &'a str,
        summary: &'a str,
    ) -> Self {
        let id = format!("{verb}_{subject}");
        Self { operation, id, tag: subject, summary, parameters: Vec::new(), body: None }
    }

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

/// The problems of an operation, by status.
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

/// What an operation answers, in each form that it has.
fn content(operation: Operation, schema: Value) -> Value {
    let mut content = json!({ JSON: { "schema": schema } });
    if operation.answers_items() {
        content[DYNAMODB_JSON] = json!({ "schema": { "type": "object" } });
    }
    content
}

pub(super) fn path_parameters(entity: &Entity, names: &[&str]) -> Vec<Value> {
    let attributes = names.iter().filter_map(|name| entity.attribute(name));
    attributes
        .map(|known| {
            let schema = in_path(entity, known, schema::attribute(known));
            parameter("path", &known.name, true, schema, "a part of the key")
        })
        .collect()
}

/// The path of a list: each attribute in full, or as the keys have it.
pub(super) fn pattern_parameters(entity: &Entity, pattern: &Pattern) -> Vec<Value> {
    let names = pattern.given_attributes();
    let attributes = names.into_iter().filter_map(|name| entity.attribute(name));
    attributes
        .map(|known| {
            let schema = in_path(entity, known, schema::attribute(known));
            let schema = given(pattern, known, schema);
            parameter("path", &known.name, true, schema, "a part of the key")
        })
        .collect()
}

/// What a body must have although the path gives these.
fn required_beside(given: &[&str], required: &Value) -> Value {
    let names = required.as_array().into_iter().flatten();
    names.filter(|name| !name.as_str().is_some_and(|name| given.contains(&name))).cloned().collect()
}

pub(super) fn limit(range: &RangeInclusive<u32>, default: u32) -> Value {
    let schema = json!({
        "type": "integer", "minimum": range.start(), "maximum": range.end(), "default": default,
    });
    query("limit", schema, "the most that a page has")
}

pub(super) fn query(name: &str, schema: Value, description: &str) -> Value {
    parameter("query", name, false, schema, description)
}

/// A parameter whose text is JSON of this schema.
pub(super) fn json_query(name: &str, required: bool, schema: Value, description: &str) -> Value {
    json!({
        "name": name,
        "in": "query",
        "required": required,
        "content": { JSON: { "schema": schema } },
        "description": description,
    })
}

/// What must hold of an item, or of those that are listed.
pub(super) fn condition(entity: &Entity) -> Value {
    let schema = schema::condition(entity);
    json_query(
        "where",
        false,
        schema,
        "what must hold of the item, as JSON: {\"status\":\"placed\"}",
    )
}

fn if_match(entity: &Entity) -> Value {
    let any = json!({ "enum": ["*"] });
    if entity.version().is_none() {
        return header("If-Match", any, "`*`: only if there is an item");
    }
    let versions = json!({ "type": "string", "pattern": r#"^"[0-9]{1,18}"(, ?"[0-9]{1,18}")*$"# });
    let description =
        "an `ETag`: only if the item still has this version; `*`: only if there is one";
    header("If-Match", json!({ "anyOf": [any, versions] }), description)
}

fn idempotency_key() -> Value {
    let description =
        "a key of 1 to 36 characters: a request sent again with it within ten minutes is done once";
    // Visible characters of ASCII: white space at its ends would not be of it.
    let pattern = format!("^[!-~]{{1,{MAX_KEY_BYTES}}}$");
    header(IDEMPOTENCY_KEY, json!({ "type": "string", "pattern": pattern }), description)
}

fn header(name: &str, schema: Value, description: &str) -> Value {
    parameter("header", name, false, schema, description)
}

pub(super) fn parameter(
    place: &str,
    name: &str,
    required: bool,
    schema: Value,
    description: &str,
) -> Value {
    json!({
        "name": name, "in": place, "required": required, "schema": schema, "description": description,
    })
}
