//! Checks a rollup's `where`: that each path names an attribute and each operand is a value of it.

use super::{Report, json};
use crate::attribute::AttributeType;
use crate::condition::operands;
use crate::entity::Entity;
use crate::file::RollupFile;
use crate::filter::{Condition, Filter};
use crate::nearest::expected;

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
        let instants = Condition::compares_instants(kind);
        match operands(attribute, kind, &json(operand)) {
            Ok(tests) => conditions.extend(tests.into_iter().map(|test| Condition {
                path: stored.clone(),
                instants,
                test,
            })),
            Err(mistakes) => {
                for mistake in mistakes {
                    let mut place = place.to_vec();
                    place.extend(mistake.operator.as_deref());
                    match mistake.is_operator {
                        true => report.key(&place, mistake.message, mistake.expected),
                        false => report.value(&place, mistake.message, mistake.expected),
                    }
                }
            }
        }
    }
    Filter { conditions }
}
