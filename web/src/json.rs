//! JSON as it is taken from outside: whole, no deeper than 128 levels, and each name of an object once.
//!
//! Of a name that comes twice most readers keep the last, some the first; a gateway that has looked at the one would let
//! the other through. So neither is taken.
//!
//! **Invariant:** what [`parse`] returns says everything that the text said; numbers keep every digit.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// The value that a text is.
///
/// # Errors
/// Where and why it is no JSON, or which name comes twice, with line and column.
pub fn parse(text: &[u8]) -> Result<Value, serde_json::Error> {
    let _: DistinctNames = serde_json::from_slice(text)?;
    serde_json::from_slice(text)
}

/// Any JSON in which no object has a name twice; nothing of it is kept.
struct DistinctNames;

struct EveryName;

impl<'de> Deserialize<'de> for DistinctNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EveryName)
    }
}

impl<'de> Visitor<'de> for EveryName {
    type Value = DistinctNames;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    /// Objects, and numbers too: serde_json hands those over as an object of one name, so that no digit is lost.
    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<DistinctNames, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = object.next_key::<String>()? {
            if names.contains(&name) {
                return Err(A::Error::custom(format!("the name `{name}` comes twice")));
            }
            names.insert(name);
            object.next_value::<DistinctNames>()?;
        }
        Ok(DistinctNames)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<DistinctNames, A::Error> {
        while array.next_element::<DistinctNames>()?.is_some() {}
        Ok(DistinctNames)
    }

    fn visit_bool<E>(self, _: bool) -> Result<DistinctNames, E> {
        Ok(DistinctNames)
    }

    fn visit_i64<E>(self, _: i64) -> Result<DistinctNames, E> {
        Ok(DistinctNames)
    }

    fn visit_u64<E>(self, _: u64) -> Result<DistinctNames, E> {
        Ok(DistinctNames)
    }

    fn visit_f64<E>(self, _: f64) -> Result<DistinctNames, E> {
        Ok(DistinctNames)
    }

    fn visit_str<E>(self, _: &str) -> Result<DistinctNames, E> {
        Ok(DistinctNames)
    }

    fn visit_unit<E>(self) -> Result<DistinctNames, E> {
        Ok(DistinctNames)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_that_comes_twice_is_refused_wherever_it_is() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"b":{},"\u0061":2}"#,
            r#"[{"a":{"b":[{"a":1,"a":2}]}}]"#,
            r#"{"":1,"":2}"#,
        ] {
            let error = parse(text.as_bytes()).expect_err(text).to_string();
            assert!(error.contains("comes twice at line 1 column"), "{text}: {error}");
        }
    }

    #[test]
    fn the_same_name_in_two_objects_is_twice_right() {
        let text = br#"{"a":{"a":[{"a":1},{"a":-2.50},{"a":0.5}]},"b":[true,null,"a"],"c":18446744073709551616.000000000000000001}"#;
        let value = parse(text).expect("JSON");
        assert_eq!(value.to_string().as_bytes(), text);
    }

    #[test]
    fn what_is_no_json_is_told_with_its_place() {
        for (text, place) in [
            ("{\"a\":1,\n]", "line 2 column 1"),
            ("", "line 1 column 0"),
            ("{} {}", "line 1 column 4"),
            ("[1,]", "line 1 column 4"),
            ("{\"a\":01}", "line 1 column 7"),
            ("\"\\ud800\"", "line 1 column"),
        ] {
            let error = parse(text.as_bytes()).expect_err(text).to_string();
            assert!(error.contains(place), "{text}: {error}");
        }
    }

    #[test]
    fn depth_has_an_end() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(nested(127).as_bytes()).is_ok());
        let error = parse(nested(100_000).as_bytes()).expect_err("too deep").to_string();
        assert!(error.contains("recursion limit"), "{error}");
        let object = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
        assert!(parse(object.as_bytes()).is_err());
    }

    #[test]
    fn a_number_in_disguise_is_no_way_around() {
        // How serde_json itself hands a number over with all its digits.
        let text =
            br#"{"a":{"$serde_json::private::Number":"1","$serde_json::private::Number":"2"}}"#;
        assert!(parse(text).is_err());
        assert_eq!(parse(b"{\"a\":12}").expect("JSON"), json!({ "a": 12 }));
    }
}
