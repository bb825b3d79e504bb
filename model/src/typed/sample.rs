//! Items made up from a definition, as they are read: to see whether a type takes what an entity
//! may hold.

use serde_json::{Map, Value, json};

use crate::attribute::{Attribute, AttributeType, DefaultValue, Members, SetItems};
use crate::entity::Entity;
use crate::instant::TimestampFormat;
use crate::number::Number;
use crate::value::number_to_json;

/// Which attributes a made-up object has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    /// All.
    Whole,
    /// Those that every such object has.
    Least,
}

/// Returns an item with all attributes; one with all, in which maps have no more than they must;
/// one with those that every item has; and one for each further text of an enum.
pub(super) fn samples(entity: &Entity) -> Vec<Map<String, Value>> {
    let attributes = &entity.attributes;
    let whole = object(attributes, Extent::Whole, Extent::Whole);
    let bare = object(attributes, Extent::Whole, Extent::Least);
    let least = object(attributes, Extent::Least, Extent::Least);
    [whole, bare, least].into_iter().chain(with_texts(attributes)).collect()
}

/// Returns an object, and whether the maps in it are whole.
fn object(attributes: &[Attribute], extent: Extent, inside: Extent) -> Map<String, Value> {
    let has = |attribute: &&Attribute| extent == Extent::Whole || attribute.is_always_present();
    let members = attributes.iter().filter(has);
    members.map(|attribute| (attribute.name.clone(), value(attribute, inside))).collect()
}

/// Whole objects, each with another text of an enum in it.
fn with_texts(attributes: &[Attribute]) -> Vec<Map<String, Value>> {
    let whole = object(attributes, Extent::Whole, Extent::Whole);
    let others = attributes.iter().flat_map(|attribute| {
        let whole = &whole;
        other_values(attribute).into_iter().map(move |value| {
            let mut other = whole.clone();
            other.insert(attribute.name.clone(), value);
            other
        })
    });
    others.collect()
}

/// Values with another text of an enum in them.
fn other_values(attribute: &Attribute) -> Vec<Value> {
    match &attribute.kind {
        AttributeType::Enum { values } => values.iter().skip(1).map(|text| json!(text)).collect(),
        AttributeType::List(Some(rule)) => {
            other_values(rule).into_iter().map(|member| json!([member])).collect()
        }
        AttributeType::Map(Members::Each(rule)) => {
            other_values(rule).into_iter().map(|member| json!({ "name": member })).collect()
        }
        AttributeType::Map(Members::Named(attributes)) => {
            with_texts(attributes).into_iter().map(Value::Object).collect()
        }
        _ => Vec::new(),
    }
}

fn value(attribute: &Attribute, extent: Extent) -> Value {
    match &attribute.kind {
        AttributeType::String => match &attribute.default {
            Some(DefaultValue::Uuid) => json!("00000000-0000-4000-8000-000000000000"),
            Some(DefaultValue::Ulid) => json!("00000000000000000000000000"),
            _ => json!("text"),
        },
        AttributeType::Number => number_to_json("1.5"),
        AttributeType::Integer => json!(1),
        AttributeType::Decimal { scale } => {
            number_to_json(&Number::from_units(10_i128.pow(*scale) + 1, *scale).to_string())
        }
        AttributeType::Boolean => json!(true),
        AttributeType::Enum { values } => json!(values.first()),
        AttributeType::Timestamp(TimestampFormat::Epoch) => json!(1_795_156_854),
        AttributeType::Timestamp(TimestampFormat::EpochMs) => json!(1_795_156_854_000_i64),
        AttributeType::Timestamp(format) => {
            let time = "2026-11-20T06:40:54Z".parse().expect("a time");
            let stored = format.encode(time).expect("a time of whole seconds fits any precision");
            crate::value::decode(&stored)
        }
        AttributeType::Binary => json!("AAEC"),
        AttributeType::Set(SetItems::String) => json!(["text"]),
        AttributeType::Set(SetItems::Number) => json!([1.5]),
        AttributeType::Set(SetItems::Binary) => json!(["AAEC"]),
        AttributeType::List(None) => json!([1, "text", { "name": true }]),
        AttributeType::List(Some(rule)) => json!([value(rule, extent)]),
        AttributeType::Map(Members::Any) => json!({ "name": [1, "text"] }),
        AttributeType::Map(Members::Each(rule)) => json!({ "name": value(rule, extent) }),
        AttributeType::Map(Members::Named(attributes)) => {
            Value::Object(object(attributes, extent, extent))
        }
        AttributeType::Any => json!({ "name": 1 }),
    }
}
