//! The join of captured and scanned images: one image for each item, by partitions of items.

use std::path::Path;

use weir_rollups::{BaseImages, ScannedImage};

use super::codec;
use super::error::SpoolError;
use super::partitions::{Partitions, RecordReader, remove};
use super::sums::SumsWriter;
use crate::key_hash::{KEY_HASH_BYTES, KeyHash};

/// The number of images of a base, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BaseCounts {
    /// Items of which the capture has records from the cut on.
    pub captured: u64,
    /// Items that were scanned and not captured.
    pub scanned: u64,
    /// Scanned images that an earlier image of the capture replaced.
    pub superseded: u64,
    /// Images that the scan returned a second time, which it does not do as far as AWS says.
    pub repeated: u64,
}

/// Selects the image of each item. Returns the sums of their contributions.
pub(super) fn join(
    folder: &Path,
    captured: Partitions,
    scanned: Partitions,
) -> Result<(Partitions, BaseCounts), SpoolError> {
    let (captured, scanned) = (captured.finish()?, scanned.finish()?);
    let mut sums = SumsWriter::new(folder);
    let mut counts = BaseCounts::default();
    for (captured, scanned) in captured.into_iter().zip(scanned) {
        let mut images = BaseImages::default();
        if let Some(path) = captured {
            let mut is_counted = |item| {
                let is_first = images.is_first_captured(item);
                counts.captured += u64::from(is_first);
                is_first
            };
            add_counted(&path, &mut sums, &mut is_counted)?;
        }
        if let Some(path) = scanned {
            let mut is_counted = |item| {
                let decision = images.decide_scanned(item);
                match decision {
                    ScannedImage::Counted => counts.scanned += 1,
                    ScannedImage::Superseded => counts.superseded += 1,
                    ScannedImage::Repeated => counts.repeated += 1,
                }
                decision == ScannedImage::Counted
            };
            add_counted(&path, &mut sums, &mut is_counted)?;
        }
    }
    Ok((sums.finish()?, counts))
}

/// Adds the contributions of the images in a file that count, and removes the file.
fn add_counted(
    path: &Path,
    sums: &mut SumsWriter,
    is_counted: &mut impl FnMut(KeyHash) -> bool,
) -> Result<(), SpoolError> {
    let mut reader = RecordReader::open(path)?;
    let mut record = Vec::new();
    while reader.read(&mut record)? {
        let Some((item, mut rest)) = record.split_first_chunk::<KEY_HASH_BYTES>() else {
            return Err(reader.corrupt());
        };
        if !is_counted(KeyHash::from_bytes(*item)) {
            continue;
        }
        while !rest.is_empty() {
            let contribution = codec::read(&mut rest).ok_or_else(|| reader.corrupt())?;
            if !sums.add(contribution)? {
                return Err(reader.corrupt());
            }
        }
    }
    remove(path)
}
