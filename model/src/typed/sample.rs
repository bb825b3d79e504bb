//! Items made up from a definition, as they are read: to see whether a type takes what an entity may hold.

use serde_json::{Map, Value, json};

use crate::attribute::{Attribute, AttributeType, DefaultValue, SetItems};
use crate::entity::Entity;
use crate::instant::TimestampFormat;
use crate::number::Number;
use crate::value::number_to_json;

/// An item with all attributes, one with those that every item has, and one for each further text of an enum.
pub(super) fn of(entity: &Entity) -> Vec<Map<String, Value>> {
    let whole: Map<_, _> = entity
        .attributes
        .iter()
        .map(|attribute| (attribute.name.clone(), value(attribute)))
        .collect();
    let always = entity.attributes.iter().filter(|attribute| attribute.is_always_present());
    let least = always.map(|attribute| (attribute.name.clone(), value(attribute))).collect();
    let with_texts = entity.attributes.iter().flat_map(|attribute| {
        let texts = match &attribute.kind {
            AttributeType::Enum { values } => values.get(1..).unwrap_or_default(),
            _ => &[],
        };
        let whole = &whole;
        texts.iter().map(move |text| {
            let mut item = whole.clone();
            item.insert(attribute.name.clone(), json!(text));
            item
        })
    });
    let with_texts: Vec<_> = with_texts.collect();
    [whole.clone(), least].into_iter().chain(with_texts).collect()
}

fn value(attribute: &Attribute) -> Value {
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
        AttributeType::Timestamp(format) => {
            let time = "2026-11-20T06:40:54Z".parse().expect("a time");
            let stored = format.encode(time).expect("a time of whole seconds fits any precision");
            crate::value::decode(&stored)
        }
        AttributeType::Binary => json!("AAEC"),
        AttributeType::Set(SetItems::String) => json!(["text"]),
        AttributeType::Set(SetItems::Number) => json!([1.5]),
        AttributeType::Set(SetItems::Binary) => json!(["AAEC"]),
        AttributeType::List => json!([1, "text", { "name": true }]),
        AttributeType::Map => json!({ "name": [1, "text"] }),
        AttributeType::Any => json!({ "name": 1 }),
    }
}
