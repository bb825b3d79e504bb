//! Checks unique constraints: that each is about attributes that a key can be made of, and that
//! nothing takes items away without their locks.

use super::report::Report;
use crate::attribute::Attribute;
use crate::file::EntityFile;
use crate::nearest::expected;
use crate::table::TableDefinition;
use crate::unique::Unique;

/// Returns the constraints of an entity: those of one attribute first.
pub(super) fn check(
    name: &str,
    file: &EntityFile,
    table: &TableDefinition,
    attributes: &[Attribute],
    report: &mut Report<'_>,
) -> Vec<Unique> {
    let mut constraints: Vec<Unique> = Vec::new();
    for (attribute, _) in file.attributes.iter().filter(|(_, definition)| definition.unique) {
        let path = ["entities", name, "attributes", attribute, "unique"];
        let known = attributes.iter().find(|other| other.name == *attribute);
        if known.is_some_and(|known| fits(&path, known, report)) {
            constraints.push(Unique { attributes: vec![attribute.clone()] });
        }
    }
    for (position, names) in file.unique.iter().enumerate() {
        let position = position.to_string();
        let path = ["entities", name, "unique", &position];
        if let Some(constraint) = compound(&path, names, attributes, report) {
            let alike = |other: &Unique| {
                other.attributes.len() == names.len()
                    && names.iter().all(|name| other.attributes.contains(name))
            };
            if constraints.iter().any(alike) {
                let message = format!("`{}` is unique already", names.join("` and `"));
                report.value(&path, message, "expected each constraint once");
            } else {
                constraints.push(constraint);
            }
        }
    }
    let expires = attributes.iter().find(|other| table.ttl.as_ref() == Some(&other.field));
    if let (Some(ttl), false) = (expires, constraints.is_empty()) {
        let message = format!("`{name}` has unique attributes and expires by `{}`", ttl.name);
        let help = "expected one of them: DynamoDB would take an item away and leave what it \
                    holds unique taken for ever";
        report.key(&["entities", name, "attributes", &ttl.name], message, help);
    }
    constraints
}

fn compound(
    path: &[&str; 4],
    names: &[String],
    attributes: &[Attribute],
    report: &mut Report<'_>,
) -> Option<Unique> {
    let help = "expected names of attributes, such as unique = [[\"tenant\", \"email\"]]";
    if names.is_empty() {
        report.value(path, "a constraint on no attribute", help);
        return None;
    }
    let mut all_fit = true;
    for (position, name) in names.iter().enumerate() {
        if names[..position].contains(name) {
            report.value(path, format!("`{name}` twice"), "expected each attribute once");
            all_fit = false;
            continue;
        }
        match attributes.iter().find(|attribute| attribute.name == *name) {
            Some(attribute) => all_fit &= fits(path, attribute, report),
            None => {
                let known: Vec<_> = attributes.iter().map(|other| other.name.as_str()).collect();
                let message = format!("`{name}` names no attribute of `{}`", path[1]);
                report.value(path, message, expected(name, &known));
                all_fit = false;
            }
        }
    }
    all_fit.then(|| Unique { attributes: names.to_vec() })
}

fn fits(path: &[&str], attribute: &Attribute, report: &mut Report<'_>) -> bool {
    let name = &attribute.name;
    if !attribute.kind.is_scalar() {
        let message = format!("`{name}` cannot be unique: it is {}", attribute.kind.noun());
        report.value(path, message, "text, numbers, booleans and timestamps can be");
        return false;
    }
    if attribute.kept.is_some() {
        let message = format!("`{name}` cannot be unique: every write changes it");
        report.value(path, message, "expected an attribute that requests give");
        return false;
    }
    true
}
