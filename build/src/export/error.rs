//! Why an export cannot be used.

use std::io;
use std::path::PathBuf;

use jiff::Timestamp;
use thiserror::Error;

use crate::spool::SpoolError;

/// An export that cannot be used in place of a scan.
#[derive(Debug, Error)]
pub enum ExportError {
    /// Copy the export again.
    #[error("could not read `{}` of the export: {source}; copy the export again", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system, or of the compressed data.
        source: io::Error,
    },
    /// Copy the export again.
    #[error("`{}` of the export, line {line}: {mistake}; copy the export again", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: u64,
        /// The mistake.
        mistake: String,
    },
    /// Export the table in another form.
    #[error("the export has the {field} `{found}`, expected {expected}; export the table again")]
    Form {
        /// The field of the manifest.
        field: &'static str,
        /// Its value.
        found: String,
        /// The value that can be read.
        expected: &'static str,
    },
    /// Copy the export again.
    #[error(
        "`{}` of the export has the MD5 `{found}`, expected `{expected}`; copy the export again",
        .path.display()
    )]
    Checksum {
        /// The file.
        path: PathBuf,
        /// The MD5 of the file, as base64.
        found: String,
        /// The MD5 of the manifest.
        expected: String,
    },
    /// Copy the export again.
    #[error(
        "`{}` of the export has {found} items, expected {expected}; copy the export again",
        .path.display()
    )]
    ItemCount {
        /// The file, or the folder of the export.
        path: PathBuf,
        /// The number of items.
        found: u64,
        /// The number of the manifest.
        expected: u64,
    },
    /// Use an export of the table.
    #[error("the export is of the table `{found}`, expected `{expected}`")]
    OtherTable {
        /// The exported table.
        found: String,
        /// The table of the build.
        expected: String,
    },
    /// Export the table again.
    #[error(
        "the export is of {at}, expected {earliest} or later, three minutes after the cut; export \
         the table again"
    )]
    TooEarly {
        /// The time of the export.
        at: Timestamp,
        /// The earliest time.
        earliest: Timestamp,
    },
    /// Use an export of a time that has passed.
    #[error("the export is of {at}, expected a time before DynamoDB's time, {now}")]
    TooLate {
        /// The time of the export.
        at: Timestamp,
        /// DynamoDB's time.
        now: Timestamp,
    },
    /// Do what the error of the spool asks.
    #[error(transparent)]
    Spool(#[from] SpoolError),
}
