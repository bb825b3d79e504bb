//! Checks the type of an attribute, and the options that some types have.

use std::collections::HashSet;

use super::{Role, nested, within};
use crate::attribute::{AttributeType, MAX_SCALE, SetItems};
use crate::check::report::Report;
use crate::file::{AttributeFile, FormatName, ItemsFile, OffsetName, PrecisionName, TypeName};
use crate::instant::{Offset, TimestampFormat};

/// Returns the type. What is missing for it is reported and replaced by something plausible, so
/// that the rest of the file is checked as if it were there.
pub(super) fn check(
    path: &[&str],
    name: &str,
    file: &AttributeFile,
    role: Role,
    report: &mut Report<'_>,
) -> AttributeType {
    match file.kind {
        TypeName::String => AttributeType::String,
        TypeName::Number => AttributeType::Number,
        TypeName::Integer => AttributeType::Integer,
        TypeName::Decimal => AttributeType::Decimal { scale: scale(path, file, report) },
        TypeName::Boolean => AttributeType::Boolean,
        TypeName::Enum => AttributeType::Enum { values: enum_values(path, file, report) },
        TypeName::Timestamp => AttributeType::Timestamp(timestamp_format(path, file, report)),
        TypeName::Binary => AttributeType::Binary,
        TypeName::Set => AttributeType::Set(set_items(path, file, report)),
        TypeName::List => AttributeType::List(nested::list(path, name, file, role, report)),
        TypeName::Map => AttributeType::Map(nested::map(path, name, file, role, report)),
        TypeName::Any => AttributeType::Any,
    }
}

fn scale(path: &[&str], file: &AttributeFile, report: &mut Report<'_>) -> u32 {
    match file.scale {
        None => {
            report.key(
                path,
                "a `decimal` without `scale`",
                "expected its decimal places, such as scale = 2",
            );
            MAX_SCALE
        }
        Some(scale) if scale > MAX_SCALE => {
            let message = format!("a scale of {scale}");
            report.value(
                &within(path, "scale"),
                message,
                format!("expected at most {MAX_SCALE} decimal places"),
            );
            MAX_SCALE
        }
        Some(scale) => scale,
    }
}

fn enum_values(path: &[&str], file: &AttributeFile, report: &mut Report<'_>) -> Vec<String> {
    let values = file.values.clone().unwrap_or_default();
    if values.is_empty() {
        report.key(
            path,
            "an `enum` without `values`",
            "expected its texts, such as values = [\"open\", \"closed\"]",
        );
    }
    let mut known = HashSet::new();
    if let Some(value) = values.iter().find(|value| !known.insert(*value)) {
        report.value(
            &within(path, "values"),
            format!("`{value}` twice"),
            "expected each text once",
        );
    }
    values
}

fn timestamp_format(
    path: &[&str],
    file: &AttributeFile,
    report: &mut Report<'_>,
) -> TimestampFormat {
    let epoch = match file.format {
        Some(FormatName::Epoch) => Some((TimestampFormat::Epoch, "seconds")),
        Some(FormatName::EpochMs) => Some((TimestampFormat::EpochMs, "milliseconds")),
        Some(FormatName::Rfc3339) | None => None,
    };
    if let Some((format, unit)) = epoch {
        let help = "leave it out, or store the timestamp as rfc3339";
        if file.precision.is_some() {
            let message = format!("an epoch timestamp has whole {unit}");
            report.key(&within(path, "precision"), message, help);
        }
        if file.offset.is_some() {
            report.key(&within(path, "offset"), "an epoch timestamp has no offset", help);
        }
        return format;
    }
    let places = match file.precision.unwrap_or(PrecisionName::Millisecond) {
        PrecisionName::Second => 0,
        PrecisionName::Millisecond => 3,
        PrecisionName::Microsecond => 6,
        PrecisionName::Nanosecond => 9,
    };
    TimestampFormat::Rfc3339 { places, offset: offset(file.offset) }
}

fn offset(name: Option<OffsetName>) -> Offset {
    match name {
        None | Some(OffsetName::Zulu) => Offset::Zulu,
        Some(OffsetName::Colon) => Offset::Colon,
        Some(OffsetName::Basic) => Offset::Basic,
        Some(OffsetName::Any) => Offset::Any,
    }
}

fn set_items(path: &[&str], file: &AttributeFile, report: &mut Report<'_>) -> SetItems {
    let help = "expected items = \"string\", \"number\" or \"binary\"";
    match &file.items {
        Some(ItemsFile::Type(TypeName::String)) => return SetItems::String,
        Some(ItemsFile::Type(TypeName::Number)) => return SetItems::Number,
        Some(ItemsFile::Type(TypeName::Binary)) => return SetItems::Binary,
        Some(ItemsFile::Type(other)) => {
            let message = format!("a set of `{}`", type_name(*other));
            report.value(&within(path, "items"), message, help);
        }
        Some(ItemsFile::Rule(_)) => {
            let message = "options for the members of a set, which have none";
            report.key(&within(path, "items"), message, format!("{help}, or type = \"list\""));
        }
        None => report.key(path, "a `set` without `items`", help),
    }
    SetItems::String
}

pub(super) fn type_name(kind: TypeName) -> &'static str {
    match kind {
        TypeName::String => "string",
        TypeName::Number => "number",
        TypeName::Integer => "integer",
        TypeName::Decimal => "decimal",
        TypeName::Boolean => "boolean",
        TypeName::Enum => "enum",
        TypeName::Timestamp => "timestamp",
        TypeName::Binary => "binary",
        TypeName::Set => "set",
        TypeName::List => "list",
        TypeName::Map => "map",
        TypeName::Any => "any",
    }
}
