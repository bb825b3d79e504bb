//! Parameters of operations in the OpenAPI document: of paths, queries and headers.

use std::ops::RangeInclusive;

use serde_json::{Value, json};
use weir_model::relation::{MAX_INCLUDES, Scope};
use weir_model::{Entity, Include, Model, Pattern};

use super::keys::{given, in_path};
use super::media::JSON;
use super::schema;
use crate::idempotency::{IDEMPOTENCY_KEY, MAX_KEY_BYTES};

/// Returns the parameters of a path of these attributes.
pub(super) fn path_parameters(entity: &Entity, names: &[&str]) -> Vec<Value> {
    let attributes = names.iter().filter_map(|name| entity.attribute(name));
    attributes
        .map(|known| {
            let schema = in_path(entity, known, schema::attribute(known));
            parameter("path", &known.name, true, schema, "a part of the key")
        })
        .collect()
}

/// Returns the parameters of the path of a list: each attribute in full, or as the keys have it.
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

/// Returns the parameter `limit`.
pub(super) fn limit(range: &RangeInclusive<u32>, default: u32) -> Value {
    let schema = json!({
        "type": "integer", "minimum": range.start(), "maximum": range.end(), "default": default,
    });
    query("limit", schema, "the most that a page has")
}

/// Returns a parameter of the query.
pub(super) fn query(name: &str, schema: Value, description: &str) -> Value {
    parameter("query", name, false, schema, description)
}

/// Returns a parameter whose text is JSON of this schema.
pub(super) fn json_query(name: &str, required: bool, schema: Value, description: &str) -> Value {
    json!({
        "name": name,
        "in": "query",
        "required": required,
        "content": { JSON: { "schema": schema } },
        "description": description,
    })
}

/// Returns the parameter `where`.
pub(super) fn condition(entity: &Entity) -> Value {
    let schema = schema::condition(entity);
    json_query(
        "where",
        false,
        schema,
        "what must hold of the item, as JSON: {\"status\":\"placed\"}",
    )
}

/// Returns the header `If-Match`.
pub(super) fn if_match(entity: &Entity) -> Value {
    let any = json!({ "enum": ["*"] });
    if entity.version().is_none() {
        return header("If-Match", any, "`*`: only if there is an item");
    }
    let versions = json!({ "type": "string", "pattern": r#"^"[0-9]{1,18}"(, ?"[0-9]{1,18}")*$"# });
    let description =
        "an `ETag`: only if the item still has this version; `*`: only if there is one";
    header("If-Match", json!({ "anyOf": [any, versions] }), description)
}

/// Returns the header of the idempotency key.
pub(super) fn idempotency_key() -> Value {
    let description =
        "a key of 1 to 36 characters: a request sent again with it within ten minutes is done once";
    // Visible characters of ASCII: white space at its ends would not be of it.
    let pattern = format!("^[!-~]{{1,{MAX_KEY_BYTES}}}$");
    header(IDEMPOTENCY_KEY, json!({ "type": "string", "pattern": pattern }), description)
}

/// Returns a header.
pub(super) fn header(name: &str, schema: Value, description: &str) -> Value {
    parameter("header", name, false, schema, description)
}

/// Returns a parameter at a place: `path`, `query` or `header`.
pub(super) fn parameter(
    place: &str,
    name: &str,
    required: bool,
    schema: Value,
    description: &str,
) -> Value {
    json!({
        "name": name,
        "in": place,
        "required": required,
        "schema": schema,
        "description": description,
    })
}

/// Returns the parameter `include`; `None` if no relation may be asked for.
pub(super) fn include(model: &Model, entity: &Entity, scope: &Scope<'_>) -> Option<Value> {
    let paths = Include::paths(model, entity, scope);
    let items = json!({ "enum": paths });
    let schema =
        json!({ "type": "array", "items": items, "maxItems": MAX_INCLUDES, "uniqueItems": true });
    let description = "the related items that are answered as members, with commas between";
    let mut parameter = query("include", schema, description);
    parameter["style"] = Value::from("form");
    parameter["explode"] = Value::from(false);
    (!paths.is_empty()).then_some(parameter)
}
