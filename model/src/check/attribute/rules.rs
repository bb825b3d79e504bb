//! Checks what the values of an attribute must satisfy.

use regex::Regex;

use super::within;
use crate::attribute::{Case, Rules};
use crate::check::report::Report;
use crate::check::toml_value::to_json;
use crate::file::AttributeFile;
use crate::number::Number;

pub(super) fn check(path: &[&str], file: &AttributeFile, report: &mut Report<'_>) -> Rules {
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
    path: &[&str],
    option: &str,
    value: Option<&toml::Value>,
    report: &mut Report<'_>,
) -> Option<Number> {
    let text = match to_json(value?) {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    let number = text.parse().ok();
    if number.is_none() {
        report.value(&within(path, option), format!("`{option}` is {text}"), "expected a number");
    }
    number
}
