//! Checks the access patterns of an entity, and adds one for each index that its items are in.

use super::report::Report;
use super::toml_value::to_json;
use crate::condition;
use crate::entity::Entity;
use crate::file::{EntityFile, OrderName, PatternFile};
use crate::nearest::expected;
use crate::pattern::Pattern;
use crate::table::TableDefinition;

/// Returns every way in which items of the entity are read, besides the table's own partitions:
/// those of the file first.
pub(super) fn check(
    entity: &Entity,
    file: &EntityFile,
    table: &TableDefinition,
    report: &mut Report<'_>,
) -> Vec<Pattern> {
    let named = file.patterns.iter();
    let mut patterns: Vec<Pattern> =
        named.filter_map(|(name, file)| pattern(name, file, entity, table, report)).collect();
    for index in &table.indexes {
        let is_taken = file.patterns.contains_key(&index.name);
        patterns.extend(Pattern::of_index(entity, index).filter(|_| !is_taken));
    }
    patterns
}

fn pattern(
    name: &str,
    file: &PatternFile,
    entity: &Entity,
    table: &TableDefinition,
    report: &mut Report<'_>,
) -> Option<Pattern> {
    let path = ["entities", &entity.name, "patterns", name];
    let index = table.indexes.iter().find(|index| index.name == name);
    if index.is_none() {
        report.name(&path, "a pattern", name);
    } else if file.index.as_deref() != Some(name) {
        let message = format!("`{name}` is an index, but the pattern reads another");
        report.key(&path, message, "expected another name, or the index of that name");
    }
    let mut pattern = listing(&path, file, entity, table, report)?;
    name.clone_into(&mut pattern.name);
    pattern.descending = file.order == Some(OrderName::Desc);
    by(&path, file, entity, &mut pattern, report);
    let json = file.filter.iter().map(|(name, operand)| (name.clone(), to_json(operand))).collect();
    match condition::parse(entity, &serde_json::Value::Object(json)) {
        Ok(filter) => {
            for name in filter.attributes() {
                if entity.attribute(name).is_some_and(|known| pattern.reads_by(&known.field)) {
                    let [entities, entity, patterns, pattern] = path;
                    let message = format!("`{name}` is a key that the pattern reads by");
                    let help =
                        "expected a condition on what is no key; a path and a range ask about keys";
                    let place = [entities, entity, patterns, pattern, "where", name];
                    report.value(&place, message, help);
                }
            }
            pattern.filter = filter;
        }
        Err(errors) => {
            for error in errors {
                let [entities, entity, patterns, name] = path;
                let place = [entities, entity, patterns, name, "where", &error.field];
                let (message, help) = error
                    .message
                    .split_once("; ")
                    .unwrap_or((&error.message, "expected a condition on its attributes"));
                report.value(&place, format!("`{}`: {message}", error.field), help);
            }
        }
    }
    Some(pattern)
}

/// Returns the listing of the partitions that a pattern reads.
fn listing(
    path: &[&str; 4],
    file: &PatternFile,
    entity: &Entity,
    table: &TableDefinition,
    report: &mut Report<'_>,
) -> Option<Pattern> {
    let Some(name) = &file.index else { return Some(Pattern::of_table(entity)) };
    let [entities, of, patterns, pattern] = *path;
    let place = [entities, of, patterns, pattern, "index"];
    let Some(index) = table.indexes.iter().find(|index| index.name == *name) else {
        let names: Vec<_> = table.indexes.iter().map(|index| index.name.as_str()).collect();
        report.value(&place, format!("`{name}` is no index"), expected(name, &names));
        return None;
    };
    let found = Pattern::of_index(entity, index);
    if found.is_none() {
        let keys = std::iter::once(&index.partition_key).chain(&index.sort_key);
        let keys: Vec<_> = keys.map(String::as_str).collect();
        let message = format!("`{of}` is not in the index `{name}`");
        let help = format!("expected a key template for {}", keys.join(" and "));
        report.value(&place, message, help);
    }
    found
}

/// The attributes of the sort key that are given with the partition are its first.
fn by(
    path: &[&str; 4],
    file: &PatternFile,
    entity: &Entity,
    pattern: &mut Pattern,
    report: &mut Report<'_>,
) {
    let [entities, of, patterns, name] = *path;
    for (position, attribute) in file.by.iter().enumerate() {
        let open = pattern.open_attributes(entity);
        if open.first() == Some(&attribute.as_str()) {
            pattern.by.push(attribute.clone());
            continue;
        }
        let message = format!("`{attribute}` is not what the sort key goes on with");
        let help = expected(attribute, &open[..open.len().min(1)]);
        let position = position.to_string();
        report.value(&[entities, of, patterns, name, "by", &position], message, help);
        return;
    }
}
