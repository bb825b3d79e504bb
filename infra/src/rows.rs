//! The rows of a file, one at a time: NDJSON, a JSON array, or CSV.
//!
//! ```text
//! file, or - ──► source ──┬─► lines    one object a line
//!                         ├─► array    one object an element, however large the array
//!                         └─► records  one object a record, typed by the entity
//! ```
//!
//! `weir load` and `weir dev` read their rows here. A row that cannot be read is a row all the same: it has its line and
//! the reason, and the next one follows. What ends the reading early (a broken array, a failing disk) is the last row.
//!
//! **Invariant:** no more than one row is held in memory, and a row is at most [`MAX_ROW_BYTES`] long.

mod array;
mod lines;
mod records;
mod source;

use std::io::{self, BufRead};

use clap::ValueEnum;
use model::Entity;
use serde_json::{Map, Value};
use thiserror::Error;

pub use source::{Position, Source};

/// The longest row that is read, in bytes: DynamoDB's largest item is 400 KB, and base64 or escapes can double it.
pub const MAX_ROW_BYTES: usize = 1024 * 1024;

/// How a file holds its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object a line.
    Ndjson,
    /// One JSON array of objects.
    Json,
    /// Comma-separated values under a line of attribute names.
    Csv,
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The line of the file that it begins on, from 1.
    pub line: u64,
    /// About how many bytes it has as JSON.
    pub bytes: usize,
    /// Its values, or why it has none.
    pub values: Result<Map<String, Value>, String>,
}

/// Why a file has no rows to give.
#[derive(Debug, Error)]
pub enum Error {
    /// It cannot be opened or read.
    #[error("{name} cannot be read: {source}")]
    Unreadable {
        /// The file.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// A column is none of the entity's attributes, or there twice.
    #[error("{name} has the column `{column}`: {problem}")]
    Column {
        /// The file.
        name: String,
        /// The column.
        column: String,
        /// What was expected.
        problem: String,
    },
}

/// The rows of a text in a format.
fn rows<'a>(
    name: &str,
    reader: impl BufRead + 'a,
    format: Format,
    entity: Option<&'a Entity>,
) -> Result<Box<dyn Iterator<Item = Row> + 'a>, Error> {
    Ok(match format {
        Format::Ndjson => Box::new(lines::Lines::new(reader)),
        Format::Json => Box::new(array::Elements::new(reader)),
        Format::Csv => Box::new(records::Records::new(name, reader, entity)?),
    })
}

impl Row {
    /// A row that is JSON text and begins on that line.
    fn of_json(line: u64, text: &[u8]) -> Self {
        Self { line, bytes: text.len(), values: object(line, text) }
    }

    fn bad(line: u64, reason: impl Into<String>) -> Self {
        Self { line, bytes: 0, values: Err(reason.into()) }
    }

    fn too_long(line: u64) -> Self {
        let limit = MAX_ROW_BYTES / 1024;
        Self::bad(line, format!("longer than {limit} KB, expected an item of at most 400 KB"))
    }

    fn unreadable(line: u64, error: &io::Error) -> Self {
        Self::bad(line, format!("the rest cannot be read: {error}"))
    }
}

fn object(line: u64, text: &[u8]) -> Result<Map<String, Value>, String> {
    match serde_json::from_slice(text) {
        Ok(Value::Object(values)) => Ok(values),
        Ok(other) => Err(format!("expected a JSON object, found {}", model::value::shown(&other))),
        Err(error) => Err(not_json(line, &error)),
    }
}

/// The parser's words, with the place in the file instead of the place in the row.
fn not_json(line: u64, error: &serde_json::Error) -> String {
    let message = error.to_string();
    let what = message.split(" at line ").next().unwrap_or(&message);
    match (error.line() as u64, error.column()) {
        (0 | 1, column) => format!("not JSON: {what} at column {column}"),
        (row_line, column) => {
            format!("not JSON: {what} at line {} column {column}", line + row_line - 1)
        }
    }
}

#[cfg(test)]
mod tests;
