//! The base: the updates that add what all items contribute at the cut, partition by partition.
//!
//! A partition that would take more than 32 MiB is split by more bits of the hash, and its parts
//! are read one after the other. Sums become updates when they are asked for: an update takes ten
//! times the memory of its sum.
//!
//! **Invariant:** each rollup item and detail item has one update. Those of the detail items of one
//! rollup item come one after the other, as far as they are in one part. The same images give the
//! same updates in the same order.

use std::path::PathBuf;
use std::vec::IntoIter;

use weir_rollups::{Update, base};

use super::accumulators::AccumulatorTable;
use super::codec::{self, NumberedAmounts};
use super::error::SpoolError;
use super::folder::SpoolFolder;
use super::join::BaseCounts;
use super::partitions::{Partitions, RecordReader, remove};
use super::rollup_contribution::RollupContribution;
use super::sums::{Sums, partition};

/// The bytes that the sums of one partition may take in memory.
const SUMS_BYTES: usize = 32 * 1024 * 1024;
/// The levels at which partitions are split; a part of the last one is read whole.
const LEVELS: u32 = 4;
/// The updates that one call returns, unless fewer are left.
const UPDATES_AT_A_TIME: usize = 1_000;

/// The updates of a base that are left.
#[derive(Debug)]
pub struct Base {
    /// Has the files, and removes them when the base is dropped.
    folder: SpoolFolder,
    accumulators: AccumulatorTable,
    /// The partitions that are left, the next one last.
    files: Vec<SumsFile>,
    /// The sums of the partition that is being returned.
    sums: IntoIter<(Box<[u8]>, NumberedAmounts)>,
    counts: BaseCounts,
    cut: u32,
    sums_bytes: usize,
    splits: u32,
}

/// An update of one rollup.
#[derive(Clone, Debug, PartialEq)]
pub struct BaseUpdate {
    /// The position of the rollup among those that are built.
    pub rollup: usize,
    /// The update.
    pub update: Update,
}

#[derive(Debug)]
struct SumsFile {
    path: PathBuf,
    /// How often it was split.
    level: u32,
}

impl Base {
    pub(super) fn new(
        folder: SpoolFolder,
        accumulators: AccumulatorTable,
        sums: Partitions,
        counts: BaseCounts,
        cut: u32,
    ) -> Result<Self, SpoolError> {
        let paths = sums.finish()?.into_iter().flatten();
        let mut files: Vec<_> = paths.map(|path| SumsFile { path, level: 0 }).collect();
        files.reverse();
        Ok(Self {
            folder,
            accumulators,
            files,
            sums: Vec::new().into_iter(),
            counts,
            cut,
            sums_bytes: SUMS_BYTES,
            splits: 0,
        })
    }

    /// Returns the number of images, by what became of them.
    pub fn counts(&self) -> BaseCounts {
        self.counts
    }

    /// Returns the next updates, of all rollups that are built; none when all were returned.
    ///
    /// # Errors
    /// The spool cannot be read.
    pub fn next_updates(&mut self) -> Result<Vec<BaseUpdate>, SpoolError> {
        let mut updates = Vec::new();
        while updates.len() < UPDATES_AT_A_TIME {
            match self.sums.next() {
                Some((head, amounts)) => updates.extend(self.update(&head, &amounts)?),
                None if !self.load_next()? => break,
                None => {}
            }
        }
        Ok(updates)
    }

    /// Reads the next partition that is not too large. Returns whether there was one.
    fn load_next(&mut self) -> Result<bool, SpoolError> {
        while let Some(file) = self.files.pop() {
            let sums = self.read_sums(&file)?;
            if sums.is_none() {
                self.split(&file)?;
            }
            remove(&file.path)?;
            if let Some(mut sums) = sums {
                let mut entries: Vec<_> = sums.drain().collect();
                entries.sort_by(|(left, _), (right, _)| {
                    let by_item = codec::item_of_head(left).cmp(&codec::item_of_head(right));
                    by_item.then_with(|| left.cmp(right))
                });
                self.sums = entries.into_iter();
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the sums of a file; `None` if they take too much memory.
    fn read_sums(&self, file: &SumsFile) -> Result<Option<Sums>, SpoolError> {
        let mut reader = RecordReader::open(&file.path)?;
        let (mut sums, mut record) = (Sums::default(), Vec::new());
        while reader.read(&mut record)? {
            let added = codec::read(&mut &record[..]).and_then(|encoded| sums.add(encoded));
            added.ok_or_else(|| reader.corrupt())?;
            if sums.bytes() > self.sums_bytes && file.level + 1 < LEVELS {
                return Ok(None);
            }
        }
        Ok(Some(sums))
    }

    fn update(
        &self,
        head: &[u8],
        amounts: &[(usize, i128)],
    ) -> Result<Option<BaseUpdate>, SpoolError> {
        let decoded = codec::decode(head, amounts, &self.accumulators);
        let RollupContribution { rollup, contribution } = decoded.ok_or_else(|| {
            SpoolError::corrupt(self.folder.path().to_owned(), "a sum is not what was written")
        })?;
        let update = base::update(contribution, self.cut);
        Ok(update.map(|update| BaseUpdate { rollup, update }))
    }

    /// Splits a file into up to 256 others.
    fn split(&mut self, file: &SumsFile) -> Result<(), SpoolError> {
        let level = file.level + 1;
        let mut parts = Partitions::new(self.folder.path(), &format!("split-{}", self.splits));
        self.splits += 1;
        let mut reader = RecordReader::open(&file.path)?;
        let mut record = Vec::new();
        while reader.read(&mut record)? {
            let encoded = codec::read(&mut &record[..]).ok_or_else(|| reader.corrupt())?;
            parts.append(partition(encoded.head, level), &record)?;
        }
        let parts = parts.finish()?.into_iter().flatten();
        self.files.extend(parts.map(|path| SumsFile { path, level }));
        Ok(())
    }

    /// Reduces the memory that the sums of one partition may take, for tests of a split.
    #[cfg(test)]
    pub(super) fn limit_sums(&mut self, bytes: usize) {
        self.sums_bytes = bytes;
    }
}
