//! Checks key templates: that each key has one, that its attributes can make it, and that no value
//! can forge another's.

use super::report::Report;
use crate::attribute::{Attribute, AttributeType};
use crate::file::EntityFile;
use crate::instant::TimestampFormat;
use crate::key_template::KeyTemplate;
use crate::nearest::{expected, nearest};
use crate::table::TableDefinition;
use crate::template::{Segment, Template};

/// Returns the templates of an entity, the table's own keys first; `None` when one of those is
/// missing.
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
        let path = ["entities", name, key];
        let template =
            match (attributes.iter().find(|known| known.field == key), file.keys.get(key)) {
                (Some(stored), given) => itself(&path, stored, given, report),
                (None, Some(value)) => template(&path, value, file.escape, report),
                (None, None) if is_primary => {
                    missing(name, key, file, table, report);
                    None
                }
                (None, None) => None,
            };
        if let Some(template) = template {
            if all_read {
                fits(&path, &template, attributes, is_primary, report);
            }
            let (key, max_bytes) = (key.to_owned(), table.max_key_bytes(key));
            let beside = table.keys_beside(&key);
            keys.push(KeyTemplate { key, template, max_bytes, beside });
        }
    }
    index_keys_complete(name, file, attributes, table, report);
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

/// The template of a key that is an attribute itself, as in tables whose keys have names of their
/// own: its value, as it is.
fn itself(
    path: &[&str; 3],
    stored: &Attribute,
    given: Option<&toml::Value>,
    report: &mut Report<'_>,
) -> Option<Template> {
    let [_, entity, key] = *path;
    let is_text = matches!(
        stored.kind,
        AttributeType::String
            | AttributeType::Enum { .. }
            | AttributeType::Timestamp(TimestampFormat::Rfc3339 { .. })
    );
    if !is_text {
        let noun = stored.kind.noun();
        let message = format!("`{}` is stored as the key `{key}`, and is {noun}", stored.name);
        let help =
            "keys are text: expected a string, an enum or an rfc3339 timestamp, or another `field`";
        report.key(&["entities", entity, "attributes", &stored.name], message, help);
        return None;
    }
    let itself = format!("{{{}}}", stored.name);
    if given.is_some_and(|given| given.as_str() != Some(&itself)) {
        let message = format!("`{}` is stored as `{key}`, which has another template", stored.name);
        let help = format!("expected {key} = \"{itself}\" or none, or another `field`");
        report.value(path, message, help);
        return None;
    }
    Some(Template::parse(&itself, false).expect("the name of an attribute has no braces"))
}

fn index_keys_complete(
    name: &str,
    file: &EntityFile,
    attributes: &[Attribute],
    table: &TableDefinition,
    report: &mut Report<'_>,
) {
    for index in &table.indexes {
        let Some(sort_key) = &index.sort_key else { continue };
        let is_stored = |key: &str| attributes.iter().any(|attribute| attribute.field == key);
        let has = |key: &str| file.keys.contains_key(key) || is_stored(key);
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
    if let Some(Segment::Field { attribute: field, optional: true, .. }) = template.segments.first()
    {
        let message = format!("`{{{field}?}}` with nothing before it");
        let help = format!(
            "expected text before it, such as `{}#{{{field}?}}`: without `{field}` the key would \
             be empty, which DynamoDB does not take",
            field.to_uppercase()
        );
        report.value(path, message, help);
    }
    let mut cut: Option<&str> = None;
    for segment in &template.segments {
        let Segment::Field { attribute: field, format, optional } = segment else { continue };
        if *optional && primary {
            let message = format!("`{{{field}?}}` in the primary key");
            let help = format!(
                "expected `{{{field}}}`: a key of an index alone may end before what is absent"
            );
            report.value(path, message, help);
        }
        if let Some(before) = cut.filter(|_| !optional) {
            let message = format!("`{{{field}}}` stands behind `{{{before}?}}`");
            let help = format!(
                "expected `{{{field}?}}`: the key ends before `{before}` where that is absent"
            );
            report.value(path, message, help);
        }
        cut = cut.or(Some(field.as_str()).filter(|_| *optional));
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
            let help = "text, numbers, booleans and timestamps make keys; padding is for \
                        integers, cutting for timestamps";
            report.value(path, message, help);
        }
        if primary && !attribute.is_always_present() {
            let message = format!("`{field}` makes the key `{}` but may be absent", path[2]);
            let help = format!("expected `{field}` with required = true or a default");
            report.value(path, message, help);
        }
    }
    if primary {
        separated(path, template, attributes, report);
    }
}

/// Two fields whose lengths vary need a `#` between them, which no escaped value contains:
/// `{a}-{b}` would make the same key of `x-y` and `z` as of `x` and `y-z`. Unescaped ones need any
/// text, which no value may then contain.
fn separated(
    path: &[&str; 3],
    template: &Template,
    attributes: &[Attribute],
    report: &mut Report<'_>,
) {
    let mut open: Option<&str> = None;
    for segment in &template.segments {
        match segment {
            Segment::Literal(text) if !template.escape || text.contains('#') => open = None,
            Segment::Literal(_) => {}
            Segment::Field { attribute: field, format, .. } => {
                if let Some(before) = open {
                    let separator = if template.escape { "`#`" } else { "text" };
                    let message =
                        format!("no {separator} stands between `{{{before}}}` and `{{{field}}}`");
                    let help = "expected a `#`: without it, two items could make the same key";
                    return report.value(path, message, help);
                }
                let kind = attributes.iter().find(|known| known.name == *field);
                let fixed = kind.is_some_and(|known| format.has_fixed_length(&known.kind));
                open = Some(field.as_str()).filter(|_| !fixed);
            }
        }
    }
}
