//! Lines of a log, and the rules by which CloudWatch reads metrics from them.
//!
//! The rules are those of "Specification: Embedded metric format" in the CloudWatch user guide; a
//! line that breaks one is kept as text and its metrics are lost, silently.

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// The most metrics that one directive may define.
const MAX_METRICS: usize = 100;
/// The most values that one metric may have in a line.
const MAX_VALUES: usize = 100;
/// The most dimensions in a set.
const MAX_DIMENSIONS: usize = 30;
/// The longest value of a dimension.
const MAX_DIMENSION_CHARS: usize = 1024;
/// The units that we have a use for.
const UNITS: &[&str] = &["Count", "Milliseconds"];

/// Lines of JSON that something writes; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// Returns the lines that were written since the last time.
    ///
    /// # Panics
    /// When one is not a JSON object of its own.
    pub fn take(&self) -> Vec<Value> {
        let bytes = std::mem::take(&mut *self.0.lock().expect("no panic holds it"));
        let text = String::from_utf8(bytes).expect("text");
        assert!(text.is_empty() || text.ends_with('\n'), "the last line is whole: {text}");
        let parsed = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        let lines: Vec<Value> = text.lines().map(parsed).collect();
        assert!(lines.iter().all(Value::is_object), "{text}");
        lines
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic holds it").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the lines by their set of dimensions, each of which one line has.
///
/// # Panics
/// When one breaks a rule.
pub fn by_dimensions(lines: Vec<Value>) -> Vec<(Vec<String>, Value)> {
    let sets: Vec<_> = lines
        .into_iter()
        .map(|line| match check(&line) {
            Ok(set) => (set, line),
            Err(broken) => panic!("{broken}: {line}"),
        })
        .collect();
    assert!(!sets.is_empty(), "nothing was measured");
    sets
}

/// Returns the set of dimensions of a line.
///
/// # Errors
/// Which rule the line breaks.
pub fn check(line: &Value) -> Result<Vec<String>, String> {
    let metadata = &line["_aws"];
    metadata["Timestamp"].as_u64().filter(|time| *time > 1_000_000_000_000).ok_or("no time")?;
    let [directive] = array(&metadata["CloudWatchMetrics"])?.as_slice() else {
        return Err("expected one directive".to_owned());
    };
    directive["Namespace"].as_str().filter(|name| !name.is_empty()).ok_or("no namespace")?;
    let [set] = array(&directive["Dimensions"])?.as_slice() else {
        return Err("expected one set of dimensions".to_owned());
    };
    let set: Option<Vec<String>> =
        array(set)?.iter().map(|name| name.as_str().map(str::to_owned)).collect();
    let set = set.filter(|set| set.len() <= MAX_DIMENSIONS).ok_or("dimensions are not names")?;
    for name in &set {
        let value = line[name].as_str().unwrap_or_default();
        if value.trim().is_empty() || value.chars().count() > MAX_DIMENSION_CHARS {
            return Err(format!("the dimension `{name}` has no value"));
        }
    }
    let metrics = array(&directive["Metrics"])?;
    if !(1..=MAX_METRICS).contains(&metrics.len()) {
        return Err(format!("{} metrics", metrics.len()));
    }
    for metric in metrics {
        let name = metric["Name"].as_str().ok_or("a metric has no name")?;
        if !metric["Unit"].as_str().is_some_and(|unit| UNITS.contains(&unit)) {
            return Err(format!("`{name}` has the unit {}", metric["Unit"]));
        }
        let is_number = match &line[name] {
            Value::Array(values) => {
                (1..=MAX_VALUES).contains(&values.len()) && values.iter().all(Value::is_number)
            }
            value => value.is_number(),
        };
        if !is_number || set.iter().any(|dimension| dimension == name) {
            return Err(format!("`{name}` is no number"));
        }
    }
    Ok(set)
}

fn array(value: &Value) -> Result<&Vec<Value>, String> {
    value.as_array().ok_or_else(|| format!("expected a list, found {value}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_that_breaks_a_rule_is_found() {
        let line = json!({
            "_aws": { "Timestamp": 1_763_640_000_000_u64, "CloudWatchMetrics": [{
                "Namespace": "Weir", "Dimensions": [["table"]],
                "Metrics": [{ "Name": "a", "Unit": "Count" }, { "Name": "b",
                "Unit": "Milliseconds" }],
            }]},
            "table": "shop", "a": 1, "b": [1.5, 2.5],
        });
        assert_eq!(check(&line), Ok(vec!["table".to_owned()]));
        let directive = "/_aws/CloudWatchMetrics/0";
        for (pointer, value) in [
            ("/_aws/Timestamp".to_owned(), json!("2026")),
            (format!("{directive}/Namespace"), json!("")),
            (format!("{directive}/Dimensions"), json!([["absent"]])),
            (format!("{directive}/Metrics/0/Name"), json!("absent")),
            (format!("{directive}/Metrics/0/Unit"), json!("Pieces")),
            (format!("{directive}/Metrics"), json!([])),
            ("/table".to_owned(), json!("")),
            ("/a".to_owned(), json!("1")),
            ("/b".to_owned(), json!([])),
        ] {
            let mut broken = line.clone();
            *broken.pointer_mut(&pointer).expect(&pointer) = value;
            assert!(check(&broken).is_err(), "{pointer}");
        }
    }
}
