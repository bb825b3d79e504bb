//! Checks the places in items that a rollup reads: attributes, and dotted paths into their maps.

use super::Report;
use crate::entity::{Entity, FieldError};
use crate::nearest::expected;
use crate::path::{Path, Step};
use crate::rollup::Source;

/// The source that a text names; reports one that is none.
pub(super) fn source(
    path: &[&str],
    name: &str,
    entity: &Entity,
    report: &mut Report<'_>,
) -> Option<Source> {
    if entity.attribute(name).is_none() && !name.contains(['.', '[']) {
        let names: Vec<_> =
            entity.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
        let message = format!("`{name}` is no attribute of `{}`", entity.name);
        report.value(path, message, expected(name, &names));
        return None;
    }
    let place = match Path::parse(entity, name) {
        Ok(place) => place,
        Err(FieldError { message, .. }) => {
            let (message, help) = message.split_once("; ").unwrap_or((&message, ""));
            report.value(path, format!("`{name}` {message}"), help);
            return None;
        }
    };
    if place.path.steps.iter().any(|step| matches!(step, Step::Position(_))) {
        let message = format!("`{name}` leads into a list by a position");
        report.value(path, message, "expected names alone: a rollup follows maps");
        return None;
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if !name.chars().all(is_plain) {
        // Names of accumulators and of partitions are made of it.
        let message =
            format!("`{name}` has other characters than letters, digits, `_`, `-` and `.`");
        report.value(
            path,
            message,
            "expected a plain name; the stored one may be another: `field`",
        );
        return None;
    }
    Some(Source::at(&place, name))
}
