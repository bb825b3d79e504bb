//! CSV: a line of attribute names, then one record an item. An empty cell is an absent attribute.
//!
//! A cell is text; what it stands for is up to its attribute, so cells become JSON by the entity where that is known,
//! and stay text where it is not (the writer takes numbers and timestamps as text, but no booleans and no lists).

use std::io::BufRead;

use csv::{ByteRecord, Reader};
use model::{Attribute, Entity};
use serde_json::{Map, Value};

use super::{Error, MAX_ROW_BYTES, Row};

/// Bytes that an attribute adds to a JSON object besides its name and its value: quotes, a colon, a comma.
const JSON_OVERHEAD_BYTES: usize = 6;

/// The rows of CSV.
pub(super) struct Records<'a, R> {
    reader: Reader<R>,
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
        let mut reader = Reader::from_reader(reader);
        let header = match reader.byte_headers() {
            Ok(header) => header.clone(),
            Err(error) => {
                return Err(Error::Unreadable { name: name.to_owned(), source: error.into() });
            }
        };
        let mut columns: Vec<Column<'a>> = Vec::new();
        for cell in &header {
            let column = String::from_utf8_lossy(cell).trim().to_owned();
            let refuse = |problem: String| Error::Column {
                name: name.to_owned(),
                column: column.clone(),
                problem,
            };
            if columns.iter().any(|earlier| earlier.name == column) {
                return Err(refuse("twice, expected each once".to_owned()));
            }
            let attribute = entity.map(|entity| attribute(entity, &column));
            let attribute = attribute.transpose().map_err(refuse)?;
            columns.push(Column { name: column, attribute });
        }
        Ok(Self { reader, columns, ended: false })
    }

    fn row(&self, line: u64, record: &ByteRecord) -> Row {
        let names = self.columns.iter().map(|column| column.name.len() + JSON_OVERHEAD_BYTES);
        let bytes = names.sum::<usize>() + record.as_slice().len();
        if bytes > MAX_ROW_BYTES {
            return Row::too_long(line);
        }
        let present = self.columns.iter().zip(record).filter(|(_, cell)| !cell.is_empty());
        let values: Result<Map<_, _>, String> =
            present.map(|(column, cell)| Ok((column.name.clone(), column.value(cell)?))).collect();
        Row { line, bytes, values }
    }

    /// A record of another length is refused alone; anything else ends the reading.
    fn refusal(&mut self, line: u64, error: csv::Error) -> Row {
        if let csv::ErrorKind::UnequalLengths { pos, expected_len, len } = error.kind() {
            let line = pos.as_ref().map_or(line, csv::Position::line);
            let reason = format!("{len} cells, expected {expected_len} as in the header");
            return Row::bad(line, reason);
        }
        self.ended = true;
        Row::unreadable(line, &error.into())
    }
}

impl<R: BufRead> Iterator for Records<'_, R> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        if self.ended {
            return None;
        }
        let mut record = ByteRecord::new();
        let line = self.reader.position().line();
        match self.reader.read_byte_record(&mut record) {
            Ok(false) => None,
            Ok(true) => {
                let line = record.position().map_or(line, csv::Position::line);
                Some(self.row(line, &record))
            }
            Err(error) => Some(self.refusal(line, error)),
        }
    }
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
    let unknown = || match model::nearest(column, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let valid = names().collect::<Vec<_>>().join(", ");
            format!("expected attributes of `{}`: {valid}", entity.name)
        }
    };
    entity.attribute(column).ok_or_else(unknown)
}
