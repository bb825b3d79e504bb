//! Which stored values are foreign: cases as data, and that no encoded value is.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::attribute::Attribute;
use crate::value::encode;

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(text: &str) -> AttributeValue {
    AttributeValue::N(text.to_owned())
}

fn statuses() -> AttributeType {
    AttributeType::Enum { values: vec!["placed".to_owned(), "paid".to_owned()] }
}

fn rfc3339() -> AttributeType {
    AttributeType::Timestamp(TimestampFormat::rfc3339(0))
}

fn list_of_numbers() -> AttributeType {
    let member = Attribute::plain("scores", AttributeType::Number);
    AttributeType::List(Some(Box::new(member)))
}

#[test]
fn a_value_of_another_type_says_why_it_is_foreign() {
    let epoch = AttributeType::Timestamp(TimestampFormat::Epoch);
    let cases = [
        (statuses(), s("waiting"), "enum value \"waiting\" is not one of placed, paid"),
        (statuses(), n("1"), "stored as a number, expected a string: an enum is declared"),
        (AttributeType::Integer, n("2.5"), "2.5 has decimal places, expected an integer"),
        (
            AttributeType::Decimal { scale: 1 },
            n("0.25"),
            "0.25 has 2 decimal places, expected at most 1",
        ),
        (
            AttributeType::Number,
            s("12"),
            "stored as a string, expected a number: a number is declared",
        ),
        (
            AttributeType::Boolean,
            s("true"),
            "stored as a string, expected a boolean: a boolean is declared",
        ),
        (rfc3339(), n("5"), "stored as a number, expected a string: a timestamp is declared"),
        (
            epoch,
            s("2026-03-01T00:00:00Z"),
            "stored as a string, expected a number: a timestamp is declared",
        ),
        (
            rfc3339(),
            s("at noon"),
            "\"at noon\" is not a timestamp, expected RFC 3339 text of the years 0000 to 9999",
        ),
        (
            AttributeType::Set(SetItems::String),
            AttributeValue::Ns(vec!["1".to_owned()]),
            "stored as a number set, expected a string set: a set is declared",
        ),
        (
            list_of_numbers(),
            AttributeValue::L(vec![n("1"), s("2")]),
            "member [1]: stored as a string, expected a number: a number is declared",
        ),
    ];
    for (kind, value, expected) in cases {
        assert_eq!(kind.foreign(&value).as_deref(), Some(expected), "{kind:?} {value:?}");
    }
}

#[test]
fn null_and_other_forms_of_a_value_are_not_foreign() {
    let null = || AttributeValue::Null(true);
    let cases = [
        (statuses(), null()),
        (list_of_numbers(), AttributeValue::L(vec![null(), n("1")])),
        (AttributeType::Integer, n("20e-1")),
        (AttributeType::Decimal { scale: 2 }, n("1.500")),
        (rfc3339(), s("2026-03-01T00:00:00.123+02:00")),
        (rfc3339(), s("2026-03-01T00:00:00+0000")),
        (AttributeType::Any, AttributeValue::L(vec![s("x")])),
    ];
    for (kind, value) in cases {
        assert_eq!(kind.foreign(&value), None, "{kind:?} {value:?}");
    }
}

proptest! {
    #[test]
    fn what_an_attribute_encodes_is_not_foreign(
        kind in prop::sample::select(vec![
            AttributeType::String, AttributeType::Number, AttributeType::Integer,
            AttributeType::Decimal { scale: 2 }, AttributeType::Boolean, statuses(), rfc3339(),
            AttributeType::Timestamp(TimestampFormat::Epoch),
            AttributeType::Timestamp(TimestampFormat::EpochMs), AttributeType::Binary,
            AttributeType::Set(SetItems::Number), list_of_numbers(), AttributeType::Any,
        ]),
        json in prop_oneof![
            any::<i64>().prop_map(|number| json!(number)),
            (-100_000_i64..100_000).prop_map(|number| json!(number as f64 / 1000.0)),
            prop::sample::select(vec!["placed", "YQ==", "12", "1.25", "2026-03-01T00:00:00Z"])
                .prop_map(|text| json!(text)),
            any::<bool>().prop_map(|flag| json!(flag)),
            prop::collection::vec(any::<u8>(), 0..4).prop_map(|numbers| json!(numbers)),
        ],
    ) {
        if let Ok(value) = encode(&kind, &json) {
            prop_assert_eq!(kind.foreign(&value), None, "{:?}", value);
        }
    }
}
