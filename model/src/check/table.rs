//! Checks `[table]` and its indexes.

use super::report::Report;
use crate::file::{AttributeFile, FileDefinition, TableFile};
use crate::nearest::expected;
use crate::table::{Index, TableDefinition, default_rollups_table};

/// DynamoDB's limits on the length of a table's or an index's name, in characters.
const NAME_LENGTH: std::ops::RangeInclusive<usize> = 3..=255;
/// The most global secondary indexes a table may have by default.
const MAX_INDEXES: usize = 20;

pub(super) fn check(file: &TableFile, report: &mut Report<'_>) -> TableDefinition {
    dynamodb_name(&["table", "name"], &file.name, report);
    for (attribute, key) in
        [("partition_key", &file.partition_key), ("entity_attribute", &file.entity_attribute)]
    {
        if key.is_empty() {
            report.value(
                &["table", attribute],
                format!("`{attribute}` is empty"),
                "expected the name of an attribute",
            );
        }
    }
    if file.partition_key == file.sort_key {
        let message = format!("`{}` is both the partition key and the sort key", file.sort_key);
        report.value(
            &["table", "sort_key"],
            message,
            "expected two attributes, or an empty text for no sort key",
        );
    }
    let keys = [&file.partition_key, &file.sort_key];
    if keys.contains(&&file.entity_attribute) {
        let message = format!(
            "`{}` is a key and cannot say of which entity an item is",
            file.entity_attribute
        );
        report.value(&["table", "entity_attribute"], message, "expected another attribute");
    }
    let indexes = file.indexes.iter().map(|(name, index)| {
        dynamodb_name(&["table", "indexes", name], name, report);
        if index.sort_key.as_ref() == Some(&index.partition_key) {
            let message = format!(
                "`{}` is both the partition key and the sort key of {name}",
                index.partition_key
            );
            report.value(
                &["table", "indexes", name, "sort_key"],
                message,
                "expected two attributes",
            );
        }
        Index {
            name: name.clone(),
            partition_key: index.partition_key.clone(),
            sort_key: index.sort_key.clone(),
        }
    });
    let indexes: Vec<_> = indexes.collect();
    if indexes.len() > MAX_INDEXES {
        report.key(
            &["table", "indexes"],
            format!("{} indexes", indexes.len()),
            format!("expected at most {MAX_INDEXES}, DynamoDB's quota for a table"),
        );
    }
    TableDefinition {
        name: file.name.clone(),
        partition_key: file.partition_key.clone(),
        sort_key: Some(file.sort_key.clone()).filter(|key| !key.is_empty()),
        entity_attribute: file.entity_attribute.clone(),
        ttl: file.ttl.clone(),
        rollups_table: rollups_table(file, report),
        indexes,
    }
}

/// The time to live is an attribute that some entity has.
pub(super) fn check_ttl(file: &FileDefinition, report: &mut Report<'_>) {
    let Some(ttl) = &file.table.ttl else { return };
    let attributes = || file.entities.values().flat_map(|entity| &entity.attributes);
    let stored = |(name, attribute): (&String, &AttributeFile)| {
        attribute.field.as_ref().unwrap_or(name) == ttl
    };
    if !attributes().any(stored) {
        let names: Vec<_> = attributes().map(|(name, _)| name.as_str()).collect();
        let message = format!("no entity has an attribute that is stored as `{ttl}`");
        report.value(&["table", "ttl"], message, expected(ttl, &names));
    }
}

fn rollups_table(file: &TableFile, report: &mut Report<'_>) -> String {
    let Some(name) = &file.rollups_table else {
        let name = default_rollups_table(&file.name);
        if file.name.len() <= *NAME_LENGTH.end() && name.len() > *NAME_LENGTH.end() {
            let message = format!("the rollups' table would be named `{name}`, which is too long");
            report.value(
                &["table", "name"],
                message,
                "expected a shorter name, or one in `rollups_table`",
            );
        }
        return name;
    };
    dynamodb_name(&["table", "rollups_table"], name, report);
    if *name == file.name {
        let message = format!("`rollups_table` is the table `{name}` itself");
        report.value(
            &["table", "rollups_table"],
            message,
            "expected a table of its own for the rollups; one rollup's items are kept in this \
             table by a `key` of the rollup, such as key = { PK = \"USER#{user_id}\", SK = \
             \"STATS\" }",
        );
    }
    name.clone()
}

fn dynamodb_name(path: &[&str], name: &str, report: &mut Report<'_>) {
    let characters =
        name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if !characters || !NAME_LENGTH.contains(&name.len()) {
        let message = format!("`{name}` is no name that DynamoDB takes");
        report.value(path, message, "expected 3 to 255 letters, digits, `_`, `-` and `.`");
    }
}
