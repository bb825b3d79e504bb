//! The recorder of images: what each image contributes to the rollups goes into the spool.
//!
//! **Invariant:** all contributions are computed as those of a change at the cut, so that captured
//! and scanned images of the same value contribute the same.

use std::sync::{Mutex, PoisonError};

use weir_model::{Item, PrimaryKey, TableDefinition};
use weir_rollups::{Change, Contributions, Skip};

use crate::key_hash::KeyHash;
use crate::spool::{Base, RollupContribution, Spool, SpoolError};
use crate::target::BuildTarget;

/// The stripe that takes the base of a rollup: a group's stripes are added up when they are read.
const BASE_STRIPE: u16 = 0;

/// The recorder of one build.
#[derive(Debug)]
pub struct ImageRecorder<'a> {
    table: &'a TableDefinition,
    rollups: Vec<Contributions<'a>>,
    /// The names of the rollups.
    names: Vec<&'a str>,
    cut: u32,
    spool: Spool,
    skipped: Mutex<Vec<SkippedImages>>,
}

/// Images that a rollup could not count, for reasons of one kind and about one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedImages {
    /// The rollup.
    pub rollup: String,
    /// The number of images: those of the scan, and those that the capture had first.
    pub images: u64,
    /// The reason why the first could not be counted.
    pub reason: Skip,
    /// The key of the first item.
    pub item: PrimaryKey,
}

impl<'a> ImageRecorder<'a> {
    /// Creates the recorder of a build of some rollups of a table. The cut is in seconds since
    /// 1970.
    pub fn new(
        table: &'a TableDefinition,
        targets: &[BuildTarget<'a>],
        cut: u32,
        spool: Spool,
    ) -> Self {
        let contributions =
            |target: &BuildTarget<'a>| Contributions::new(target.model, target.rollup, BASE_STRIPE);
        Self {
            table,
            rollups: targets.iter().map(contributions).collect(),
            names: targets.iter().map(|target| target.rollup.name.as_str()).collect(),
            cut,
            spool,
            skipped: Mutex::default(),
        }
    }

    /// Returns the cut, in seconds since 1970.
    pub fn cut(&self) -> u32 {
        self.cut
    }

    /// Records the old image of a change from the cut on. The base counts that of the first change
    /// of an item, in the order of these calls.
    ///
    /// # Errors
    /// The spool cannot be written.
    pub fn record_captured(&self, change: &Change) -> Result<(), SpoolError> {
        let image = &change.image;
        let Some(item) = image.old_image().or(image.new_image()) else { return Ok(()) };
        // No entity has an item without a key of two texts, so it contributes nothing.
        let Some(key) = self.table.primary_key(item) else { return Ok(()) };
        let hash = KeyHash::new(&key);
        if self.spool.has_captured_recently(&hash) {
            return Ok(());
        }
        let contributions = match image.old_image() {
            Some(old) => self.contributions(old, &key),
            None => Vec::new(),
        };
        self.spool.add_captured(hash, &contributions)
    }

    /// Records an item that a scan has returned.
    ///
    /// # Errors
    /// The spool cannot be written.
    pub fn record_scanned(&self, item: &Item) -> Result<(), SpoolError> {
        let Some(key) = self.table.primary_key(item) else { return Ok(()) };
        let contributions = self.contributions(item, &key);
        match contributions.is_empty() {
            true => Ok(()),
            false => self.spool.add_scanned(KeyHash::new(&key), &contributions),
        }
    }

    /// Returns the images that could not be counted so far. They contribute nothing, as in the
    /// changes that the processor counts.
    pub fn skipped(&self) -> Vec<SkippedImages> {
        self.skipped.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the base of all that was recorded. This reads and writes the whole spool, so an
    /// asynchronous caller runs it on a thread for blocking work.
    ///
    /// # Errors
    /// The spool cannot be read or written.
    pub fn into_base(self) -> Result<Base, SpoolError> {
        self.spool.join(self.cut)
    }

    /// Returns what an image contributes to each rollup that can count it.
    fn contributions(&self, item: &Item, key: &PrimaryKey) -> Vec<RollupContribution> {
        let mut all = Vec::new();
        for (rollup, contributions) in self.rollups.iter().enumerate() {
            match contributions.for_item(item, self.cut) {
                Ok(parts) => all.extend(
                    parts
                        .into_iter()
                        .map(|contribution| RollupContribution { rollup, contribution }),
                ),
                Err(reason) => self.skip(self.names[rollup], reason, key),
            }
        }
        all
    }

    fn skip(&self, rollup: &str, reason: Skip, key: &PrimaryKey) {
        let mut skipped = self.skipped.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |known: &&mut SkippedImages| {
            known.rollup == rollup
                && known.reason.kind() == reason.kind()
                && known.reason.attribute() == reason.attribute()
        };
        match skipped.iter_mut().find(is_same) {
            Some(known) => known.images += 1,
            None => skipped.push(SkippedImages {
                rollup: rollup.to_owned(),
                images: 1,
                reason,
                item: key.clone(),
            }),
        }
    }
}
