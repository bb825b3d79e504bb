//! What is seen of a load while it runs: a bar on a terminal, and the rows that are refused.

use std::io::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::Tally;
use crate::rows::{Position, Source};
use crate::terminal::visible;

/// How many refused rows are told one by one.
const MAX_TOLD: u64 = 20;
/// How often a bar that waits for a slow batch is drawn.
const TICK: Duration = Duration::from_millis(120);

/// The progress of one file.
pub(crate) struct Progress {
    name: String,
    position: Position,
    bar: ProgressBar,
    told: Box<dyn Write>,
}

impl Progress {
    /// Begins to show how far a file is. What is not a terminal sees no bar. Refused rows are written to `told`.
    pub(crate) fn new(source: &Source, told: impl Write + 'static) -> Self {
        let bar = match source.size() {
            Some(bytes) => {
                ProgressBar::new(bytes).with_style(style("{bar:30} {percent:>3}% {msg}"))
            }
            None => ProgressBar::new_spinner().with_style(style("{spinner} {msg}")),
        };
        bar.enable_steady_tick(TICK);
        Self {
            name: source.name().to_owned(),
            position: source.position(),
            bar,
            told: Box::new(told),
        }
    }

    /// Counts a row that cannot be stored, and tells it unless enough of them were told.
    pub(crate) fn refuse(&mut self, tally: &mut Tally, line: u64, reason: &str) {
        tally.refused += 1;
        if tally.refused <= MAX_TOLD {
            self.say(&format!("{}:{line}: {reason}", self.name));
        }
    }

    /// Shows how far it is.
    pub(crate) fn show(&self, tally: &Tally) {
        let seconds = self.bar.elapsed().as_secs_f64().max(0.001);
        let per_second = tally.rows() as f64 / seconds;
        self.bar.set_position(self.position.bytes());
        self.bar.set_message(format!("{} rows, {per_second:.0} rows/s", tally.rows()));
    }

    /// Removes the bar, and tells how many refused rows were not told and how far a load came that was broken off.
    pub(crate) fn end(&mut self, tally: &Tally, whole: bool) {
        self.bar.finish_and_clear();
        let name = self.name.clone();
        if tally.refused > MAX_TOLD {
            self.say(&format!("{name}: {} more rows were refused", tally.refused - MAX_TOLD));
        }
        if !whole {
            self.say(&format!("{name}: broken off after {tally}"));
        }
    }

    /// A line above the bar. Where it cannot be written, nobody is there to be told.
    fn say(&mut self, line: &str) {
        let told = &mut self.told;
        let line = visible(line);
        self.bar.suspend(|| drop(writeln!(told, "{line}")));
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is constant")
}
