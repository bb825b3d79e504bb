//! Measures and groups as JSON.

use serde::Serialize;
use serde_json::{Map, Value, json};
use weir_model::rollup::Source;
use weir_model::{Attribute, Number, Rollup, value};
use weir_rollups::MeasuredValue;

/// Returns the value of a measure as answers have it.
pub(crate) fn measured(answer: &MeasuredValue) -> Value {
    match answer {
        MeasuredValue::Nothing => Value::Null,
        MeasuredValue::Number(number) => decimal(number),
        MeasuredValue::Value(stored) => value::decode(stored),
        MeasuredValue::Values(values) => {
            let listed = values.iter().map(
                |(value, count)| json!({ "value": value::decode(value), "count": whole(*count) }),
            );
            listed.collect()
        }
        MeasuredValue::Counts(counts) => {
            let counted = counts.iter().map(|(value, count)| (value.clone(), whole(*count)));
            Value::Object(counted.collect())
        }
        MeasuredValue::Bins(bins) => {
            let edge = |edge: &Option<Number>| edge.as_ref().map_or(Value::Null, decimal);
            let shown = bins.iter().map(|(from, to, count)| {
                json!({ "from": edge(from), "to": edge(to), "count": whole(*count) })
            });
            shown.collect()
        }
    }
}

/// Returns how much a number differs from an earlier one; `None` if one of them is not a number.
pub(crate) fn change(now: &MeasuredValue, before: &MeasuredValue) -> Option<Value> {
    let number = |answer: &MeasuredValue| weir_rollups::measured::number(answer.clone());
    Some(decimal(&number(now)?.minus(&number(before)?)))
}

/// Returns the values of a group by dimension, as items have them.
pub(crate) fn group(rollup: &Rollup, texts: &[String]) -> Map<String, Value> {
    let typed = |dimension: &Source, text: &String| {
        let one: Attribute = dimension.of_one();
        match one.normalise_text(text) {
            Ok(encoded) => value::decode(&encoded),
            Err(_) => Value::String(text.clone()),
        }
    };
    let group = rollup.dimensions.iter().zip(texts);
    group.map(|(dimension, text)| (dimension.name().to_owned(), typed(dimension, text))).collect()
}

/// Returns a number with all its digits, which may be more than DynamoDB stores.
fn decimal(number: &Number) -> Value {
    serde_json::from_str(&number.to_string()).expect("a number is JSON")
}

/// Returns the length of a part of an answer as JSON.
pub(crate) fn encoded_bytes(part: &impl Serialize) -> usize {
    serde_json::to_vec(part).map_or(0, |json| json.len())
}

fn whole(count: i128) -> Value {
    decimal(&Number::from_units(count, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_any_length_is_a_number() {
        // A variance of numbers of 30 digits has up to 60.
        let long = Number::from_units(i128::MAX, 6);
        assert_eq!(decimal(&long).to_string(), "170141183460469231731687303715884.105727");
        assert!(decimal(&Number::from_units(i128::MAX, 0)).is_number());
    }
}
