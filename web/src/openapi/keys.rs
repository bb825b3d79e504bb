//! The schemas of attributes that make keys.

use serde_json::{Value, json};
use weir_model::instant::TimestampFormat;
use weir_model::pattern::shortened_texts;
use weir_model::template::{Format, Segment};
use weir_model::{Attribute, AttributeType, Entity, Pattern};

use crate::parts::DOT_SEGMENTS;

/// Returns the schema of an attribute as requests give it, with what the keys of its entity want of
/// it.
pub(super) fn narrowed(entity: &Entity, attribute: &Attribute, mut schema: Value) -> Value {
    if let AttributeType::Timestamp(TimestampFormat::Rfc3339 { places, .. }) = attribute.kind {
        let fraction = match places {
            0 => String::new(),
            places => format!(r"(\.[0-9]{{1,{places}}})?"),
        };
        let pattern = format!(
            "^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}{fraction}\
             (Z|[+-][0-9]{{2}}:[0-9]{{2}})$"
        );
        schema["pattern"] = json!(pattern);
    }
    if let Some(width) = width(entity, &attribute.name) {
        let most = json!(10_i64.saturating_pow(width) - 1);
        schema["minimum"] = at_least(&schema["minimum"], 0);
        if schema["maximum"].as_i64().is_none_or(|given| Some(given) > most.as_i64()) {
            schema["maximum"] = most;
        }
    }
    schema
}

/// Returns the schema of an attribute in a path, no part of which is empty.
pub(super) fn in_path(entity: &Entity, attribute: &Attribute, schema: Value) -> Value {
    let mut schema = narrowed(entity, attribute, schema);
    if attribute.kind == AttributeType::String {
        if schema["minLength"].is_null() {
            schema["minLength"] = json!(1);
        }
        let pattern = attribute.rules.pattern.as_ref();
        let is_allowed = |text: &&str| pattern.is_none_or(|pattern| pattern.is_match(text));
        let dots: Vec<&str> = DOT_SEGMENTS.into_iter().filter(is_allowed).collect();
        if !dots.is_empty() {
            schema["not"] = json!({ "enum": dots });
        }
    }
    schema
}

/// Returns the schema of an attribute in the path of a list, which may give it as the keys have it.
pub(super) fn given(pattern: &Pattern, attribute: &Attribute, schema: Value) -> Value {
    let formats = pattern.formats(&attribute.name);
    let texts = shortened_texts(&formats, attribute);
    if texts.is_empty() {
        return schema;
    }
    let short = match &attribute.kind {
        AttributeType::Timestamp(_) => {
            let digits = |text: &String| text.replace(|c: char| c.is_ascii_digit(), "[0-9]");
            let texts: Vec<_> = texts.iter().map(digits).collect();
            json!({ "type": "string", "pattern": format!("^({})$", texts.join("|")) })
        }
        _ => json!({ "enum": texts }),
    };
    json!({ "anyOf": [schema, short] })
}

fn at_least(given: &Value, least: i64) -> Value {
    json!(given.as_i64().map_or(least, |given| given.max(least)))
}

/// To how many digits a number is padded in keys, at the narrowest.
fn width(entity: &Entity, name: &str) -> Option<u32> {
    let segments = entity.keys.iter().flat_map(|key| &key.template.segments);
    let widths = segments.filter_map(|segment| match segment {
        Segment::Field {
            attribute,
            format: Format::Padded(width) | Format::Descending(width),
            ..
        } if attribute == name => u32::try_from(*width).ok(),
        _ => None,
    });
    widths.min()
}
