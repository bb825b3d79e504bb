//! Rows read a second time, from RFC 4180 and the grammar of lines alone, to compare `weir load`
//! with.
//!
//! It holds the whole text and looks ahead in it, and shares nothing with the reader that it
//! checks.

use serde_json::{Map, Value};

/// Columns of the CSV that is compared.
pub(crate) const COLUMNS: [&str; 3] = ["id", "n", "name"];

/// A row: the line that a report names, and its values; `None` where the row must be reported.
pub(crate) type Row = (u64, Option<Map<String, Value>>);

/// Returns the line of a byte as editors count: CRLF, LF and CR each end one.
pub(crate) fn line_of(text: &[u8], at: usize) -> u64 {
    let before = &text[..at];
    let breaks = before.iter().filter(|byte| matches!(byte, b'\r' | b'\n')).count();
    let pairs = before.windows(2).filter(|pair| pair == b"\r\n").count();
    (breaks - pairs + 1) as u64
}

/// Returns the rows of CSV below its header.
pub(crate) fn csv(text: &[u8]) -> Vec<Row> {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    let records = records(text);
    records.into_iter().skip(1).map(|(line, cells)| (line, cells.and_then(values))).collect()
}

/// Returns the rows of NDJSON.
pub(crate) fn ndjson(text: &[u8]) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut at = 0;
    for line in text.split(|byte| matches!(byte, b'\r' | b'\n')) {
        if !line.trim_ascii().is_empty() {
            rows.push((line_of(text, at), serde_json::from_slice(line).ok()));
        }
        at += line.len() + 1;
    }
    rows
}

/// What a record turned out to be.
enum Found {
    /// Cells, up to a byte that is not of the record.
    Cells(Vec<Vec<u8>>, usize),
    /// No cells, because of a byte.
    Malformed(usize),
    /// No cells, because this quote is never closed.
    Unclosed(usize),
}

fn records(text: &[u8]) -> Vec<(u64, Option<Vec<Vec<u8>>>)> {
    let mut records = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if matches!(text[at], b'\r' | b'\n') {
            at += 1;
            continue;
        }
        let line = line_of(text, at);
        match record(text, at) {
            Found::Cells(cells, end) => {
                let has_nul = text[at..end].contains(&0);
                records.push((line, (!has_nul).then_some(cells)));
                at = end;
            }
            Found::Malformed(wrong) => {
                records.push((line, None));
                at = find(text, wrong, b"\r\n").unwrap_or(text.len());
            }
            Found::Unclosed(quote) => {
                records.push((line_of(text, quote), None));
                break;
            }
        }
    }
    records
}

fn record(text: &[u8], begin: usize) -> Found {
    let mut cells = Vec::new();
    let mut at = begin;
    loop {
        let mut cell = Vec::new();
        if text.get(at) == Some(&b'"') {
            let opening = at;
            loop {
                let Some(quote) = find(text, at + 1, b"\"") else {
                    return Found::Unclosed(opening);
                };
                cell.extend_from_slice(&text[at + 1..quote]);
                at = quote + 1;
                if text.get(at) != Some(&b'"') {
                    break;
                }
                cell.push(b'"');
            }
            if !matches!(text.get(at), None | Some(b',' | b'\r' | b'\n')) {
                return Found::Malformed(at);
            }
        } else {
            let end = find(text, at, b",\r\n").unwrap_or(text.len());
            cell.extend_from_slice(&text[at..end]);
            if cell.contains(&b'"') {
                return Found::Malformed(at);
            }
            at = end;
        }
        cells.push(cell);
        if text.get(at) != Some(&b',') {
            return Found::Cells(cells, at);
        }
        at += 1;
    }
}

/// Returns where the first of some bytes is.
fn find(text: &[u8], from: usize, wanted: &[u8]) -> Option<usize> {
    (from..text.len()).find(|at| wanted.contains(&text[*at]))
}

/// Returns the values of the cells that are not empty, where there is one for each column.
fn values(cells: Vec<Vec<u8>>) -> Option<Map<String, Value>> {
    if cells.len() != COLUMNS.len() {
        return None;
    }
    let mut values = Map::new();
    for (column, cell) in COLUMNS.into_iter().zip(cells) {
        let text = String::from_utf8(cell).ok()?;
        if !text.is_empty() {
            values.insert(column.to_owned(), Value::String(text));
        }
    }
    Some(values)
}
