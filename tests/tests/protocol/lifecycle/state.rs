//! Everything at one moment: the clock, the stream, the state item, the rows, and the processes at
//! work.
//!
//! **Invariant:** equal states are equal values: invocations and runs have one order.

use super::history::{ITEMS, Image, RECORDS, Sums};
use crate::history::{KEYS, SHARDS};

/// The most revisions.
pub(super) const REVISIONS: usize = 2;
/// The most builders at a time.
pub(super) const BUILDERS: usize = 2;
/// The time at which a world begins, in seconds. No record is older.
pub(super) const BEGINNING: u8 = 1;

/// A time in whole seconds.
pub(super) type Seconds = u8;
/// The cut of each revision that the processor maintains.
pub(super) type View = [Option<Seconds>; REVISIONS];

/// Everything at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(super) now: Seconds,
    pub(super) shards: [Shard; SHARDS],
    /// The state item: the stage of each revision.
    pub(super) stages: [Stage; REVISIONS],
    /// The rollup items of each revision.
    pub(super) rows: [[Row; KEYS]; REVISIONS],
    pub(super) invocations: Vec<Invocation>,
    pub(super) runs: [Run; BUILDERS],
    /// The state that a process of the processor has read: only in a variant.
    pub(super) cached: Option<View>,
    /// The number of builders that were killed so far.
    pub(super) kills: u8,
    /// The number of builds that an operator aborted so far.
    pub(super) aborts: u8,
}

/// A shard of the stream, and the place of the event source mapping in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Shard {
    /// The number of records written so far.
    pub(super) written: u8,
    /// The creation second of each of them.
    pub(super) seconds: [Seconds; RECORDS],
    /// The number of first records that can be read from the stream.
    pub(super) readable: u8,
    /// The number of first records that are acknowledged.
    pub(super) checkpoint: u8,
    /// The number of batches delivered so far.
    pub(super) deliveries: u8,
}

/// The stage of a revision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    /// Not in the state item.
    #[default]
    Absent,
    /// Maintained, and without its base.
    Capturing(Seconds),
    /// Served. The cut is 0 for a revision that was created with its table.
    Ready(Seconds),
    /// Replaced, and neither maintained nor served.
    Retired,
    /// Given up, and neither maintained nor served.
    Aborted,
    /// Replaced, and its rows removed.
    Purged,
}

/// A rollup item of a revision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Row {
    pub(super) amount: i16,
    /// The last record absorbed of each shard, by its place from 1; 0 while there is none.
    pub(super) watermarks: [u8; SHARDS],
    /// Whether it has the watermark of the base's virtual shard.
    pub(super) has_base: bool,
}

/// An invocation of the processor at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Invocation {
    pub(super) shard: usize,
    /// The batch is the records from this index…
    pub(super) from: u8,
    /// …to below this one.
    pub(super) to: u8,
    /// The cut of each revision that is still to be written.
    pub(super) pending: View,
}

/// The progress of a builder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Run {
    /// Not begun, killed or ended.
    #[default]
    Idle,
    /// Reads items; the capture is at work beside it.
    Scanning(Scan),
    /// Adds the base to the rows.
    Applying { revision: usize, cut: Seconds, base: Sums, applied: [bool; KEYS] },
}

/// A scan and the capture beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Scan {
    pub(super) revision: usize,
    pub(super) cut: Seconds,
    /// Each item as it was read; `None` for an item that the scan has not come to.
    pub(super) images: [Option<Image>; ITEMS],
    /// The time of the last read.
    pub(super) last_read: Seconds,
    /// The number of records of each shard that the capture has missed: 0 but in a variant.
    pub(super) missed: [u8; SHARDS],
}

impl State {
    /// Returns the cut of each revision that the state item names as maintained.
    pub(super) fn view(&self) -> View {
        self.stages.map(Stage::maintained)
    }

    /// Returns the revision that readers serve: the highest that is ready.
    pub(super) fn served(&self) -> Option<usize> {
        self.stages.iter().rposition(|stage| matches!(stage, Stage::Ready(_)))
    }

    /// Returns the revision whose build is at work, and its cut.
    pub(super) fn capturing(&self) -> Option<(usize, Seconds)> {
        self.stages.iter().enumerate().find_map(|(revision, stage)| match stage {
            Stage::Capturing(cut) => Some((revision, *cut)),
            _ => None,
        })
    }

    /// Returns the same state in its one order.
    pub(super) fn sorted(mut self) -> Self {
        self.invocations.sort_unstable();
        self.runs.sort_unstable();
        self
    }
}

impl Stage {
    /// Returns the cut of a revision that the processor maintains.
    pub(super) fn maintained(self) -> Option<Seconds> {
        match self {
            Self::Capturing(cut) | Self::Ready(cut) => Some(cut),
            Self::Absent | Self::Retired | Self::Aborted | Self::Purged => None,
        }
    }
}

impl Run {
    /// Returns the revision that it builds.
    pub(super) fn revision(self) -> Option<usize> {
        match self {
            Self::Idle => None,
            Self::Scanning(Scan { revision, .. }) | Self::Applying { revision, .. } => {
                Some(revision)
            }
        }
    }
}
