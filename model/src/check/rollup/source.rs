//! Checks the places in items that a rollup reads: attributes, and dotted paths into their maps.

use crate::check::report::Report;
use crate::entity::Entity;
use crate::field_error::FieldError;
use crate::nearest::expected;
use crate::path::{Path, Place};
use crate::rollup::Source;
use crate::step::Step;

/// Returns the source that a text names; reports one that is none.
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
    let place = match place_in_maps(name, entity) {
        Ok((place, _)) => place,
        Err((message, help)) => {
            report.value(path, message, help);
            return None;
        }
    };
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

/// Returns the place that a text leads to, through maps alone, and the stored names on the way to
/// it.
///
/// # Errors
/// The mistake, and the expectation.
pub(in crate::check) fn place_in_maps<'a>(
    text: &str,
    entity: &'a Entity,
) -> Result<(Place<'a>, Vec<String>), (String, String)> {
    let place = Path::parse(entity, text).map_err(|FieldError { message, .. }| {
        let (message, help) = message.split_once("; ").unwrap_or((&message, ""));
        // That something has no such attribute is a sentence of its own, the rest is said of the
        // path.
        let colon = if message.ends_with("has no such attribute") { ":" } else { "" };
        (format!("`{text}`{colon} {message}"), help.to_owned())
    })?;
    let names = place.path.steps.iter().map(|step| match step {
        Step::Name(name) => Some(name.clone()),
        Step::Position(_) => None,
    });
    let names: Option<Vec<_>> = names.collect();
    match names {
        Some(names) => Ok((place, names)),
        None => {
            let message = format!("`{text}` leads into a list by a position");
            Err((message, "expected names alone: a rollup follows maps".to_owned()))
        }
    }
}
