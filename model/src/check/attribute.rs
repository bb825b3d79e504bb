//! Checks an attribute: that each option goes with its type, and that a default is a value of it.

use regex::Regex;

use super::{Report, json};
use crate::attribute::{
    Attribute, AttributeType, Case, DefaultValue, Kept, MAX_SCALE, Rules, SetItems,
};
use crate::file::{AttributeFile, FormatName, PrecisionName, TypeName};
use crate::instant::TimestampFormat;
use crate::number::Number;

pub(super) fn check(
    entity: &str,
    name: &str,
    file: &AttributeFile,
    report: &mut Report<'_>,
) -> Attribute {
    let path = ["entities", entity, "attributes", name];
    report.name(&path, "an attribute", name);
    options_fit(&path, file, report);
    let kind = kind(&path, file, report);
    let rules = rules(&path, file, report);
    let mut attribute = Attribute {
        name: name.to_owned(),
        field: file.field.clone().unwrap_or_else(|| name.to_owned()),
        kind,
        required: file.required,
        default: None,
        read_only: file.read_only,
        kept: kept(&path, file, report),
        hidden: file.hidden,
        rules,
    };
    attribute.default = default(&path, file, &attribute, report);
    attribute
}

fn within<'a>(path: &[&'a str; 4], option: &'a str) -> [&'a str; 5] {
    let [a, b, c, d] = *path;
    [a, b, c, d, option]
}

/// Refuses an option on a type it says nothing about.
fn options_fit(path: &[&str; 4], file: &AttributeFile, report: &mut Report<'_>) {
    use TypeName::{Binary, Decimal, Enum, Integer, List, Map, Number, Set, String, Timestamp};
    let options: [(&str, bool, &[TypeName]); 14] = [
        ("on_update", file.on_update.is_some(), &[Timestamp]),
        ("version", file.version, &[Integer]),
        ("values", file.values.is_some(), &[Enum]),
        ("scale", file.scale.is_some(), &[Decimal]),
        ("items", file.items.is_some(), &[Set]),
        ("format", file.format.is_some(), &[Timestamp]),
        ("precision", file.precision.is_some(), &[Timestamp]),
        ("pattern", file.pattern.is_some(), &[String]),
        ("min", file.min.is_some(), &[Number, Integer, Decimal]),
        ("max", file.max.is_some(), &[Number, Integer, Decimal]),
        ("min_length", file.min_length.is_some(), &[String, Binary, Set, List, Map]),
        ("max_length", file.max_length.is_some(), &[String, Binary, Set, List, Map]),
        ("lower", file.lower, &[String]),
        ("upper", file.upper, &[String]),
    ];
    let trim = ("trim", file.trim, &[String, Enum] as &[TypeName]);
    for (option, given, types) in options.into_iter().chain([trim]) {
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

/// What the library keeps in it. Nothing else can be said of such an attribute's value.
fn kept(path: &[&str; 4], file: &AttributeFile, report: &mut Report<'_>) -> Option<Kept> {
    let (option, kept) = match (file.on_update, file.version) {
        (Some(_), _) => ("on_update", Kept::WrittenAt),
        (None, true) => ("version", Kept::Version),
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
    Some(kept)
}

/// The type. What is missing for it is reported and replaced by something plausible, so that the rest of the file is
/// checked as if it were there.
fn kind(path: &[&str; 4], file: &AttributeFile, report: &mut Report<'_>) -> AttributeType {
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
        TypeName::List => AttributeType::List,
        TypeName::Map => AttributeType::Map,
        TypeName::Any => AttributeType::Any,
    }
}

fn scale(path: &[&str; 4], file: &AttributeFile, report: &mut Report<'_>) -> u32 {
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

fn enum_values(path: &[&str; 4], file: &AttributeFile, report: &mut Report<'_>) -> Vec<String> {
    let values = file.values.clone().unwrap_or_default();
    if values.is_empty() {
        report.key(
            path,
            "an `enum` without `values`",
            "expected its texts, such as values = [\"open\", \"closed\"]",
        );
    }
    let repeated =
        values.iter().enumerate().find(|(position, value)| values[..*position].contains(value));
    if let Some((_, value)) = repeated {
        report.value(
            &within(path, "values"),
            format!("`{value}` twice"),
            "expected each text once",
        );
    }
    values
}

fn timestamp_format(
    path: &[&str; 4],
    file: &AttributeFile,
    report: &mut Report<'_>,
) -> TimestampFormat {
    if file.format == Some(FormatName::Epoch) {
        if file.precision.is_some() {
            let help = "leave it out, or store the timestamp as rfc3339";
            report.key(&within(path, "precision"), "an epoch timestamp has whole seconds", help);
        }
        return TimestampFormat::Epoch;
    }
    let places = match file.precision.unwrap_or(PrecisionName::Millisecond) {
        PrecisionName::Second => 0,
        PrecisionName::Millisecond => 3,
        PrecisionName::Microsecond => 6,
        PrecisionName::Nanosecond => 9,
    };
    TimestampFormat::Rfc3339 { places }
}

fn set_items(path: &[&str; 4], file: &AttributeFile, report: &mut Report<'_>) -> SetItems {
    match file.items {
        Some(TypeName::String) => SetItems::String,
        Some(TypeName::Number) => SetItems::Number,
        Some(TypeName::Binary) => SetItems::Binary,
        Some(other) => {
            let message = format!("a set of `{}`", type_name(other));
            report.value(
                &within(path, "items"),
                message,
                "expected items = \"string\", \"number\" or \"binary\"",
            );
            SetItems::String
        }
        None => {
            report.key(
                path,
                "a `set` without `items`",
                "expected items = \"string\", \"number\" or \"binary\"",
            );
            SetItems::String
        }
    }
}

fn rules(path: &[&str; 4], file: &AttributeFile, report: &mut Report<'_>) -> Rules {
    let pattern = file.pattern.as_ref().and_then(|text| match Regex::new(text) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            let reason = error.to_string().lines().last().unwrap_or_default().trim().to_owned();
            report.value(
                &within(path, "pattern"),
                format!("`{text}` is no regular expression"),
                reason,
            );
            None
        }
    });
    let min = bound(path, "min", file.min.as_ref(), report);
    let max = bound(path, "max", file.max.as_ref(), report);
    if let (Some(min), Some(max)) = (&min, &max)
        && min > max
    {
        report.value(
            &within(path, "min"),
            format!("`min` {min} is above `max` {max}"),
            "expected min <= max",
        );
    }
    if let (Some(min), Some(max)) = (file.min_length, file.max_length)
        && min > max
    {
        let message = format!("`min_length` {min} is above `max_length` {max}");
        report.value(&within(path, "min_length"), message, "expected min_length <= max_length");
    }
    let case = match (file.lower, file.upper) {
        (true, _) => Some(Case::Lower),
        (_, true) => Some(Case::Upper),
        _ => None,
    };
    Rules {
        pattern,
        min,
        max,
        min_length: file.min_length,
        max_length: file.max_length,
        trim: file.trim,
        case,
    }
}

fn bound(
    path: &[&str; 4],
    option: &str,
    value: Option<&toml::Value>,
    report: &mut Report<'_>,
) -> Option<Number> {
    let text = match json(value?) {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    let number = text.parse().ok();
    if number.is_none() {
        report.value(
            &[path[0], path[1], path[2], path[3], option],
            format!("`{option}` is {text}"),
            "expected a number",
        );
    }
    number
}

fn default(
    path: &[&str; 4],
    file: &AttributeFile,
    attribute: &Attribute,
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
    match attribute.encode(&json(value)) {
        Ok(encoded) => Some(DefaultValue::Value(encoded)),
        Err(invalid) => {
            let message = format!("the default of `{}` is no value of it", attribute.name);
            report.value(&within(path, "default"), message, invalid.to_string());
            None
        }
    }
}

fn type_name(kind: TypeName) -> &'static str {
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
