//! From the shape of a definition file to a [`Model`]: every name resolved, every rule checked,
//! every problem placed.
//!
//! Each part of the file has its module with one function. All report into the same [`Report`], so
//! that one run shows all problems.

mod attribute;
mod collection;
mod colocated;
mod dev;
mod entity;
mod filter;
mod keys;
mod pattern;
mod recognition;
mod relation;
mod report;
mod rollup;
mod structure;
mod surface;
mod table;
mod toml_value;
mod unique;

use std::str::FromStr;

pub(crate) use self::entity::is_reserved as is_reserved_entity;
use self::report::Report;
use crate::error::{DefinitionError, Problem};
use crate::file::FileDefinition;
use crate::model::Model;

impl Model {
    /// Reads a definition file. `name` is the file's name, as error messages show it.
    ///
    /// # Errors
    /// Every problem that the file has, each with its place in `text`.
    pub fn parse(name: &str, text: &str) -> Result<Self, DefinitionError> {
        check(text).map_err(|(problems, others)| DefinitionError::new(name, text, problems, others))
    }
}

impl FromStr for Model {
    type Err = DefinitionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse("weir.toml", text)
    }
}

/// Checks the text of a definition file.
///
/// # Errors
/// The first problems, and the number of the others.
fn check(text: &str) -> Result<Model, (Vec<Problem>, usize)> {
    let file: FileDefinition =
        toml::from_str(text).map_err(|error| (vec![structure::problem(&error)], 0))?;
    let mut report = Report::new(text);
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
    let colocation = colocated::check(&file, &table, &entities, &rollups, &mut report);
    for (rollup, key) in rollups.iter_mut().zip(colocation.keys) {
        rollup.colocated = key;
    }
    for (entity, exclusion) in entities.iter_mut().zip(colocation.exclusions) {
        entity.claims.extend(exclusion.claims);
        entity.excluded = exclusion.mark;
    }
    surface::check(&file, &table, &entities, &rollups, &mut report);
    dev::check(&file, &rollups, &mut report);
    if report.found() == 0 {
        Ok(Model { table, entities, rollups, dev: file.dev, source: text.into() })
    } else {
        Err(report.into_problems())
    }
}

#[cfg(test)]
mod tests;
