//! What a definition may not do with a hidden attribute, surface by surface.

use std::collections::BTreeSet;

use crate::Model;
use crate::surface::{Surface, Verdict};

/// A definition with a line for each place that a test fills.
#[derive(Clone, Default)]
struct Definition {
    keys: &'static str,
    id: &'static str,
    secret: &'static str,
    version: &'static str,
    entity: &'static str,
    rollup: &'static str,
    measures: &'static str,
    by: &'static str,
    reveals: &'static str,
}

impl Definition {
    fn text(&self) -> String {
        let Self { keys, id, secret, version, entity, rollup, measures, by, reveals } = self;
        let or = |given: &str, default: &'static str| {
            if given.is_empty() { default.to_owned() } else { given.to_owned() }
        };
        let keys = or(keys, "PK = \"TEAM#{team}\"\nSK = \"P#{id}\"");
        let measures = or(measures, "{ n = \"count\" }");
        let by = or(by, "[\"team\"]");
        format!(
            "[table]\nname = \"shop\"\n[table.indexes.GSI1]\npartition_key = \"GSI1PK\"\n\
             sort_key = \"GSI1SK\"\n\
             [entities.person]\n{keys}\n\
             [entities.person.attributes]\n\
             team = {{ type = \"string\", required = true }}\n\
             id = {{ type = \"string\", required = true{id} }}\n\
             secret = {{ type = \"string\", required = true, hidden = true{secret} }}\n\
             born = {{ type = \"timestamp\", hidden = true }}\n\
             kind = {{ type = \"enum\", values = [\"a\", \"b\"], hidden = true }}\n\
             salary = {{ type = \"integer\", hidden = true{version} }}\n\
             card = {{ type = \"map\", attributes = {{ pin = {{ type = \"integer\", hidden = true \
             }} }} }}\n\
             {entity}\n\
             [entities.login]\nPK = \"LOGIN#{{name}}\"\nSK = \"LOGIN\"\n\
             [entities.login.attributes]\nname = {{ type = \"string\", required = true }}\n\
             [entities.safe]\nPK = \"SAFE#{{code}}\"\nSK = \"SAFE\"\n\
             [entities.safe.attributes]\n\
             code = {{ type = \"string\", required = true, hidden = true }}\n\
             [rollups.people]\nof = \"person\"\nby = {by}\nmeasures = \
             {measures}\n{rollup}\n{reveals}\n"
        )
    }

    /// The message, the help, and the text that the message points at.
    fn problems(&self) -> Vec<(String, String, String)> {
        let text = self.text();
        let Err(error) = text.parse::<Model>() else { return Vec::new() };
        let problems = error.problems.iter().map(|problem| {
            let start = problem.span.offset();
            let place = text[start..start + problem.span.len()].to_owned();
            (problem.message.clone(), problem.help.clone().unwrap_or_default(), place)
        });
        problems.collect()
    }
}

/// For each surface that is not accepted: the definition, the attribute, the place that is named.
fn cases() -> Vec<(Surface, Definition, &'static str, &'static str)> {
    let measure = |measures| Definition { measures, ..Definition::default() };
    let own = Definition::default();
    vec![
        (
            Surface::SortKey,
            Definition { keys: "PK = \"TEAM#{team}\"\nSK = \"P#{id}#{secret}\"", ..own.clone() },
            "secret",
            "\"P#{id}#{secret}\"",
        ),
        (
            Surface::SortKey,
            Definition {
                keys: "PK = \"TEAM#{team}\"\nSK = \"P#{id}\"\nGSI1PK = \"ALL\"\nGSI1SK = \
                       \"{secret}\"",
                ..own.clone()
            },
            "secret",
            "\"{secret}\"",
        ),
        (
            Surface::DefaultInPath,
            Definition {
                keys: "PK = \"SECRET#{secret}\"\nSK = \"P\"",
                secret: ", default = \"uuid\"",
                ..own.clone()
            },
            "secret",
            "\"uuid\"",
        ),
        (
            Surface::EntityTag,
            Definition { version: ", version = true", ..own.clone() },
            "salary",
            "true",
        ),
        (Surface::Measure, measure("{ n = \"sum(salary)\" }"), "salary", "\"sum(salary)\""),
        (Surface::Measure, measure("{ n = \"avg(salary)\" }"), "salary", "\"avg(salary)\""),
        (
            Surface::Measure,
            measure("{ n = \"variance(salary)\" }"),
            "salary",
            "\"variance(salary)\"",
        ),
        (Surface::Measure, measure("{ n = \"stddev(salary)\" }"), "salary", "\"stddev(salary)\""),
        (Surface::Measure, measure("{ n = \"median(salary)\" }"), "salary", "\"median(salary)\""),
        (Surface::Measure, measure("{ n = \"p95(card.pin)\" }"), "card.pin", "\"p95(card.pin)\""),
        (
            Surface::Measure,
            measure("{ n = \"histogram(salary, 1, 2)\" }"),
            "salary",
            "\"histogram(salary, 1, 2)\"",
        ),
        (Surface::Measure, measure("{ n = \"max(secret)\" }"), "secret", "\"max(secret)\""),
        (
            Surface::Measure,
            measure("{ n = \"smallest(secret, 2)\" }"),
            "secret",
            "\"smallest(secret, 2)\"",
        ),
        (Surface::Measure, measure("{ n = \"top(secret, 2)\" }"), "secret", "\"top(secret, 2)\""),
        (
            Surface::Measure,
            measure("{ n = \"distinct(secret)\" }"),
            "secret",
            "\"distinct(secret)\"",
        ),
        (Surface::Measure, measure("{ n = \"count_by(kind)\" }"), "kind", "\"count_by(kind)\""),
        (
            Surface::MeasureTime,
            measure("{ n = \"last(team, born)\" }"),
            "born",
            "\"last(team, born)\"",
        ),
        (
            Surface::Rank,
            Definition { rollup: "rank_by = \"n\"", ..measure("{ n = \"sum(salary)\" }") },
            "salary",
            "\"n\"",
        ),
        (
            Surface::Dimension,
            Definition { by: "[\"team\", \"secret\"]", ..own.clone() },
            "secret",
            "\"secret\"",
        ),
        (
            Surface::RollupTime,
            Definition { rollup: "time = \"born\"\nbuckets = [\"day\"]", ..own.clone() },
            "born",
            "\"born\"",
        ),
        (
            Surface::RollupKey,
            Definition {
                by: "[\"secret\"]",
                rollup: "key = { PK = \"STATS#{secret}\", SK = \"STATS\" }",
                ..own.clone()
            },
            "secret",
            "key",
        ),
        (
            Surface::RelationSource,
            Definition {
                entity: "[entities.person.relations.login]\nto = \"login\"\nwith = \
                         { name = \"secret\" }",
                ..own
            },
            "secret",
            "login",
        ),
    ]
}

#[test]
fn each_surface_that_tells_a_hidden_value_is_rejected_at_its_place() {
    for (surface, definition, attribute, place) in cases() {
        let message =
            format!("`{attribute}` is hidden, and in {}: {}", surface.name(), surface.reason());
        let problems = definition.problems();
        let found = problems.iter().find(|(found, ..)| *found == message);
        let (_, help, found) = found.unwrap_or_else(|| panic!("{message}: {problems:?}"));
        assert_eq!(found, place, "{message}");
        let replace = format!("expected an attribute that is not hidden instead of `{attribute}`");
        assert!(help.starts_with(&replace), "{help}");
    }
    let tested: BTreeSet<_> = cases().iter().map(|(surface, ..)| surface.name()).collect();
    let is_rejected =
        |surface: &&Surface| matches!(surface.verdict(), Verdict::Rejected | Verdict::Stated);
    let rejected: BTreeSet<_> =
        Surface::EVERY.iter().filter(is_rejected).map(|surface| surface.name()).collect();
    assert_eq!(tested, rejected, "a surface without a case");
}

#[test]
fn a_definition_may_state_what_callers_may_learn() {
    for (surface, mut definition, attribute, _) in cases() {
        let stated = surface.verdict() == Verdict::Stated;
        let reveals: String = format!("reveals = [\"{attribute}\"]");
        match surface {
            Surface::RelationSource => {
                definition.entity = Box::leak(format!("{}\n{reveals}", definition.entity).into());
            }
            _ => definition.reveals = Box::leak(reveals.into()),
        }
        let problems = definition.problems();
        assert_eq!(problems.is_empty(), stated, "{}: {problems:?}", surface.name());
    }
}

#[test]
fn what_tells_no_value_is_accepted() {
    let definitions = [
        Definition { keys: "PK = \"SECRET#{secret}\"\nSK = \"P\"", ..Definition::default() },
        Definition {
            keys: "PK = \"TEAM#{team}\"\nSK = \"P#{id}\"\nGSI1PK = \"SECRET#{secret}\"\nGSI1SK = \
                   \"{id}\"",
            ..Definition::default()
        },
        Definition {
            secret: ", unique = true, default = \"none\", max_length = 9",
            measures: "{ n = \"count(secret)\" }",
            rollup: "where = { salary = { gt = 1 } }\nrank_by = \"n\"",
            entity: "[entities.person.patterns.rich]\nwhere = { salary = { gt = 1 } }\n\
                     [entities.person.relations.safe]\nto = \"safe\"\nwith = { code = \"secret\" }",
            ..Definition::default()
        },
    ];
    for definition in definitions {
        assert_eq!(definition.problems(), [], "{}", definition.text());
    }
}

#[test]
fn a_model_lists_where_a_hidden_attribute_is() {
    let definition = Definition {
        secret: ", unique = true, default = \"none\"",
        rollup: "where = { secret = \"x\" }",
        entity: "[entities.person.relations.safe]\nto = \"safe\"\nwith = { code = \"secret\" }",
        ..Definition::default()
    };
    let model: Model = definition.text().parse().expect("valid");
    let of = |entity: &str, attribute: &str| -> Vec<String> {
        let entity = model.entity(entity).expect("it is defined");
        let found = model.surfaces_of(entity, attribute);
        found.iter().map(|one| format!("{:?} {}", one.surface, one.place.join("."))).collect()
    };
    assert_eq!(
        of("person", "secret"),
        [
            "UniquePath entities.person.attributes.secret.unique",
            "DocumentDefault entities.person.attributes.secret.default",
            "RollupFilter rollups.people.where.secret",
            "UniqueConflict entities.person.attributes.secret.unique",
        ]
    );
    assert_eq!(
        of("safe", "code"),
        ["ItemPath entities.safe.PK", "RelationTarget entities.person.relations.safe"]
    );
    assert_eq!(of("person", "team"), [""; 0]);
}
