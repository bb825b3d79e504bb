//! `where`: which items a rollup counts.
//!
//! A filter is a list of conditions that must all hold. It is a total function: an attribute that
//! is absent or of another type than the operand makes a condition false (`ne` true), as in
//! DynamoDB's own condition expressions.

use std::cmp::Ordering;

use serde_dynamo::{AttributeValue, Item};

use crate::attribute::AttributeType;
use crate::instant::{self, TimestampFormat};
use crate::number::Number;

/// Conditions on an item, all of which must hold. An empty filter admits every item.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// The conditions.
    pub conditions: Vec<Condition>,
}

/// A condition on one attribute, or on a value nested in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The stored names that lead to the value: the attribute's field, then names within maps.
    pub path: Vec<String>,
    /// Whether operands and values are compared as instants.
    pub instants: bool,
    /// The condition.
    pub test: Test,
}

/// A condition on a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// It equals one of these.
    In(Vec<AttributeValue>),
    /// It differs from this, or is absent.
    Ne(AttributeValue),
    /// It is greater.
    Gt(AttributeValue),
    /// It is greater or equal.
    Gte(AttributeValue),
    /// It is less.
    Lt(AttributeValue),
    /// It is less or equal.
    Lte(AttributeValue),
    /// It lies between the two, both included.
    Between(AttributeValue, AttributeValue),
    /// Its text or bytes begin with this.
    BeginsWith(AttributeValue),
    /// Its text contains this text, or it is a set or list with this member.
    Contains(AttributeValue),
    /// It is there, or is not.
    Exists(bool),
}

impl Filter {
    /// Returns whether an item satisfies every condition.
    pub fn admits(&self, item: &Item) -> bool {
        self.conditions.iter().all(|condition| condition.holds(item))
    }
}

impl Condition {
    /// Returns whether values of the attribute's type are compared as instants. Numbers of
    /// milliseconds are in order as they are, and as instants numbers would be taken for seconds.
    pub fn compares_instants(kind: &AttributeType) -> bool {
        matches!(kind, AttributeType::Timestamp(format) if *format != TimestampFormat::EpochMs)
    }

    /// Returns whether it holds of an item.
    pub(crate) fn holds(&self, item: &Item) -> bool {
        self.test.holds(self.value_in(item), self.instants)
    }

    fn value_in<'a>(&self, item: &'a Item) -> Option<&'a AttributeValue> {
        let (first, nested) = self.path.split_first()?;
        let value = nested.iter().try_fold(item.get(first)?, |value, name| match value {
            AttributeValue::M(members) => members.get(name),
            _ => None,
        })?;
        (!matches!(value, AttributeValue::Null(_))).then_some(value)
    }
}

impl Test {
    /// Returns whether it holds of a value, or of none; `instants` says whether texts and numbers
    /// are compared as such.
    pub(crate) fn holds(&self, found: Option<&AttributeValue>, instants: bool) -> bool {
        match self {
            Self::Exists(expected) => found.is_some() == *expected,
            Self::Ne(operand) => found.is_none_or(|value| !equal(value, operand, instants)),
            test => found.is_some_and(|value| test.passes(value, instants)),
        }
    }

    fn passes(&self, value: &AttributeValue, instants: bool) -> bool {
        let order = |operand| compare(value, operand, instants);
        match self {
            Self::In(operands) => operands.iter().any(|operand| equal(value, operand, instants)),
            Self::Gt(operand) => order(operand).is_some_and(Ordering::is_gt),
            Self::Gte(operand) => order(operand).is_some_and(Ordering::is_ge),
            Self::Lt(operand) => order(operand).is_some_and(Ordering::is_lt),
            Self::Lte(operand) => order(operand).is_some_and(Ordering::is_le),
            Self::Between(low, high) => {
                order(low).is_some_and(Ordering::is_ge) && order(high).is_some_and(Ordering::is_le)
            }
            Self::BeginsWith(operand) => begins_with(value, operand),
            Self::Contains(operand) => contains(value, operand, instants),
            Self::Ne(_) | Self::Exists(_) => false,
        }
    }
}

fn equal(value: &AttributeValue, operand: &AttributeValue, instants: bool) -> bool {
    value == operand || compare(value, operand, instants).is_some_and(Ordering::is_eq)
}

fn compare(value: &AttributeValue, operand: &AttributeValue, instants: bool) -> Option<Ordering> {
    if instants {
        return Some(instant::read(value)?.cmp(&instant::read(operand)?));
    }
    match (value, operand) {
        (AttributeValue::S(value), AttributeValue::S(operand)) => {
            Some(value.as_bytes().cmp(operand.as_bytes()))
        }
        (AttributeValue::B(value), AttributeValue::B(operand)) => Some(value.cmp(operand)),
        (AttributeValue::N(value), AttributeValue::N(operand)) => {
            Some(value.parse::<Number>().ok()?.cmp(&operand.parse::<Number>().ok()?))
        }
        _ => None,
    }
}

fn contains(value: &AttributeValue, operand: &AttributeValue, instants: bool) -> bool {
    match (value, operand) {
        (AttributeValue::S(value), AttributeValue::S(operand)) => value.contains(operand.as_str()),
        (AttributeValue::Ss(members), AttributeValue::S(operand)) => members.contains(operand),
        (AttributeValue::Bs(members), AttributeValue::B(operand)) => members.contains(operand),
        (AttributeValue::Ns(members), AttributeValue::N(_)) => members
            .iter()
            .any(|member| equal(&AttributeValue::N(member.clone()), operand, instants)),
        (AttributeValue::L(members), operand) => {
            members.iter().any(|member| equal(member, operand, instants))
        }
        _ => false,
    }
}

fn begins_with(value: &AttributeValue, operand: &AttributeValue) -> bool {
    match (value, operand) {
        (AttributeValue::S(value), AttributeValue::S(operand)) => {
            value.starts_with(operand.as_str())
        }
        (AttributeValue::B(value), AttributeValue::B(operand)) => value.starts_with(operand),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn s(text: &str) -> AttributeValue {
        AttributeValue::S(text.to_owned())
    }

    fn n(text: &str) -> AttributeValue {
        AttributeValue::N(text.to_owned())
    }

    fn holds(value: Option<AttributeValue>, test: Test) -> bool {
        let condition = Condition { path: vec!["a".to_owned()], instants: false, test };
        let values: HashMap<String, AttributeValue> =
            value.into_iter().map(|value| ("a".to_owned(), value)).collect();
        Filter { conditions: vec![condition] }.admits(&values.into())
    }

    #[test]
    fn operators_compare_as_dynamodb_does() {
        let cases = [
            (Some(n("10")), Test::Gt(n("9.5")), true),
            (Some(n("15")), Test::Gte(n("15.0")), true),
            (Some(n("1.0")), Test::In(vec![n("1")]), true),
            (Some(s("10")), Test::Gt(n("9")), false),
            (Some(n("3")), Test::Between(n("1"), n("3")), true),
            (Some(s("abc")), Test::BeginsWith(s("ab")), true),
            (Some(AttributeValue::Ns(vec!["1.0".to_owned()])), Test::Contains(n("1")), true),
            (Some(AttributeValue::L(vec![s("x")])), Test::Contains(s("x")), true),
            (Some(s("a")), Test::Ne(s("b")), true),
            (None, Test::Ne(s("b")), true),
            (None, Test::Lt(n("1")), false),
            (None, Test::Exists(false), true),
            (Some(AttributeValue::Null(true)), Test::Exists(true), false),
        ];
        for (value, test, expected) in cases {
            assert_eq!(holds(value.clone(), test.clone()), expected, "{value:?} {test:?}");
        }
    }

    #[test]
    fn instants_are_compared_by_time_not_by_text() {
        let test = Test::Gte(s("2026-01-01T00:00:00.000Z"));
        let condition = Condition { path: vec!["a".to_owned()], instants: true, test };
        let filter = Filter { conditions: vec![condition] };
        let item: Item = HashMap::from([("a".to_owned(), s("2026-01-01T01:00:00+01:00"))]).into();
        assert!(filter.admits(&item));
    }

    #[test]
    fn a_path_leads_into_maps() {
        let nested = AttributeValue::M(HashMap::from([("city".to_owned(), s("Berlin"))]));
        let item: Item = HashMap::from([("address".to_owned(), nested)]).into();
        let path = vec!["address".to_owned(), "city".to_owned()];
        let condition = Condition { path, instants: false, test: Test::In(vec![s("Berlin")]) };
        assert!(Filter { conditions: vec![condition] }.admits(&item));
    }
}
