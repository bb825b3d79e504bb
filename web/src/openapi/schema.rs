//! The schemas of the OpenAPI document: items, answers, problems.

use serde_json::{Map, Value, json};
use weir_model::attribute::{DefaultValue, SetItems};
use weir_model::instant::TimestampFormat;
use weir_model::limits::MAX_ERRORS;
use weir_model::value::{decode, number_to_json};
use weir_model::{Attribute, AttributeType, Entity, Members, Model, Number, Relation, Verb};
use weir_table::MAX_ACTIONS;

use super::keys::{in_path, narrowed};
use crate::body::MAX_BATCH_ROWS;
use crate::problem::Kind;

/// The schema of a batch's report.
pub(super) const BATCH_REPORT: &str = "batch.report";
/// The schema of the list of rollups.
pub(super) const ROLLUPS: &str = "rollups.list";
/// The schema of a problem.
pub(super) const PROBLEM: &str = "http.problem";

/// Base64 with its padding.
const BASE64: &str =
    "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$";

/// Returns a reference to a schema.
pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// Whether something is answered or sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// Answered: without hidden attributes.
    Answered,
    /// Sent: attributes that have a default may be left out.
    Sent,
    /// Sent, and never answered: as sent, without the values of defaults.
    Hidden,
}

impl Side {
    /// Returns the side of an attribute's values and members.
    fn within(self, attribute: &Attribute) -> Self {
        if attribute.hidden && self == Self::Sent { Self::Hidden } else { self }
    }
}

/// Returns an item as it is answered.
pub(super) fn item(entity: &Entity) -> Value {
    let mut schema = object(&entity.attributes, Side::Answered);
    for relation in &entity.relations {
        schema["properties"][&relation.name] = related(relation);
    }
    schema
}

/// Returns the schema of the related items in an answer.
fn related(relation: &Relation) -> Value {
    let item = reference(&relation.to);
    if !relation.is_many() {
        let description = "if it is included; null where there is none";
        return json!({ "oneOf": [item, { "type": "null" }], "description": description });
    }
    let mut page = listing(&relation.to);
    page["description"] = Value::from("the first of them, if they are included");
    page
}

/// Returns an item as it is sent: attributes that have a default may be left out, or null; what the
/// library keeps is not sent.
pub(super) fn input(entity: &Entity) -> Value {
    sent(entity, &[])
}

/// Returns an item as it is sent to be found by these attributes: those, and those of its key, may
/// be left out.
pub(super) fn upsert(entity: &Entity, found_by: &[&str]) -> Value {
    sent(entity, &[found_by, &entity.key_attributes()].concat())
}

fn sent(entity: &Entity, known_otherwise: &[&str]) -> Value {
    let is_given = |attribute: &&Attribute| attribute.kept.is_none();
    let is_needed = |known: &Attribute| known.required && known.default.is_none();
    let path = entity.key_attributes();
    let in_paths = crate::parts::attributes(entity);
    let mut required = Vec::new();
    let mut properties = Map::new();
    for known in entity.attributes.iter().filter(is_given) {
        let is_in_path = path.contains(&known.name.as_str());
        let schema = match in_paths.contains(&&*known.name) {
            true => in_path(entity, known, attribute(known)),
            false => narrowed(entity, known, attribute(known)),
        };
        let is_needed = is_needed(known) || is_in_path && known.default.is_none();
        if is_needed && !known_otherwise.contains(&known.name.as_str()) {
            required.push(known.name.as_str());
            properties.insert(known.name.clone(), schema);
        } else {
            properties.insert(known.name.clone(), or_null(schema));
        }
    }
    json!({
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": false,
    })
}

/// Returns a schema that allows null too.
fn or_null(mut schema: Value) -> Value {
    if let Some(Value::String(kind)) = schema.get("type") {
        schema["type"] = json!([kind, "null"]);
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.push(Value::Null);
    }
    schema
}

/// Returns an update: verbs, each with the paths and values that it is about, and a condition.
pub(super) fn update() -> Value {
    let verbs = Verb::EVERY.map(|(name, verb)| {
        let schema = match verb {
            Verb::Remove => json!({ "type": "array", "items": { "type": "string" } }),
            _ => json!({ "type": "object" }),
        };
        (name.to_owned(), schema)
    });
    let mut properties: Map<String, Value> = verbs.into_iter().collect();
    properties.insert("where".to_owned(), json!({ "type": "object" }));
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// Returns the key of an item: the attributes of its path.
pub(super) fn key(entity: &Entity) -> Value {
    let names = entity.key_attributes();
    let attributes = names.iter().filter_map(|name| entity.attribute(name));
    let properties: Map<String, Value> = attributes
        .map(|known| (known.name.clone(), narrowed(entity, known, attribute(known))))
        .collect();
    json!({
        "type": "object",
        "required": names,
        "properties": properties,
        "additionalProperties": false,
    })
}

/// Returns the schema of a condition: an object of attributes or paths, with values or operators.
pub(super) fn condition(entity: &Entity) -> Value {
    let asked = entity.attributes.iter().filter(|attribute| !attribute.hidden);
    let names: Vec<_> = asked.map(|attribute| attribute.name.as_str()).collect();
    let description = format!(
        "by attribute ({}), or a path into one, a value, a list of values or operators; `and`, \
         `or`, `not`",
        names.join(", ")
    );
    let pattern = format!(r"^(and|or|not|({})([.\[].*)?)$", names.join("|"));
    json!({ "type": "object", "propertyNames": { "pattern": pattern }, "description": description })
}

/// Returns the rows of a batch of any entities.
pub(super) fn batch(model: &Model) -> Value {
    let properties = action(model, &["put", "delete"]);
    let row = json!({
        "type": "object",
        "required": ["action", "entity"],
        "properties": properties,
        "additionalProperties": false,
    });
    json!({ "type": "array", "maxItems": MAX_BATCH_ROWS, "items": row })
}

/// Returns the actions of a transaction.
pub(super) fn transaction(model: &Model) -> Value {
    let actions = ["create", "put", "patch", "update", "delete", "remove", "check"];
    let mut row = update();
    row["required"] = json!(["action", "entity"]);
    for (name, schema) in action(model, &actions) {
        row["properties"][name] = schema;
    }
    json!({ "type": "array", "minItems": 1, "maxItems": MAX_ACTIONS, "items": row })
}

/// Returns the properties of an action: its kind, its entity and its item.
fn action(model: &Model, actions: &[&str]) -> Map<String, Value> {
    let entities: Vec<_> = model.entities.iter().map(|entity| entity.name.as_str()).collect();
    let item = json!({ "type": "object", "description": "the item, for what makes one" });
    let key =
        json!({ "type": "object", "description": "the attributes of its path, for the others" });
    Map::from_iter(
        [
            ("action", json!({ "enum": actions })),
            ("entity", json!({ "enum": entities })),
            ("item", item),
            ("key", key),
        ]
        .map(named),
    )
}

fn object(attributes: &[Attribute], side: Side) -> Value {
    let has = |known: &&Attribute| side != Side::Answered || !known.hidden;
    let must_have = |known: &&Attribute| match side {
        Side::Answered => known.is_always_present(),
        Side::Sent | Side::Hidden => known.required && known.default.is_none(),
    };
    let required: Vec<_> =
        attributes.iter().filter(has).filter(must_have).map(|known| &known.name).collect();
    let properties: Map<String, Value> = attributes
        .iter()
        .filter(has)
        .map(|known| {
            let schema = of_attribute(known, side);
            let may_be_null = side != Side::Answered && !must_have(&known);
            (known.name.clone(), if may_be_null { or_null(schema) } else { schema })
        })
        .collect();
    let mut schema = json!({ "type": "object", "required": required, "properties": properties });
    if side != Side::Answered {
        schema["additionalProperties"] = Value::Bool(false);
    }
    schema
}

/// Returns the values of an attribute that is part of a key or names a group.
pub(super) fn attribute(attribute: &Attribute) -> Value {
    of_attribute(attribute, Side::Sent)
}

fn of_attribute(attribute: &Attribute, side: Side) -> Value {
    let side = side.within(attribute);
    let mut schema = of_type(&attribute.kind, side);
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            schema[name] = value;
        }
    };
    let rules = &attribute.rules;
    let number = |number: &Number| number_to_json(&number.to_string());
    set("pattern", rules.pattern.as_ref().map(|pattern| pattern.as_str().into()));
    set("minimum", rules.min.as_ref().map(number));
    set("maximum", rules.max.as_ref().map(number));
    let (least, most) = lengths(&attribute.kind);
    set(least, rules.min_length.map(Value::from));
    set(most, rules.max_length.map(Value::from));
    match &attribute.default {
        // A value of the definition that items have: no caller may read it here.
        Some(DefaultValue::Value(_) | DefaultValue::Json(_))
            if side == Side::Hidden || attribute.hides_parts() => {}
        Some(DefaultValue::Value(value)) => set("default", Some(decode(value))),
        Some(DefaultValue::Json(json)) => set("default", Some(json.clone())),
        Some(DefaultValue::Uuid) => set("description", Some("a new UUID if absent".into())),
        Some(DefaultValue::Ulid) => set("description", Some("a new ULID if absent".into())),
        Some(DefaultValue::Now) => {
            set("description", Some("the time of the write if absent".into()))
        }
        None => {}
    }
    schema
}

/// Returns the names that JSON Schema has for the least and the greatest length of a type.
fn lengths(kind: &AttributeType) -> (&'static str, &'static str) {
    match kind {
        AttributeType::Set(_) | AttributeType::List(_) => ("minItems", "maxItems"),
        AttributeType::Map(_) => ("minProperties", "maxProperties"),
        _ => ("minLength", "maxLength"),
    }
}

/// Returns the group of a rollup by one value of that type.
pub(super) fn group(kind: &AttributeType) -> Value {
    of_type(&kind.of_one(), Side::Answered)
}

fn of_type(kind: &AttributeType, side: Side) -> Value {
    match kind {
        AttributeType::String => json!({ "type": "string" }),
        AttributeType::Number => json!({ "type": "number" }),
        AttributeType::Integer => json!({ "type": "integer" }),
        AttributeType::Decimal { scale } => {
            let unit = Number::from_units(1, *scale).to_string();
            json!({ "type": "number", "multipleOf": number_to_json(&unit) })
        }
        AttributeType::Boolean => json!({ "type": "boolean" }),
        AttributeType::Enum { values } => json!({ "type": "string", "enum": values }),
        AttributeType::Timestamp(TimestampFormat::Epoch) => {
            json!({ "type": "integer", "description": "seconds since 1970-01-01T00:00:00Z" })
        }
        AttributeType::Timestamp(TimestampFormat::EpochMs) => {
            json!({ "type": "integer", "description": "milliseconds since 1970-01-01T00:00:00Z" })
        }
        AttributeType::Timestamp(_) => json!({ "type": "string", "format": "date-time" }),
        AttributeType::Binary => {
            json!({ "type": "string", "contentEncoding": "base64", "pattern": BASE64 })
        }
        AttributeType::Set(items) => {
            let member = match items {
                SetItems::String => json!({ "type": "string" }),
                SetItems::Number => json!({ "type": "number" }),
                SetItems::Binary => {
                    json!({ "type": "string", "contentEncoding": "base64", "pattern": BASE64 })
                }
            };
            json!({ "type": "array", "items": member, "uniqueItems": true, "minItems": 1 })
        }
        AttributeType::List(None) => json!({ "type": "array" }),
        AttributeType::List(Some(rule)) => {
            json!({ "type": "array", "items": of_attribute(rule, side) })
        }
        AttributeType::Map(Members::Any) => json!({ "type": "object" }),
        AttributeType::Map(Members::Each(rule)) => {
            json!({ "type": "object", "additionalProperties": of_attribute(rule, side) })
        }
        AttributeType::Map(Members::Named(attributes)) => object(attributes, side),
        AttributeType::Any => json!({}),
    }
}

/// Returns the schema of a cursor.
pub(super) fn cursor() -> Value {
    let description = "the `cursor` of the next page; null if this page is the last. A page can \
                       have fewer entries than `limit`, or none, and still have a cursor";
    json!({ "type": ["string", "null"], "description": description })
}

/// Returns a page of an entity's items.
pub(super) fn listing(entity: &str) -> Value {
    let items = json!({ "type": "array", "items": reference(entity) });
    let properties = json!({ "items": items, "cursor": cursor() });
    json!({ "type": "object", "required": ["items", "cursor"], "properties": properties })
}

pub(super) fn batch_report() -> Value {
    let position = json!({ "type": "integer", "description": "the position of a row, from 0" });
    let failed = json!({
        "type": "object",
        "required": ["index", "errors"],
        "properties": { "index": position, "errors": errors(), "more_errors": more_errors() },
    });
    json!({
        "type": "object",
        "required": ["written", "failed", "unprocessed"],
        "properties": {
            "written": { "type": "integer" },
            "failed": { "type": "array", "items": failed },
            "unprocessed": {
                "type": "array", "items": position, "description": "send these rows again",
            },
        },
    })
}

pub(super) fn problem() -> Value {
    let types: Vec<_> = Kind::EVERY.into_iter().map(Kind::type_uri).collect();
    json!({
        "type": "object",
        "description": "RFC 9457",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": { "type": "string", "format": "uri-reference", "enum": types },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "errors": errors(),
            "more_errors": more_errors(),
            "request_id": {
                "type": "string",
                "description":
                    "that of the header x-request-id, where the log of the service says more",
            },
        },
    })
}

fn errors() -> Value {
    let error = json!({
        "type": "object",
        "required": ["field", "message"],
        "properties": { "field": { "type": "string" }, "message": { "type": "string" } },
    });
    json!({ "type": "array", "items": error, "maxItems": MAX_ERRORS })
}

fn more_errors() -> Value {
    json!({ "type": "integer", "minimum": 1, "description": "how many more errors there are" })
}

fn named((name, value): (&str, Value)) -> (String, Value) {
    (name.to_owned(), value)
}
