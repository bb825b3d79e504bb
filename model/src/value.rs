//! Values between JSON, text and DynamoDB, guided by an attribute's type.
//!
//! | type | JSON | DynamoDB |
//! |---|---|---|
//! | string, enum | string | `S` |
//! | number, integer, decimal | number, or the number as a string | `N` |
//! | boolean | `true`, `false` | `BOOL` |
//! | timestamp | RFC 3339 string, or epoch seconds or milliseconds | `S` or `N` |
//! | binary | base64 string | `B` |
//! | set | array without repetition | `SS`, `NS`, `BS` |
//! | list, map | array, object | `L`, `M` of what is said of their members |
//! | any | anything | whatever fits |
//!
//! **Invariant:** numbers keep every digit both ways; what would be rounded is refused instead.

mod attribute;
mod decode;
mod length;
mod nested;
mod object;
mod shown;

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_dynamo::AttributeValue;
use serde_json::{Map, Value};

use crate::attribute::{AttributeType, Members, SetItems};
use crate::encoding::Encoding;
use crate::instant::{self, TimestampFormat};
use crate::invalid::Invalid;
use crate::json;
use crate::limits::MAX_DEPTH;
use crate::number::Number;
use crate::shorten::listed;

pub(crate) use self::decode::{Hidden, decode_object, shown_as};
pub use self::decode::{decode, number_to_json};
pub(crate) use self::length::{count, length};
pub(crate) use self::object::encode_object;
pub use self::shown::shown;

/// Encodes a JSON value as the DynamoDB value of that type, to be compared with stored ones.
///
/// # Errors
/// The expectation.
pub fn encode(kind: &AttributeType, json: &Value) -> Result<AttributeValue, Invalid> {
    encode_as(kind, json, Encoding::to_compare())
}

pub(crate) fn encode_as(
    kind: &AttributeType,
    json: &Value,
    encoding: Encoding,
) -> Result<AttributeValue, Invalid> {
    match kind {
        AttributeType::String => Ok(AttributeValue::S(text(json, "a string")?.to_owned())),
        AttributeType::Number => Ok(AttributeValue::N(number(json)?.to_string())),
        AttributeType::Integer => integer(json),
        AttributeType::Decimal { scale } => decimal(json, *scale),
        AttributeType::Boolean => match json {
            Value::Bool(value) => Ok(AttributeValue::Bool(*value)),
            other => Err(expected("true or false", other)),
        },
        AttributeType::Enum { values } => one_of(json, values),
        AttributeType::Timestamp(format) => timestamp(json, *format),
        AttributeType::Binary => Ok(AttributeValue::B(bytes(json)?)),
        AttributeType::Set(items) => set(json, *items),
        AttributeType::List(rule) => match (json, rule) {
            (Value::Array(members), Some(rule)) => nested::list(rule, members, encoding),
            (Value::Array(_), None) => anything(json, encoding),
            (other, _) => Err(expected("an array", other)),
        },
        AttributeType::Map(members) => match json {
            Value::Object(object) => map(members, object, encoding),
            other => Err(expected("an object", other)),
        },
        AttributeType::Any => anything(json, encoding),
    }
}

/// Returns the JSON value that a text stands for: `12` is a number for a number, text for a string,
/// and so on. Sets and lists of text are separated by commas; anything deeper is written as JSON.
pub(crate) fn text_to_json(kind: &AttributeType, text: &str) -> Result<Value, Invalid> {
    match kind {
        AttributeType::Boolean => match text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            other => Err(expected("true or false", &Value::String(other.to_owned()))),
        },
        AttributeType::Set(_) if !text.starts_with('[') => Ok(Value::Array(
            text.split(',').map(|member| Value::String(member.trim().to_owned())).collect(),
        )),
        AttributeType::Set(_) | AttributeType::List(_) | AttributeType::Map(_) => {
            json::parse(text.as_bytes())
                .map_err(|error| Invalid::new(format!("expected JSON: {error}")))
        }
        // Text that is not JSON stands for itself; JSON that breaks a rule does not.
        AttributeType::Any => match json::parse(text.as_bytes()) {
            Err(error) if error.is_data() => Err(Invalid::new(format!("expected JSON: {error}"))),
            parsed => Ok(parsed.unwrap_or_else(|_| Value::String(text.to_owned()))),
        },
        _ => Ok(Value::String(text.to_owned())),
    }
}

fn expected(what: &str, found: &Value) -> Invalid {
    Invalid::new(format!("expected {what}, found {}", shown(found)))
}

fn text<'a>(json: &'a Value, what: &str) -> Result<&'a str, Invalid> {
    json.as_str().ok_or_else(|| expected(what, json))
}

fn number(json: &Value) -> Result<Number, Invalid> {
    let text = match json {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        other => return Err(expected("a number", other)),
    };
    text.parse().map_err(|error| Invalid::new(format!("{error}, found {}", shown(json))))
}

fn integer(json: &Value) -> Result<AttributeValue, Invalid> {
    let number = number(json)?;
    if !number.is_integer() {
        return Err(expected("a number without decimal places", json));
    }
    Ok(AttributeValue::N(number.to_string()))
}

fn decimal(json: &Value, scale: u32) -> Result<AttributeValue, Invalid> {
    let number = number(json)?;
    if number.decimal_places() > scale {
        return Err(expected(&format!("at most {scale} decimal places"), json));
    }
    Ok(AttributeValue::N(number.to_string()))
}

fn one_of(json: &Value, values: &[String]) -> Result<AttributeValue, Invalid> {
    match json.as_str().filter(|text| values.iter().any(|value| value == text)) {
        Some(text) => Ok(AttributeValue::S(text.to_owned())),
        None => Err(expected(&format!("one of {}", listed(values)), json)),
    }
}

fn timestamp(json: &Value, format: TimestampFormat) -> Result<AttributeValue, Invalid> {
    let (parse_number, unit): (fn(&str) -> _, _) = match format {
        TimestampFormat::EpochMs => (instant::parse_epoch_ms, "milliseconds"),
        TimestampFormat::Epoch | TimestampFormat::Rfc3339 { .. } => {
            (instant::parse_epoch, "seconds")
        }
    };
    let instant = match json {
        Value::Number(number) => parse_number(&number.to_string()),
        Value::String(text) if matches!(format, TimestampFormat::Rfc3339 { .. }) => {
            instant::parse(text)
        }
        Value::String(text) => parse_number(text).or_else(|| instant::parse(text)),
        _ => None,
    };
    let instant = instant.ok_or_else(|| not_a_timestamp(json, format, unit))?;
    format.encode(instant).ok_or_else(|| {
        let kept = match format {
            TimestampFormat::Rfc3339 { places: 3, .. } | TimestampFormat::EpochMs => "milliseconds",
            TimestampFormat::Rfc3339 { places: 6, .. } => "microseconds",
            _ => "seconds",
        };
        expected(&format!("a timestamp of whole {kept}, as its `precision` says"), json)
    })
}

/// Offers a number of epoch seconds only where one could have been given: digits in text, as a cell
/// of CSV and a query string have them, are a number in the epoch formats alone.
fn not_a_timestamp(json: &Value, format: TimestampFormat, unit: &str) -> Invalid {
    let text = "an RFC 3339 timestamp such as 2026-11-20T06:40:54Z before 9999-12-30T22:00Z";
    let is_text_alone = json.is_string() && matches!(format, TimestampFormat::Rfc3339 { .. });
    let number = if is_text_alone { "" } else { &format!(", or a number of epoch {unit}") };
    let hint = json.as_str().map_or("", instant::hint_at_plus);
    Invalid::new(format!("expected {text}{number}, found {}{hint}", shown(json)))
}

fn bytes(json: &Value) -> Result<Vec<u8>, Invalid> {
    let text = text(json, "base64 text")?;
    STANDARD.decode(text).map_err(|_| expected("base64 text", json))
}

fn set(json: &Value, items: SetItems) -> Result<AttributeValue, Invalid> {
    let Value::Array(members) = json else {
        return Err(expected("an array", json));
    };
    if members.is_empty() {
        return Err(Invalid::new(
            "expected at least one member: DynamoDB stores no empty set, leave it out instead",
        ));
    }
    match items {
        SetItems::String => {
            let texts = members.iter().map(|member| text(member, "a string").map(str::to_owned));
            distinct(texts.collect::<Result<Vec<_>, _>>()?).map(AttributeValue::Ss)
        }
        SetItems::Number => {
            let numbers =
                members.iter().map(|member| number(member).map(|number| number.to_string()));
            distinct(numbers.collect::<Result<Vec<_>, _>>()?).map(AttributeValue::Ns)
        }
        SetItems::Binary => distinct(members.iter().map(bytes).collect::<Result<Vec<_>, _>>()?)
            .map(AttributeValue::Bs),
    }
}

fn distinct<T: std::hash::Hash + Eq>(members: Vec<T>) -> Result<Vec<T>, Invalid> {
    let different = members.iter().collect::<HashSet<_>>().len();
    if different < members.len() {
        return Err(Invalid::new("expected each member of the set once, one is repeated"));
    }
    Ok(members)
}

fn anything(json: &Value, encoding: Encoding) -> Result<AttributeValue, Invalid> {
    if !encoding.fits(json.is_array() || json.is_object()) {
        return Err(Invalid::new(format!("expected at most {MAX_DEPTH} levels of nesting")));
    }
    match json {
        Value::Null => Ok(AttributeValue::Null(true)),
        Value::Bool(value) => Ok(AttributeValue::Bool(*value)),
        Value::Number(_) => Ok(AttributeValue::N(number(json)?.to_string())),
        Value::String(text) => Ok(AttributeValue::S(text.clone())),
        Value::Array(members) => members
            .iter()
            .map(|member| anything(member, encoding.deeper()))
            .collect::<Result<_, _>>()
            .map(AttributeValue::L),
        Value::Object(members) => map(&Members::Any, members, encoding),
    }
}

fn map(
    members: &Members,
    object: &Map<String, Value>,
    encoding: Encoding,
) -> Result<AttributeValue, Invalid> {
    match members {
        Members::Any if object.contains_key("") => Err(unnamed()),
        Members::Each(rule) => nested::each(rule, object, encoding),
        Members::Named(attributes) => {
            encode_object("the map", attributes, object, encoding.deeper()).map(AttributeValue::M)
        }
        Members::Any => object
            .iter()
            .map(|(name, member)| Ok((name.clone(), anything(member, encoding.deeper())?)))
            .collect::<Result<_, _>>()
            .map(AttributeValue::M),
    }
}

fn unnamed() -> Invalid {
    Invalid::new("expected a name for each member of an object, one is empty")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_keeps_thirty_eight_digits_both_ways() {
        let json: Value =
            serde_json::from_str("12345678901234567890.123456789012345678").expect("JSON");
        let stored = encode(&AttributeType::Number, &json).expect("a number");
        assert_eq!(stored, AttributeValue::N("12345678901234567890.123456789012345678".to_owned()));
        assert_eq!(decode(&stored).to_string(), "12345678901234567890.123456789012345678");
    }

    #[test]
    fn digits_in_text_are_offered_as_epoch_numbers_only_where_they_are_read_as_such() {
        let rfc3339 = AttributeType::Timestamp(TimestampFormat::Rfc3339 {
            places: 3,
            offset: crate::instant::Offset::Zulu,
        });
        let form =
            "expected an RFC 3339 timestamp such as 2026-11-20T06:40:54Z before 9999-12-30T22:00Z";
        let message = |kind: &AttributeType, json: &Value| {
            encode(kind, json).expect_err("not a timestamp").to_string()
        };
        let digits = text_to_json(&rfc3339, "1795153254").expect("text");
        assert_eq!(message(&rfc3339, &digits), format!("{form}, found \"1795153254\""));
        let number = format!("{form}, or a number of epoch seconds, found 1.5");
        assert_eq!(message(&rfc3339, &json!(1.5)), number);
        for (format, unit) in
            [(TimestampFormat::Epoch, "seconds"), (TimestampFormat::EpochMs, "milliseconds")]
        {
            let kind = AttributeType::Timestamp(format);
            let digits = text_to_json(&kind, "1795153254").expect("text");
            assert!(encode(&kind, &digits).is_ok(), "{unit}");
            let soon = format!("{form}, or a number of epoch {unit}, found \"soon\"");
            assert_eq!(message(&kind, &json!("soon")), soon);
        }
    }

    #[test]
    fn a_value_of_the_wrong_type_says_what_was_expected() {
        let cases = [
            (
                AttributeType::Integer,
                json!(1.5),
                "expected a number without decimal places, found 1.5",
            ),
            (
                AttributeType::Decimal { scale: 2 },
                json!(1.234),
                "expected at most 2 decimal places, found 1.234",
            ),
            (AttributeType::Boolean, json!("yes"), "expected true or false, found \"yes\""),
            (
                AttributeType::Set(SetItems::String),
                json!(["a", "a"]),
                "expected each member of the set once, one is repeated",
            ),
            (AttributeType::Binary, json!("%"), "expected base64 text, found \"%\""),
        ];
        for (kind, json, expected) in cases {
            assert_eq!(encode(&kind, &json).expect_err(expected).to_string(), expected);
        }
    }

    #[test]
    fn sets_and_binary_round_trip() {
        let cases = [
            (AttributeType::Set(SetItems::Number), json!([1, 2, 10])),
            (AttributeType::Set(SetItems::String), json!(["a", "b"])),
            (AttributeType::Set(SetItems::Binary), json!(["YQ==", "Yg=="])),
            (AttributeType::Binary, json!("AAEC")),
            (AttributeType::Map(Members::Any), json!({"a": [1, null, {"b": "c"}]})),
        ];
        for (kind, json) in cases {
            assert_eq!(decode(&encode(&kind, &json).expect("valid")), json);
        }
    }

    #[test]
    fn nesting_beyond_dynamodbs_limit_is_refused() {
        let deep = (0..40).fold(json!(1), |inner, _| json!([inner]));
        assert!(encode(&AttributeType::Any, &deep).is_err());
    }

    #[test]
    fn a_member_without_a_name_is_refused_as_dynamodb_would() {
        let error = encode(&AttributeType::Map(Members::Any), &json!({"a": [{"": 1}]}))
            .expect_err("no name");
        assert_eq!(error.to_string(), "expected a name for each member of an object, one is empty");
    }

    proptest! {
        #[test]
        fn any_json_that_is_accepted_comes_back(
            text in "[a-z]{0,5}", number in any::<i64>(), flag in any::<bool>(),
        ) {
            let json = json!({"text": text, "list": [number, flag, null]});
            let stored = encode(&AttributeType::Any, &json).expect("valid");
            let mut expected = json.clone();
            expected.sort_all_objects();
            prop_assert_eq!(decode(&stored), expected);
        }
    }
}
