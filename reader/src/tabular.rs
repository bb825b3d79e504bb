//! Rows of rollups as CSV and as NDJSON: a line for each point or rank, with its group in it.
//!
//! | in a cell of CSV | is written |
//! |---|---|
//! | a number | its digits |
//! | a text | as it is, unless a spreadsheet would compute it |
//! | nothing, or `null` | nothing |
//! | a list | its JSON |
//!
//! A text that begins with `=`, `+`, `-`, `@`, a tab or a line break is a formula to a spreadsheet,
//! and any client that writes items may have written it: it gets a `'` before it, as
//! [OWASP](https://owasp.org/www-community/attacks/CSV_Injection) advises. A text that is a number
//! stays as it is. JSON and NDJSON, which programs read, have every text as it is.

use std::io::{self, Write};

use csv::{Terminator, Writer, WriterBuilder};
use serde_json::{Map, Value};
use weir_query::Columns;

/// The first characters of the texts that a spreadsheet computes.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Writes a line of names, and a record for each row.
#[derive(Debug)]
pub struct CsvRows<W: Write> {
    columns: Columns,
    writer: Writer<W>,
}

impl<W: Write> CsvRows<W> {
    /// Writes the line of names.
    ///
    /// # Errors
    /// The error of the output.
    pub fn new(columns: Columns, out: W) -> io::Result<Self> {
        let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
        writer.write_record(columns.iter().map(|column| guarded(&column.name)))?;
        Ok(Self { columns, writer })
    }

    /// Writes a record: a point, or a rank, of a group.
    ///
    /// # Errors
    /// The error of the output.
    pub fn write(
        &mut self,
        group: &Map<String, Value>,
        point: &Map<String, Value>,
    ) -> io::Result<()> {
        let cells = self.columns.iter().map(|column| cell(column.value(group, point)));
        Ok(self.writer.write_record(cells)?)
    }

    /// Ends the rows, and returns the output.
    ///
    /// # Errors
    /// The error of the output.
    pub fn finish(self) -> io::Result<W> {
        self.writer.into_inner().map_err(csv::IntoInnerError::into_error)
    }
}

/// Writes a row as a line of JSON: its group as `dimensions`, and its fields.
///
/// # Errors
/// The error of the output.
pub fn write_ndjson(
    group: &Map<String, Value>,
    point: &Map<String, Value>,
    out: &mut impl Write,
) -> io::Result<()> {
    let dimensions = ("dimensions".to_owned(), Value::Object(group.clone()));
    let mut whole = Map::from_iter([dimensions]);
    let fields = point.iter().filter(|(name, _)| *name != "dimensions");
    whole.extend(fields.map(|(name, value)| (name.clone(), value.clone())));
    writeln!(out, "{}", Value::Object(whole))
}

pub(crate) fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => guarded(text),
        Some(other) => other.to_string(),
    }
}

/// Returns a text that no spreadsheet computes.
fn guarded(text: &str) -> String {
    let is_formula = text.starts_with(FORMULA) && text.parse::<weir_model::Number>().is_err();
    if is_formula { format!("'{text}") } else { text.to_owned() }
}
