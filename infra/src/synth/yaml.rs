//! A template as YAML: block style, in the order in which it was built.
//!
//! **Invariant:** what is read back is the value that was written.

use serde::ser::{Error, Serialize, SerializeMap, Serializer};
use serde_json::Value;

/// A JSON value as the emitter takes it. With arbitrary precision, `serde_json` would hand a number
/// to any other emitter as a map.
struct Emitted<'a>(&'a Value);

/// Returns the value as a YAML document.
///
/// # Panics
/// On a number that is not an integer of 64 bits: a template has none.
pub(super) fn document(value: &Value) -> String {
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    let written = serde_saphyr::to_string_with_options(&Emitted(value), options);
    written.expect("texts, integers, lists and maps are YAML")
}

impl Serialize for Emitted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Number(number) => match number.as_i64() {
                Some(integer) => serializer.serialize_i64(integer),
                None => Err(S::Error::custom(format!("{number} is no integer of 64 bits"))),
            },
            Value::String(text) => serializer.serialize_str(text),
            Value::Array(values) => serializer.collect_seq(values.iter().map(Emitted)),
            Value::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, &Emitted(value))?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_that_look_like_something_else_are_quoted() {
        let value = json!({
            "Version": "2012-10-17",
            "Enabled": "true",
            "Answer": "no",
            "Number": "15",
            "Empty": "",
            "Pattern": "{\"a\": [\"b\"]}",
            "Any": "*",
            "Retries": -1,
            "On": true,
            "List": [{ "Fn::GetAtt": ["Table", "Arn"] }, []],
            "None": {},
        });
        insta::assert_snapshot!(document(&value), @r#"
        Version: "2012-10-17"
        Enabled: "true"
        Answer: "no"
        Number: "15"
        Empty: ""
        Pattern: "{\"a\": [\"b\"]}"
        Any: "*"
        Retries: -1
        "On": true
        List:
        - "Fn::GetAtt":
          - Table
          - Arn
        - []
        None: {}
        "#);
    }
}
