//! Sums of contributions by rollup item, in memory and beyond it.
//!
//! Contributions are added up in memory first. When that is full, its sums go to partition files,
//! where a rollup item has one record for each time that this happened. A table of few groups never
//! fills it.
//!
//! **Invariant:** the detail items of one rollup item are in one partition of the first level, for
//! a transaction counts several of them. The next levels split a partition that is too large by the
//! rollup items and detail items themselves.

use std::collections::HashMap;
use std::path::Path;

use weir_rollups::fnv::fnv1a;

use super::codec::{self, Encoded, NumberedAmounts};
use super::error::SpoolError;
use super::partitions::Partitions;

/// The bytes that sums take in memory until they are written.
const COMBINED_BYTES: usize = 32 * 1024 * 1024;
/// The bytes of a sum beside its head and amounts: the place in the table, and two allocations.
const ENTRY_BYTES: usize = 128;
/// The bytes of an amount.
const AMOUNT_BYTES: usize = size_of::<(usize, i128)>();

/// Sums by head. A head has the rollup, the key and the bookkeeping.
#[derive(Debug, Default)]
pub(super) struct Sums {
    sums: HashMap<Box<[u8]>, NumberedAmounts>,
    bytes: usize,
}

/// Sums that are written when they take too much memory.
#[derive(Debug)]
pub(super) struct SumsWriter {
    combined: Sums,
    partitions: Partitions,
    record: Vec<u8>,
}

impl Sums {
    /// Adds a contribution; `None` if it cannot be read.
    pub(super) fn add(&mut self, contribution: Encoded<'_>) -> Option<()> {
        if let Some(sum) = self.sums.get_mut(contribution.head) {
            let before = sum.len();
            codec::add_amounts(contribution.amounts, sum)?;
            self.bytes += (sum.len() - before) * AMOUNT_BYTES;
            return Some(());
        }
        let mut sum = NumberedAmounts::new();
        codec::add_amounts(contribution.amounts, &mut sum)?;
        self.bytes += ENTRY_BYTES + contribution.head.len() + sum.capacity() * AMOUNT_BYTES;
        self.sums.insert(contribution.head.into(), sum);
        Some(())
    }

    /// Returns about how many bytes of memory they take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes all sums out, in no order.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (Box<[u8]>, NumberedAmounts)> {
        self.bytes = 0;
        std::mem::take(&mut self.sums).into_iter()
    }
}

impl SumsWriter {
    /// Returns a writer to partitions in a folder.
    pub(super) fn new(folder: &Path) -> Self {
        let partitions = Partitions::new(folder, "sums");
        Self { combined: Sums::default(), partitions, record: Vec::new() }
    }

    /// Adds a contribution. Returns `false` if it cannot be read.
    pub(super) fn add(&mut self, contribution: Encoded<'_>) -> Result<bool, SpoolError> {
        let is_read = self.combined.add(contribution).is_some();
        if self.combined.bytes() > COMBINED_BYTES {
            self.write()?;
        }
        Ok(is_read)
    }

    /// Writes what is in memory, and returns the partitions.
    pub(super) fn finish(mut self) -> Result<Partitions, SpoolError> {
        self.write()?;
        Ok(self.partitions)
    }

    fn write(&mut self) -> Result<(), SpoolError> {
        for (head, amounts) in self.combined.drain() {
            self.record.clear();
            codec::write_numbered(&head, &amounts, &mut self.record);
            self.partitions.append(partition(&head, 0), &self.record)?;
        }
        Ok(())
    }
}

/// Returns the partition of a rollup item or detail item at a level.
pub(super) fn partition(head: &[u8], level: u32) -> u8 {
    let item = if level == 0 { codec::item_of_head(head) } else { None };
    let hash = fnv1a(item.unwrap_or(head).iter().copied());
    // The high bits of this hash are spread better than its low ones.
    hash.to_be_bytes()[level as usize % size_of::<u64>()]
}
