//! The outcome of an update: added, absorbed before, or parked.

use weir_rollups::Update;

use crate::error::Error;

/// The effect of applying an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// All of it was added.
    Whole,
    /// A part had been absorbed before; the rest was added.
    Rest,
    /// All of it had been absorbed before; nothing was added.
    Nothing,
}

/// The outcome of an update that need not be delivered again.
#[derive(Debug)]
pub enum Outcome {
    /// It is in its rollup item or row.
    Applied(Applied),
    /// DynamoDB rejected it for good, for this reason; it is [parked](super::Rollups::park).
    Parked(Error),
}

/// An update with its outcome, as [`Rollups::apply_all`](super::Rollups::apply_all) returns it.
#[derive(Debug)]
pub struct SettledUpdate {
    /// The update, or the part of it that was left to be added.
    pub update: Update,
    /// Its outcome; after an error its records must be delivered again.
    pub result: Result<Outcome, Error>,
}
