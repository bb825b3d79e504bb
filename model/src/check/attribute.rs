//! Checks an attribute: that each option goes with its type and its place, and that a default is a
//! value of it.
//!
//! | part | read |
//! |---|---|
//! | the type, and what goes with it | `kind` |
//! | what is in a map or a list | `nested` |
//! | what values must satisfy | `rules` |

mod kind;
mod nested;
mod rules;

use super::report::Report;
use super::toml_value::to_json;
use crate::attribute::ManagedBy;
use crate::attribute::{Attribute, AttributeType, DefaultValue};
use crate::encoding::Encoding;
use crate::file::{AttributeFile, TypeName};
use crate::write_context::WriteContext;
use kind::type_name;

/// The owner of an attribute, and the number of maps and lists around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// An item.
    OfItem,
    /// A map.
    InMap { depth: usize },
    /// The rule of each member of a list or a map.
    Member { depth: usize },
}

pub(super) fn check(
    entity: &str,
    name: &str,
    file: &AttributeFile,
    report: &mut Report<'_>,
) -> Attribute {
    let path = ["entities", entity, "attributes", name];
    attribute(&path, name, file, Role::OfItem, report)
}

fn attribute(
    path: &[&str],
    name: &str,
    file: &AttributeFile,
    role: Role,
    report: &mut Report<'_>,
) -> Attribute {
    if !matches!(role, Role::Member { .. }) {
        report.name(path, "an attribute", name);
    }
    options_fit(path, file, report);
    let is_outer = nested::refuse(path, file, role, report);
    let mut attribute = Attribute {
        name: name.to_owned(),
        field: file.field.clone().unwrap_or_else(|| name.to_owned()),
        kind: kind::check(path, name, file, role, report),
        required: file.required,
        default: None,
        read_only: file.read_only,
        kept: if is_outer { managed_by(path, file, report) } else { None },
        hidden: file.hidden,
        rules: rules::check(path, file, report),
    };
    attribute.default = default(path, file, &attribute, role, report);
    attribute
}

impl Role {
    /// In how many maps and lists it lies.
    fn depth(self) -> usize {
        match self {
            Self::OfItem => 0,
            Self::InMap { depth } | Self::Member { depth } => depth,
        }
    }
}

fn within<'a>(path: &[&'a str], option: &'a str) -> Vec<&'a str> {
    [path, &[option]].concat()
}

/// Refuses an option on a type it says nothing about.
fn options_fit(path: &[&str], file: &AttributeFile, report: &mut Report<'_>) {
    use TypeName::{Binary, Decimal, Enum, Integer, List, Map, Number, Set, String, Timestamp};
    let options: [(&str, bool, &[TypeName]); 17] = [
        ("on_update", file.on_update.is_some(), &[Timestamp]),
        ("version", file.version, &[Integer]),
        ("values", file.values.is_some(), &[Enum]),
        ("scale", file.scale.is_some(), &[Decimal]),
        ("items", file.items.is_some(), &[Set, List, Map]),
        ("attributes", file.attributes.is_some(), &[Map]),
        ("format", file.format.is_some(), &[Timestamp]),
        ("precision", file.precision.is_some(), &[Timestamp]),
        ("offset", file.offset.is_some(), &[Timestamp]),
        ("pattern", file.pattern.is_some(), &[String]),
        ("min", file.min.is_some(), &[Number, Integer, Decimal]),
        ("max", file.max.is_some(), &[Number, Integer, Decimal]),
        ("min_length", file.min_length.is_some(), &[String, Binary, Set, List, Map]),
        ("max_length", file.max_length.is_some(), &[String, Binary, Set, List, Map]),
        ("lower", file.lower, &[String]),
        ("upper", file.upper, &[String]),
        ("trim", file.trim, &[String, Enum]),
    ];
    for (option, given, types) in options {
        if given && !types.contains(&file.kind) {
            let kind = type_name(file.kind);
            let list = types.iter().map(|kind| type_name(*kind)).collect::<Vec<_>>().join(", ");
            report.key(
                &within(path, option),
                format!("`{option}` says nothing about type `{kind}`"),
                format!("`{option}` goes with {list}"),
            );
        }
    }
    if file.lower && file.upper {
        report.key(&within(path, "upper"), "`lower` and `upper` together", "expected one of them");
    }
}

/// Returns the rule by which the library writes the attribute. Such an attribute has no other rules
/// for its value.
fn managed_by(path: &[&str], file: &AttributeFile, report: &mut Report<'_>) -> Option<ManagedBy> {
    let (option, managed_by) = match (file.on_update, file.version) {
        (Some(_), _) => ("on_update", ManagedBy::WrittenAt),
        (None, true) => ("version", ManagedBy::Version),
        (None, false) => return None,
    };
    let others = [
        ("default", file.default.is_some()),
        ("read_only", file.read_only),
        ("required", file.required),
        ("min", file.min.is_some()),
        ("max", file.max.is_some()),
    ];
    for (other, _) in others.into_iter().filter(|(_, given)| *given) {
        let help = format!("leave it out: with `{option}` every write gives it its value");
        report.key(&within(path, other), format!("`{other}` beside `{option}`"), help);
    }
    Some(managed_by)
}

fn default(
    path: &[&str],
    file: &AttributeFile,
    attribute: &Attribute,
    role: Role,
    report: &mut Report<'_>,
) -> Option<DefaultValue> {
    let value = file.default.as_ref()?;
    let made = match (value.as_str(), &attribute.kind) {
        (Some("uuid"), AttributeType::String) => Some(DefaultValue::Uuid),
        (Some("ulid"), AttributeType::String) => Some(DefaultValue::Ulid),
        (Some("now"), AttributeType::Timestamp(_)) => Some(DefaultValue::Now),
        _ => None,
    };
    if made.is_some() {
        return made;
    }
    let json = to_json(value);
    match attribute.encode_as(&json, Encoding::to_store(WriteContext::NONE).at(role.depth())) {
        Ok(encoded) if attribute.kind.inside().is_empty() => Some(DefaultValue::Value(encoded)),
        Ok(_) => Some(DefaultValue::Json(json)),
        Err(invalid) => {
            let message = format!("the default of `{}` is no value of it", attribute.name);
            report.value(&within(path, "default"), message, invalid.to_string());
            None
        }
    }
}

#[cfg(test)]
mod tests;
