//! Conditions on a value before a relative change, so that its attribute's rules hold after it.
//!
//! `min`, `max`, `min_length`, `max_length` speak of the value that results, which only DynamoDB
//! knows when it is made; so they become conditions on the value that was: `x + 3 ≤ 10` is `x ≤ 7`.
//!
//! Of several members that are added to a set, each counts as new, and of several that are taken
//! out, each as there: with one at a time the limit is exact, with more it may refuse what would
//! just fit.

use serde_dynamo::AttributeValue;

use super::bound::Bound;
use super::operation::Operation;
use super::planned_action::PlannedAction;
use crate::attribute::Rules;
use crate::condition::Predicate;
use crate::field_error::FieldError;
use crate::filter::Test;
use crate::number::Number;
use crate::path::Path;
use crate::value::{self, count};

/// Returns the conditions of one action of an update.
pub(super) fn bounds_after(planned: &PlannedAction<'_>) -> Vec<Bound> {
    let (path, rule) = (&planned.place.path, planned.place.rule());
    match &planned.operation {
        Operation::Plus(AttributeValue::N(text)) => shifted(&rule.rules, path, number(text)),
        Operation::Minus(AttributeValue::N(text)) => {
            shifted(&rule.rules, path, number(text).negated())
        }
        Operation::Append(members) | Operation::Prepend(members) => {
            longer(&rule.rules, path, value::length(members).unwrap_or_default(), None)
        }
        Operation::Union(members) => {
            longer(&rule.rules, path, value::length(members).unwrap_or_default(), only(members))
        }
        Operation::Without(members) => {
            // Without it, the members of a list that are behind it would move.
            let stays = rule.required || path.is_position();
            shorter(&rule.rules, stays, path, members)
        }
        _ => Vec::new(),
    }
}

fn number(text: &str) -> Number {
    text.parse().expect("an encoded number")
}

/// Returns the value moves by `by`, from 0 where there is none.
fn shifted(rules: &Rules, path: &Path, by: Number) -> Vec<Bound> {
    let (min, max) = (rules.min.as_ref(), rules.max.as_ref());
    let operand = |limit: &Number| AttributeValue::N(limit.minus(&by).to_string());
    let bound = |test: Test, from_nothing: bool, message: String| {
        let moved = Predicate::Test(path.clone(), test);
        let absent = Predicate::Test(path.clone(), Test::Exists(false));
        let holds = if from_nothing { Predicate::Any(vec![absent, moved]) } else { moved };
        Bound { holds, error: FieldError::new(&path.to_string(), message) }
    };
    let least = min.map(|min| {
        bound(Test::Gte(operand(min)), by >= *min, format!("expected at least {min} afterwards"))
    });
    let most = max.map(|max| {
        bound(Test::Lte(operand(max)), by <= *max, format!("expected at most {max} afterwards"))
    });
    least.into_iter().chain(most).collect()
}

/// Returns the value gets `more` members; `only` is the one that may be there already.
fn longer(rules: &Rules, path: &Path, more: usize, only: Option<AttributeValue>) -> Vec<Bound> {
    let mut bounds = Vec::new();
    if let Some(max) = rules.max_length {
        let room = max.checked_sub(more);
        let fits = room.map(|room| Predicate::Size(path.clone(), Test::Lte(count(room))));
        let absent = (room.is_some()).then(|| Predicate::Test(path.clone(), Test::Exists(false)));
        let there = only.map(|member| Predicate::Test(path.clone(), Test::Contains(member)));
        let ways: Vec<_> = fits.into_iter().chain(absent).chain(there).collect();
        let message = format!("expected a length of at most {max} afterwards");
        bounds.push(Bound {
            holds: Predicate::Any(ways),
            error: FieldError::new(&path.to_string(), message),
        });
    }
    if let Some(min) = rules.min_length
        && more < min
    {
        let enough = Predicate::Size(path.clone(), Test::Gte(count(min - more)));
        let message = format!("expected a length of at least {min} afterwards");
        bounds.push(Bound { holds: enough, error: FieldError::new(&path.to_string(), message) });
    }
    bounds
}

/// Returns the condition of a set that loses members; DynamoDB keeps no empty set.
fn shorter(rules: &Rules, stays: bool, path: &Path, members: &AttributeValue) -> Vec<Bound> {
    let least = rules.min_length.unwrap_or(0).max(usize::from(stays));
    if least == 0 {
        return Vec::new();
    }
    let lost = value::length(members).unwrap_or_default();
    let enough = Predicate::Size(path.clone(), Test::Gte(count(least + lost)));
    let absent = Predicate::Test(path.clone(), Test::Exists(false));
    let not_there = only(members).map(|member| {
        Predicate::Not(Box::new(Predicate::Test(path.clone(), Test::Contains(member))))
    });
    let ways = [enough, absent].into_iter().chain(not_there).collect();
    let message = format!("expected a length of at least {least} afterwards");
    vec![Bound { holds: Predicate::Any(ways), error: FieldError::new(&path.to_string(), message) }]
}

/// Returns the member of a set that has one.
fn only(members: &AttributeValue) -> Option<AttributeValue> {
    match members {
        AttributeValue::Ss(members) if members.len() == 1 => {
            Some(AttributeValue::S(members[0].clone()))
        }
        AttributeValue::Ns(members) if members.len() == 1 => {
            Some(AttributeValue::N(members[0].clone()))
        }
        AttributeValue::Bs(members) if members.len() == 1 => {
            Some(AttributeValue::B(members[0].clone()))
        }
        _ => None,
    }
}
