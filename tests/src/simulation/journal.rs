//! The events of a world: in order as a digest, what they add up to, and what must
//! not have happened.
//!
//! **Invariant:** nothing that differs between two runs of a seed is recorded, so equal digests
//! mean equal runs.

use std::fmt::{Arguments, Write};
use std::hash::{DefaultHasher, Hasher};
use std::sync::Mutex;

use tokio::time::Instant;

use super::tally::{Count, Tally};

/// The journal of one world.
#[derive(Debug)]
pub(crate) struct Journal {
    began: Instant,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    digest: DefaultHasher,
    line: String,
    /// The text of the events, if it was asked for.
    lines: Option<Vec<String>>,
    tally: Tally,
    violations: Vec<String>,
}

/// A journal that was closed.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) digest: u64,
    pub(crate) lines: Vec<String>,
    pub(crate) tally: Tally,
    pub(crate) violations: Vec<String>,
}

impl Journal {
    /// Returns an empty journal, which keeps its lines if they are to be read.
    pub(crate) fn new(is_read: bool) -> Self {
        let inner = Inner {
            digest: DefaultHasher::new(),
            line: String::new(),
            lines: is_read.then(Vec::new),
            tally: Tally::default(),
            violations: Vec::new(),
        };
        Self { began: Instant::now(), inner: Mutex::new(inner) }
    }

    /// Tells an event.
    pub(crate) fn record(&self, event: Arguments<'_>) {
        let millis = self.began.elapsed().as_millis();
        let mut inner = self.inner.lock().expect("no panic while recording");
        let Inner { digest, line, lines, .. } = &mut *inner;
        line.clear();
        write!(line, "{:>8}.{:03}  {event}", millis / 1000, millis % 1000).expect("memory");
        digest.write(line.as_bytes());
        if let Some(lines) = lines {
            lines.push(line.clone());
        }
    }

    /// Counts something.
    pub(crate) fn count(&self, what: Count, how_many: usize) {
        self.inner.lock().expect("no panic while counting").tally.add(what, how_many as u64);
    }

    /// Returns how often something was counted.
    pub(crate) fn counted(&self, what: Count) -> u64 {
        self.inner.lock().expect("no panic while counting").tally.get(what)
    }

    /// Tells what must not happen whatever the faults are: the seed has failed.
    pub(crate) fn violate(&self, what: String) {
        self.record(format_args!("VIOLATION {what}"));
        self.inner.lock().expect("no panic while recording").violations.push(what);
    }

    /// Returns whether the seed has failed.
    pub(crate) fn has_failed(&self) -> bool {
        !self.inner.lock().expect("no panic while recording").violations.is_empty()
    }

    /// Closes it.
    pub(crate) fn close(&self) -> Told {
        let mut inner = self.inner.lock().expect("no panic while recording");
        Told {
            digest: inner.digest.finish(),
            lines: inner.lines.take().unwrap_or_default(),
            tally: inner.tally.clone(),
            violations: std::mem::take(&mut inner.violations),
        }
    }
}
