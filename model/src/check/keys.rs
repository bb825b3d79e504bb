//! Checks key templates: that each key has one, that its attributes can make it, and that no value can forge another's.

use super::Report;
use crate::attribute::{Attribute, AttributeType};
use crate::entity::KeyTemplate;
use crate::file::EntityFile;
use crate::instant::TimestampFormat;
use crate::nearest::{expected, nearest};
use crate::table::TableDefinition;
use crate::template::{Format, Segment, Template};

/// The templates of an entity, the table's own keys first; `None` when one of those is missing.
pub(super) fn check(
    name: &str,
    file: &EntityFile,
    table: &TableDefinition,
    attributes: &[Attribute],
    all_read: bool,
    report: &mut Report<'_>,
) -> Option<Vec<KeyTemplate>> {
    let primary: Vec<&str> =
        std::iter::once(table.partition_key.as_str()).chain(table.sort_key.as_deref()).collect();
    let mut keys = Vec::new();
    for key in table.key_attributes() {
        let is_primary = primary.contains(&key);
        let Some(value) = file.keys.get(key) else {
            if is_primary {
                missing(name, key, file, table, report);
            }
            continue;
        };
        let path = ["entities", name, key];
        if let Some(template) = template(&path, value, file.escape, report) {
            if all_read {
                fits(&path, &template, attributes, is_primary, report);
            }
            let max_bytes = table.max_key_bytes(key);
            keys.push(KeyTemplate { key: key.to_owned(), template, max_bytes });
        }
    }
    index_keys_complete(name, file, table, report);
    let has_primary = primary.iter().all(|key| keys.iter().any(|template| template.key == **key));
    has_primary.then_some(keys)
}

fn missing(
    name: &str,
    key: &str,
    file: &EntityFile,
    table: &TableDefinition,
    report: &mut Report<'_>,
) {
    let known = table.key_attributes();
    let misspelt =
        |other: &String| !known.contains(&other.as_str()) && nearest(other, [key]).is_some();
    if !file.keys.keys().any(misspelt) {
        let help = format!("expected a line such as {key} = \"{}#{{id}}\"", name.to_uppercase());
        let message = format!("`{name}` has no template for the key `{key}`");
        report.key(&["entities", name], message, help);
    }
}

fn template(
    path: &[&str; 3],
    value: &toml::Value,
    escape: bool,
    report: &mut Report<'_>,
) -> Option<Template> {
    let help = "expected a key template such as \"USER#{user_id}\"";
    match value.as_str() {
        None => report.value(path, format!("`{}` is not text", path[2]), help),
        Some("") => report.value(path, format!("`{}` is empty", path[2]), help),
        Some(text) => match Template::parse(text, escape) {
            Ok(template) => return Some(template),
            Err(error) => {
                report.value(path, format!("`{text}` is no key template"), error.to_string());
            }
        },
    }
    None
}

fn index_keys_complete(
    name: &str,
    file: &EntityFile,
    table: &TableDefinition,
    report: &mut Report<'_>,
) {
    for index in &table.indexes {
        let Some(sort_key) = &index.sort_key else { continue };
        let has = |key: &str| file.keys.contains_key(key);
        let own =
            |key: &String| *key == table.partition_key || Some(key) == table.sort_key.as_ref();
        let (given, absent) = match (has(&index.partition_key), has(sort_key)) {
            (true, false) => (&index.partition_key, sort_key),
            (false, true) if !own(sort_key) => (sort_key, &index.partition_key),
            _ => continue,
        };
        let message = format!("`{name}` has a template for `{given}` but none for `{absent}`");
        let help = format!("index {} needs both, or neither", index.name);
        report.key(&["entities", name, given], message, help);
    }
}

fn fits(
    path: &[&str; 3],
    template: &Template,
    attributes: &[Attribute],
    primary: bool,
    report: &mut Report<'_>,
) {
    for segment in &template.segments {
        let Segment::Field { attribute: field, format } = segment else { continue };
        let Some(attribute) = attributes.iter().find(|attribute| attribute.name == *field) else {
            let names: Vec<_> =
                attributes.iter().map(|attribute| attribute.name.as_str()).collect();
            let message = format!("`{{{field}}}` names no attribute of `{}`", path[1]);
            report.value(path, message, expected(field, &names));
            continue;
        };
        if !format.fits(&attribute.kind) {
            let noun = attribute.kind.noun();
            let message = format!("`{{{field}}}` cannot be written that way: it is {noun}");
            let help = "text, numbers, booleans and timestamps make keys; padding is for integers, cutting for timestamps";
            report.value(path, message, help);
        }
        if primary && !attribute.is_always_present() {
            let message = format!("`{field}` makes the key `{}` but may be absent", path[2]);
            let help = format!("expected `{field}` with required = true or a default");
            report.value(path, message, help);
        }
    }
    if primary && template.escape {
        separated(path, template, attributes, report);
    }
}

/// Two fields whose lengths vary need a `#` between them, which no escaped value contains: `{a}-{b}` would make the same
/// key of `x-y` and `z` as of `x` and `y-z`.
fn separated(
    path: &[&str; 3],
    template: &Template,
    attributes: &[Attribute],
    report: &mut Report<'_>,
) {
    let mut open: Option<&str> = None;
    for segment in &template.segments {
        match segment {
            Segment::Literal(text) if text.contains('#') => open = None,
            Segment::Literal(_) => {}
            Segment::Field { attribute: field, format } => {
                if let Some(before) = open {
                    let message = format!("no `#` stands between `{{{before}}}` and `{{{field}}}`");
                    let help = "expected a `#`: without it, two items could make the same key";
                    return report.value(path, message, help);
                }
                let kind = attributes.iter().find(|known| known.name == *field);
                let fixed = kind.is_some_and(|known| has_fixed_length(&known.kind, *format));
                open = Some(field.as_str()).filter(|_| !fixed);
            }
        }
    }
}

fn has_fixed_length(kind: &AttributeType, format: Format) -> bool {
    match format {
        Format::Padded(_) | Format::Descending(_) | Format::Cut(_) => true,
        Format::Plain => matches!(kind, AttributeType::Timestamp(TimestampFormat::Rfc3339 { .. })),
        Format::Lower | Format::Upper => false,
    }
}
