//! The summary of an export on standard error: how much was written, and how far to trust it.

use std::path::Path;

use serde_json::Value;
use weir_query::Export;

/// The number of rows that were written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    /// The rows.
    pub(super) rows: u64,
    /// The rows whose values may be wrong or missing, as DynamoDB rejected an update.
    pub(super) parked: u64,
    /// The groups that have rows.
    pub(super) groups: u64,
}

/// Returns the summary of an export.
pub(super) fn text(export: &Export, counts: &Counts, output: Option<&Path>) -> String {
    let number = |count: u64, one: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {one}s"),
    };
    let place = output.map(|path| format!(" to {}", path.display())).unwrap_or_default();
    let (rows, groups) = (number(counts.rows, "row"), number(counts.groups, "group"));
    let mut lines = vec![format!("exported {rows} of {groups}{place}")];
    let completeness = export.completeness();
    if let Some(through) = &completeness.complete_through {
        lines.push(format!("every change up to {through} is included"));
    }
    if let Some(since) = &completeness.incomplete_since {
        lines.push(format!("changes since {since} may be missing: they were lost"));
    }
    if completeness.previous_definition {
        lines.push("the rollup is counted under its previous definition until it is built".into());
    }
    let bounds = export.error_bounds();
    if !bounds.is_empty() {
        let percent = |bound: &Value| (bound.as_f64().unwrap_or_default() * 1e6).round() / 1e4;
        let bounds =
            bounds.iter().map(|(name, bound)| format!("{name} within {} %", percent(bound)));
        lines.push(format!("estimates: {}", bounds.collect::<Vec<_>>().join(", ")));
    }
    if counts.parked > 0 {
        let rows = number(counts.parked, "row");
        lines.push(format!("{rows} parked: the values may be wrong until they are repaired"));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}
