//! The progress of an export that takes longer, as lines on standard error.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::terminal;

/// The time before the first line.
const FIRST_LINE: Duration = Duration::from_secs(3);
/// The time between two lines.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// The lines of an export.
#[derive(Debug)]
pub(super) struct Progress {
    next: Instant,
}

impl Default for Progress {
    fn default() -> Self {
        Self { next: Instant::now() + FIRST_LINE }
    }
}

impl Progress {
    /// Prints a line, unless the last one is recent.
    pub(super) fn line(&mut self, text: impl FnOnce() -> String) {
        let now = Instant::now();
        if now < self.next {
            return;
        }
        self.next = now + LINE_INTERVAL;
        // If standard error is closed, there is no reader.
        let _ = writeln!(terminal::messages(), "{}", text());
    }
}
