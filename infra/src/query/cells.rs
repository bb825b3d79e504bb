//! The cells of a point: one for each number in it, and one for each list.
//!
//! ```text
//! "orders": 3                                   orders         3
//! "statuses": {"placed":1,"paid":2}             statuses.placed 1, statuses.paid 2
//! "sizes": [{"from":null,"to":0,"count":4},…]   sizes.<0       4, …
//! "products": [{"value":"p1","count":2},…]      products       p1 ×2, …
//! ```

use serde_json::{Map, Value};
use weir_query::columns::bin_label;

/// The fields of a point that say when.
const WHEN: [&str; 2] = ["start", "end"];

/// A cell under its name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cell {
    pub(super) name: String,
    pub(super) text: String,
    /// Whether it is of those that stand at the left: texts and lists.
    pub(super) is_text: bool,
    /// The number that a chart draws for it.
    pub(super) number: Option<f64>,
}

/// Returns the cells of a group's values, of which none is drawn.
pub(super) fn of_group(dimensions: &Map<String, Value>) -> Vec<Cell> {
    let cell =
        |(name, value): (&String, &Value)| Cell { number: None, ..Cell::new(name.clone(), value) };
    dimensions.iter().map(cell).collect()
}

/// Returns the cells of a point: its times unless it is of all time, its measures, and what marks
/// it.
pub(super) fn of_point(point: &Map<String, Value>) -> Vec<Cell> {
    let is_shown = |(name, value): &(&String, &Value)| {
        *name != "dimensions" && !(WHEN.contains(&name.as_str()) && value.is_null())
    };
    point.iter().filter(is_shown).flat_map(|(name, value)| of_field(name, value)).collect()
}

fn of_field(name: &str, value: &Value) -> Vec<Cell> {
    let within = |inner: &str| format!("{name}.{inner}");
    match value {
        // Of another period only what was measured: when it was follows from the question.
        Value::Object(fields) => {
            let measured = fields.iter().filter(|(inner, _)| !WHEN.contains(&inner.as_str()));
            measured.flat_map(|(inner, value)| of_field(&within(inner), value)).collect()
        }
        Value::Array(bins) if bins.iter().any(|bin| bin.get("from").is_some()) => {
            let edge =
                |bin: &Value, name: &str| bin.get(name).filter(|edge| !edge.is_null()).map(shown);
            let cell = |bin: &Value| {
                let label = bin_label(edge(bin, "from").as_deref(), edge(bin, "to").as_deref());
                Cell::new(within(&label), bin.get("count").unwrap_or(&Value::Null))
            };
            bins.iter().map(cell).collect()
        }
        Value::Array(list) => {
            let parts: Vec<String> = list.iter().map(counted).collect();
            let text = parts.join(", ");
            vec![Cell { name: name.to_owned(), text, is_text: true, number: None }]
        }
        _ => vec![Cell::new(name.to_owned(), value)],
    }
}

impl Cell {
    fn new(name: String, value: &Value) -> Self {
        let (text, is_text) = (shown(value), value.is_string());
        Self { name, text, is_text, number: value.as_f64() }
    }

    /// Returns whether it is a measure, rather than when, which group or rank, or of another
    /// period.
    pub(super) fn is_measured(&self) -> bool {
        let is_of_another = ["previous.", "change."].iter().any(|of| self.name.starts_with(of));
        !is_of_another
            && !["start", "end", "rank", "filled", "parked"].contains(&self.name.as_str())
    }
}

/// Returns a value of a list and how often it is there.
fn counted(entry: &Value) -> String {
    match (entry.get("value"), entry.get("count")) {
        (Some(value), Some(count)) => format!("{} ×{}", shown(value), shown(count)),
        _ => shown(entry),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
