//! Periods of time.

use jiff::Timestamp;

/// A period of time: from `start` (included) to `end` (excluded).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    /// The instant it begins.
    pub start: Timestamp,
    /// The instant the next one begins.
    pub end: Timestamp,
}
