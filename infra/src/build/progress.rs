//! The steps of a build, as lines and a progress bar for a person, or as JSON for a program.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};
use weir_build::{BuildEvent, BuildReport, GivenUpBuild};
use weir_rollups::Revision;

use super::phase::phase;
use crate::bar::Bar;
use crate::time::rfc_3339;

/// The least time between two lines of one step.
const LINE_INTERVAL: Duration = Duration::from_secs(1);

/// The printer of a build's steps.
pub(crate) struct Progress<'a, W> {
    out: &'a mut W,
    is_json: bool,
    bar: Bar,
    began: Instant,
    last: Option<Instant>,
    /// Whether a blank line comes before the next line of text.
    is_paragraph: bool,
}

impl<'a, W: Write> Progress<'a, W> {
    /// Prints to `out`.
    pub(crate) fn new(out: &'a mut W, is_json: bool) -> Self {
        let (bar, began) = (Bar::default(), Instant::now());
        Self { out, is_json, bar, began, last: None, is_paragraph: false }
    }

    /// Prints a blank line before the first line.
    pub(crate) fn in_a_paragraph(mut self) -> Self {
        self.is_paragraph = true;
        self
    }

    /// Prints a step. If the output is closed, the build continues.
    pub(super) fn event(&mut self, event: &BuildEvent) {
        if !self.is_json && self.bar.show(phase(event)) {
            return;
        }
        let is_frequent = is_frequent(event);
        if is_frequent && self.last.is_some_and(|last| last.elapsed() < LINE_INTERVAL) {
            return;
        }
        if is_frequent {
            self.last = Some(Instant::now());
        }
        let (text, value) = described(event);
        let _ = self.line(&text, value);
    }

    /// Prints the report of the build.
    pub(super) fn done(&mut self, report: &BuildReport) -> io::Result<()> {
        self.bar.end();
        let BuildReport { ready, items, records, updates } = report;
        let text = match ready.is_empty() {
            true => "every rollup of the definition is built".to_owned(),
            false => format!(
                "built {} from {items} items and {records} changes: {updates} rollup items, \
                 {:.1} s",
                ready.join(", "),
                self.began.elapsed().as_secs_f64()
            ),
        };
        let value = json!({
            "step": "done", "ready": ready, "items": items, "records": records, "updates": updates,
        });
        self.line(&text, value)
    }

    /// Prints that the build waits until the filters of the mapping are in effect.
    pub(crate) fn waiting_for_filters(&mut self, until: Timestamp) {
        let until = rfc_3339(until.as_second());
        let text = format!("waiting until {until}, when the filters of the mapping are in effect");
        // If the output is closed, the build continues.
        let _ = self.line(&text, json!({ "step": "waiting-for-filters", "until": until }));
    }

    /// Prints the builds that were given up.
    pub(super) fn aborted(&mut self, revisions: &[Revision]) -> io::Result<()> {
        let text = match revisions.is_empty() {
            true => "no build is under way".to_owned(),
            false => format!("gave up the build of {}", names(revisions)),
        };
        self.line(&text, json!({ "step": "aborted", "rollups": rollups(revisions) }))
    }

    fn line(&mut self, text: &str, value: Value) -> io::Result<()> {
        let out = &mut *self.out;
        let is_paragraph = std::mem::take(&mut self.is_paragraph);
        self.bar.around(|| {
            if is_paragraph {
                writeln!(out)?;
            }
            match self.is_json {
                true => writeln!(out, "{value}")?,
                false => writeln!(out, "{text}")?,
            }
            out.flush()
        })
    }
}

/// Returns whether it is one of many events of a step, and not the last.
fn is_frequent(event: &BuildEvent) -> bool {
    match event {
        BuildEvent::Scanned { progress, .. } => progress.segments_done < progress.segments,
        BuildEvent::Exported(progress) => progress.files < progress.of_files,
        BuildEvent::Applied { .. } => true,
        _ => false,
    }
}

fn described(event: &BuildEvent) -> (String, Value) {
    match event {
        BuildEvent::GivenUp(GivenUpBuild { revision, reason }) => (
            format!("gave up the build of {revision}: {reason}"),
            json!({
                "step": "given-up", "rollups": [revision.rollup], "reason": reason.to_string(),
            }),
        ),
        BuildEvent::Retired { revisions } => (
            format!("retired {}: the definition file lacks it", names(revisions)),
            json!({ "step": "retired", "rollups": rollups(revisions) }),
        ),
        BuildEvent::Continued { revisions } => (
            format!("continuing the build of {} with the cut {}", names(revisions), cut(revisions)),
            json!({ "step": "continued", "rollups": rollups(revisions), "cut": cut(revisions) }),
        ),
        BuildEvent::Begun { revisions } => (
            format!("building {} with the cut {}", names(revisions), cut(revisions)),
            json!({ "step": "begun", "rollups": rollups(revisions), "cut": cut(revisions) }),
        ),
        BuildEvent::Waiting { until } => (
            format!("waiting for the cut, {}", rfc_3339(*until)),
            json!({ "step": "waiting", "until": rfc_3339(*until) }),
        ),
        BuildEvent::Scanned { progress, of_items } => (
            format!(
                "scan: {} of about {} items, {} read units, {} of {} segments",
                progress.items,
                of_items.max(&progress.items),
                progress.read_units,
                progress.segments_done,
                progress.segments
            ),
            json!({
                "step": "scan", "items": progress.items, "of_items": of_items,
                "read_units": progress.read_units,
            }),
        ),
        BuildEvent::Exported(progress) => (
            format!("export: {} of {} items", progress.items, progress.of_items),
            json!({ "step": "export", "items": progress.items, "of_items": progress.of_items }),
        ),
        BuildEvent::Capturing { until } => (
            format!("capturing changes until {}", rfc_3339(*until)),
            json!({ "step": "capturing", "until": rfc_3339(*until) }),
        ),
        BuildEvent::Skipped(skipped) => (
            format!(
                "{} item images are not counted in {}: {} (the first: {} {})",
                skipped.images,
                skipped.rollup,
                skipped.reason,
                skipped.item.partition,
                skipped.item.sort.as_deref().unwrap_or_default()
            ),
            json!({
                "step": "skipped", "rollup": skipped.rollup, "images": skipped.images,
                "reason": skipped.reason.to_string(),
            }),
        ),
        BuildEvent::Joining => ("adding up".to_owned(), json!({ "step": "joining" })),
        BuildEvent::Joined(counts) => (
            format!(
                "{} items as scanned, {} items as before their first change",
                counts.scanned, counts.captured
            ),
            json!({ "step": "joined", "scanned": counts.scanned, "captured": counts.captured }),
        ),
        BuildEvent::Applied { updates } => (
            format!("applied {updates} rollup items"),
            json!({ "step": "apply", "updates": updates }),
        ),
        BuildEvent::CutRejected { reason } => (
            format!("the cut is rejected: {reason}"),
            json!({ "step": "cut-rejected", "reason": reason }),
        ),
        BuildEvent::Ready { revisions, retired } => (
            format!("ready: {}", names(revisions)),
            json!({
                "step": "ready", "rollups": rollups(revisions), "retired": names_of(retired),
            }),
        ),
        BuildEvent::Purging { revisions, from } => (
            format!(
                "deleting the items of {} from {} on, when no reader uses them",
                names(revisions),
                rfc_3339(*from)
            ),
            json!({
                "step": "purging", "revisions": names_of(revisions), "from": rfc_3339(*from),
            }),
        ),
        BuildEvent::Purged { items } => {
            (format!("deleted {items} items"), json!({ "step": "purged", "items": items }))
        }
    }
}

fn names(revisions: &[Revision]) -> String {
    names_of(revisions).join(", ")
}

fn names_of(revisions: &[Revision]) -> Vec<String> {
    revisions.iter().map(Revision::to_string).collect()
}

fn rollups(revisions: &[Revision]) -> Vec<&str> {
    revisions.iter().map(|revision| revision.rollup.as_str()).collect()
}

fn cut(revisions: &[Revision]) -> String {
    revisions.first().and_then(|first| first.cut).map(rfc_3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// The steps of a text, by what surrounds them.
    fn steps<'a>(text: &'a str, before: &str, after: &str) -> BTreeSet<&'a str> {
        let parts = text.split(before).skip(1);
        parts.filter_map(|part| part.split_once(after)).map(|(step, _)| step).collect()
    }

    #[test]
    fn every_step_is_documented() {
        let source = include_str!("progress.rs");
        let document = include_str!("../../../docs/changing-definitions.md");
        let (_, document) = document.split_once("### Steps").expect("the section");
        let (document, _) = document.split_once("\n### ").expect("the next section");
        // In two pieces, so that `steps` does not find it here.
        let printed = steps(source, concat!("\"step\"", ": \""), "\"");
        let documented = steps(document, "\n| `", "` |");
        let documented: BTreeSet<_> =
            documented.into_iter().filter(|step| *step != "step").collect();
        assert!(printed.len() > 10, "{printed:?}");
        assert_eq!(printed, documented);
    }
}
