//! An answer as CSV and as NDJSON: its points or ranks, as rows.

use serde_json::{Map, Value};
use weir_query::Columns;

use crate::tabular::{CsvRows, write_ndjson};

/// A group, and a point of it.
type Row<'a> = (Map<String, Value>, &'a Map<String, Value>);

/// Returns a line of names, and a record for each point.
pub(super) fn csv(answer: &Value, columns: &Columns) -> String {
    let mut records = CsvRows::new(columns.clone(), Vec::new()).expect("memory takes it");
    for (group, point) in rows(answer) {
        records.write(&group, point).expect("each record has a cell for each name");
    }
    utf8(records.finish().expect("memory takes it"))
}

/// Returns a JSON object for each point.
pub(super) fn ndjson(answer: &Value) -> String {
    let mut lines = Vec::new();
    for (group, point) in rows(answer) {
        write_ndjson(&group, point, &mut lines).expect("memory takes it");
    }
    utf8(lines)
}

fn utf8(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("made of text")
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

#[cfg(test)]
mod tests;
