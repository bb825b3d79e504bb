//! Checks what is in maps and lists: their attributes, and the rule of their members.

use super::{Role, attribute, within};
use crate::attribute::{Attribute, Members};
use crate::check::report::Report;
use crate::file::{AttributeFile, ItemsFile};
use crate::limits::MAX_DEPTH;

/// Options that only an item's own attributes may have, and why.
const OF_ITEMS: [(&str, &str); 4] = [
    ("unique", "only an attribute of the item itself can be unique"),
    ("version", "the writes of an item are counted in an attribute of its own"),
    ("on_update", "the time of an item's last write is kept in an attribute of its own"),
    ("read_only", "an update of what it lies in would change it; expected `read_only` of that"),
];
/// Options that only named attributes may have, and the options of members instead.
const OF_NAMES: [(&str, &str); 4] = [
    ("required", "a member is there or is not; expected `min_length` of what it is in"),
    ("default", "a member that is not given is not there"),
    ("field", "a member has no name of its own"),
    ("hidden", "expected `hidden` of what it is in, or of an attribute in it"),
];

/// Refuses options that say nothing at such a place; whether it is an item's own attribute, to
/// which nothing of this applies.
pub(super) fn refuse(
    path: &[&str],
    file: &AttributeFile,
    role: Role,
    report: &mut Report<'_>,
) -> bool {
    let is_given = |option: &str| match option {
        "unique" => file.unique,
        "version" => file.version,
        "on_update" => file.on_update.is_some(),
        "read_only" => file.read_only,
        "required" => file.required,
        "default" => file.default.is_some(),
        "field" => file.field.is_some(),
        _ => file.hidden,
    };
    let (place, options) = match role {
        Role::OfItem => return true,
        Role::InMap { .. } => ("inside a map", OF_ITEMS.to_vec()),
        Role::Member { .. } => ("about a member", [OF_ITEMS, OF_NAMES].concat()),
    };
    for (option, why) in options.into_iter().filter(|(option, _)| is_given(option)) {
        let message = format!("`{option}` says nothing {place}");
        report.key(&within(path, option), message, why);
    }
    false
}

/// Returns the rule of the members of a list.
pub(super) fn list(
    path: &[&str],
    name: &str,
    file: &AttributeFile,
    role: Role,
    report: &mut Report<'_>,
) -> Option<Box<Attribute>> {
    is_too_deep(path, role, report);
    let items = file.items.as_ref()?;
    Some(Box::new(member(path, name, items, role, report)))
}

/// Returns the members of a map.
pub(super) fn map(
    path: &[&str],
    name: &str,
    file: &AttributeFile,
    role: Role,
    report: &mut Report<'_>,
) -> Members {
    is_too_deep(path, role, report);
    if file.items.is_some() && file.attributes.is_some() {
        let help = "expected the one for given names, or the other for any";
        report.key(&within(path, "items"), "`attributes` and `items` together", help);
    }
    match (&file.attributes, &file.items) {
        (Some(_), _) => Members::Named(named(path, file, role, report)),
        (None, Some(items)) => Members::Each(Box::new(member(path, name, items, role, report))),
        (None, None) => Members::Any,
    }
}

fn named(
    path: &[&str],
    file: &AttributeFile,
    role: Role,
    report: &mut Report<'_>,
) -> Vec<Attribute> {
    let place = within(path, "attributes");
    let role = Role::InMap { depth: role.depth() + 1 };
    let files = file.attributes.iter().flatten();
    let attributes: Vec<_> = files
        .map(|(name, file)| attribute(&within(&place, name), name, file, role, report))
        .collect();
    if attributes.is_empty() {
        let help = "expected one or more, or a map without `attributes`, which holds anything";
        report.key(&place, "a map without any attribute", help);
    }
    for (position, attribute) in attributes.iter().enumerate() {
        stored_apart(&within(&place, &attribute.name), attribute, &attributes[..position], report);
    }
    attributes
}

/// Refuses two attributes that are stored as one, and one that is stored under no name.
fn stored_apart(
    path: &[&str],
    attribute: &Attribute,
    earlier: &[Attribute],
    report: &mut Report<'_>,
) {
    let (name, field) = (&attribute.name, &attribute.field);
    if let Some(other) = earlier.iter().find(|other| other.field == *field) {
        let message = format!("`{}` and `{name}` are both stored as `{field}`", other.name);
        report.key(path, message, "expected a `field` of its own for each");
    }
    if field.is_empty() {
        let message = format!("`{name}` is stored under an empty name");
        report.key(path, message, "expected a name in `field`");
    }
}

fn member(
    path: &[&str],
    name: &str,
    items: &ItemsFile,
    role: Role,
    report: &mut Report<'_>,
) -> Attribute {
    let role = Role::Member { depth: role.depth() + 1 };
    attribute(&within(path, "items"), name, &items.rule(), role, report)
}

/// Refuses a map or a list that could not be stored.
fn is_too_deep(path: &[&str], role: Role, report: &mut Report<'_>) {
    let most = MAX_DEPTH - 1;
    if role.depth() == most {
        let message = format!("{MAX_DEPTH} maps and lists in one another");
        report.key(path, message, format!("DynamoDB takes {most} at most"));
    }
}
