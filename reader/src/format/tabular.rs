//! An answer as CSV and as NDJSON: a line for each point or rank, with its group in it.
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

use csv::{Terminator, WriterBuilder};
use serde_json::{Map, Value};

use weir_query::Columns;

/// The first characters of the texts that a spreadsheet computes.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A group, and a point of it.
type Row<'a> = (Map<String, Value>, &'a Map<String, Value>);

/// Returns a line of names, and a record for each point.
pub(super) fn csv(answer: &Value, columns: &Columns) -> String {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    let names = columns.iter().map(|column| guarded(&column.name));
    writer.write_record(names).expect("memory takes it");
    for (group, point) in rows(answer) {
        let cells = columns.iter().map(|column| cell(column.value(&group, point)));
        writer.write_record(cells).expect("each record has a cell for each name");
    }
    let bytes = writer.into_inner().expect("memory takes it");
    String::from_utf8(bytes).expect("made of text")
}

/// Returns a JSON object for each point: its group as `dimensions`, and its fields.
pub(super) fn ndjson(answer: &Value) -> String {
    let line = |(group, point): Row<'_>| {
        let mut whole = Map::from_iter([("dimensions".to_owned(), Value::Object(group))]);
        let fields = point.iter().filter(|(name, _)| *name != "dimensions");
        whole.extend(fields.map(|(name, value)| (name.clone(), value.clone())));
        format!("{}\n", Value::Object(whole))
    };
    rows(answer).into_iter().map(line).collect()
}

/// Returns the points of the answer's one group or of all its groups, or its ranks.
fn rows(answer: &Value) -> Vec<Row<'_>> {
    if let Some(ranks) = answer.get("ranks") {
        let within = fields(answer, "within");
        let row = |rank| {
            let group = within.clone().into_iter().chain(fields_of(rank));
            (group.collect(), rank)
        };
        return objects(Some(ranks)).map(row).collect();
    }
    match answer.get("groups") {
        Some(groups) => objects(Some(groups))
            .flat_map(|group| {
                let dimensions = fields_of(group);
                objects(group.get("points")).map(move |point| (dimensions.clone(), point))
            })
            .collect(),
        None => {
            let dimensions = fields(answer, "dimensions");
            objects(answer.get("points")).map(|point| (dimensions.clone(), point)).collect()
        }
    }
}

fn fields_of(row: &Map<String, Value>) -> Map<String, Value> {
    row.get("dimensions").and_then(Value::as_object).cloned().unwrap_or_default()
}

fn fields(answer: &Value, name: &str) -> Map<String, Value> {
    answer.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
}

fn objects(list: Option<&Value>) -> impl Iterator<Item = &Map<String, Value>> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

fn cell(value: Option<&Value>) -> String {
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

#[cfg(test)]
mod tests;
