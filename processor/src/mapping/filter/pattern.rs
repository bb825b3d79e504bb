//! Patterns: fields of an object, all of which have to match.
//!
//! | in the pattern | matches |
//! |---|---|
//! | `{"a": {…}, "b": […]}` | an object whose `a` and `b` both match |
//! | `[…]` | a value that one of the rules matches, or a list with such a value |
//! | `{…}` for a list | a list with an object that matches |
//! | `"$or": [{…}, {…}]` | an object that one of these matches, besides the other fields |

use serde_json::{Map, Value};

use super::Mistake;
use super::rule::Rule;

/// The key of alternatives.
const OR: &str = "$or";
/// The fields of a change whose values are attributes.
const IMAGES: [&str; 3] = ["Keys", "NewImage", "OldImage"];
/// The fields of a record, of its change, and of its author.
const RECORD_FIELDS: [&str; 8] = [
    "eventID",
    "eventName",
    "eventVersion",
    "eventSource",
    "awsRegion",
    "dynamodb",
    "userIdentity",
    "eventSourceARN",
];
const CHANGE_FIELDS: [&str; 7] = [
    "ApproximateCreationDateTime",
    "Keys",
    "NewImage",
    "OldImage",
    "SequenceNumber",
    "SizeBytes",
    "StreamViewType",
];
const AUTHOR_FIELDS: [&str; 2] = ["type", "principalId"];
/// The types of an attribute.
const TYPES: [&str; 10] = ["S", "N", "B", "SS", "NS", "BS", "M", "L", "BOOL", "NULL"];

/// The pattern of an object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pattern {
    fields: Vec<(String, Field)>,
    /// One of each list has to match.
    alternatives: Vec<Vec<Pattern>>,
}

/// The pattern of a field.
#[derive(Clone, Debug, PartialEq)]
enum Field {
    Object(Pattern),
    /// One of these has to match.
    Value(Vec<Rule>),
}

/// The content of a record at some place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    /// An object, never a value.
    Object,
    /// An attribute: an object from its type to its value.
    Attribute,
    /// A number of an attribute, which is text.
    Number,
    /// A value.
    Value,
}

impl Pattern {
    /// Reads a pattern for what a record has at this path.
    pub(super) fn parse(json: &Value, path: &[String]) -> Result<Self, Mistake> {
        let mistake = |found: &Value, expected| {
            Err(Mistake { path: path.to_vec(), found: found.to_string(), expected })
        };
        let Some(object) = json.as_object().filter(|object| !object.is_empty()) else {
            return mistake(json, "an object of fields, with one at least");
        };
        let mut pattern = Pattern { fields: Vec::new(), alternatives: Vec::new() };
        for (name, value) in object {
            let path: Vec<String> = path.iter().chain([name]).cloned().collect();
            match name.as_str() {
                OR => pattern.alternatives.push(alternatives(value, path)?),
                _ => {
                    if let Some(expected) = expected_instead(&path) {
                        return Err(Mistake { path, found: name.clone(), expected });
                    }
                    pattern.fields.push((name.clone(), Field::parse(value, &path)?));
                }
            }
        }
        Ok(pattern)
    }

    /// Whether a record, or a part of it, is like this.
    pub(super) fn matches(&self, value: &Value) -> bool {
        match value {
            Value::Object(object) => self.matches_object(object),
            Value::Array(list) if !list.is_empty() => list.iter().any(|value| self.matches(value)),
            // An absent field can match where only absence is asked for.
            _ => self.matches_object(&Map::new()),
        }
    }

    fn matches_object(&self, object: &Map<String, Value>) -> bool {
        let is_met = |(name, field): &(String, Field)| field.matches(object.get(name));
        self.fields.iter().all(is_met)
            && self
                .alternatives
                .iter()
                .all(|patterns| patterns.iter().any(|pattern| pattern.matches_object(object)))
    }
}

impl Field {
    fn parse(json: &Value, path: &[String]) -> Result<Self, Mistake> {
        let refuse =
            |expected| Err(Mistake { path: path.to_vec(), found: json.to_string(), expected });
        match json {
            Value::Object(_) => Ok(Field::Object(Pattern::parse(json, path)?)),
            Value::Array(rules) if rules.is_empty() => {
                refuse("a list of values and rules, with one at least")
            }
            Value::Array(rules) => {
                match place(&path.iter().map(String::as_str).collect::<Vec<_>>()) {
                    Place::Attribute => refuse(
                        "an object with the attribute's type, such as {\"S\":[\"text\"]}, \
                     for a record has no value here",
                    ),
                    Place::Object => refuse("an object of fields, for a record has no value here"),
                    place => {
                        let is_number = place == Place::Number;
                        let rules = rules.iter().map(|rule| Rule::parse(rule, path, is_number));
                        Ok(Field::Value(rules.collect::<Result<_, _>>()?))
                    }
                }
            }
            _ => refuse("a list of values and rules, or an object of fields"),
        }
    }

    fn matches(&self, value: Option<&Value>) -> bool {
        match self {
            Field::Object(pattern) => pattern.matches(value.unwrap_or(&Value::Null)),
            Field::Value(rules) => {
                let values = leaves(value);
                rules.iter().any(|rule| match rule {
                    Rule::Exists(exists) => *exists != values.is_empty(),
                    rule => values.iter().any(|value| rule.matches(value)),
                })
            }
        }
    }
}

/// The values at a place: a list has several or none, an object none.
fn leaves(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None | Some(Value::Object(_)) => Vec::new(),
        Some(Value::Array(list)) => list.iter().flat_map(|value| leaves(Some(value))).collect(),
        Some(value) => vec![value],
    }
}

fn alternatives(json: &Value, path: Vec<String>) -> Result<Vec<Pattern>, Mistake> {
    let Some(list) = json.as_array().filter(|list| list.len() >= 2) else {
        let expected = "a list of patterns, with two at least";
        return Err(Mistake { path, found: json.to_string(), expected });
    };
    // The path in the record is that of the object around them.
    let around = &path[..path.len() - 1];
    list.iter().map(|pattern| Pattern::parse(pattern, around)).collect()
}

/// The content that a record has instead of the last name of a path, where it never has that name.
fn expected_instead(path: &[String]) -> Option<&'static str> {
    let path: Vec<_> = path.iter().map(String::as_str).collect();
    let (is_known, expected) = match &path[..] {
        [name] => (
            RECORD_FIELDS.contains(name),
            "a field of a record: eventID, eventName, eventVersion, eventSource, awsRegion, \
             dynamodb, userIdentity or eventSourceARN",
        ),
        ["userIdentity", name] => (AUTHOR_FIELDS.contains(name), "type or principalId"),
        ["dynamodb", name] => (
            CHANGE_FIELDS.contains(name),
            "a field of a change: ApproximateCreationDateTime, Keys, NewImage, OldImage, \
             SequenceNumber, SizeBytes or StreamViewType",
        ),
        ["dynamodb", image, attributes @ ..] if IMAGES.contains(image) => {
            (is_typed(attributes), "an attribute's type: S, N, B, SS, NS, BS, M, L, BOOL or NULL")
        }
        _ => (true, ""),
    };
    (!is_known).then_some(expected)
}

/// Returns whether a path that begins with the name of an attribute continues with types.
fn is_typed(path: &[&str]) -> bool {
    match path {
        [] | [_] => true,
        [_, "M", rest @ ..] => is_typed(rest),
        [_, "L", rest @ ..] => rest.is_empty() || is_typed(&[&[""], rest].concat()),
        [_, kind, ..] => TYPES.contains(kind),
    }
}

/// Returns the content of a record at a path.
fn place(path: &[&str]) -> Place {
    match path {
        ["dynamodb"] | ["userIdentity"] => Place::Object,
        ["dynamodb", image, attributes @ ..] if IMAGES.contains(image) => attribute(attributes),
        _ => Place::Value,
    }
}

/// Returns the content at a path that begins with the name of an attribute.
fn attribute(path: &[&str]) -> Place {
    match path {
        [] => Place::Object,
        [_] => Place::Attribute,
        [_, rest @ ..] => typed(rest),
    }
}

/// Returns the content at a path that begins with the type of an attribute.
fn typed(path: &[&str]) -> Place {
    match path {
        ["M", rest @ ..] => attribute(rest),
        [] | ["L"] => Place::Object,
        ["L", rest @ ..] => typed(rest),
        ["N" | "NS"] => Place::Number,
        _ => Place::Value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record() -> Value {
        json!({
            "eventName": "MODIFY",
            "dynamodb": {
                "Keys": { "PK": { "S": "ORDER#1" } },
                "NewImage": {
                    "status": { "S": "paid" },
                    "total": { "N": "100" },
                    "tags": { "SS": ["new", "gift"] },
                    "none": { "NULL": true },
                    "address": { "M": { "city": { "S": "Delft" } } },
                    "lines": { "L": [
                        { "M": { "sku": { "S": "a" }, "size": { "S": "x" } } },
                        { "M": { "sku": { "S": "b" }, "size": { "S": "y" } } }
                    ] }
                },
                "SizeBytes": 26,
            },
        })
    }

    fn check(pattern: Value, expected: bool) {
        let parsed = Pattern::parse(&pattern, &[]);
        let parsed = parsed.unwrap_or_else(|mistake| panic!("{pattern}: {mistake:?}"));
        assert_eq!(parsed.matches(&record()), expected, "{pattern}");
    }

    /// A pattern of an attribute of the new image.
    fn image(pattern: Value) -> Value {
        json!({ "dynamodb": { "NewImage": pattern } })
    }

    fn refused(pattern: Value) -> String {
        let mistake = Pattern::parse(&pattern, &[]).expect_err("a refusal");
        format!("{}: {}, expected {}", mistake.path.join("."), mistake.found, mistake.expected)
    }

    #[test]
    fn all_fields_have_to_match_and_one_value_of_each() {
        check(json!({ "eventName": ["INSERT", "MODIFY"] }), true);
        check(json!({ "eventName": ["INSERT"] }), false);
        check(image(json!({ "status": { "S": ["paid"] }, "total": { "N": ["100"] } })), true);
        check(image(json!({ "status": { "S": ["paid"] }, "total": { "N": ["99"] } })), false);
        check(image(json!({ "absent": { "S": ["paid"] } })), false);
        check(image(json!({ "total": { "S": ["100"] } })), false);
    }

    #[test]
    fn maps_and_lists_are_descended_into() {
        check(image(json!({ "address": { "M": { "city": { "S": ["Delft"] } } } })), true);
        check(image(json!({ "address": { "M": { "city": { "S": ["Leiden"] } } } })), false);
        check(image(json!({ "tags": { "SS": ["gift"] } })), true);
        check(image(json!({ "tags": { "SS": ["old"] } })), false);
        let line = |sku, size| {
            let members = json!({ "sku": { "S": [sku] }, "size": { "S": [size] } });
            image(json!({ "lines": { "L": { "M": members } } }))
        };
        check(line("b", "y"), true);
        check(line("b", "x"), false);
    }

    #[test]
    fn what_is_absent_may_be_asked_for() {
        let exists =
            |name: &str, exists: bool| image(json!({ name: { "S": [{ "exists": exists }] } }));
        check(exists("status", true), true);
        check(exists("status", false), false);
        check(exists("total", false), true);
        check(exists("absent", true), false);
        check(exists("absent", false), true);
        check(
            json!({ "dynamodb": { "OldImage": { "status": { "S": [{ "exists": false }] } } } }),
            true,
        );
    }

    #[test]
    fn one_of_the_alternatives_has_to_match_besides_the_other_fields() {
        let either = |status: &str, total: &str| {
            image(json!({
                "none": { "NULL": [true] },
                "$or": [{ "status": { "S": [status] } }, { "total": { "N": [total] } }],
            }))
        };
        check(either("paid", "0"), true);
        check(either("placed", "100"), true);
        check(either("placed", "0"), false);
        let others = json!([{ "eventName": ["MODIFY"] }, { "eventName": ["REMOVE"] }]);
        check(json!({ "eventName": ["INSERT"], "$or": others }), false);
    }

    #[test]
    fn what_can_never_match_is_refused() {
        assert_eq!(
            refused(image(json!({ "status": [{ "exists": true }] }))),
            "dynamodb.NewImage.status: [{\"exists\":true}], expected an object with the \
             attribute's type, such as {\"S\":[\"text\"]}, for a record has no value here"
        );
        let no_value = "expected an object of fields, for a record has no value here";
        for (pattern, path) in [
            (json!({ "dynamodb": { "OldImage": [null] } }), "dynamodb.OldImage: [null]"),
            (json!({ "dynamodb": ["x"] }), "dynamodb: [\"x\"]"),
            (image(json!({ "address": { "M": ["x"] } })), "dynamodb.NewImage.address.M: [\"x\"]"),
            (image(json!({ "lines": { "L": ["x"] } })), "dynamodb.NewImage.lines.L: [\"x\"]"),
        ] {
            assert_eq!(refused(pattern), format!("{path}, {no_value}"));
        }
        let deep = image(
            json!({ "lines": { "L": { "M": { "price": { "N": [{ "numeric": [">", 1] }] } } } } }),
        );
        assert!(refused(deep).starts_with("dynamodb.NewImage.lines.L.M.price.N: "));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        let fields = "expected an object of fields, with one at least";
        assert_eq!(
            refused(image(json!({ "status": {} }))),
            format!("dynamodb.NewImage.status: {{}}, {fields}")
        );
        assert_eq!(
            refused(json!({ "eventName": [] })),
            "eventName: [], expected a list of values and rules, with one at least"
        );
        let patterns = "expected a list of patterns, with two at least";
        for alternatives in [json!([]), json!([{ "eventName": ["MODIFY"] }]), json!({})] {
            assert_eq!(
                refused(json!({ "$or": alternatives })),
                format!("$or: {alternatives}, {patterns}")
            );
        }
    }
}
