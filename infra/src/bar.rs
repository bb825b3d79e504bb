//! A progress bar on a terminal: the phase of a command, its progress, its rate, the time left.
//!
//! **Invariant:** it is drawn on standard error, and only if that is a terminal; it decides
//! nothing.

use std::fmt::{self, Write};
use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressState, ProgressStyle};
use jiff::Timestamp;

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
pub(crate) struct Bar {
    drawn: Option<(&'static str, ProgressBar)>,
}

/// The phase of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// A count, and the total if it is known.
    Counted { name: &'static str, done: u64, total: Option<u64> },
    /// A wait until a time in seconds since 1970.
    Waiting { name: &'static str, until: i64 },
    /// A step without progress.
    Step,
}

impl Bar {
    /// Shows the progress of a phase. Returns whether the bar shows the whole of it.
    pub(crate) fn show(&mut self, phase: Phase) -> bool {
        if !terminal::is_error_terminal() {
            return false;
        }
        match phase {
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
    pub(crate) fn end(&mut self) {
        if let Some((_, bar)) = self.drawn.take() {
            bar.finish_and_clear();
        }
    }

    /// Calls `write` while the bar is not on the terminal.
    pub(crate) fn around<T>(&self, write: impl FnOnce() -> T) -> T {
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
    use super::*;

    #[test]
    fn the_templates_are_templates() {
        for template in [COUNTED, OPEN, WAITING] {
            style(template);
        }
    }
}
