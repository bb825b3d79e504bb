//! The spool: the contributions of all images on disk, in as much memory as the settings allow.
//!
//! ```text
//! captured ─► captured-00 … captured-ff ─┐ by the hash of the item
//! scanned ──► scanned-00  … scanned-ff ──┴─ join ─► sums-00 … sums-ff ─► updates
//!                                                   by the hash of the rollup item
//! ```
//!
//! | to see | read |
//! |---|---|
//! | how a contribution is written: no accumulator's name twice | `codec` |
//! | how records get into partition files | `partitions` |
//! | which of the images of an item counts | `join` |
//! | how contributions are added up in bounded memory | `sums` |
//! | how a partition of rollup items becomes updates | `base` |
//! | how folders of killed builders are removed | `folder` |
//! | what an error asks for | `error` |
//!
//! The form of the records is our own. The accumulators' names would be most of a general one:
//! here a record has their numbers in a table that the process keeps in memory, for a spool is read
//! by the process that wrote it.
//!
//! **Memory** for N items, of which the table has I and the stream changed C, and for any number of
//! rollup items:
//!
//! ```text
//! while images are recorded   2 · 256 · 32 KiB + 1 MiB             = 17 MiB
//! while they are joined       256 · 32 KiB + 32 MiB + (I + C) / 256 · 64 B   = 40 MiB + N / 4 B
//! while updates are returned  256 · 32 KiB + 32 MiB + 1,000 updates · 4 KiB  = 44 MiB
//! ```
//!
//! So 10 million items need 43 MiB in a join, and a billion 279 MiB. The disk takes about 25 bytes
//! for each item, and 100 bytes for each rollup item that it contributes to.
//!
//! **Invariant:** the records of one item are in one partition, in the order in which they came.

mod accumulators;
mod base;
mod codec;
mod error;
mod folder;
mod join;
mod partitions;
mod recent;
mod rollup_contribution;
mod sums;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use self::base::{Base, BaseUpdate};
pub use self::error::SpoolError;
pub use self::join::BaseCounts;
pub use self::rollup_contribution::RollupContribution;

pub(crate) use self::accumulators::AccumulatorTable;
pub(crate) use self::codec::{read_amounts, read_key, write_amounts, write_key};
pub(crate) use self::folder::SpoolFolder;
pub(crate) use self::partitions::{RecordReader, RecordWriter, remove};

use self::partitions::Partitions;
use self::recent::RecentKeys;
use crate::key_hash::KeyHash;

/// The images of one build. Its files are removed with it.
#[derive(Debug)]
pub struct Spool {
    folder: SpoolFolder,
    recorded: Mutex<Recorded>,
}

/// The records so far, and what they share.
#[derive(Debug)]
struct Recorded {
    accumulators: AccumulatorTable,
    captured: Partitions,
    scanned: Partitions,
    recent: RecentKeys,
    /// A record that is being written.
    record: Vec<u8>,
}

impl Spool {
    /// Creates an empty spool in a folder of its own inside of this one, and removes the spools of
    /// builders that were killed.
    ///
    /// # Errors
    /// The folder cannot be created.
    pub fn create(parent: &Path) -> Result<Self, SpoolError> {
        let folder = SpoolFolder::create_in(parent)?;
        let recorded = Recorded {
            accumulators: AccumulatorTable::default(),
            captured: Partitions::new(folder.path(), "captured"),
            scanned: Partitions::new(folder.path(), "scanned"),
            recent: RecentKeys::default(),
            record: Vec::new(),
        };
        Ok(Self { folder, recorded: Mutex::new(recorded) })
    }

    /// Adds the old image of a captured record. Records of an item come in the order of the stream.
    ///
    /// # Errors
    /// The spool cannot be written.
    pub fn add_captured(
        &self,
        item: KeyHash,
        contributions: &[RollupContribution],
    ) -> Result<(), SpoolError> {
        let mut recorded = self.lock();
        recorded.encode(item, contributions);
        let Recorded { captured, recent, record, .. } = &mut *recorded;
        captured.append(item.as_bytes()[0], record)?;
        recent.insert(item);
        Ok(())
    }

    /// Adds the image of a scanned item.
    ///
    /// # Errors
    /// The spool cannot be written.
    pub fn add_scanned(
        &self,
        item: KeyHash,
        contributions: &[RollupContribution],
    ) -> Result<(), SpoolError> {
        let mut recorded = self.lock();
        recorded.encode(item, contributions);
        let Recorded { scanned, record, .. } = &mut *recorded;
        scanned.append(item.as_bytes()[0], record)
    }

    /// Returns whether a record of the item was captured, as far as that is in memory: an item that
    /// is written all the time fills no disk.
    pub fn has_captured_recently(&self, item: &KeyHash) -> bool {
        self.lock().recent.contains(item)
    }

    /// Selects the image of each item and returns their base, with the cut in seconds since 1970.
    ///
    /// # Errors
    /// The spool cannot be read or written.
    pub fn join(self, cut: u32) -> Result<Base, SpoolError> {
        let recorded = self.recorded.into_inner().unwrap_or_else(PoisonError::into_inner);
        let Recorded { accumulators, captured, scanned, .. } = recorded;
        let (sums, counts) = join::join(self.folder.path(), captured, scanned)?;
        Base::new(self.folder, accumulators, sums, counts, cut)
    }

    fn lock(&self) -> MutexGuard<'_, Recorded> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorded {
    /// Writes the record of an image: the item, then its contributions.
    fn encode(&mut self, item: KeyHash, contributions: &[RollupContribution]) {
        self.record.clear();
        self.record.extend_from_slice(item.as_bytes());
        for contribution in contributions {
            codec::write(contribution, &mut self.accumulators, &mut self.record);
        }
    }
}

#[cfg(test)]
mod tests;
