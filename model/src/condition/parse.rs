//! Reads conditions from JSON: each path an attribute, each operand a value of it.
//!
//! **Invariant:** every mistake is found at once, each with the keys that lead to it.

use std::borrow::Cow;

use serde_dynamo::AttributeValue;
use serde_json::{Map, Value};

use super::{Predicate, StoredType};
use crate::attribute::{Attribute, AttributeType};
use crate::entity::Entity;
use crate::errors;
use crate::field_error::FieldError;
use crate::filter::Test;
use crate::limits::{MAX_IN_OPERANDS, MAX_OPERATORS, MAX_TESTS};
use crate::nearest::expected;
use crate::path::Path;
use crate::shorten::quoted;
use crate::value;

/// The names of the operators that compare values.
pub(crate) const OPERATORS: [&str; 11] =
    ["eq", "in", "ne", "gt", "gte", "lt", "lte", "between", "begins_with", "contains", "exists"];
/// Those that `size` takes.
const SIZE_OPERATORS: [&str; 8] = ["eq", "in", "ne", "gt", "gte", "lt", "lte", "between"];
/// Those that conditions on items take besides.
const ITEM_OPERATORS: [&str; 2] = ["size", "type"];

/// A mistake in a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The operator that it is at, or none: then it is at the operand as a whole.
    pub operator: Option<String>,
    /// Whether the operator itself is wrong, not what it is given.
    pub is_operator: bool,
    /// The mistake.
    pub message: String,
    /// The expectation.
    pub expected: String,
}

impl Mistake {
    fn value(message: impl Into<String>, expected: impl Into<String>) -> Self {
        let (message, expected) = (message.into(), expected.into());
        Self { operator: None, is_operator: false, message, expected }
    }

    fn operator(message: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { is_operator: true, ..Self::value(message, expected) }
    }

    fn at(self, operator: &str) -> Self {
        Self { operator: Some(operator.to_owned()), ..self }
    }
}

/// Reads what must hold of an item of an entity.
///
/// # Errors
/// Every mistake, as an error of the path it is about.
pub fn parse(entity: &Entity, json: &Value) -> Result<Predicate, Vec<FieldError>> {
    check_count(json)?;
    let mut errors = Vec::new();
    let predicate = object(entity, json, "where", &mut errors);
    if errors.is_empty() { Ok(predicate) } else { Err(errors) }
}

/// Rejects more tests than an expression can have, before any of them is read.
fn check_count(json: &Value) -> Result<(), Vec<FieldError>> {
    let count = tests_in(json);
    if count <= MAX_TESTS {
        return Ok(());
    }
    let message = format!(
        "{count} tests, expected at most {MAX_TESTS}: DynamoDB takes an expression of at most \
         {MAX_OPERATORS} operators"
    );
    Err(vec![FieldError::new("where", message)])
}

/// Returns how many tests a condition has: an object without any is one that always holds.
fn tests_in(json: &Value) -> usize {
    let Value::Object(members) = json else { return 1 };
    let of_member = |(name, operand): (&String, &Value)| match (name.as_str(), operand) {
        ("and" | "or", Value::Array(parts)) => parts.iter().map(tests_in).sum(),
        ("not", part) => tests_in(part),
        (_, Value::Object(operators)) => operators.len().max(1),
        _ => 1,
    };
    members.iter().map(of_member).sum::<usize>().max(1)
}

/// Returns the most operands of `in` that a condition has for one path, where they are too many.
fn too_many_operands(operand: &Value) -> Option<usize> {
    let count = match operand {
        Value::Array(operands) => operands.len(),
        Value::Object(operators) => {
            operators.get("in").and_then(Value::as_array).map_or(0, Vec::len)
        }
        _ => 0,
    };
    (count > MAX_IN_OPERANDS).then_some(count)
}

fn object(entity: &Entity, json: &Value, place: &str, errors: &mut Vec<FieldError>) -> Predicate {
    let Value::Object(members) = json else {
        let message = format!("{}, expected an object of conditions", value::shown(json));
        errors.push(FieldError::new(place, message));
        return Predicate::always();
    };
    let parts = members.iter().filter_map(|(name, operand)| match name.as_str() {
        "and" | "or" => Some(list(entity, name, operand, errors)),
        "not" => Some(Predicate::Not(Box::new(object(entity, operand, "not", errors)))),
        path => leaf(entity, path, operand, errors),
    });
    let mut parts: Vec<_> = parts.collect();
    if parts.len() == 1 { parts.remove(0) } else { Predicate::All(parts) }
}

fn list(entity: &Entity, name: &str, json: &Value, errors: &mut Vec<FieldError>) -> Predicate {
    let members = match json.as_array() {
        Some(members) if !members.is_empty() => members,
        _ => {
            let message = format!("{}, expected a list of conditions", value::shown(json));
            errors.push(FieldError::new(name, message));
            return Predicate::always();
        }
    };
    let parts = members.iter().map(|member| object(entity, member, name, errors)).collect();
    if name == "and" { Predicate::All(parts) } else { Predicate::Any(parts) }
}

fn leaf(
    entity: &Entity,
    text: &str,
    operand: &Value,
    errors: &mut Vec<FieldError>,
) -> Option<Predicate> {
    let place = match Path::parse(entity, text) {
        Ok(place) => place,
        Err(error) => {
            errors.push(error);
            return None;
        }
    };
    if let Some(count) = too_many_operands(operand) {
        errors::note(errors, || {
            let most = format!("expected at most {MAX_IN_OPERANDS}, which is what DynamoDB takes");
            FieldError::new(text, format!("{count} values; {most}"))
        });
        return None;
    }
    let (path, rule) = (&place.path, place.rule());
    let (others, compared) = split(operand);
    let mut parts = Vec::new();
    let mut mistakes = Vec::new();
    match compared.map(|compared| operands(text, rule, &compared)).transpose() {
        Ok(tests) => {
            let tests = tests.into_iter().flatten();
            parts.extend(tests.map(|test| Predicate::comparing(path, rule, test)));
        }
        Err(found) => mistakes.extend(found),
    }
    for (operator, operand) in others {
        let part = match operator.as_str() {
            "size" => size(operand).map(|tests| {
                let tests = tests.into_iter().map(|test| Predicate::Size(path.clone(), test));
                Predicate::All(tests.collect())
            }),
            _ => stored_type(operand)
                .map(|stored| Predicate::Type(path.clone(), stored))
                .map_err(|mistake| vec![mistake]),
        };
        match part {
            Ok(part) => parts.push(part),
            Err(found) => mistakes.extend(found.into_iter().map(|mistake| mistake.at(operator))),
        }
    }
    errors.extend(mistakes.into_iter().map(|mistake| {
        let Mistake { message, expected, .. } = mistake;
        FieldError::new(text, format!("{message}; {expected}"))
    }));
    Some(if parts.len() == 1 { parts.remove(0) } else { Predicate::All(parts) })
}

/// Returns the operators on size and type, and the rest of the operand, if there is any.
fn split(operand: &Value) -> (Vec<(&String, &Value)>, Option<Value>) {
    let is_other = |name: &str| ITEM_OPERATORS.contains(&name);
    match operand {
        Value::Object(members) if members.keys().any(|name| is_other(name)) => {
            let (others, compared): (Vec<_>, Vec<_>) =
                members.iter().partition(|(name, _)| is_other(name));
            let compared: Map<_, _> =
                compared.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect();
            (others, (!compared.is_empty()).then_some(Value::Object(compared)))
        }
        operand => (Vec::new(), Some(operand.clone())),
    }
}

fn size(operand: &Value) -> Result<Vec<Test>, Vec<Mistake>> {
    let number = Attribute::plain("size", AttributeType::Integer);
    if let Value::Object(operators) = operand
        && let Some(wrong) = operators.keys().find(|name| !SIZE_OPERATORS.contains(&name.as_str()))
    {
        let message = format!("{} is no operator of `size`", quoted(wrong));
        return Err(vec![Mistake::operator(message, expected(wrong, &SIZE_OPERATORS))]);
    }
    operands("size", &number, operand)
}

fn stored_type(operand: &Value) -> Result<StoredType, Mistake> {
    let given = operand.as_str().unwrap_or_default();
    let found = StoredType::EVERY
        .iter()
        .find(|(name, letters, _)| *name == given || *letters == given)
        .map(|(_, _, stored)| *stored);
    found.ok_or_else(|| {
        let names = StoredType::EVERY.map(|(name, _, _)| name);
        let message = format!("`type` is {}", value::shown(operand));
        Mistake::value(message, expected(given, &names))
    })
}

/// Returns the tests that an operand stands for, of a value at a place that follows a rule.
pub(crate) fn operands(
    place: &str,
    rule: &Attribute,
    operand: &Value,
) -> Result<Vec<Test>, Vec<Mistake>> {
    match operand {
        Value::Object(operators) if operators.is_empty() => {
            let expected = format!("expected one or more of {}", OPERATORS.join(", "));
            Err(vec![Mistake::value("no operator", expected)])
        }
        Value::Object(operators) => {
            let mut mistakes = Vec::new();
            let mut tests = Vec::new();
            for (operator, operand) in operators {
                match test(place, rule, operator, operand) {
                    Ok(test) => tests.push(test),
                    Err(mistake) => mistakes.push(mistake.at(operator)),
                }
            }
            if mistakes.is_empty() { Ok(tests) } else { Err(mistakes) }
        }
        Value::Array(_) => Ok(vec![any_of(place, rule, operand).map_err(|found| vec![found])?]),
        operand => match encode(place, rule, operand) {
            Ok(encoded) => Ok(vec![Test::In(vec![encoded])]),
            Err(mistake) => Err(vec![mistake]),
        },
    }
}

fn any_of(place: &str, rule: &Attribute, operand: &Value) -> Result<Test, Mistake> {
    match operand.as_array().map(Vec::as_slice) {
        None => {
            let message = format!("`in` is {}", value::shown(operand));
            Err(Mistake::value(message, "expected a list of the values it may have"))
        }
        Some([]) => {
            Err(Mistake::value("an empty list admits nothing", "expected the values it may have"))
        }
        Some(values) => values
            .iter()
            .map(|value| encode(place, rule, value))
            .collect::<Result<_, _>>()
            .map(Test::In),
    }
}

fn test(place: &str, rule: &Attribute, operator: &str, operand: &Value) -> Result<Test, Mistake> {
    let kind = &rule.kind;
    if !OPERATORS.contains(&operator) {
        let message = format!("{} is no operator", quoted(operator));
        return Err(Mistake::operator(message, expected(operator, &OPERATORS)));
    }
    if operator == "exists" {
        return operand.as_bool().map(Test::Exists).ok_or_else(|| {
            let message = format!("`exists` is {}", value::shown(operand));
            Mistake::value(message, "expected true or false")
        });
    }
    let ordered = matches!(operator, "gt" | "gte" | "lt" | "lte" | "between");
    let has_order = kind.is_scalar() && *kind != AttributeType::Boolean
        || matches!(kind, AttributeType::Any | AttributeType::Binary);
    if ordered && !has_order {
        let message = format!("`{operator}` cannot order `{place}`: it is {}", kind.noun());
        return Err(Mistake::operator(message, "numbers, text and timestamps have an order"));
    }
    let searches_number = matches!(operator, "begins_with" | "contains")
        && (kind.is_numeric() || *kind == AttributeType::Boolean);
    if searches_number {
        let message = format!("`{operator}` never holds for `{place}`: it is {}", kind.noun());
        return Err(Mistake::operator(message, "text, binary, sets and lists can be searched"));
    }
    let rule = &*operand_rule(operator, rule);
    let read = |operand: &Value| encode(place, rule, operand);
    Ok(match operator {
        "eq" => Test::In(vec![read(operand)?]),
        "in" => any_of(place, rule, operand)?,
        "between" => match operand.as_array().map(Vec::as_slice) {
            Some([low, high]) => between(operand, read(low)?, read(high)?)?,
            _ => {
                let message = format!("`between` is {}", value::shown(operand));
                return Err(Mistake::value(message, "expected the two ends, such as [1, 10]"));
            }
        },
        "ne" => Test::Ne(read(operand)?),
        "gt" => Test::Gt(read(operand)?),
        "gte" => Test::Gte(read(operand)?),
        "lt" => Test::Lt(read(operand)?),
        "lte" => Test::Lte(read(operand)?),
        "begins_with" => Test::BeginsWith(read(operand)?),
        _ => Test::Contains(read(operand)?),
    })
}

/// Returns a test between two ends. DynamoDB refuses ends of different types, and those in reverse.
fn between(operand: &Value, low: AttributeValue, high: AttributeValue) -> Result<Test, Mistake> {
    let between = Test::Between(low.clone(), high);
    if between.holds(Some(&low), false) {
        return Ok(between);
    }
    let message = format!("`between` is {}, which admits nothing", value::shown(operand));
    Err(Mistake::value(message, "expected the lower end first, such as [1, 10]"))
}

/// Encodes an operand, cleaned as stored values are.
fn encode(place: &str, rule: &Attribute, operand: &Value) -> Result<AttributeValue, Mistake> {
    if operand.is_null() {
        let expected = "what is null is taken for absent, expected { exists = false }";
        return Err(Mistake::value("nothing is compared with null", expected));
    }
    rule.normalise(operand).map_err(|invalid| {
        let shown = value::shown(operand);
        let message = format!("{shown} cannot be compared with {}", quoted(place));
        Mistake::value(message, invalid.to_string())
    })
}

/// Returns the kind of operand that is expected: a member for `contains`, the beginning of a text
/// for `begins_with`, else a value.
fn operand_rule<'a>(operator: &str, rule: &'a Attribute) -> Cow<'a, Attribute> {
    let plain = |kind| Cow::Owned(Attribute::plain(&rule.name, kind));
    match (operator, &rule.kind) {
        ("contains", AttributeType::List(Some(member))) => Cow::Borrowed(member),
        ("contains", AttributeType::Set(_)) => plain(rule.kind.of_one()),
        ("contains", AttributeType::List(None) | AttributeType::Map(_)) => {
            plain(AttributeType::Any)
        }
        ("begins_with" | "contains", AttributeType::Enum { .. } | AttributeType::Timestamp(_)) => {
            plain(AttributeType::String)
        }
        _ => Cow::Borrowed(rule),
    }
}
