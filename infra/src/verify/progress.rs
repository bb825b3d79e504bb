//! The steps of a verification, as lines and a progress bar for a person, or as JSON for a program.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use weir_build::{Difference, RepairOutcome, VerifyEvent, VerifyReport};

use super::phase::phase;
use super::text;
use crate::bar::Bar;
use crate::time::rfc_3339;

/// The least time between two lines of one step.
const LINE_INTERVAL: Duration = Duration::from_secs(1);

/// The printer of the steps of a verification.
pub(super) struct Progress<'a, W> {
    out: &'a mut W,
    is_json: bool,
    bar: Bar,
    last: Option<Instant>,
}

impl<'a, W: Write> Progress<'a, W> {
    /// Prints to `out`.
    pub(super) fn new(out: &'a mut W, is_json: bool) -> Self {
        Self { out, is_json, bar: Bar::default(), last: None }
    }

    /// Prints a step. If the output is closed, the verification continues.
    pub(super) fn event(&mut self, event: &VerifyEvent) {
        if !self.is_json && self.bar.show(phase(event)) {
            return;
        }
        let is_frequent = matches!(
            event,
            VerifyEvent::ScannedItems { .. }
                | VerifyEvent::ScannedRollups { .. }
                | VerifyEvent::Compared { .. }
        );
        if is_frequent && self.last.is_some_and(|last| last.elapsed() < LINE_INTERVAL) {
            return;
        }
        if is_frequent {
            self.last = Some(Instant::now());
        }
        let (text, value) = described(event);
        let _ = self.line(&text, value);
    }

    /// Prints the report.
    pub(super) fn done(&mut self, report: &VerifyReport, is_repair: bool) -> io::Result<()> {
        self.bar.end();
        let value = json!({
            "step": "done",
            "at": rfc_3339(report.cut),
            "rollups": report.revisions.iter().map(|known| &known.rollup).collect::<Vec<_>>(),
            "not_verified": report.skipped.iter().map(|known| &known.rollup).collect::<Vec<_>>(),
            "items": report.items,
            "records": report.captured.read,
            "compared": report.compared.items,
            "expired": report.compared.expired,
            "pending": report.compared.pending,
            "pending_since": report.compared.pending_since.map(|time| rfc_3339(i64::from(time))),
            "undecided": report.compared.undecided,
            "unknown": report.unknown.items,
            "differences": report.differences,
            "repaired": report.repaired,
            "completed": report.completed,
            "incomplete": report.incomplete,
        });
        self.line(&text::report(report, is_repair), value)
    }

    fn line(&mut self, text: &str, value: Value) -> io::Result<()> {
        let out = &mut *self.out;
        self.bar.around(|| {
            match self.is_json {
                true => writeln!(out, "{value}")?,
                false => writeln!(out, "{text}")?,
            }
            out.flush()
        })
    }
}

fn described(event: &VerifyEvent) -> (String, Value) {
    match event {
        VerifyEvent::Begun { revisions, skipped } => {
            let names: Vec<_> = revisions.iter().map(ToString::to_string).collect();
            let mut lines = vec![match names.is_empty() {
                true => "no rollup can be verified".to_owned(),
                false => format!("verifying {}", names.join(", ")),
            }];
            lines.extend(skipped.iter().map(text::skipped));
            let skipped: Vec<_> = skipped.iter().map(|known| &known.rollup).collect();
            (
                lines.join("\n"),
                json!({ "step": "begun", "revisions": names, "not_verified": skipped }),
            )
        }
        VerifyEvent::Waiting { until } => (
            format!("waiting until {}, when every earlier write can be read", rfc_3339(*until)),
            json!({ "step": "waiting", "until": rfc_3339(*until) }),
        ),
        VerifyEvent::ScannedItems { progress, of_items } => (
            format!(
                "items: {} of about {}, {} read units",
                progress.items,
                of_items.max(&progress.items),
                progress.read_units
            ),
            json!({
                "step": "scan", "items": progress.items, "of_items": of_items,
                "read_units": progress.read_units,
            }),
        ),
        VerifyEvent::ScannedRollups { progress } => (
            format!("rollup items: {}, {} read units", progress.items, progress.read_units),
            json!({
                "step": "scan-rollups", "items": progress.items, "read_units": progress.read_units,
            }),
        ),
        VerifyEvent::ReadTogether { left } => (
            format!("reading {left} rollup items together with the detail items that they count"),
            json!({ "step": "read-together", "left": left }),
        ),
        VerifyEvent::Capturing { until } => (
            format!("capturing changes until {}", rfc_3339(*until)),
            json!({ "step": "capturing", "until": rfc_3339(*until) }),
        ),
        VerifyEvent::Skipped(skipped) => (
            format!(
                "{} item images are not counted in {}: {}",
                skipped.images, skipped.rollup, skipped.reason
            ),
            json!({
                "step": "skipped", "rollup": skipped.rollup, "images": skipped.images,
                "reason": skipped.reason.to_string(),
            }),
        ),
        VerifyEvent::Sorting => ("comparing".to_owned(), json!({ "step": "sorting" })),
        VerifyEvent::Compared { items } => {
            (format!("compared {items} items"), json!({ "step": "compared", "items": items }))
        }
        VerifyEvent::Found(difference) => {
            (text::difference(difference), with_step("difference", difference, None))
        }
        VerifyEvent::Repaired { difference, outcome } => (
            format!("{}: {}", text::item(difference), text::outcome(outcome)),
            with_step("repair", difference, Some(outcome)),
        ),
        VerifyEvent::Again => (
            "beginning again: items changed while they were repaired".to_owned(),
            json!({ "step": "again" }),
        ),
        VerifyEvent::CutRejected { reason } => (
            format!("beginning again: {reason}"),
            json!({ "step": "cut-rejected", "reason": reason }),
        ),
    }
}

fn with_step(step: &str, difference: &Difference, outcome: Option<&RepairOutcome>) -> Value {
    let values = difference.values.iter().map(|value| {
        let number = |text: String| serde_json::from_str(&text).unwrap_or(Value::String(text));
        json!({
            "attribute": value.attribute,
            "stored": value.stored.as_ref().map(|stored| number(stored.to_string())),
            "expected": number(value.expected.to_string()),
        })
    });
    let mut line = json!({
        "step": step,
        "rollup": difference.rollup,
        "PK": difference.key.partition,
        "SK": difference.key.sort,
        "is_stored": difference.is_stored,
        "values": values.collect::<Vec<_>>(),
        "is_rank_wrong": difference.is_rank_wrong,
        "parked_since": difference.parked_since,
    });
    if let Some(outcome) = outcome {
        line["outcome"] = Value::String(text::outcome(outcome));
    }
    line
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn every_step_is_documented() {
        let source = include_str!("progress.rs");
        let (source, _) = source.split_once("#[cfg(test)]").expect("the tests");
        let document = include_str!("../../../docs/verifying.md");
        let (_, document) = document.split_once("## Steps").expect("the section");
        let (document, _) = document.split_once("\n## ").expect("the next section");
        let steps =
            source.split("\"step\": \"").skip(1).chain(source.split("with_step(\"").skip(1));
        let printed: BTreeSet<_> = steps.filter_map(|part| Some(part.split_once('"')?.0)).collect();
        let rows = document.lines().filter(|line| line.starts_with("| `"));
        let cells = rows.filter_map(|row| row.split('|').nth(1));
        let documented = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
        let documented: BTreeSet<_> = documented.filter(|step| *step != "step").collect();
        assert_eq!(printed, documented);
    }
}
