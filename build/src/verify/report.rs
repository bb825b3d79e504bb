//! What a verification reports: its steps, and in the end how sure it is.

use weir_rollups::{Revision, RevisionState};

use super::comparison::ComparisonCounts;
use super::finding::Difference;
use super::recorder::UnknownItems;
use crate::capture::CaptureCounts;
use crate::recorder::SkippedImages;
use crate::scan::ScanProgress;

/// A step of a verification.
#[derive(Clone, Debug)]
pub enum VerifyEvent {
    /// The revisions that are verified, and the rollups that are not.
    Begun {
        /// The revisions.
        revisions: Vec<Revision>,
        /// The rollups that are not verified.
        skipped: Vec<SkippedRollup>,
    },
    /// It waits until the table can be read.
    Waiting {
        /// Until when, in seconds since 1970.
        until: i64,
    },
    /// The table of items is scanned.
    ScannedItems {
        /// How far the scan is.
        progress: ScanProgress,
        /// The items that DynamoDB says the table has. It counts them every six hours.
        of_items: u64,
    },
    /// The table of rollups is scanned.
    ScannedRollups {
        /// How far the scan is.
        progress: ScanProgress,
    },
    /// Rollup items are read together with the detail items that they count.
    ReadTogether {
        /// The rollup items that are left.
        left: usize,
    },
    /// The capture continues until records of the time of the reads can be read.
    Capturing {
        /// The end of the capture, in seconds since 1970.
        until: i64,
    },
    /// Images that could not be counted.
    Skipped(SkippedImages),
    /// What was recorded is put in order.
    Sorting,
    /// Items were compared.
    Compared {
        /// The items so far.
        items: u64,
    },
    /// An item differs.
    Found(Difference),
    /// The repair of an item that differs has ended.
    Repaired {
        /// The difference.
        difference: Difference,
        /// What became of it.
        outcome: RepairOutcome,
    },
    /// Items changed while they were repaired, so the verification begins again.
    Again,
    /// The times of records contradict the cut, so the verification begins again.
    CutRejected {
        /// The reason.
        reason: String,
    },
}

/// A rollup that is not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedRollup {
    /// The name of the rollup.
    pub rollup: String,
    /// The reason.
    pub reason: SkippedReason,
}

/// Why a rollup is not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkippedReason {
    /// No revision of it is ready; this is the state of the newest, if there is one.
    NotReady(Option<RevisionState>),
    /// It keeps what expired items contributed, which the table no longer has.
    KeepsExpired,
}

/// What became of the repair of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RepairOutcome {
    /// It is what it should be.
    Repaired,
    /// Its numbers are repaired, but its mark stays: the processor has changes to count.
    StillMarked,
    /// It was written by something else meanwhile, or changed too often.
    Changed,
    /// DynamoDB rejects the repair, for this reason.
    Rejected(String),
}

/// What a verification has found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VerifyReport {
    /// The time to which the recount belongs, in seconds since 1970.
    pub cut: i64,
    /// The time of its end, in seconds since 1970.
    pub ended_at: i64,
    /// The revisions that were verified.
    pub revisions: Vec<Revision>,
    /// The rollups that were not.
    pub skipped: Vec<SkippedRollup>,
    /// The records of the stream that were read.
    pub captured: CaptureCounts,
    /// The items of the table that were counted.
    pub items: u64,
    /// Items that the scan returned twice.
    pub repeated: u64,
    /// The items that were compared.
    pub compared: ComparisonCounts,
    /// Items whose key begins as that of a rollup and is none of its keys.
    pub unknown: UnknownItems,
    /// The items that differ.
    pub differences: u64,
    /// Those that are repaired.
    pub repaired: u64,
    /// Whether an item could not be repaired.
    pub has_failed_repairs: bool,
    /// The rollups that were marked as incomplete and are not any more.
    pub completed: Vec<String>,
    /// The rollups that are marked as incomplete.
    pub incomplete: Vec<String>,
}

impl VerifyReport {
    /// Returns whether every item that was compared is what it should be.
    pub fn is_clean(&self) -> bool {
        self.differences == self.repaired && self.unknown.items == 0 && !self.has_failed_repairs
    }
}
