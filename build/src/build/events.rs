//! The steps of a build, for those who watch it.

use weir_rollups::Revision;

use super::wanted::GivenUpBuild;
use crate::export::ExportProgress;
use crate::recorder::SkippedImages;
use crate::scan::ScanProgress;
use crate::spool::BaseCounts;

/// A step of a build.
#[derive(Clone, Debug)]
pub enum BuildEvent {
    /// A build under way is given up, as it cannot be continued.
    GivenUp(GivenUpBuild),
    /// Revisions are retired, as the definition lacks their rollups.
    Retired {
        /// The revisions.
        revisions: Vec<Revision>,
    },
    /// An interrupted build is continued.
    Continued {
        /// Its revisions.
        revisions: Vec<Revision>,
    },
    /// New revisions have their cut.
    Begun {
        /// The revisions.
        revisions: Vec<Revision>,
    },
    /// It waits for the cut.
    Waiting {
        /// The cut, in seconds since 1970.
        until: i64,
    },
    /// The table is scanned.
    Scanned {
        /// How far the scan is.
        progress: ScanProgress,
        /// The items that DynamoDB says the table has. It counts them every six hours.
        of_items: u64,
    },
    /// The export is read.
    Exported(ExportProgress),
    /// The capture continues until records of the scan's time can be read.
    Capturing {
        /// The end of the capture, in seconds since 1970.
        until: i64,
    },
    /// Images that could not be counted.
    Skipped(SkippedImages),
    /// Captured and scanned images are joined.
    Joining,
    /// They are joined.
    Joined(BaseCounts),
    /// The base gets into the rollup items.
    Applied {
        /// The updates so far.
        updates: u64,
    },
    /// The times of records stepped back across the cut, so another cut is chosen.
    CutRejected {
        /// The reason.
        reason: String,
    },
    /// The revisions may be read.
    Ready {
        /// The revisions.
        revisions: Vec<Revision>,
        /// Those that they replace.
        retired: Vec<Revision>,
    },
    /// The items of revisions that nobody reads any more are deleted.
    Purging {
        /// The revisions.
        revisions: Vec<Revision>,
        /// When the deletion begins, in seconds since 1970: nobody writes or reads the items then.
        from: i64,
    },
    /// They are deleted.
    Purged {
        /// The number of deleted items.
        items: u64,
    },
}

/// What a build has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildReport {
    /// The rollups that became ready.
    pub ready: Vec<String>,
    /// The items that the base counts.
    pub items: u64,
    /// The records that were captured.
    pub records: u64,
    /// The rollup items and detail items that were written.
    pub updates: u64,
}
