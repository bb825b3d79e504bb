//! Checks a rollup's `where`: that each path names an attribute or leads into one, and each operand
//! is a value of it.

use super::report::Report;
use super::rollup::place_in_maps;
use super::toml_value::to_json;
use crate::condition::operands;
use crate::entity::Entity;
use crate::file::RollupFile;
use crate::filter::{Condition, Filter};
use crate::path::Place;
use crate::rollup::Source;

/// Returns the filter, and what its conditions are about.
pub(super) fn check(
    rollup: &str,
    file: &RollupFile,
    entity: &Entity,
    report: &mut Report<'_>,
) -> (Filter, Vec<Source>) {
    let mut conditions = Vec::new();
    let mut compared = Vec::new();
    for (path, operand) in &file.filter {
        let at = ["rollups", rollup, "where", path];
        let Some((place, stored)) = place(&at, path, entity, report) else { continue };
        let rule = place.rule();
        compared.push(Source::at(&place, path));
        let instants = Condition::compares_instants(&rule.kind);
        match operands(path, rule, &to_json(operand)) {
            Ok(tests) => conditions.extend(tests.into_iter().map(|test| Condition {
                path: stored.clone(),
                instants,
                test,
            })),
            Err(mistakes) => {
                for mistake in mistakes {
                    let mut place = at.to_vec();
                    place.extend(mistake.operator.as_deref());
                    match mistake.is_operator {
                        true => report.key(&place, mistake.message, mistake.expected),
                        false => report.value(&place, mistake.message, mistake.expected),
                    }
                }
            }
        }
    }
    (Filter { conditions }, compared)
}

/// The place that a path leads to, and the stored names on the way to it.
fn place<'a>(
    at: &[&str; 4],
    path: &str,
    entity: &'a Entity,
    report: &mut Report<'_>,
) -> Option<(Place<'a>, Vec<String>)> {
    if path.split('.').any(str::is_empty) {
        let message = format!("`{path}` has an empty part");
        report.key(at, message, "expected a name on each side of a dot");
        return None;
    }
    match place_in_maps(path, entity) {
        Ok(found) => Some(found),
        Err((message, help)) => {
            report.key(at, message, help);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_dynamo::AttributeValue;

    use crate::filter::{Condition, Test};
    use crate::{DefinitionError, Model};

    /// Returns a rollup of items with a map, with these options.
    fn rollup(options: &str) -> Result<Vec<Condition>, DefinitionError> {
        let text = format!(
            r##"
            [table]
            name = "shop"
            [entities.order]
            PK = "ORDER#{{id}}"
            SK = "ORDER"
            [entities.order.attributes]
            id    = {{ type = "string", required = true }}
            total = {{ type = "integer" }}
            tags  = {{ type = "list", items = "integer" }}
            [entities.order.attributes.address]
            type = "map"
            attributes.zip   = {{ type = "integer", field = "z" }}
            attributes.since = {{ type = "timestamp" }}
            attributes.lines = {{ type = "list" }}
            [rollups.spend]
            of = "order"
            {options}
            "##
        );
        Model::parse("weir.toml", &text).map(|model| model.rollups[0].filter.conditions.clone())
    }

    fn filtered(filter: &str) -> Result<Vec<Condition>, DefinitionError> {
        rollup(&format!("measures = {{ n = \"count\" }}\nwhere = {{ {filter} }}"))
    }

    #[test]
    fn values_in_a_map_are_compared_as_its_rules_say() {
        let conditions = filtered(
            r#""address.since" = { gt = "2026-01-01T00:00:00+01:00" }, "address.zip" = "12""#,
        );
        let conditions = conditions.unwrap_or_else(|error| panic!("{error:#?}"));
        assert_eq!(conditions[0].path, ["address", "since"]);
        let instant = AttributeValue::S("2025-12-31T23:00:00.000Z".to_owned());
        assert_eq!((conditions[0].instants, &conditions[0].test), (true, &Test::Gt(instant)));
        assert_eq!(conditions[1].path, ["address", "z"]);
        let number = AttributeValue::N("12".to_owned());
        assert_eq!(conditions[1].test, Test::In(vec![number]));
    }

    #[test]
    fn what_does_not_lead_to_a_value_in_a_map_says_why() {
        let measured = |measure: &str| rollup(&format!("measures = {{ n = \"{measure}\" }}"));
        let grouped = rollup("measures = { n = \"count\" }\nby = [\"address.sinc\"]");
        let cases = [
            (
                filtered(r#""address.sinc" = 1"#),
                "`address.sinc`: `address` has no such attribute",
                "did you mean `since`?",
            ),
            (filtered(r#""address.zip" = "x""#), "compared with `address.zip`", "a decimal number"),
            (filtered(r#""address.zip.x" = 1"#), "leads into `address.zip`", "expected a map"),
            (filtered(r#""tags[0]" = 1"#), "leads into a list by a position", "follows maps"),
            (measured("sum(tags[0])"), "leads into a list by a position", "follows maps"),
            (measured("sum(address)"), "is a map, which `sum` cannot add up", "are: total"),
            (grouped, "has no such attribute", "did you mean `since`?"),
        ];
        for (parsed, message, help) in cases {
            let problem = parsed.expect_err(message).problems.remove(0);
            assert!(problem.message.contains(message), "{}", problem.message);
            let found = problem.help.unwrap_or_default();
            assert!(found.contains(help), "{message}: {found}");
        }
    }
}
