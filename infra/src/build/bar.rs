//! The progress bar of a build on a terminal: the phase, its progress, its rate, the time left.
//!
//! **Invariant:** it is drawn on standard error, and only if that is a terminal; it decides
//! nothing.

use std::fmt::{self, Write};
use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressState, ProgressStyle};
use jiff::Timestamp;
use weir_build::BuildEvent;

use crate::terminal;

/// How often a bar is drawn between two events.
const TICK: Duration = Duration::from_millis(200);
/// The template of a phase with a known total.
const COUNTED: &str = "{prefix} {bar:30} {percent:>3}% {human_pos}/{human_len}, {rate}, {eta} left";
/// The template of a phase without a known total.
const OPEN: &str = "{spinner} {prefix}: {human_pos}, {rate}";
/// The template of a phase that waits until a time.
const WAITING: &str = "{spinner} {prefix}, {left} left";

/// The progress bar of the current phase.
#[derive(Default)]
pub(super) struct Bar {
    drawn: Option<(&'static str, ProgressBar)>,
}

/// The phase of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// A count, and the total if it is known.
    Counted { name: &'static str, done: u64, total: Option<u64> },
    /// A wait until a time in seconds since 1970.
    Waiting { name: &'static str, until: i64 },
    /// A step without progress.
    Step,
}

impl Bar {
    /// Shows the progress of the build. Returns whether the bar shows the whole event.
    pub(super) fn show(&mut self, event: &BuildEvent) -> bool {
        if !terminal::is_error_terminal() {
            return false;
        }
        match phase(event) {
            Phase::Counted { name, done, total } => {
                let style = if total.is_some() { COUNTED } else { OPEN };
                let bar = self.bar(name, || counted(style));
                if let Some(total) = total {
                    bar.set_length(total.max(done));
                }
                bar.set_position(done);
                true
            }
            Phase::Waiting { name, until } => {
                self.bar(name, || waiting(until));
                false
            }
            Phase::Step => {
                self.end();
                false
            }
        }
    }

    /// Removes the bar.
    pub(super) fn end(&mut self) {
        if let Some((_, bar)) = self.drawn.take() {
            bar.finish_and_clear();
        }
    }

    /// Calls `write` while the bar is not on the terminal.
    pub(super) fn around<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.drawn {
            Some((_, bar)) => bar.suspend(write),
            None => write(),
        }
    }

    fn bar(&mut self, name: &'static str, style: impl FnOnce() -> ProgressStyle) -> &ProgressBar {
        if self.drawn.as_ref().is_some_and(|(drawn, _)| *drawn != name) {
            self.end();
        }
        let (_, bar) = self.drawn.get_or_insert_with(|| {
            let bar = ProgressBar::new(0).with_style(style()).with_prefix(name);
            bar.enable_steady_tick(TICK);
            (name, bar)
        });
        bar
    }
}

fn phase(event: &BuildEvent) -> Phase {
    let counted = |name, done, total| Phase::Counted { name, done, total };
    match event {
        BuildEvent::Waiting { until } => {
            Phase::Waiting { name: "waiting for the cut", until: *until }
        }
        BuildEvent::Scanned { progress, of_items } => {
            counted("scan", progress.items, (*of_items > 0).then_some(*of_items))
        }
        BuildEvent::Exported(progress) => {
            counted("export", progress.items, Some(progress.of_items))
        }
        BuildEvent::Capturing { until } => {
            Phase::Waiting { name: "capturing changes", until: *until }
        }
        BuildEvent::Applied { updates } => counted("rollup items", *updates, None),
        BuildEvent::Purging { from, .. } => {
            Phase::Waiting { name: "waiting for the last readers", until: *from }
        }
        _ => Phase::Step,
    }
}

fn counted(template: &str) -> ProgressStyle {
    style(template).with_key("rate", |state: &ProgressState, out: &mut dyn Write| {
        let _ = write!(out, "{:.0} a second", state.per_sec());
    })
}

fn waiting(until: i64) -> ProgressStyle {
    let left = until - Timestamp::now().as_second();
    let left = Duration::from_secs(u64::try_from(left).unwrap_or_default());
    style(WAITING).with_key("left", move |state: &ProgressState, out: &mut dyn Write| {
        let _ = write_left(out, left.saturating_sub(state.elapsed()));
    })
}

fn write_left(out: &mut dyn Write, left: Duration) -> fmt::Result {
    write!(out, "{}", HumanDuration(left))
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is constant")
}

#[cfg(test)]
mod tests {
    use weir_build::{ExportProgress, ScanProgress};

    use super::*;

    #[test]
    fn events_say_which_phase_they_are_of_and_how_far_it_is() {
        let progress = ScanProgress { items: 7, ..ScanProgress::default() };
        let counted = |name, done, total| Phase::Counted { name, done, total };
        for (event, expected) in [
            (BuildEvent::Scanned { progress, of_items: 9 }, counted("scan", 7, Some(9))),
            // DynamoDB counts a table's items every six hours.
            (BuildEvent::Scanned { progress, of_items: 0 }, counted("scan", 7, None)),
            (
                BuildEvent::Exported(ExportProgress {
                    items: 3,
                    of_items: 4,
                    ..Default::default()
                }),
                counted("export", 3, Some(4)),
            ),
            (BuildEvent::Applied { updates: 5 }, counted("rollup items", 5, None)),
            (BuildEvent::Joining, Phase::Step),
        ] {
            assert_eq!(phase(&event), expected, "{event:?}");
        }
        let waiting = phase(&BuildEvent::Capturing { until: 1_795_153_254 });
        assert_eq!(waiting, Phase::Waiting { name: "capturing changes", until: 1_795_153_254 });
    }

    #[test]
    fn the_templates_are_templates() {
        for template in [COUNTED, OPEN, WAITING] {
            style(template);
        }
    }
}
