//! Sends rows in batches to a sink, and sends again the rows that the sink did not process.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{LoadStats, Progress};
use crate::rows::Row;

/// The most rows of a batch. The writer takes twice as many; smaller batches show progress sooner.
const MAX_BATCH_ROWS: usize = 250;
/// The most bytes of a batch, about: half of what the writer takes.
const MAX_BATCH_BYTES: usize = 2 * 1024 * 1024;
/// How often rows that were left undone are sent before they count as not written.
const ATTEMPTS: u32 = 8;
/// The pause before rows are sent again; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(if cfg!(test) { 0 } else { 100 });

/// The values of one row.
pub(crate) type Object = Map<String, Value>;

/// The destination of batches.
pub(crate) trait Sink {
    /// The reason why nothing more can be sent.
    type Error;

    /// Writes a batch and returns the rows that were not written.
    fn send(&mut self, objects: &[Object]) -> Result<BatchResult, Self::Error>;

    /// Records that this many rows of the file are done.
    fn advance(&mut self, rows: u64) -> Result<(), Self::Error>;
}

/// The result of sending a batch: rows in neither list were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BatchResult {
    /// Rows that cannot be stored, by position, with the reason.
    pub(crate) refused: Vec<(usize, String)>,
    /// The positions of rows to be sent again.
    pub(crate) unprocessed: Vec<usize>,
}

/// Rows that are sent together.
#[derive(Debug, Default)]
struct RowBatch {
    lines: Vec<u64>,
    objects: Vec<Object>,
    bytes: usize,
}

/// Sends all rows, batch by batch, in the order of the file.
pub(crate) fn load_rows<S: Sink>(
    rows: impl Iterator<Item = Row>,
    progress: &mut Progress,
    sink: &mut S,
) -> Result<LoadStats, S::Error> {
    let mut stats = LoadStats::default();
    let sent = send_all(rows, &mut stats, progress, sink);
    progress.end(&stats, sent.is_ok());
    sent.map(|()| stats)
}

fn send_all<S: Sink>(
    rows: impl Iterator<Item = Row>,
    stats: &mut LoadStats,
    progress: &mut Progress,
    sink: &mut S,
) -> Result<(), S::Error> {
    let mut batch = RowBatch::default();
    for row in rows {
        match row.values {
            Ok(object) => {
                if batch.is_full(row.bytes) {
                    flush(&mut batch, stats, progress, sink)?;
                }
                batch.push(row.line, object, row.bytes);
            }
            Err(reason) => progress.refuse(stats, row.line, &reason),
        }
    }
    flush(&mut batch, stats, progress, sink)
}

fn flush<S: Sink>(
    batch: &mut RowBatch,
    stats: &mut LoadStats,
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
        stats.written += pending.objects.len().saturating_sub(undone) as u64;
        for (position, reason) in &answer.refused {
            progress.refuse(stats, pending.lines.get(*position).copied().unwrap_or(0), reason);
        }
        pending.keep(&answer.unprocessed);
    }
    stats.unwritten += pending.objects.len() as u64;
    progress.show(stats);
    sink.advance(stats.rows())
}

impl RowBatch {
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
