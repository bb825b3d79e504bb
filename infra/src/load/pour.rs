//! Rows into batches, batches into a sink, and what the sink left undone into it again.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{Progress, Tally};
use crate::rows::Row;

/// The most rows of a batch. The writer takes twice as many; smaller batches show their progress sooner.
const MAX_BATCH_ROWS: usize = 250;
/// The most bytes of a batch, about: half of what the writer takes.
const MAX_BATCH_BYTES: usize = 2 * 1024 * 1024;
/// How often rows that were left undone are sent before they count as not written.
const ATTEMPTS: u32 = 8;
/// The pause before rows are sent again; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(if cfg!(test) { 0 } else { 100 });

/// The values of one row.
pub(crate) type Object = Map<String, Value>;

/// Where batches go.
pub(crate) trait Sink {
    /// Why nothing more can be sent.
    type Error;

    /// Writes a batch and says what became of its rows.
    fn send(&mut self, objects: &[Object]) -> Result<Answer, Self::Error>;

    /// Takes note that this many rows of the file are behind us.
    fn passed(&mut self, rows: u64) -> Result<(), Self::Error>;
}

/// What became of a batch: rows that are in neither list were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Rows that cannot be stored, by position, with the reason.
    pub(crate) refused: Vec<(usize, String)>,
    /// The positions of rows to be sent again.
    pub(crate) unprocessed: Vec<usize>,
}

/// Rows that are sent together.
#[derive(Debug, Default)]
struct Batch {
    lines: Vec<u64>,
    objects: Vec<Object>,
    bytes: usize,
}

/// Sends all rows, batch by batch, in the order of the file.
pub(crate) fn pour<S: Sink>(
    rows: impl Iterator<Item = Row>,
    progress: &mut Progress,
    sink: &mut S,
) -> Result<Tally, S::Error> {
    let mut tally = Tally::default();
    let sent = send_all(rows, &mut tally, progress, sink);
    progress.end(&tally, sent.is_ok());
    sent.map(|()| tally)
}

fn send_all<S: Sink>(
    rows: impl Iterator<Item = Row>,
    tally: &mut Tally,
    progress: &mut Progress,
    sink: &mut S,
) -> Result<(), S::Error> {
    let mut batch = Batch::default();
    for row in rows {
        match row.values {
            Ok(object) => {
                if batch.is_full(row.bytes) {
                    flush(&mut batch, tally, progress, sink)?;
                }
                batch.push(row.line, object, row.bytes);
            }
            Err(reason) => progress.refuse(tally, row.line, &reason),
        }
    }
    flush(&mut batch, tally, progress, sink)
}

fn flush<S: Sink>(
    batch: &mut Batch,
    tally: &mut Tally,
    progress: &mut Progress,
    sink: &mut S,
) -> Result<(), S::Error> {
    let mut pending = std::mem::take(batch);
    let mut pause = FIRST_PAUSE;
    for attempt in 1..=ATTEMPTS {
        if pending.objects.is_empty() {
            break;
        }
        if attempt > 1 {
            std::thread::sleep(pause);
            pause *= 2;
        }
        let answer = sink.send(&pending.objects)?;
        let undone = answer.refused.len() + answer.unprocessed.len();
        tally.written += pending.objects.len().saturating_sub(undone) as u64;
        for (position, reason) in &answer.refused {
            progress.refuse(tally, pending.lines.get(*position).copied().unwrap_or(0), reason);
        }
        pending.keep(&answer.unprocessed);
    }
    tally.unwritten += pending.objects.len() as u64;
    progress.show(tally);
    sink.passed(tally.rows())
}

impl Batch {
    fn is_full(&self, more_bytes: usize) -> bool {
        self.lines.len() == MAX_BATCH_ROWS || self.bytes + more_bytes > MAX_BATCH_BYTES
    }

    fn push(&mut self, line: u64, object: Object, bytes: usize) {
        self.lines.push(line);
        self.objects.push(object);
        self.bytes += bytes;
    }

    /// Drops all but the rows at these positions.
    fn keep(&mut self, positions: &[usize]) {
        let lines = std::mem::take(&mut self.lines).into_iter();
        let rows = lines.zip(std::mem::take(&mut self.objects)).enumerate();
        let kept = rows.filter(|(position, _)| positions.contains(position));
        (self.lines, self.objects) = kept.map(|(_, row)| row).unzip();
    }
}

#[cfg(test)]
mod tests;
