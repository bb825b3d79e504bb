//! Checks a rollup's `where`: that each path names an attribute and each operand is a value of it.

use serde_dynamo::AttributeValue;

use super::{Report, json};
use crate::attribute::{Attribute, AttributeType};
use crate::entity::Entity;
use crate::file::RollupFile;
use crate::filter::{Condition, Filter, OPERATORS, Test};
use crate::nearest::expected;
use crate::value;

pub(super) fn check(
    rollup: &str,
    file: &RollupFile,
    entity: &Entity,
    report: &mut Report<'_>,
) -> Filter {
    let mut conditions = Vec::new();
    for (path, operand) in &file.filter {
        let place = ["rollups", rollup, "where", path];
        let (first, nested) =
            path.split_once('.').map_or((path.as_str(), None), |(first, rest)| (first, Some(rest)));
        let Some(attribute) = entity.attribute(first) else {
            let names: Vec<_> =
                entity.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
            report.key(
                &place,
                format!("`{first}` is no attribute of `{}`", entity.name),
                expected(first, &names),
            );
            continue;
        };
        if path.split('.').any(str::is_empty) {
            report.key(
                &place,
                format!("`{path}` has an empty part"),
                "expected a name on each side of a dot",
            );
            continue;
        }
        if nested.is_some() && !matches!(attribute.kind, AttributeType::Map | AttributeType::Any) {
            let message =
                format!("`{path}` leads into `{first}`, which is {}", attribute.kind.noun());
            report.key(&place, message, "expected a map before the dot");
            continue;
        }
        let stored = std::iter::once(attribute.field.clone())
            .chain(nested.into_iter().flat_map(|rest| rest.split('.').map(str::to_owned)));
        let stored: Vec<String> = stored.collect();
        let kind = if nested.is_some() { &AttributeType::Any } else { &attribute.kind };
        for test in tests(&place, attribute, kind, operand, report) {
            let instants = Condition::compares_instants(kind);
            conditions.push(Condition { path: stored.clone(), instants, test });
        }
    }
    Filter { conditions }
}

fn tests(
    place: &[&str; 4],
    attribute: &Attribute,
    kind: &AttributeType,
    operand: &toml::Value,
    report: &mut Report<'_>,
) -> Vec<Test> {
    let mut read =
        |value: &toml::Value, kind: &AttributeType| match encode(attribute, kind, &json(value)) {
            Ok(encoded) => Some(encoded),
            Err(invalid) => {
                report.value(
                    place,
                    format!("{} cannot be compared with `{}`", shown(value), attribute.name),
                    invalid.to_string(),
                );
                None
            }
        };
    match operand {
        toml::Value::Array(values) => {
            let encoded: Option<Vec<_>> = values.iter().map(|value| read(value, kind)).collect();
            if values.is_empty() {
                report.value(
                    place,
                    "an empty list admits nothing",
                    "expected the values it may have",
                );
                return Vec::new();
            }
            encoded.map(Test::In).into_iter().collect()
        }
        toml::Value::Table(operators) if operators.is_empty() => {
            report.value(
                place,
                "no operator",
                format!("expected one or more of {}", OPERATORS.join(", ")),
            );
            Vec::new()
        }
        toml::Value::Table(operators) => operators
            .iter()
            .filter_map(|(operator, value)| test(place, attribute, kind, operator, value, report))
            .collect(),
        value => read(value, kind).map(|encoded| Test::In(vec![encoded])).into_iter().collect(),
    }
}

fn test(
    place: &[&str; 4],
    attribute: &Attribute,
    kind: &AttributeType,
    operator: &str,
    value: &toml::Value,
    report: &mut Report<'_>,
) -> Option<Test> {
    let place = [place[0], place[1], place[2], place[3], operator];
    if !OPERATORS.contains(&operator) {
        report.key(&place, format!("`{operator}` is no operator"), expected(operator, &OPERATORS));
        return None;
    }
    if operator == "exists" {
        if value.as_bool().is_none() {
            report.value(&place, format!("`exists` is {}", shown(value)), "expected true or false");
        }
        return value.as_bool().map(Test::Exists);
    }
    let ordered = matches!(operator, "gt" | "gte" | "lt" | "lte" | "between");
    if ordered
        && (!kind.is_scalar() && *kind != AttributeType::Any || *kind == AttributeType::Boolean)
    {
        let message =
            format!("`{operator}` cannot order `{}`: it is {}", attribute.name, kind.noun());
        report.key(&place, message, "numbers, text and timestamps have an order");
        return None;
    }
    let searches_number = matches!(operator, "begins_with" | "contains")
        && (kind.is_numeric() || *kind == AttributeType::Boolean);
    if searches_number {
        let message =
            format!("`{operator}` never holds for `{}`: it is {}", attribute.name, kind.noun());
        report.key(&place, message, "text, binary, sets and lists can be searched");
        return None;
    }
    let mut read = |value: &toml::Value| match encode(
        attribute,
        &operand_kind(operator, kind),
        &json(value),
    ) {
        Ok(encoded) => Some(encoded),
        Err(invalid) => {
            report.value(
                &place,
                format!("{} cannot be compared with `{}`", shown(value), attribute.name),
                invalid.to_string(),
            );
            None
        }
    };
    if operator == "between" {
        return match value.as_array().map(Vec::as_slice) {
            Some([low, high]) => Some(Test::Between(read(low)?, read(high)?)),
            _ => {
                report.value(
                    &place,
                    format!("`between` is {}", shown(value)),
                    "expected the two ends, such as [1, 10]",
                );
                None
            }
        };
    }
    let operand: AttributeValue = read(value)?;
    Some(match operator {
        "ne" => Test::Ne(operand),
        "gt" => Test::Gt(operand),
        "gte" => Test::Gte(operand),
        "lt" => Test::Lt(operand),
        "lte" => Test::Lte(operand),
        "begins_with" => Test::BeginsWith(operand),
        _ => Test::Contains(operand),
    })
}

/// Encodes an operand; one that is a value of the attribute itself is cleaned as stored values are.
fn encode(
    attribute: &Attribute,
    kind: &AttributeType,
    operand: &serde_json::Value,
) -> Result<AttributeValue, value::Invalid> {
    if *kind == attribute.kind {
        attribute.normalise(operand)
    } else {
        value::encode(kind, operand)
    }
}

/// What an operand must be: a member for `contains`, the beginning of a text for `begins_with`, else a value.
fn operand_kind(operator: &str, kind: &AttributeType) -> AttributeType {
    match (operator, kind) {
        ("contains", AttributeType::Set(_) | AttributeType::List | AttributeType::Map) => {
            AttributeType::Any
        }
        ("begins_with" | "contains", AttributeType::Enum { .. } | AttributeType::Timestamp(_)) => {
            AttributeType::String
        }
        _ => kind.clone(),
    }
}

fn shown(value: &toml::Value) -> String {
    value::shown(&json(value))
}
