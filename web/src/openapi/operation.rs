//! The operations of the OpenAPI document: the parameters and the answer of each route.

use axum::http::StatusCode;
use serde_json::{Value, json};
use weir_model::relation::Scope;
use weir_model::{Entity, Model, Unique};

use super::builder::{OperationBuilder, content, headers_of_write};
use super::parameters::{
    condition, header, idempotency_key, if_match, include, path_parameters, query,
};
use super::schema::{self, reference};
use crate::body::MAX_BATCH_ROWS;
use crate::paths::path_attributes;
use crate::routes::Operation;

/// Returns an operation on an entity's items.
pub(super) fn of_entity(model: &Model, operation: Operation, entity: &Entity) -> Value {
    let name = &entity.name;
    let item = || Some(reference(name));
    let input = format!("{name}.input");
    match operation {
        Operation::Create => {
            let mut created = OperationBuilder::new(operation, "create", name, "creates an item");
            created.body = Some(reference(&input));
            created.parameters.push(idempotency_key());
            created.success(StatusCode::CREATED, "the item; `Location` is its path", item())
        }
        Operation::Replace => {
            let summary = "replaces an item, or creates it at its path";
            let mut replaced = OperationBuilder::new(operation, "replace", name, summary);
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
            let mut deleted = OperationBuilder::new(operation, "delete", name, "deletes an item");
            deleted.parameters = path_parameters(entity, &path_attributes(entity));
            deleted.parameters.push(condition(entity));
            let returns = json!({ "enum": ["nothing", "item"], "default": "nothing" });
            let description = "`item`: the answer is 200 and the item as it was";
            deleted.parameters.push(query("return", returns, description));
            deleted.parameters.push(if_match(entity));
            let mut operation = deleted.success(StatusCode::NO_CONTENT, "it is deleted", None);
            let content = content(Operation::Delete, reference(name));
            operation["responses"]["200"] = json!({
                "description": "the item as it was",
                "headers": headers_of_write(),
                "content": content,
            });
            operation
        }
        Operation::Update => {
            let summary = "updates an item that is there";
            let mut updated = OperationBuilder::new(operation, "update", name, summary);
            updated.body = Some(schema::update());
            updated.parameters = path_parameters(entity, &path_attributes(entity));
            let creates = json!({ "enum": ["false", "true"], "default": "false" });
            let description = "whether an item that is not there is created, if the update says \
                               all that is required of it";
            updated.parameters.push(query("create", creates, description));
            updated.parameters.push(if_match(entity));
            updated.success(StatusCode::OK, "the item as it has become", item())
        }
        Operation::Batch => {
            let summary = "puts many items; each row is checked and counted by itself";
            let mut batch = OperationBuilder::new(operation, "batch", name, summary);
            let items = reference(&input);
            batch.body =
                Some(json!({ "type": "array", "maxItems": MAX_BATCH_ROWS, "items": items }));
            let report = Some(reference(schema::BATCH_REPORT));
            batch.success(StatusCode::OK, "what became of each row", report)
        }
        Operation::BatchGet => super::lists::of_keys(model, entity),
        Operation::List => super::lists::of_partition(model, entity),
        _ => {
            let mut got = OperationBuilder::new(operation, "get", name, "gets an item");
            got.parameters = path_parameters(entity, &path_attributes(entity));
            got.parameters.extend(include(model, entity, &Scope::One));
            got.success(StatusCode::OK, "the item", item())
        }
    }
}

/// Returns an operation on the item that has the values of a unique constraint.
pub(super) fn of_unique(operation: Operation, entity: &Entity, unique: &Unique) -> Value {
    let names: Vec<_> = unique.attributes.iter().map(String::as_str).collect();
    let subject = format!("{}.{}", entity.name, names.join("."));
    let parameters = path_parameters(entity, &names);
    let item = || Some(reference(&entity.name));
    if operation == Operation::GetUnique {
        let summary = format!("gets the item by its {}", names.join(" and "));
        let mut got = OperationBuilder::new(operation, "find", &subject, &summary);
        (got.tag, got.parameters) = (&entity.name, parameters);
        return got.success(StatusCode::OK, "the item", item());
    }
    let summary = format!(
        "creates an item, or sets what is given in the one that has the same {}",
        names.join(" and ")
    );
    let mut written = OperationBuilder::new(operation, "upsert", &subject, &summary);
    let body = schema::upsert(entity, &names);
    (written.tag, written.parameters, written.body) = (&entity.name, parameters, Some(body));
    let mut operation = written.success(StatusCode::OK, "the item as it has become", item());
    let mut created = operation["responses"]["200"].clone();
    created["description"] = "the item, which is new; `Location` is its path".into();
    operation["responses"]["201"] = created;
    operation
}

/// Returns the operation of many writes.
pub(super) fn of_batch(model: &Model) -> Value {
    let summary =
        "puts and deletes many items of any entities; each is checked and counted by itself";
    let mut batch = OperationBuilder::new(Operation::BatchAny, "write", "batch", summary);
    batch.body = Some(schema::batch(model));
    batch.success(StatusCode::OK, "what became of each row", Some(reference(schema::BATCH_REPORT)))
}

/// Returns the operation of several actions.
pub(super) fn of_transactions(model: &Model) -> Value {
    let summary = "does up to 100 actions on items of any entities, or none of them";
    let mut answer = OperationBuilder::new(Operation::Transact, "do", "transactions", summary);
    answer.body = Some(schema::transaction(model));
    answer.parameters.push(idempotency_key());
    let paths = json!({ "type": "array", "items": { "type": "string" } });
    let schema =
        json!({ "type": "object", "required": ["paths"], "properties": { "paths": paths } });
    answer.success(StatusCode::OK, "all are done; the path of each action's item", Some(schema))
}

/// Returns an operation of the service itself.
pub(super) fn of_service(operation: Operation) -> Value {
    let (verb, subject, summary, schema) = match operation {
        Operation::Rollups => ("list", "rollups", "lists the rollups", reference(schema::ROLLUPS)),
        Operation::OpenApi => ("get", "openapi", "this document", json!({ "type": "object" })),
        _ => ("get", "health", "says that the service runs", json!({ "type": "object" })),
    };
    let mut answer = OperationBuilder::new(operation, verb, subject, summary);
    answer.tag = if operation == Operation::Rollups { "rollups" } else { "service" };
    answer.success(StatusCode::OK, summary, Some(schema))
}

/// Returns the required names of a body beside those that the path gives.
fn required_beside(given: &[&str], required: &Value) -> Value {
    let names = required.as_array().into_iter().flatten();
    names.filter(|name| !name.as_str().is_some_and(|name| given.contains(&name))).cloned().collect()
}
