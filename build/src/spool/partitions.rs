//! Partition files: 256 of a kind, each with a buffer in memory.
//!
//! A file is opened to append a buffer and closed again, so a spool needs no more than one open
//! file, whatever limit the operating system sets.
//!
//! ```text
//! length (4 bytes, little endian) ─ record ─ length ─ record …
//! ```

use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::error::SpoolError;

/// The number of partitions of a kind.
pub(super) const PARTITIONS: usize = 256;
/// The bytes of a partition that are written at once.
const BUFFER_BYTES: usize = 32 * 1024;
/// The bytes of the length of a record.
const LENGTH_BYTES: usize = 4;

/// The partition files of one kind. A file is created when its first buffer is full.
#[derive(Debug)]
pub(super) struct Partitions {
    /// The path of the files, without the number of the partition.
    prefix: PathBuf,
    partitions: Vec<Partition>,
}

#[derive(Clone, Debug, Default)]
struct Partition {
    buffer: Vec<u8>,
    written: u64,
}

/// A reader of the records of one file.
#[derive(Debug)]
pub(crate) struct RecordReader {
    path: PathBuf,
    file: BufReader<File>,
}

/// A writer of the records of one file.
#[derive(Debug)]
pub(crate) struct RecordWriter {
    path: PathBuf,
    file: BufWriter<File>,
    written: u64,
}

impl Partitions {
    /// Returns the partitions of a name in a folder.
    pub(super) fn new(folder: &Path, name: &str) -> Self {
        Self { prefix: folder.join(name), partitions: vec![Partition::default(); PARTITIONS] }
    }

    /// Appends a record to a partition.
    pub(super) fn append(&mut self, partition: u8, record: &[u8]) -> Result<(), SpoolError> {
        let length = u32::try_from(record.len()).expect("an image has far less than 4 GB");
        let buffer = &mut self.partitions[usize::from(partition)].buffer;
        if buffer.capacity() == 0 {
            buffer.reserve_exact(BUFFER_BYTES);
        }
        let is_full = buffer.len() + LENGTH_BYTES + record.len() > BUFFER_BYTES;
        if is_full {
            self.flush(partition)?;
        }
        let buffer = &mut self.partitions[usize::from(partition)].buffer;
        buffer.extend_from_slice(&length.to_le_bytes());
        buffer.extend_from_slice(record);
        Ok(())
    }

    /// Writes all buffers. Returns the path of each partition that has records.
    pub(super) fn finish(mut self) -> Result<Vec<Option<PathBuf>>, SpoolError> {
        let finished = (0..=u8::MAX).map(|partition| {
            self.flush(partition)?;
            self.partitions[usize::from(partition)].buffer = Vec::new();
            let has_records = self.partitions[usize::from(partition)].written > 0;
            Ok(has_records.then(|| self.path(partition)))
        });
        finished.collect()
    }

    fn flush(&mut self, partition: u8) -> Result<(), SpoolError> {
        let path = self.path(partition);
        let Partition { buffer, written } = &mut self.partitions[usize::from(partition)];
        if buffer.is_empty() {
            return Ok(());
        }
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let appended = file.and_then(|mut file| file.write_all(buffer));
        appended.map_err(|source| SpoolError::Write { path, written: *written, source })?;
        *written += buffer.len() as u64;
        buffer.clear();
        buffer.shrink_to(BUFFER_BYTES);
        Ok(())
    }

    fn path(&self, partition: u8) -> PathBuf {
        let mut path = self.prefix.clone().into_os_string();
        path.push(format!("-{partition:02x}"));
        path.into()
    }
}

impl RecordWriter {
    /// Creates a file.
    pub(crate) fn create(path: &Path) -> Result<Self, SpoolError> {
        let path = path.to_owned();
        match File::create(&path) {
            Ok(file) => Ok(Self { path, file: BufWriter::new(file), written: 0 }),
            Err(source) => Err(SpoolError::Write { path, written: 0, source }),
        }
    }

    /// Appends a record.
    pub(crate) fn write(&mut self, record: &[u8]) -> Result<(), SpoolError> {
        let length = u32::try_from(record.len()).expect("an image has far less than 4 GB");
        let length = length.to_le_bytes();
        let written = self.file.write_all(&length).and_then(|()| self.file.write_all(record));
        written.map_err(|source| self.failure(source))?;
        self.written += (LENGTH_BYTES + record.len()) as u64;
        Ok(())
    }

    /// Writes the rest, and returns the path of the file.
    pub(crate) fn finish(mut self) -> Result<PathBuf, SpoolError> {
        self.file.flush().map_err(|source| self.failure(source))?;
        Ok(self.path)
    }

    fn failure(&self, source: std::io::Error) -> SpoolError {
        SpoolError::Write { path: self.path.clone(), written: self.written, source }
    }
}

impl RecordReader {
    /// Opens a file.
    pub(crate) fn open(path: &Path) -> Result<Self, SpoolError> {
        let file = File::open(path);
        let file = file.map_err(|source| SpoolError::Read { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), file: BufReader::with_capacity(BUFFER_BYTES, file) })
    }

    /// Reads the next record. Returns whether there was one.
    pub(crate) fn read(&mut self, record: &mut Vec<u8>) -> Result<bool, SpoolError> {
        let mut length = [0; LENGTH_BYTES];
        let mut filled = 0;
        while filled < LENGTH_BYTES {
            match self.file.read(&mut length[filled..]) {
                Ok(0) if filled == 0 => return Ok(false),
                Ok(0) => return Err(self.corrupt()),
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(source) => {
                    return Err(SpoolError::Read { path: self.path.clone(), source });
                }
            }
        }
        let length = u64::from(u32::from_le_bytes(length));
        record.clear();
        let read = (&mut self.file).take(length).read_to_end(record);
        let read = read.map_err(|source| SpoolError::Read { path: self.path.clone(), source })?;
        match read as u64 == length {
            true => Ok(true),
            false => Err(self.corrupt()),
        }
    }

    /// Returns the error of a record that cannot be read.
    pub(crate) fn corrupt(&self) -> SpoolError {
        SpoolError::corrupt(self.path.clone(), "a record is incomplete")
    }
}

/// Removes a file that was read, which gives its space back.
pub(crate) fn remove(path: &Path) -> Result<(), SpoolError> {
    let removed = std::fs::remove_file(path);
    removed.map_err(|source| SpoolError::Read { path: path.to_owned(), source })
}
