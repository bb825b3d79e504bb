//! The operations of the OpenAPI document that list items: partitions, access patterns,
//! collections.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use weir_model::relation::Scope;
use weir_model::{Entity, Model, Pattern};
use weir_table::{MAX_ACTIONS, MAX_BATCH_KEYS};

use super::builder::OperationBuilder;
use super::parameters::{condition, include, json_query, limit, pattern_parameters, query};
use super::schema::{cursor, key, listing, reference};
use crate::parameters::{LIST_DEFAULT, LIST_LIMIT};
use crate::routes::Operation;

/// Returns the listing of a partition.
pub(super) fn of_partition(model: &Model, entity: &Entity) -> Value {
    let summary = "lists the items of one partition in the order of the sort key";
    let list = OperationBuilder::new(Operation::List, "list", &entity.name, summary);
    complete(list, model, entity, &Pattern::of_table(entity))
}

/// Returns the listing of an access pattern.
pub(super) fn of_pattern(model: &Model, entity: &Entity, pattern: &Pattern) -> Value {
    let subject = format!("{}.{}", entity.name, pattern.name);
    let read =
        pattern.index.as_ref().map_or("the table".to_owned(), |name| format!("index {name}"));
    let summary = format!("lists items of one partition of {read} in the order of its sort key");
    let mut list = OperationBuilder::new(Operation::Query, "query", &subject, &summary);
    list.tag = &entity.name;
    complete(list, model, entity, pattern)
}

/// Returns the operation with the parameters and the answer of a list.
fn complete(
    mut list: OperationBuilder<'_>,
    model: &Model,
    entity: &Entity,
    pattern: &Pattern,
) -> Value {
    list.parameters = pattern_parameters(entity, pattern);
    list.parameters.extend(paging(pattern.descending));
    if pattern.index.is_none() {
        list.parameters.push(consistent());
    }
    list.parameters.extend(ranges(entity, pattern));
    list.parameters.extend([
        condition(entity),
        query("select", text(), "the attributes that are answered, with commas between"),
        query("count", flag(false), "whether the items are counted, not answered"),
    ]);
    list.parameters.extend(include(model, entity, &Scope::Many(pattern.common_attributes())));
    list.success(StatusCode::OK, "a page of items, or their number", Some(page(entity)))
}

/// Returns the listing of a collection of these entities.
pub(super) fn of_collection(name: &str, entities: &[&Entity]) -> Value {
    let summary = "lists the items of one partition by entity";
    let mut list = OperationBuilder::new(Operation::Collection, "collection", name, summary);
    list.tag = "collections";
    let first = entities[0];
    list.parameters = pattern_parameters(first, &Pattern::of_table(first));
    list.parameters.extend(paging(false));
    list.parameters.push(consistent());
    let of_entity = |entity: &&Entity| {
        let items = json!({ "type": "array", "items": reference(&entity.name) });
        (entity.name.clone(), items)
    };
    let mut properties: Map<String, Value> = entities.iter().map(of_entity).collect();
    properties.insert("cursor".to_owned(), cursor());
    let required: Vec<&String> = properties.keys().collect();
    let page = json!({ "type": "object", "required": required, "properties": properties });
    list.success(StatusCode::OK, "a page of items by entity", Some(page))
}

/// Returns the operation that gets many items by their keys.
pub(super) fn of_keys(model: &Model, entity: &Entity) -> Value {
    let summary = "gets many items by their keys";
    let mut many = OperationBuilder::new(Operation::BatchGet, "get_many", &entity.name, summary);
    let names = crate::paths::path_attributes(entity).join(", ");
    let description = format!("a list of objects of {names}, as JSON: at most {MAX_BATCH_KEYS}");
    let keys = json!({
        "type": "array", "minItems": 1, "maxItems": MAX_BATCH_KEYS, "items": key(entity),
    });
    many.parameters = vec![json_query("keys", true, keys, &description)];
    many.parameters.extend(include(model, entity, &Scope::Many(Vec::new())));
    let item = json!({ "oneOf": [reference(&entity.name), { "type": "null" }] });
    let unread = json!({
        "type": "array",
        "items": { "type": "integer" },
        "description": "the positions of keys to ask for again",
    });
    let properties = json!({ "items": { "type": "array", "items": item }, "unread": unread });
    let schema =
        json!({ "type": "object", "required": ["items", "unread"], "properties": properties });
    too_long(many.success(
        StatusCode::OK,
        "an item for each key, null where there is none",
        Some(schema),
    ))
}

/// Returns the operation that gets several items as they are at one moment.
pub(super) fn of_transact_get(model: &Model) -> Value {
    let summary = "gets several items of any entities as they are at one moment";
    let mut transact_get =
        OperationBuilder::new(Operation::TransactGet, "get", "transactions", summary);
    let description =
        format!("a list of objects of `entity` and `key`, as JSON: at most {MAX_ACTIONS}");
    let of_entity = |entity: &Entity| {
        let properties = json!({ "entity": { "const": entity.name }, "key": key(entity) });
        json!({
            "type": "object",
            "required": ["entity", "key"],
            "properties": properties,
            "additionalProperties": false,
        })
    };
    let wanted: Vec<_> = model.entities.iter().map(of_entity).collect();
    let items = json!({
        "type": "array", "minItems": 1, "maxItems": MAX_ACTIONS, "items": { "anyOf": wanted },
    });
    transact_get.parameters = vec![json_query("items", true, items, &description)];
    let of_any = model.entities.iter().map(|entity| reference(&entity.name));
    let of_any: Vec<_> = of_any.chain([json!({ "type": "null" })]).collect();
    let items = json!({ "type": "array", "items": { "anyOf": of_any } });
    let schema =
        json!({ "type": "object", "required": ["items"], "properties": { "items": items } });
    too_long(transact_get.success(
        StatusCode::OK,
        "an item for each, null where there is none",
        Some(schema),
    ))
}

/// Returns the operation, whose URL may be longer than gateways (414) and plain servers (431)
/// accept.
fn too_long(mut operation: Value) -> Value {
    let description = "the URL is too long; ask for fewer at a time";
    for status in ["414", "431"] {
        operation["responses"][status] = json!({ "description": description });
    }
    operation
}

fn paging(descending: bool) -> [Value; 3] {
    let default = if descending { "desc" } else { "asc" };
    [
        limit(&LIST_LIMIT, LIST_DEFAULT),
        query("order", json!({ "enum": ["asc", "desc"], "default": default }), "of the sort keys"),
        query("cursor", text(), "the cursor of the page before"),
    ]
}

fn consistent() -> Value {
    query("consistent", flag(true), "whether what was written before is seen; not so costs half")
}

/// Returns the parameters about the first attribute of the sort key that the path does not
/// determine.
fn ranges(entity: &Entity, pattern: &Pattern) -> Vec<Value> {
    let open = pattern.open_attributes(entity);
    let Some(first) = open.first().copied() else { return Vec::new() };
    let about = [
        ("begins_with", format!("what `{first}` begins with")),
        ("from", format!("the least `{first}`, included")),
        ("to", format!("the greatest `{first}`, excluded")),
        ("eq", format!("what `{first}` is")),
        ("gt", format!("what `{first}` is greater than")),
        ("gte", format!("the least `{first}`, included")),
        ("lt", format!("what `{first}` is less than")),
        ("lte", format!("the greatest `{first}`, included")),
        ("between", format!("the least and the greatest `{first}`, both included: a,b")),
    ];
    about.iter().map(|(name, description)| query(name, text(), description)).collect()
}

/// Returns the schema of a page of items, or of a count of them.
fn page(entity: &Entity) -> Value {
    let description = "how many were counted: of a part of the range if `cursor` is not null";
    let count = json!({ "type": "integer", "minimum": 0, "description": description });
    let properties = json!({ "count": count, "cursor": cursor() });
    let count =
        json!({ "type": "object", "required": ["count", "cursor"], "properties": properties });
    json!({ "oneOf": [listing(&entity.name), count] })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn flag(default: bool) -> Value {
    json!({ "enum": ["true", "false"], "default": default.to_string() })
}
