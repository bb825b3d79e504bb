//! Records in the order of their bytes, in as much memory as a buffer has.
//!
//! ```text
//! records ─► buffer ─► sorted run on disk ─┐
//!                   ─► sorted run on disk ─┼─ merge ─► records in order
//!                   ─► … ──────────────────┘
//! ```
//!
//! **Invariant:** every record that was added is returned once, and none is less than the one
//! before it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::path::{Path, PathBuf};

use crate::spool::{RecordReader, RecordWriter, SpoolError, SpoolFolder};

/// The bytes of records that are sorted in memory.
const BUFFER_BYTES: usize = 32 * 1024 * 1024;
/// The bytes that a record takes beside its own: its place in the buffer.
const PLACE_BYTES: usize = size_of::<Vec<u8>>() + 16;
/// The runs that are merged at the same time. Each has an open file.
const MAX_RUNS: usize = 128;

/// Records that are being added.
#[derive(Debug)]
pub(super) struct Sorter {
    folder: SpoolFolder,
    buffer: Vec<Vec<u8>>,
    bytes: usize,
    buffer_bytes: usize,
    runs: Vec<PathBuf>,
    written: usize,
}

/// All records, in order. Its files are removed with it.
#[derive(Debug)]
pub(super) struct Sorted {
    _folder: SpoolFolder,
    merge: Merge,
}

/// A merge of runs.
#[derive(Debug)]
struct Merge {
    readers: Vec<RecordReader>,
    /// The next record of each run, with the position of its reader.
    next: BinaryHeap<Reverse<(Vec<u8>, usize)>>,
}

impl Sorter {
    /// Creates an empty sorter with its files in a folder of its own inside of this one.
    pub(super) fn create(parent: &Path) -> Result<Self, SpoolError> {
        let folder = SpoolFolder::create_in(parent)?;
        let buffer_bytes = BUFFER_BYTES;
        Ok(Self {
            folder,
            buffer: Vec::new(),
            bytes: 0,
            buffer_bytes,
            runs: Vec::new(),
            written: 0,
        })
    }

    /// Adds a record.
    pub(super) fn add(&mut self, record: Vec<u8>) -> Result<(), SpoolError> {
        self.bytes += record.len() + PLACE_BYTES;
        self.buffer.push(record);
        if self.bytes > self.buffer_bytes {
            self.write_buffer()?;
        }
        Ok(())
    }

    /// Sorts what was added.
    pub(super) fn finish(mut self) -> Result<Sorted, SpoolError> {
        self.write_buffer()?;
        while self.runs.len() > MAX_RUNS {
            let rest = self.runs.split_off(MAX_RUNS);
            let merged = self.merge_runs()?;
            self.runs = rest;
            self.runs.push(merged);
        }
        let merge = Merge::open(&self.runs)?;
        Ok(Sorted { _folder: self.folder, merge })
    }

    fn write_buffer(&mut self) -> Result<(), SpoolError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.buffer.sort_unstable();
        let mut writer = RecordWriter::create(&self.next_path())?;
        for record in self.buffer.drain(..) {
            writer.write(&record)?;
        }
        self.bytes = 0;
        self.runs.push(writer.finish()?);
        Ok(())
    }

    fn merge_runs(&mut self) -> Result<PathBuf, SpoolError> {
        let mut merge = Merge::open(&self.runs)?;
        let mut writer = RecordWriter::create(&self.next_path())?;
        while let Some(record) = merge.next()? {
            writer.write(&record)?;
        }
        for run in &self.runs {
            crate::spool::remove(run)?;
        }
        writer.finish()
    }

    fn next_path(&mut self) -> PathBuf {
        self.written += 1;
        self.folder.path().join(format!("run-{}", self.written))
    }

    /// Reduces the memory of the buffer, for tests of several runs.
    #[cfg(test)]
    fn limit_buffer(&mut self, bytes: usize) {
        self.buffer_bytes = bytes;
    }
}

impl Sorted {
    /// Returns the next record; `None` behind the last one.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>, SpoolError> {
        self.merge.next()
    }
}

impl Merge {
    fn open(runs: &[PathBuf]) -> Result<Self, SpoolError> {
        let mut merge = Self { readers: Vec::new(), next: BinaryHeap::new() };
        for run in runs {
            let mut reader = RecordReader::open(run)?;
            let mut record = Vec::new();
            if reader.read(&mut record)? {
                merge.next.push(Reverse((record, merge.readers.len())));
            }
            merge.readers.push(reader);
        }
        Ok(merge)
    }

    fn next(&mut self) -> Result<Option<Vec<u8>>, SpoolError> {
        let Some(mut least) = self.next.peek_mut() else { return Ok(None) };
        let Reverse((record, position)) = &mut *least;
        let mut following = Vec::new();
        if self.readers[*position].read(&mut following)? {
            return Ok(Some(std::mem::replace(record, following)));
        }
        let Reverse((record, _)) = PeekMut::pop(least);
        Ok(Some(record))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn records_come_in_order_whatever_the_buffer_takes(
            mut records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..6), 0..400),
            buffer_bytes in 1_usize..4_000,
        ) {
            let folder = tempfile::tempdir().expect("a folder");
            let mut sorter = Sorter::create(folder.path()).expect("created");
            sorter.limit_buffer(buffer_bytes);
            for record in &records {
                sorter.add(record.clone()).expect("written");
            }
            let mut sorted = sorter.finish().expect("sorted");
            let mut found = Vec::new();
            while let Some(record) = sorted.next().expect("read") {
                found.push(record);
            }
            records.sort();
            prop_assert_eq!(found, records);
        }
    }
}
