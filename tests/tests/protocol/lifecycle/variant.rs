//! The protocol of a build as it is decided, and ways to get it wrong.
//!
//! **Invariant:** a variant differs from the protocol as decided in one place, where it is named.

/// A protocol to be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    /// The protocol as decided.
    AsDecided,

    // The reading of a build.
    /// The scan begins before the cut has passed.
    ScansEarly,
    /// The capture ends together with the scan.
    EndsCaptureAtOnce,
    /// The capture begins together with the scan.
    BeginsCaptureLate,
    /// The capture may read a child shard before its parent.
    ReadsChildrenEarly,

    // The base.
    /// A captured key counts only if the scan met its item.
    OnlyScannedKeys,
    /// A captured key counts with the last old image.
    LastOldImage,
    /// A scanned item counts as it was read, whether it was captured or not.
    ScannedImageFirst,
    /// Captured keys do not count.
    NoRewind,
    /// The base is added without a condition.
    BaseWithoutCondition,

    // The processor.
    /// The processor counts records before the cut, too.
    CountsWithoutCut,
    /// A process of the processor reads the state once, not for each batch.
    ReadsStateOnce,

    // The state.
    /// The cut is the time at which it is written.
    CutAtOnce,
    /// The revision is ready before its base is added.
    ReadyBeforeBase,
    /// A builder makes a revision ready whatever its state is meanwhile.
    ReadyWithoutCondition,
    /// An aborted revision is captured again, with another cut and under the same number.
    ReusesRevision,
    /// A retired revision is purged while invocations may still write to it.
    PurgesAtOnce,
    /// A build continues although it has seen that times stepped back.
    IgnoresClock,
}
