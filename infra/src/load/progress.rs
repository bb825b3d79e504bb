//! The progress of a load on the terminal: a bar, and the rows that are refused.

use std::io::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::LoadStats;
use crate::rows::{ByteOffset, Source};
use crate::terminal::visible;

/// How many refused rows are printed one by one.
const MAX_PRINTED: u64 = 20;
/// How often a bar that waits for a slow batch is drawn.
const TICK: Duration = Duration::from_millis(120);

/// The progress of one file.
pub(crate) struct Progress {
    name: String,
    offset: ByteOffset,
    bar: ProgressBar,
    messages: Box<dyn Write>,
}

impl Progress {
    /// Begins to show how far a file is; a bar is drawn on a terminal only. Refused rows are
    /// written to `messages`.
    pub(crate) fn new(source: &Source, messages: impl Write + 'static) -> Self {
        let bar = match source.size() {
            Some(bytes) => {
                ProgressBar::new(bytes).with_style(style("{bar:30} {percent:>3}% {msg}"))
            }
            None => ProgressBar::new_spinner().with_style(style("{spinner} {msg}")),
        };
        bar.enable_steady_tick(TICK);
        Self {
            name: source.name().to_owned(),
            offset: source.offset(),
            bar,
            messages: Box::new(messages),
        }
    }

    /// Counts a row that cannot be stored, and prints it unless many were printed already.
    pub(crate) fn refuse(&mut self, stats: &mut LoadStats, line: u64, reason: &str) {
        stats.refused += 1;
        if stats.refused <= MAX_PRINTED {
            self.say(&format!("{}:{line}: {reason}", self.name));
        }
    }

    /// Shows how far it is.
    pub(crate) fn show(&self, stats: &LoadStats) {
        let seconds = self.bar.elapsed().as_secs_f64().max(0.001);
        let per_second = stats.rows() as f64 / seconds;
        self.bar.set_position(self.offset.bytes());
        self.bar.set_message(format!("{} rows, {per_second:.0} rows/s", stats.rows()));
    }

    /// Removes the bar, and prints how many refused rows were not printed and how far a load came
    /// that was broken off.
    pub(crate) fn end(&mut self, stats: &LoadStats, whole: bool) {
        self.bar.finish_and_clear();
        let name = self.name.clone();
        if stats.refused > MAX_PRINTED {
            self.say(&format!("{name}: {} more rows were refused", stats.refused - MAX_PRINTED));
        }
        if !whole {
            self.say(&format!("{name}: broken off after {stats}"));
        }
    }

    /// Prints a line above the bar. If it cannot be written, there is no reader.
    fn say(&mut self, line: &str) {
        let messages = &mut self.messages;
        let line = visible(line);
        self.bar.suspend(|| drop(writeln!(messages, "{line}")));
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is constant")
}
