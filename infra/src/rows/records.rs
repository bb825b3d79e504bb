//! CSV: a line of attribute names, then one record an item. An empty cell is an absent attribute.
//!
//! A cell is text; what it stands for is up to its attribute, so cells become JSON by the entity
//! where that is known, and stay text where it is not (the writer takes numbers and timestamps as
//! text, but no booleans and no lists).

use std::io::BufRead;

use serde_json::{Map, Value};
use weir_model::shorten::listed;
use weir_model::{Attribute, Entity};

use super::cells::{Cells, Malformed, Record};
use super::{Error, MAX_ROW_BYTES, Row};

/// Bytes that an attribute adds to a JSON object besides its name and its value: quotes, a colon, a
/// comma.
const JSON_OVERHEAD_BYTES: usize = 6;

/// The rows of CSV.
pub(super) struct Records<'a, R> {
    cells: Cells<R>,
    columns: Vec<Column<'a>>,
    ended: bool,
}

/// A column: its name, and the attribute of that name where the entity is known.
struct Column<'a> {
    name: String,
    attribute: Option<&'a Attribute>,
}

impl<'a, R: BufRead> Records<'a, R> {
    /// Reads the header.
    pub(super) fn new(name: &str, reader: R, entity: Option<&'a Entity>) -> Result<Self, Error> {
        let mut cells = Cells::new(reader);
        let unreadable = |source| Error::Unreadable { name: name.to_owned(), source };
        let columns = match cells.next().transpose().map_err(unreadable)? {
            Some(header) => columns(name, header, entity)?,
            None => Vec::new(),
        };
        Ok(Self { cells, columns, ended: false })
    }

    fn row(&mut self, record: Record) -> Row {
        let Record { line, last_line, bytes, cells } = record;
        let end = match last_line {
            last if last == line => String::new(),
            last => format!("; the record ends on line {last}"),
        };
        let cells = match cells {
            Ok(cells) => cells,
            Err(unclosed @ Malformed::Unclosed { .. }) => {
                self.ended = true;
                return Row::bad(line, unclosed.to_string());
            }
            Err(malformed) => return Row::bad(line, format!("{malformed}{end}")),
        };
        if cells.len() != self.columns.len() {
            let (found, expected) = (cells.len(), self.columns.len());
            let noun = if found == 1 { "cell" } else { "cells" };
            let reason = format!("{found} {noun}, expected {expected} as in the header{end}");
            return Row::bad(line, reason);
        }
        let names = self.columns.iter().map(|column| column.name.len() + JSON_OVERHEAD_BYTES);
        let bytes = names.sum::<usize>() + bytes;
        if bytes > MAX_ROW_BYTES {
            return Row::too_long(line);
        }
        let present = self.columns.iter().zip(&cells).filter(|(_, cell)| !cell.is_empty());
        let values: Result<Map<_, _>, String> =
            present.map(|(column, cell)| Ok((column.name.clone(), column.value(cell)?))).collect();
        Row { line, bytes, values }
    }
}

impl<R: BufRead> Iterator for Records<'_, R> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        if self.ended {
            return None;
        }
        match self.cells.next()? {
            Ok(record) => Some(self.row(record)),
            Err(error) => {
                self.ended = true;
                Some(Row::unreadable(self.cells.line(), &error))
            }
        }
    }
}

/// Returns the columns that a header names.
fn columns<'a>(
    name: &str,
    header: Record,
    entity: Option<&'a Entity>,
) -> Result<Vec<Column<'a>>, Error> {
    let line = header.line;
    let malformed = |problem: String| Error::Header { name: name.to_owned(), line, problem };
    let cells = header.cells.map_err(|error| malformed(error.to_string()))?;
    let mut columns: Vec<Column<'a>> = Vec::new();
    for (cell, position) in cells.into_iter().zip(1..) {
        let Ok(column) = String::from_utf8(cell) else {
            return Err(malformed(format!("the name of column {position} is not UTF-8 text")));
        };
        let column = column.trim();
        if column.is_empty() {
            return Err(malformed(format!("column {position} has no name, expected one for each")));
        }
        let reject = |problem: String| Error::Column {
            name: name.to_owned(),
            column: column.to_owned(),
            problem,
        };
        if columns.iter().any(|earlier| earlier.name == column) {
            return Err(reject("twice, expected each once".to_owned()));
        }
        let attribute = entity.map(|entity| attribute(entity, column));
        let attribute = attribute.transpose().map_err(reject)?;
        columns.push(Column { name: column.to_owned(), attribute });
    }
    Ok(columns)
}

impl Column<'_> {
    fn value(&self, cell: &[u8]) -> Result<Value, String> {
        let Ok(text) = std::str::from_utf8(cell) else {
            return Err(format!("`{}`: expected UTF-8 text", self.name));
        };
        let Some(attribute) = self.attribute else {
            return Ok(Value::String(text.to_owned()));
        };
        attribute.json_of_text(text).map_err(|invalid| {
            let errors = invalid.at(&self.name);
            errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        })
    }
}

fn attribute<'a>(entity: &'a Entity, column: &str) -> Result<&'a Attribute, String> {
    let names = || entity.attributes.iter().map(|attribute| attribute.name.as_str());
    let unknown = || match weir_model::nearest(column, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let valid = listed(names());
            format!("expected attributes of `{}`: {valid}", entity.name)
        }
    };
    entity.attribute(column).ok_or_else(unknown)
}
