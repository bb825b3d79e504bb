//! The base of rollups over a table that already has items: what the items contribute at a cut; and
//! the verification of rollups, which compares them with such a base.
//!
//! ```text
//! stream ─► capture ─► first old image of each changed item ─┐
//!                                                            ├─► spool ─► Base ─► updates
//! table  ─► scan ────► image of each item ───────────────────┘
//! ```
//!
//! A [`Builder`] compares the definition with the state of the rollups, reads, adds up, applies the
//! base under the shard that [`base_shard`] names, and makes the revisions ready. The argument why
//! base and later changes are together a recount is in [`weir_rollups::base`].
//!
//! | to see | read |
//! |---|---|
//! | a build from its beginning to its end | `build` |
//! | the rollups that are built, and the shard of their base | `target` |
//! | how an image becomes contributions | `recorder` |
//! | how contributions are kept on disk and added up | `spool` |
//! | how the table is read, and how fast | `scan` |
//! | how an export takes the place of a scan | `export` |
//! | how the stream is read beside the processor | `capture` |
//! | what a build will cost, from a sample | `estimate` |
//! | how rollups are compared with a recount, and repaired | `verify` |
//!
//! **Invariant:** the updates depend on the cut and on the history of the items, and not on when
//! the table is scanned. So a build that was interrupted begins again with the same cut, and what
//! it had applied is not added twice.

mod backoff;
mod blocking;
mod build;
mod capture;
mod encoding;
mod estimate;
mod export;
mod key_hash;
mod recorder;
mod requests;
mod scan;
mod spool;
mod target;
mod unknown_rollup;
mod verify;

pub use backoff::retried;
pub use build::{
    BuildError, BuildEvent, BuildReport, BuildSettings, Builder, GiveUpReason, GivenUpBuild,
    Margins, PurgeSettings, StoredDefinitions, Wanted,
};
pub use capture::{
    Capture, CaptureCounts, CaptureEnd, CaptureError, CaptureSettings, CaptureStart, CapturedChange,
};
pub use estimate::{BaseEstimate, RollupEstimate};
pub use export::{EXPORT_MARGIN_SECS, Export, ExportError, ExportProgress};
pub use key_hash::KeyHash;
pub use recorder::{ImageRecorder, SkippedImages};
pub use scan::{ScanError, ScanProgress, ScanSettings, scan};
pub use spool::{Base, BaseCounts, BaseUpdate, RollupContribution, Spool, SpoolError};
pub use target::{BuildTarget, base_shard, repair_shard};
pub use unknown_rollup::UnknownRollup;
pub use verify::{
    ComparisonCounts, Difference, DifferingValue, RepairOutcome, SkippedReason, SkippedRollup,
    UnknownItems, Verifier, VerifyError, VerifyEvent, VerifyReport,
};
