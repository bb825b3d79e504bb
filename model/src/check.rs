//! From the shape of a definition file to a [`Model`]: every name resolved, every rule checked, every problem placed.
//!
//! Each part of the file has its module with one function; all report into the same [`Report`], so that one run shows
//! everything that is wrong.

mod attribute;
mod collection;
mod dev;
mod entity;
mod filter;
mod home;
mod keys;
mod pattern;
mod relation;
mod rollup;
mod structure;
mod surface;
mod table;
mod unique;

use crate::Model;
use crate::error::{DefinitionError, Problem};
use crate::file::FileDefinition;
use crate::limits::MAX_ERRORS;
use crate::spans::{Part, Spans};

/// Checks the text of a definition file.
///
/// # Errors
/// Every problem, with its place.
pub fn check(name: &str, text: &str) -> Result<Model, DefinitionError> {
    let failed = |problems, others| DefinitionError::new(name, text, problems, others);
    let file: FileDefinition =
        toml::from_str(text).map_err(|error| failed(vec![structure::problem(&error)], 0))?;
    let mut report = Report { spans: Spans::of(text), problems: Vec::new(), others: 0 };
    let table = table::check(&file.table, &mut report);
    let mut entities: Vec<_> = file
        .entities
        .iter()
        .filter_map(|(name, entity)| entity::check(name, entity, &table, &mut report))
        .collect();
    entity::check_collisions(&mut entities, &mut report);
    collection::check(&entities, &mut report);
    relation::check(&file, &mut entities, &mut report);
    table::check_ttl(&file, &mut report);
    let mut rollups: Vec<_> = file
        .rollups
        .iter()
        .filter_map(|(name, rollup)| rollup::check(name, rollup, &file, &entities, &mut report))
        .collect();
    home::check(&file, &table, &mut entities, &mut rollups, &mut report);
    surface::check(&file, &table, &entities, &rollups, &mut report);
    dev::check(&file, &rollups, &mut report);
    if report.problems.is_empty() {
        Ok(Model { table, entities, rollups, dev: file.dev })
    } else {
        Err(failed(report.problems, report.others))
    }
}

/// The problems found so far: the first [`MAX_ERRORS`], and how many more.
struct Report<'a> {
    spans: Spans<'a>,
    problems: Vec<Problem>,
    others: usize,
}

impl Report<'_> {
    /// How many problems there are so far.
    fn found(&self) -> usize {
        self.problems.len() + self.others
    }

    fn at(
        &mut self,
        path: &[&str],
        part: Part,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        if self.problems.len() >= MAX_ERRORS {
            self.others += 1;
            return;
        }
        let span = self.spans.find(path, part);
        self.problems.push(Problem {
            message: message.into(),
            span: (span.start, span.len()).into(),
            help: Some(help.into()),
        });
    }

    fn key(&mut self, path: &[&str], message: impl Into<String>, help: impl Into<String>) {
        self.at(path, Part::Key, message, help);
    }

    fn value(&mut self, path: &[&str], message: impl Into<String>, help: impl Into<String>) {
        self.at(path, Part::Value, message, help);
    }

    /// Checks a name that keys, paths and answers are made of.
    fn name(&mut self, path: &[&str], kind: &str, name: &str) {
        let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if !plain {
            let message = format!("`{name}` cannot name {kind}");
            self.key(path, message, "expected a letter, then letters, digits, `_` and `-`");
        }
    }
}

/// JSON for a TOML value: dates, which TOML alone has, as text; null for what is no number.
fn json(value: &toml::Value) -> serde_json::Value {
    match value {
        toml::Value::Datetime(instant) => serde_json::Value::String(instant.to_string()),
        toml::Value::String(text) => serde_json::Value::String(text.clone()),
        toml::Value::Integer(number) => (*number).into(),
        toml::Value::Float(number) => {
            serde_json::Number::from_f64(*number).map_or(serde_json::Value::Null, Into::into)
        }
        toml::Value::Boolean(value) => (*value).into(),
        toml::Value::Array(members) => members.iter().map(json).collect(),
        toml::Value::Table(members) => members
            .iter()
            .map(|(name, member)| (name.clone(), json(member)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

#[cfg(test)]
mod tests;
