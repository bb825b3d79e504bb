//! An answer as a table, as JSON, and as CSV.

use csv::Writer;
use serde_json::{Map, Value};

use super::answer::Answer;
use crate::grid::{Align, grid};

/// The fields of a point that say when; the bucket of all time has neither.
const WHEN: [&str; 2] = ["start", "end"];

/// The points in aligned columns under their names, or a line that says that there are none.
pub(super) fn table(answer: &Answer) -> String {
    if answer.points.is_empty() {
        return "nothing is counted in this group and range\n".to_owned();
    }
    let columns = columns(&answer.points);
    let header = columns.iter().map(|name| (*name).to_owned()).collect();
    let cells = |point| columns.iter().map(|name| text(point, name)).collect::<Vec<_>>();
    let rows: Vec<Vec<String>> =
        std::iter::once(header).chain(answer.points.iter().map(cells)).collect();
    let align = columns.iter().map(|name| match WHEN.contains(name) {
        true => Align::Left,
        false => Align::Right,
    });
    let more = match answer.cursor.is_string() {
        true => "there are more points behind --limit\n",
        false => "",
    };
    grid(&rows, &align.collect::<Vec<_>>()) + more
}

/// The answer as the reader gives it, with the points of all pages.
pub(super) fn json(answer: &Answer) -> String {
    let mut whole = answer.about.clone();
    let points = answer.points.iter().cloned().map(Value::Object).collect();
    whole.insert("points".to_owned(), Value::Array(points));
    whole.insert("cursor".to_owned(), answer.cursor.clone());
    format!("{}\n", serde_json::to_string_pretty(&whole).expect("JSON is JSON"))
}

/// A record a point: the group, when, the measures.
pub(super) fn csv(answer: &Answer) -> String {
    if answer.points.is_empty() {
        return String::new();
    }
    let no_group = Map::new();
    let group = answer.about.get("dimensions").and_then(Value::as_object).unwrap_or(&no_group);
    let columns = columns(&answer.points);
    let names: Vec<&str> =
        group.keys().map(String::as_str).chain(columns.iter().copied()).collect();
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(names).expect("memory takes it");
    for point in &answer.points {
        let values = group.keys().map(|name| text(group, name));
        let values = values.chain(columns.iter().map(|name| text(point, name)));
        writer.write_record(values).expect("each record has a cell for each name");
    }
    let bytes = writer.into_inner().expect("memory takes it");
    String::from_utf8(bytes).expect("made of text")
}

/// The fields of the points, in order; without a time where they have none, and with what only some have last.
fn columns(points: &[Map<String, Value>]) -> Vec<&str> {
    let mut columns: Vec<&str> = Vec::new();
    for (name, value) in points.iter().flatten() {
        let is_shown = !WHEN.contains(&name.as_str()) || !value.is_null();
        if is_shown && !columns.contains(&name.as_str()) {
            columns.push(name);
        }
    }
    columns
}

fn text(fields: &Map<String, Value>, name: &str) -> String {
    match fields.get(name) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONTHS: &str = r#"{"rollup":"spend","dimensions":{"user_id":"a,b"},"every":"month","time_zone":"UTC",
        "from":"2026-01-01T00:00:00Z","to":"2026-03-01T00:00:00Z","points":[
        {"start":"2026-01-01T00:00:00Z","end":"2026-02-01T00:00:00Z","orders":9,"average":12345678901234567890.12},
        {"start":"2026-02-01T00:00:00Z","end":"2026-03-01T00:00:00Z","orders":12,"average":null}],"cursor":null}"#;
    const ALL: &str = r#"{"rollup":"spend","dimensions":{},"every":"all","points":[
        {"start":null,"end":null,"orders":21}],"cursor":"AQ"}"#;
    const PARKED: &str = r#"{"rollup":"spend","dimensions":{},"every":"month","points":[
        {"start":"2026-01-01T00:00:00Z","orders":9},{"start":"2026-02-01T00:00:00Z","orders":1,"parked":true}],"cursor":null}"#;
    const NOTHING: &str = r#"{"rollup":"spend","points":[],"cursor":null}"#;

    #[test]
    fn a_table_has_numbers_on_the_right() {
        insta::assert_snapshot!(table(&Answer::of(MONTHS)), @r"
        start                 end                   orders                  average
        2026-01-01T00:00:00Z  2026-02-01T00:00:00Z       9  12345678901234567890.12
        2026-02-01T00:00:00Z  2026-03-01T00:00:00Z      12
        ");
        insta::assert_snapshot!(table(&Answer::of(ALL)), @r"
        orders
            21
        there are more points behind --limit
        ");
        insta::assert_snapshot!(table(&Answer::of(NOTHING)), @"nothing is counted in this group and range");
    }

    #[test]
    fn a_point_that_may_be_wrong_is_seen() {
        insta::assert_snapshot!(table(&Answer::of(PARKED)), @r"
        start                 orders  parked
        2026-01-01T00:00:00Z       9
        2026-02-01T00:00:00Z       1    true
        ");
    }

    #[test]
    fn csv_names_the_group_in_each_record() {
        insta::assert_snapshot!(csv(&Answer::of(MONTHS)), @r#"
        user_id,start,end,orders,average
        "a,b",2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,9,12345678901234567890.12
        "a,b",2026-02-01T00:00:00Z,2026-03-01T00:00:00Z,12,
        "#);
        assert_eq!(csv(&Answer::of(NOTHING)), "");
    }

    #[test]
    fn json_is_the_answer_as_it_is() {
        let (given, printed): (Value, Value) = (
            serde_json::from_str(MONTHS).expect("JSON"),
            serde_json::from_str(&json(&Answer::of(MONTHS))).expect("JSON"),
        );
        assert_eq!(given, printed);
        assert!(json(&Answer::of(MONTHS)).contains("12345678901234567890.12"));
    }
}
