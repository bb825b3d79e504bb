//! The manifests of an export.
//!
//! Source: DynamoDB developer guide, "DynamoDB table export output format".

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::ExportError;

const SUMMARY: &str = "manifest-summary.json";
const FILES: &str = "manifest-files.json";
const DATA: &str = "data";
/// The type of exports that can be read; older manifests have none.
const FULL_EXPORT: &str = "FULL_EXPORT";

/// The format of the items of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    DynamoDbJson,
    Ion,
}

/// What is exported.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    pub(super) table_arn: String,
    pub(super) export_time: Timestamp,
    pub(super) item_count: u64,
    pub(super) output_format: String,
    #[serde(default)]
    pub(super) export_type: Option<String>,
}

/// A file of items.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(super) struct DataFile {
    pub(super) item_count: u64,
    #[serde(default)]
    pub(super) md5_checksum: Option<String>,
    pub(super) data_file_s3_key: String,
}

impl Summary {
    /// Reads the summary of an export that can be used.
    pub(super) fn read(folder: &Path) -> Result<Self, ExportError> {
        let path = folder.join(SUMMARY);
        let summary: Self = parse(&path, 1, &text(&path)?)?;
        match summary.export_type.as_deref() {
            None | Some(FULL_EXPORT) => Ok(summary),
            Some(found) => {
                let (field, found) = ("exportType", found.to_owned());
                Err(ExportError::Form { field, found, expected: FULL_EXPORT })
            }
        }
    }

    /// Returns the format of the items.
    pub(super) fn format(&self) -> Result<Format, ExportError> {
        match self.output_format.as_str() {
            "DYNAMODB_JSON" => Ok(Format::DynamoDbJson),
            "ION" => Ok(Format::Ion),
            found => Err(ExportError::Form {
                field: "outputFormat",
                found: found.to_owned(),
                expected: "DYNAMODB_JSON or ION",
            }),
        }
    }

    /// Returns the name of the table.
    pub(super) fn table(&self) -> &str {
        self.table_arn.rsplit('/').next().unwrap_or(&self.table_arn)
    }
}

impl DataFile {
    /// Returns its path. The key has the prefix that the export had in the bucket.
    pub(super) fn path(&self, folder: &Path) -> PathBuf {
        let name = self.data_file_s3_key.rsplit('/').next().unwrap_or(&self.data_file_s3_key);
        folder.join(DATA).join(name)
    }
}

/// Reads the list of files.
pub(super) fn read_files(folder: &Path) -> Result<Vec<DataFile>, ExportError> {
    let path = folder.join(FILES);
    let text = text(&path)?;
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    lines.map(|(line, number)| parse(&path, number, line)).collect()
}

fn text(path: &Path) -> Result<String, ExportError> {
    let text = fs::read_to_string(path);
    text.map_err(|source| ExportError::Read { path: path.to_owned(), source })
}

fn parse<T: DeserializeOwned>(path: &Path, line: u64, text: &str) -> Result<T, ExportError> {
    serde_json::from_str(text).map_err(|error| ExportError::Line {
        path: path.to_owned(),
        line,
        mistake: error.to_string(),
    })
}
