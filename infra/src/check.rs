//! `weir check`: whether a definition file is right, and what it means.
//!
//! | part of the summary | read |
//! |---|---|
//! | the table and its indexes | `table` |
//! | an entity: keys, attributes, paths | `entity` |
//! | how it leads to others | `relation` |
//! | a rollup: which items, which groups, which numbers | `rollup` |
//! | what a changed item costs its rollups | `cost` |

mod cost;
mod entity;
mod relation;
mod rollup;
mod table;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use weir_model::Model;

use crate::definition;
use crate::error::Error;
use crate::grid::grid;

/// Validate a definition file and print what it means.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir check examples/flights/weir.toml

The exit code is 1 when the file has problems; each is shown on the line it is on.")]
pub struct Arguments {
    /// The definition file [default: ./weir.toml]
    file: Option<PathBuf>,
}

/// Prints a summary of the definition.
///
/// # Errors
/// The problems of the file.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode, Error> {
    let path = definition::find(arguments.file.as_deref())?;
    let model = definition::read(&path)?;
    write!(out, "{}", summary(&path, &model))?;
    Ok(ExitCode::SUCCESS)
}

fn summary(path: &Path, model: &Model) -> String {
    let (entities, rollups) = (model.entities.len(), model.rollups.len());
    let many = |count: usize, one: &str, several: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{count} {several}"),
    };
    let title = format!(
        "{} is right: {} and {}\n",
        path.display(),
        many(entities, "entity", "entities"),
        many(rollups, "rollup", "rollups")
    );
    let tables = std::iter::once(table::summary(&model.table));
    let indexes = model.table.indexes.iter().map(table::index_summary);
    let routes = weir_http::routes::all(model);
    let entities = model.entities.iter().map(|entity| entity::summary(model, entity, &routes));
    let rollups = model.rollups.iter().map(|rollup| rollup::summary(model, rollup));
    let sections = tables.chain(indexes).chain(entities).chain(rollups);
    std::iter::once(title).chain(sections).collect::<Vec<_>>().join("\n")
}

/// Returns a heading and, indented under it, rows of a name and what it is.
fn section(heading: &str, rows: Vec<Vec<String>>) -> String {
    format!("{heading}\n{}", indented(&grid(&rows, &[])))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

/// Returns a row of a section.
fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

#[cfg(test)]
mod tests;
