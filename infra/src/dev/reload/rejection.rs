//! The definitions that the running system does not take: those that would lose stored items, and
//! those of other tables.

use weir_model::Model;
use weir_rollups::{Severity, entity_changes};

/// Returns why a definition cannot follow another one in a process that started with a third, a
/// line for each reason; empty if it can.
pub(super) fn reasons(started: &Model, before: &Model, after: &Model) -> String {
    let changes = entity_changes(before, after);
    let rejected = changes.iter().filter(|change| change.severity == Severity::Rejected);
    let rejected = rejected.map(|change| format!("  {change}\n"));
    tables(before, after).into_iter().chain(beside_items(started, after)).chain(rejected).collect()
}

/// Returns a line for each table that has another name.
fn tables(before: &Model, after: &Model) -> Vec<String> {
    let (before, after) = (&before.table, &after.table);
    let why =
        "this process serves the tables of its start; start `weir dev` again for other tables";
    let lines = [
        line("name", Some(&before.name), Some(&after.name), why),
        line("rollups_table", Some(&before.rollups_table), Some(&after.rollups_table), why),
    ];
    lines.into_iter().flatten().collect()
}

/// Returns a line for each field by which the processor writes rollup items beside the items: it
/// has those of the start.
fn beside_items(started: &Model, after: &Model) -> Vec<String> {
    if !after.has_colocated_rollups() {
        return Vec::new();
    }
    let (before, after) = (&started.table, &after.table);
    let why = "this process writes the items of rollups with a `key` by the definition of its \
               start; start `weir dev` again";
    let marks = (Some(&before.entity_attribute), Some(&after.entity_attribute));
    let lines = [
        line("ttl", before.ttl.as_ref(), after.ttl.as_ref(), why),
        line("entity_attribute", marks.0, marks.1, why),
    ];
    lines.into_iter().flatten().collect()
}

/// Returns a line about a field of the table, if it differs.
fn line(field: &str, from: Option<&String>, to: Option<&String>, why: &str) -> Option<String> {
    let quoted = |text: Option<&String>| match text {
        Some(text) => format!("`{text}`"),
        None => "absent".to_owned(),
    };
    let (was, is) = (quoted(from), quoted(to));
    (from != to).then(|| format!("  table: `{field}` was {was}, is {is}: {why}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFINITION: &str = r##"
[table]
name = "shop"
[entities.order]
PK = "ORDER#{id}"
SK = "ORDER"
[entities.order.attributes]
id = { type = "string", required = true }
user = { type = "string" }
"##;

    fn model(text: &str) -> Model {
        text.parse().unwrap_or_else(|error| panic!("{error:?}"))
    }

    fn reasons_of(from: &str, to: &str) -> String {
        let changed = DEFINITION.replace(from, to);
        assert_ne!(changed, DEFINITION);
        let before = model(DEFINITION);
        reasons(&before, &before, &model(&changed))
    }

    #[test]
    fn a_definition_that_loses_no_item_is_taken() {
        let before = model(DEFINITION);
        assert_eq!(reasons(&before, &before, &before), "");
        assert_eq!(reasons_of("user = {", "customer = {"), "");
    }

    #[test]
    fn each_reason_is_a_line_with_the_way_out() {
        let found = reasons_of("ORDER#{id}", "O#{id}");
        assert!(found.starts_with("  order: `PK` was `ORDER#{id}`, is `O#{id}`: "), "{found}");
        assert!(found.contains("; to avoid this, keep the template"), "{found}");
        let found = reasons_of("name = \"shop\"", "name = \"store\"");
        let lines: Vec<_> = found.lines().collect();
        assert_eq!(lines.len(), 2, "{found}");
        assert!(lines[0].starts_with("  table: `name` was `shop`, is `store`: "), "{found}");
        assert!(lines[1].contains("`rollups_table` was `shop-rollups`"), "{found}");
        assert!(lines.iter().all(|line| line.ends_with("start `weir dev` again for other tables")));
    }

    #[test]
    fn rollups_beside_the_items_need_the_table_of_the_start() {
        let rollup = "[rollups.months]\nof = \"order\"\nby = [\"user\"]\n\
                      key = { PK = \"USER#{user}\", SK = \"STATS\" }\n\
                      measures = { n = \"count\" }\n";
        let marked =
            DEFINITION.replace("SK = \"ORDER\"", "SK = \"ORDER\"\nmatch = { kind = \"o\" }");
        let started = model(&marked);
        let renamed = "name = \"shop\"\nentity_attribute = \"_type\"";
        let before = marked.replace("name = \"shop\"", renamed);
        let after = model(&format!("{before}{rollup}"));
        let before = model(&before);
        assert_eq!(reasons(&started, &started, &before), "");
        let found = reasons(&started, &before, &after);
        assert!(found.starts_with("  table: `entity_attribute` was `_et`, is `_type`"), "{found}");
        assert!(found.ends_with("; start `weir dev` again\n"), "{found}");
        assert_eq!(reasons(&before, &before, &after), "");
    }
}
