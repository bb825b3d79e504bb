//! Ways to get a build wrong.

/// The place in which a build differs from the protocol as decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weakness {
    /// None.
    AsDecided,
    /// The scan begins before the cut.
    ScansEarly,
    /// The capture ends together with the scan.
    EndsCaptureAtOnce,
    /// A captured key counts only if the scan met its item.
    OnlyScannedKeys,
    /// A captured key counts with its last old image.
    LastOldImage,
    /// A captured key counts as it was scanned.
    NoRewind,
    /// The processor counts records before the cut, too.
    CountsWithoutCut,
    /// The processor reads the state once.
    ReadsStateOnce,
    /// A base is added without a condition.
    BaseWithoutCondition,
    /// The rows of a replaced revision are purged at once.
    PurgesAtOnce,
}

impl Weakness {
    /// Every weakness.
    pub(super) const ALL: [Self; 9] = [
        Self::ScansEarly,
        Self::EndsCaptureAtOnce,
        Self::OnlyScannedKeys,
        Self::LastOldImage,
        Self::NoRewind,
        Self::CountsWithoutCut,
        Self::ReadsStateOnce,
        Self::BaseWithoutCondition,
        Self::PurgesAtOnce,
    ];
}
