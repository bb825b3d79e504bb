//! One file of an export: compressed lines, each of which has an item.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::bufread::MultiGzDecoder;
use md5::{Digest, Md5};
use serde::Deserialize;
use weir_model::Item;

use super::error::ExportError;
use super::ion;
use super::manifest::{DataFile, Format};
use crate::spool::SpoolError;

/// The bytes that are read at once.
const BUFFER_BYTES: usize = 64 * 1024;

/// A line of a file in DynamoDB JSON.
#[derive(Deserialize)]
struct Line {
    #[serde(rename = "Item")]
    item: Item,
}

/// A reader that computes the MD5 of all that it reads.
struct Checked<R> {
    inner: R,
    md5: Md5,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.md5.update(&buffer[..count]);
        Ok(count)
    }
}

/// Reads the items of a file, and compares it with the manifest. Returns the number of items.
pub(super) fn read(
    path: &Path,
    known: &DataFile,
    format: Format,
    record: &mut impl FnMut(&Item) -> Result<(), SpoolError>,
) -> Result<u64, ExportError> {
    let failed = |source| ExportError::Read { path: path.to_owned(), source };
    let file = Checked { inner: File::open(path).map_err(failed)?, md5: Md5::new() };
    let file = BufReader::with_capacity(BUFFER_BYTES, file);
    let mut lines = BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(file));
    let (mut items, mut number, mut text) = (0, 0, Vec::new());
    loop {
        text.clear();
        number += 1;
        if lines.read_until(b'\n', &mut text).map_err(failed)? == 0 {
            break;
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        let item = item(format, &text).map_err(|mistake| ExportError::Line {
            path: path.to_owned(),
            line: number,
            mistake,
        })?;
        record(&item)?;
        items += 1;
    }
    // The decoder may leave bytes behind the last member.
    let mut file = lines.into_inner().into_inner();
    io::copy(&mut file, &mut io::sink()).map_err(failed)?;
    check(path, known, items, file.into_inner().md5)?;
    Ok(items)
}

/// Reads the item of a line, or returns the mistake.
fn item(format: Format, line: &[u8]) -> Result<Item, String> {
    match format {
        Format::DynamoDbJson => {
            let line = serde_json::from_slice(line);
            line.map(|line: Line| line.item).map_err(|error| error.to_string())
        }
        Format::Ion => ion::item(line),
    }
}

fn check(path: &Path, known: &DataFile, items: u64, md5: Md5) -> Result<(), ExportError> {
    if let Some(expected) = &known.md5_checksum {
        let found = STANDARD.encode(md5.finalize());
        if found != *expected {
            let (path, expected) = (path.to_owned(), expected.clone());
            return Err(ExportError::Checksum { path, found, expected });
        }
    }
    match items == known.item_count {
        true => Ok(()),
        false => Err(ExportError::ItemCount {
            path: path.to_owned(),
            found: items,
            expected: known.item_count,
        }),
    }
}
