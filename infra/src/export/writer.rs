//! The formats of an export, and a writer of rows in each.

use std::io::{BufWriter, Write};
use std::path::Path;

use clap::ValueEnum;
use serde_json::{Map, Value};
use weir_query::Export;
use weir_reader::tabular::{CsvRows, write_ndjson};

use super::error::Error;
#[cfg(feature = "parquet")]
use super::parquet::ParquetRows;

/// The format of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Comma-separated values under a line of names, as RFC 4180 has them
    Csv,
    /// One JSON object a line
    Ndjson,
    /// Apache Parquet, with typed columns
    Parquet,
}

/// A writer of rows.
pub(super) enum RowWriter<W: Write + Send> {
    Csv(Box<CsvRows<BufWriter<W>>>),
    Ndjson(BufWriter<W>),
    #[cfg(feature = "parquet")]
    Parquet(Box<ParquetRows<BufWriter<W>>>),
}

impl Format {
    /// Returns the format that the end of a path names.
    pub(super) fn from_path(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "csv" => Some(Self::Csv),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }

    /// Returns whether it is text.
    pub(super) fn is_text(self) -> bool {
        self != Self::Parquet
    }

    /// Checks that Weir was built with it.
    pub(super) fn check(self) -> Result<(), Error> {
        #[cfg(not(feature = "parquet"))]
        if self == Self::Parquet {
            return Err(Error::NoParquet);
        }
        Ok(())
    }
}

impl<W: Write + Send> RowWriter<W> {
    /// Begins to write the rows of an export.
    ///
    /// # Errors
    /// The error of the output.
    pub(super) fn new(format: Format, export: &Export, out: BufWriter<W>) -> Result<Self, Error> {
        let columns = export.columns();
        Ok(match format {
            Format::Csv => Self::Csv(Box::new(CsvRows::new(columns, out).map_err(Error::Output)?)),
            Format::Ndjson => Self::Ndjson(out),
            #[cfg(feature = "parquet")]
            Format::Parquet => {
                let rows = ParquetRows::new(columns, export.column_types(), out)?;
                Self::Parquet(Box::new(rows))
            }
            #[cfg(not(feature = "parquet"))]
            Format::Parquet => return Err(Error::NoParquet),
        })
    }

    /// Writes a row of a group.
    ///
    /// # Errors
    /// The error of the output, or a value that the format cannot hold.
    pub(super) fn write(
        &mut self,
        group: &Map<String, Value>,
        row: &Map<String, Value>,
    ) -> Result<(), Error> {
        match self {
            Self::Csv(rows) => rows.write(group, row).map_err(Error::Output),
            Self::Ndjson(out) => write_ndjson(group, row, out).map_err(Error::Output),
            #[cfg(feature = "parquet")]
            Self::Parquet(rows) => rows.write(group, row),
        }
    }

    /// Ends the rows, and returns the output.
    ///
    /// # Errors
    /// The error of the output.
    pub(super) fn finish(self) -> Result<BufWriter<W>, Error> {
        match self {
            Self::Csv(rows) => rows.finish().map_err(Error::Output),
            Self::Ndjson(out) => Ok(out),
            #[cfg(feature = "parquet")]
            Self::Parquet(rows) => rows.finish(),
        }
    }
}
