//! Loads a file through the writer in this process.
//!
//! Reading files blocks, so this runs on a thread of its own and waits there for what is
//! asynchronous.

use std::path::Path;

use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::watch;
use weir_model::Entity;
use weir_table::checkpoints::{Checkpoint, Lease};

use super::super::Error;
use super::super::groups::Groups;
use super::super::system::View;
use crate::load::{BatchResult, LoadStats, Object, Progress, Sink, load_rows};
use crate::rows::Source;

/// The load of one file, through the writer in this process.
pub(super) struct FileLoader {
    pub(super) view: View,
    pub(super) entity: Entity,
    pub(super) groups: Groups,
    /// The record of the progress, for a file that is loaded once.
    pub(super) state: Option<State>,
    pub(super) stopping: watch::Receiver<bool>,
    pub(super) runtime: Handle,
}

/// The record of the progress of a file: the lease, and the name in it.
pub(super) struct State {
    pub(super) lease: Lease,
    pub(super) file: String,
}

impl FileLoader {
    /// Loads a file from a row on, or only looks at it.
    pub(super) fn load(
        mut self,
        path: &Path,
        begin: Option<u64>,
    ) -> Result<(Groups, Option<LoadStats>), Error> {
        let source = Source::open(path, None)?;
        let mut progress = Progress::new(&source, crate::terminal::messages());
        let entity = self.entity.clone();
        let mut rows = source.rows(Some(&entity))?;
        let Some(begin) = begin else {
            for object in rows.filter_map(|row| row.values.ok()) {
                self.groups.note(&entity, &object);
                self.check_stopping()?;
            }
            return Ok((self.groups, None));
        };
        self.note(0, false)?;
        for row in rows.by_ref().take(usize::try_from(begin).unwrap_or(usize::MAX)) {
            if let Ok(object) = row.values {
                self.groups.note(&entity, &object);
            }
        }
        let stats = load_rows(rows, &mut progress, &mut FileSink { writer: &mut self, begin })?;
        self.note(begin + stats.rows(), true)?;
        Ok((self.groups, Some(stats)))
    }

    /// Keeps how far the file is.
    fn note(&self, rows: u64, done: bool) -> Result<(), Error> {
        let Some(State { lease, file }) = &self.state else { return Ok(()) };
        let (shard_id, sequence_number) = (file.clone(), Some(rows.to_string()));
        let checkpoint = Checkpoint { shard_id, sequence_number, done, ..Checkpoint::default() };
        Ok(self.runtime.block_on(self.view.checkpoints.save(lease, &checkpoint))?)
    }

    fn check_stopping(&self) -> Result<(), Error> {
        if *self.stopping.borrow() { Err(Error::Stopped) } else { Ok(()) }
    }
}

/// The load as a sink, for a file whose first rows are loaded already.
struct FileSink<'a> {
    writer: &'a mut FileLoader,
    begin: u64,
}

impl Sink for FileSink<'_> {
    type Error = Error;

    fn send(&mut self, objects: &[Object]) -> Result<BatchResult, Error> {
        let FileLoader { view, entity, groups, runtime, .. } = self.writer;
        for object in objects {
            groups.note(entity, object);
        }
        let rows: Vec<_> = objects.iter().cloned().map(Value::Object).collect();
        let report = runtime.block_on(weir_writer::write_batch(&view.table, entity, &rows));
        if let Some(error) = report.error.filter(|error| !error.is_retryable()) {
            return Err(Error::Write(error));
        }
        let reason = |row: &weir_writer::FailedRow| {
            let more = (row.more_errors > 0).then(|| format!("and {} more", row.more_errors));
            let texts = row.errors.iter().map(ToString::to_string).chain(more);
            texts.collect::<Vec<_>>().join("; ")
        };
        let refused = report.failed.iter().map(|row| (row.index, reason(row))).collect();
        Ok(BatchResult { refused, unprocessed: report.unprocessed })
    }

    fn advance(&mut self, rows: u64) -> Result<(), Error> {
        self.writer.note(self.begin + rows, false)?;
        self.writer.check_stopping()
    }
}
