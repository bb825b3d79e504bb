//! The rows of a file, one at a time: NDJSON, a JSON array, or CSV.
//!
//! ```text
//! source ──► text ──┬─► lines              one object a line
//!                   ├─► array              one object an element, however large the array
//!                   └─► cells ──► records  one object a record, typed by the entity
//! ```
//!
//! `weir load` and `weir dev` read their rows here. A row that cannot be read is a row all the
//! same: it has its line and the reason, and the next one follows. The last row may say why the
//! rest of the file was not read: an array without its end, a quote that is never closed, a failing
//! disk.
//!
//! **Invariant:** no more than one row is held in memory, and a row is at most [`MAX_ROW_BYTES`]
//! long.

mod array;
mod cells;
mod lines;
mod records;
mod source;
mod text;

use std::io::{self, BufRead};

use clap::ValueEnum;
use serde_json::{Map, Value};
use thiserror::Error;
use weir_model::Entity;

pub use source::{ByteOffset, Source};
use text::Place;

/// The longest row that is read, in bytes: DynamoDB's largest item is 400 KB, and base64 or escapes
/// can double it.
pub const MAX_ROW_BYTES: usize = 1024 * 1024;

/// The end of the reason of a row after which the rest of the file was not read.
const UNREAD: &str = "; the rest of the file was not read";

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
    /// The text is not UTF-8.
    #[error("{name} is {found}, expected UTF-8 text")]
    Encoding {
        /// The file.
        name: String,
        /// The encoding that it looks like.
        found: &'static str,
    },
    /// The first line of CSV does not name its columns.
    #[error("{name}:{line}: {problem}")]
    Header {
        /// The file.
        name: String,
        /// The line of the header.
        line: u64,
        /// The problem, and the expected form.
        problem: String,
    },
    /// A column is not an attribute of the entity, or is there twice.
    #[error("{name} has the column `{column}`: {problem}")]
    Column {
        /// The file.
        name: String,
        /// The column.
        column: String,
        /// The expected form.
        problem: String,
    },
}

/// Returns the rows of a text in a format.
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
    /// Returns a row that is JSON text and begins at that place.
    fn of_json(place: Place, text: &[u8]) -> Self {
        Self { line: place.line, bytes: text.len(), values: object(place, text) }
    }

    fn bad(line: u64, reason: impl Into<String>) -> Self {
        Self { line, bytes: 0, values: Err(reason.into()) }
    }

    fn too_long(line: u64) -> Self {
        Self::bad(line, too_long())
    }

    /// Returns the same row as the last one that is read, although the file has more.
    fn last(mut self) -> Self {
        self.values = self.values.map_err(|reason| format!("{reason}{UNREAD}"));
        self
    }

    fn unreadable(line: u64, error: &io::Error) -> Self {
        Self::bad(line, format!("the rest cannot be read: {error}"))
    }
}

fn too_long() -> String {
    format!("longer than {} KB, expected an item of at most 400 KB", MAX_ROW_BYTES / 1024)
}

fn object(place: Place, text: &[u8]) -> Result<Map<String, Value>, String> {
    match weir_http::json::parse(text) {
        Ok(Value::Object(values)) => Ok(values),
        Ok(other) => {
            Err(format!("expected a JSON object, found {}", weir_model::value::shown(&other)))
        }
        Err(error) => Err(not_json(place, text, &error)),
    }
}

/// Returns the message of the parser, with the place in the file instead of the place in the row.
/// The parser counts line feeds and bytes.
fn not_json(row: Place, text: &[u8], error: &serde_json::Error) -> String {
    let message = error.to_string();
    let what = message.split(" at line ").next().unwrap_or(&message);
    let lines = text.split_inclusive(|byte| *byte == b'\n').take(error.line().saturating_sub(1));
    let before = lines.map(<[u8]>::len).sum::<usize>() + error.column().saturating_sub(1);
    let place = row.behind(text.get(..before).unwrap_or(text));
    let line = match place.line {
        line if line == row.line => String::new(),
        line => format!("line {line} "),
    };
    format!("not JSON: {what} at {line}column {}", place.column)
}

#[cfg(test)]
mod tests;
