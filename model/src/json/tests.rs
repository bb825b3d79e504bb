//! What the parser takes and what it rejects, with its place.

use serde_json::json;

use super::*;

#[test]
fn a_name_that_occurs_twice_is_rejected_wherever_it_is() {
    for text in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"b":{},"\u0061":2}"#,
        r#"[{"a":{"b":[{"a":1,"a":2}]}}]"#,
        r#"{"":1,"":2}"#,
    ] {
        let error = parse(text.as_bytes()).expect_err(text).to_string();
        assert!(error.contains("occurs twice at line 1 column"), "{text}: {error}");
    }
}

#[test]
fn the_same_name_in_two_objects_is_valid() {
    let text = br#"{"a":{"a":[{"a":1},{"a":-2.50},{"a":0.5}]},"b":[true,null,"a"],"c":18446744073709551616.000000000000000001}"#;
    let value = parse(text).expect("JSON");
    assert_eq!(value.to_string().as_bytes(), text);
}

#[test]
fn a_text_that_is_not_json_is_rejected_with_its_place() {
    for (text, place) in [
        ("{\"a\":1,\n]", "line 2 column 1"),
        ("", "line 1 column 0"),
        ("{} {}", "line 1 column 4"),
        ("[1,]", "line 1 column 4"),
        ("{\"a\":01}", "line 1 column 7"),
        ("\"\\ud800\"", "line 1 column"),
        ("\"", "line 1 column 1"),
        ("{\"a", "line 1 column 3"),
        ("{\"a\\", "line 1 column 4"),
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
fn a_reserved_name_is_rejected_at_any_depth_and_however_it_is_written() {
    let twice = r#""{\"a\":1,\"a\":2}""#;
    let deep = format!("\"{}{}\"", "[".repeat(200), "]".repeat(200));
    for name in ["RawValue", "Number", "", "Whatever"] {
        for value in [twice, deep.as_str(), "\"1\"", "1", "{}"] {
            for written in ["$serde_json", "\\u0024serde_json", "$s\\u0065rde_json"] {
                let object = format!("{{\n \"{written}::private::{name}\" \t: {value}}}");
                for text in [object.clone(), format!("{{\"a\":[{object}]}}")] {
                    let error = parse(text.as_bytes()).expect_err(&text).to_string();
                    let told = format!("the name `{RESERVED}{name}` is reserved at line 2 column");
                    assert!(error.starts_with(&told), "{text}: {error}");
                }
            }
        }
    }
}

#[test]
fn a_reserved_name_is_a_text_like_any_other_where_it_is_not_a_name() {
    for text in [
        r#"["$serde_json::private::Number","$serde_json::private::RawValue"]"#,
        r#"{"a":"$serde_json::private::Number","b":"\"$serde_json::private::Number\":1"}"#,
        r#"{"serde_json::private::Number":"1","a$serde_json::private::Number":"1"}"#,
    ] {
        assert_eq!(parse(text.as_bytes()).expect(text).to_string(), text);
    }
    assert_eq!(parse(b"{\"a\":12}").expect("JSON"), json!({ "a": 12 }));
}

#[test]
fn a_text_of_more_values_than_an_item_can_hold_is_rejected() {
    let array = |values: usize| format!("[{}1]", "1,".repeat(values - 2));
    assert!(parse(array(MAX_JSON_VALUES).as_bytes()).is_ok());
    let error = parse(array(MAX_JSON_VALUES + 1).as_bytes()).expect_err("too many").to_string();
    assert!(error.starts_with("more than 250000 values, which is the most at line 1"), "{error}");
}
