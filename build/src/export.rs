//! A point-in-time export of the table, read from a folder in place of a scan.
//!
//! ```text
//! manifest-summary.json   which table, at what time, how many items, in which format
//! manifest-files.json     a line for each data file: its items and its MD5
//! data/*.json.gz          a line for each item: {"Item": {…}}, or data/*.ion.gz
//! ```
//!
//! The folder is `AWSDynamoDB/<export id>` of the bucket, as `aws s3 sync` copies it. An export is
//! not aligned with the stream (DynamoDB developer guide, "DynamoDB data export to Amazon S3: how
//! it works"), so its time must be three minutes after the cut or later: see
//! [`Export::check_cut`].
//!
//! **Invariant:** an export that is read without an error is whole: each file has the MD5 and the
//! number of items that its manifest says, and so has the export.

mod error;
mod file;
mod ion;
mod manifest;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use weir_model::Item;

pub use self::error::ExportError;

use self::manifest::{DataFile, Format, Summary};
use crate::spool::SpoolError;

/// The seconds between the cut and the time of an export at least.
pub const EXPORT_MARGIN_SECS: u32 = 180;

/// An export whose manifests were read.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    folder: PathBuf,
    summary: Summary,
    format: Format,
    files: Vec<DataFile>,
}

/// How far an export was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExportProgress {
    /// The items that were read.
    pub items: u64,
    /// The items of the export.
    pub of_items: u64,
    /// The files that were read.
    pub files: usize,
    /// The files of the export.
    pub of_files: usize,
}

impl Export {
    /// Reads the manifests of an export.
    ///
    /// # Errors
    /// A manifest is missing or cannot be read, the export is not a full one, or its format is
    /// neither DynamoDB JSON nor Ion.
    pub fn open(folder: &Path) -> Result<Self, ExportError> {
        let summary = Summary::read(folder)?;
        let format = summary.format()?;
        let files = manifest::read_files(folder)?;
        let items = files.iter().map(|file| file.item_count).sum();
        if items != summary.item_count {
            let expected = summary.item_count;
            let (path, found) = (folder.to_owned(), items);
            return Err(ExportError::ItemCount { path, found, expected });
        }
        Ok(Self { folder: folder.to_owned(), summary, format, files })
    }

    /// Returns the name of the exported table.
    pub fn table(&self) -> &str {
        self.summary.table()
    }

    /// Returns the time of the items, in seconds since 1970.
    pub fn seconds(&self) -> i64 {
        self.summary.export_time.as_second()
    }

    /// Returns the number of items.
    pub fn items(&self) -> u64 {
        self.summary.item_count
    }

    /// Checks that the export is of this table, and of a time that has passed. `now` is DynamoDB's
    /// time in seconds since 1970.
    ///
    /// # Errors
    /// The export is of another table, or of a time to come.
    pub fn check(&self, table: &str, now: i64) -> Result<(), ExportError> {
        if self.table() != table {
            let (found, expected) = (self.table().to_owned(), table.to_owned());
            return Err(ExportError::OtherTable { found, expected });
        }
        if self.seconds() > now {
            let (at, now) = (self.summary.export_time, timestamp(now));
            return Err(ExportError::TooLate { at, now });
        }
        Ok(())
    }

    /// Checks that the export is late enough for a cut in seconds since 1970.
    ///
    /// # Errors
    /// The export is too early.
    pub fn check_cut(&self, cut: i64) -> Result<(), ExportError> {
        let earliest = timestamp(cut + i64::from(EXPORT_MARGIN_SECS));
        let at = self.summary.export_time;
        if at < earliest { Err(ExportError::TooEarly { at, earliest }) } else { Ok(()) }
    }

    /// Reads all items. Calls `record` for each, and `report` after each file. An asynchronous
    /// caller runs it on a thread for blocking work.
    ///
    /// # Errors
    /// A file is missing, cannot be read, or is not what the manifest says; or the spool cannot be
    /// written.
    pub fn read(
        &self,
        mut record: impl FnMut(&Item) -> Result<(), SpoolError>,
        mut report: impl FnMut(ExportProgress),
    ) -> Result<ExportProgress, ExportError> {
        let (of_items, of_files) = (self.items(), self.files.len());
        let mut progress = ExportProgress { of_items, of_files, ..ExportProgress::default() };
        for known in &self.files {
            let path = known.path(&self.folder);
            // An export has an empty file for each empty partition.
            if known.item_count > 0 {
                progress.items += file::read(&path, known, self.format, &mut record)?;
            }
            progress.files += 1;
            report(progress);
        }
        Ok(progress)
    }
}

fn timestamp(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).expect("a time before the year 9999")
}

#[cfg(test)]
mod tests;
