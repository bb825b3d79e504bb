//! Rules: what a single value has to be like.
//!
//! | rule | matches |
//! |---|---|
//! | `"text"`, `7`, `true`, `null` | this value, a number as it is written |
//! | `{"prefix": "a"}`, `{"suffix": "a"}` | a text that begins, or ends, so |
//! | `{"equals-ignore-case": "a"}` | a text that differs in case only |
//! | `{"anything-but": …}` | any value but this, these, or the texts with `{"prefix": "a"}` |
//! | `{"numeric": [">", 0, "<=", 5]}` | a number within bounds |
//! | `{"exists": true}` | any value; with `false`, none |

use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::Mistake;

/// The rule for a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Rule {
    Equals(Value),
    Prefix(String),
    Suffix(String),
    EqualsIgnoreCase(String),
    AnythingBut(Vec<Rule>),
    Numeric(Vec<(Comparison, f64)>),
    /// Whether there is a value at all; answered where the values are looked for.
    Exists(bool),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Rule {
    /// Reads a rule for a value at this path, which may be a number of an attribute.
    pub(super) fn parse(json: &Value, path: &[String], is_number: bool) -> Result<Self, Mistake> {
        let refuse =
            |expected| Err(Mistake { path: path.to_vec(), found: json.to_string(), expected });
        let object = match json {
            Value::Array(_) => return refuse("a value, or an object with one rule"),
            Value::Object(object) if object.len() == 1 => object,
            Value::Object(_) => return refuse("an object with one rule"),
            value if is_number && !value.is_string() => {
                return refuse("a text such as \"100\", for numbers are text in a record");
            }
            value => return Ok(Rule::Equals(value.clone())),
        };
        let (name, value) = object.iter().next().expect("it has one");
        let text = || value.as_str().map(str::to_owned);
        let rule = match name.as_str() {
            "prefix" => text().map(Rule::Prefix),
            "suffix" => text().map(Rule::Suffix),
            "equals-ignore-case" => text().map(Rule::EqualsIgnoreCase),
            "exists" => value.as_bool().map(Rule::Exists),
            "anything-but" => {
                return match anything_but(value) {
                    Some(rule) => Ok(rule),
                    None => {
                        refuse("anything-but with a text, a number, a list of them, or a prefix")
                    }
                };
            }
            "numeric" if is_number => {
                return refuse("a text such as \"100\", for numbers are text in a record");
            }
            "numeric" => {
                return match comparisons(value) {
                    Some(comparisons) => Ok(Rule::Numeric(comparisons)),
                    None => refuse("numeric with =, <, <=, > or >= before each number"),
                };
            }
            _ => {
                return refuse(
                    "prefix, suffix, equals-ignore-case, anything-but, numeric or exists",
                );
            }
        };
        match rule {
            Some(rule) => Ok(rule),
            None if name == "exists" => refuse("exists with true or false"),
            None => refuse("a text to compare with"),
        }
    }

    /// Whether a value is so.
    pub(super) fn matches(&self, value: &Value) -> bool {
        let is_text = |is_so: &dyn Fn(&str) -> bool| value.as_str().is_some_and(is_so);
        match self {
            Rule::Equals(expected) => expected == value,
            Rule::Prefix(prefix) => is_text(&|text| text.starts_with(prefix)),
            Rule::Suffix(suffix) => is_text(&|text| text.ends_with(suffix)),
            Rule::EqualsIgnoreCase(expected) => {
                is_text(&|text| text.to_lowercase() == expected.to_lowercase())
            }
            Rule::AnythingBut(rules) => rules.iter().all(|rule| !rule.matches(value)),
            Rule::Numeric(comparisons) => {
                value.as_number().and_then(Number::as_f64).is_some_and(|number| {
                    comparisons.iter().all(|(is, bound)| is.holds(number, *bound))
                })
            }
            Rule::Exists(exists) => *exists,
        }
    }
}

impl Comparison {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "=" => Self::Equal,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    fn holds(self, number: f64, bound: f64) -> bool {
        let ordering = number.partial_cmp(&bound);
        match self {
            Self::Equal => ordering == Some(Ordering::Equal),
            Self::Less => ordering == Some(Ordering::Less),
            Self::LessOrEqual => ordering.is_some_and(Ordering::is_le),
            Self::Greater => ordering == Some(Ordering::Greater),
            Self::GreaterOrEqual => ordering.is_some_and(Ordering::is_ge),
        }
    }
}

fn anything_but(json: &Value) -> Option<Rule> {
    let plain = |value: &Value| {
        (value.is_string() || value.is_number()).then(|| Rule::Equals(value.clone()))
    };
    match json {
        Value::Array(values) if !values.is_empty() => {
            values.iter().map(plain).collect::<Option<_>>().map(Rule::AnythingBut)
        }
        Value::Object(object) if object.len() == 1 => {
            let prefix = object.get("prefix")?.as_str()?.to_owned();
            Some(Rule::AnythingBut(vec![Rule::Prefix(prefix)]))
        }
        value => Some(Rule::AnythingBut(vec![plain(value)?])),
    }
}

fn comparisons(json: &Value) -> Option<Vec<(Comparison, f64)>> {
    let parts = json.as_array().filter(|parts| matches!(parts.len(), 2 | 4))?;
    let pairs = parts.chunks_exact(2);
    let pair = |pair: &[Value]| Some((Comparison::parse(pair[0].as_str()?)?, pair[1].as_f64()?));
    pairs.map(pair).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(rule: Value, matching: &[Value], others: &[Value]) {
        let parsed = Rule::parse(&rule, &[], false);
        let parsed = parsed.unwrap_or_else(|mistake| panic!("{rule}: {mistake:?}"));
        for value in matching {
            assert!(parsed.matches(value), "{rule} does not match {value}");
        }
        for value in others {
            assert!(!parsed.matches(value), "{rule} matches {value}");
        }
    }

    fn refused(rule: Value, is_number: bool) -> &'static str {
        let mistake = Rule::parse(&rule, &[], is_number).expect_err("a refusal");
        assert_eq!(mistake.found, rule.to_string());
        mistake.expected
    }

    #[test]
    fn a_value_matches_itself_as_it_is_written() {
        check(json!("paid"), &[json!("paid")], &[json!("Paid"), json!("paid "), json!(null)]);
        check(json!(""), &[json!("")], &[json!(null), json!(" ")]);
        check(json!(null), &[json!(null)], &[json!(""), json!(false), json!(0)]);
        check(json!(true), &[json!(true)], &[json!("true"), json!(false)]);
        let number = |text: &str| serde_json::from_str::<Value>(text).expect("a number");
        check(number("300"), &[number("300")], &[number("300.0"), number("3e2"), json!("300")]);
    }

    #[test]
    fn texts_are_compared_at_their_ends_and_without_case() {
        check(
            json!({ "prefix": "ORDER#" }),
            &[json!("ORDER#1"), json!("ORDER#")],
            &[json!("order#1"), json!(1)],
        );
        check(json!({ "suffix": "#1" }), &[json!("ORDER#1")], &[json!("ORDER#12"), json!(null)]);
        check(
            json!({ "equals-ignore-case": "Paid" }),
            &[json!("pAID")],
            &[json!("paid "), json!(1)],
        );
    }

    #[test]
    fn anything_but_is_any_other_value() {
        check(
            json!({ "anything-but": "paid" }),
            &[json!("Paid"), json!(null), json!(1)],
            &[json!("paid")],
        );
        check(
            json!({ "anything-but": ["a", "b", 3] }),
            &[json!("c"), json!("3")],
            &[json!("a"), json!("b"), json!(3)],
        );
        check(
            json!({ "anything-but": { "prefix": "a" } }),
            &[json!("b"), json!("A")],
            &[json!("a"), json!("ab")],
        );
    }

    #[test]
    fn numeric_bounds_hold_for_numbers_and_not_for_text() {
        check(
            json!({ "numeric": ["=", 26] }),
            &[json!(26), json!(26.0)],
            &[json!(27), json!("26")],
        );
        check(
            json!({ "numeric": [">", 0, "<=", 5] }),
            &[json!(1), json!(5)],
            &[json!(0), json!(6), json!(null)],
        );
        check(json!({ "numeric": [">=", 0, "<", 5] }), &[json!(0)], &[json!(5), json!(-1)]);
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        let rules = "prefix, suffix, equals-ignore-case, anything-but, numeric or exists";
        assert_eq!(refused(json!({ "wildcard": "a*" }), false), rules);
        assert_eq!(
            refused(json!({ "prefix": "a", "suffix": "b" }), false),
            "an object with one rule"
        );
        assert_eq!(refused(json!({}), false), "an object with one rule");
        assert_eq!(refused(json!(["a"]), false), "a value, or an object with one rule");
        assert_eq!(refused(json!({ "prefix": 1 }), false), "a text to compare with");
        assert_eq!(refused(json!({ "exists": "yes" }), false), "exists with true or false");
        for value in [json!([]), json!(true), json!({ "suffix": "a" }), json!([["a"]])] {
            let expected = "anything-but with a text, a number, a list of them, or a prefix";
            assert_eq!(refused(json!({ "anything-but": value }), false), expected);
        }
        for value in [json!([]), json!([">"]), json!(["~", 1]), json!([">", "1"]), json!(5)] {
            let expected = "numeric with =, <, <=, > or >= before each number";
            assert_eq!(refused(json!({ "numeric": value }), false), expected);
        }
    }

    #[test]
    fn a_number_of_an_attribute_is_text() {
        let expected = "a text such as \"100\", for numbers are text in a record";
        assert_eq!(refused(json!({ "numeric": [">", 1] }), true), expected);
        assert_eq!(refused(json!(100), true), expected);
        for rule in [json!("100"), json!({ "prefix": "1" }), json!({ "exists": true })] {
            Rule::parse(&rule, &[], true).expect("a rule");
        }
    }
}
