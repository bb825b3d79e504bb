//! A change to one item, as a stream record tells it.

use weir_model::Item;

use crate::sequence::SequenceNumber;
use crate::watermark::UNKNOWN_SECONDS;

/// One change: what an item was and what it became.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The record's place in its shard.
    pub sequence: SequenceNumber,
    /// When it was written, in seconds since 1970 (approximate, as DynamoDB gives it), or
    /// [`UNKNOWN_SECONDS`](crate::watermark::UNKNOWN_SECONDS).
    pub seconds: u32,
    /// The images before and after.
    pub image: Image,
}

/// The images of an item before and after a change.
#[derive(Clone, Debug, PartialEq)]
pub enum Image {
    /// The item was not there before.
    Insert {
        /// The item after the change.
        new: Item,
    },
    /// The item was there before and after.
    Modify {
        /// The item before the change.
        old: Item,
        /// The item after the change.
        new: Item,
    },
    /// The item is no longer there.
    Remove {
        /// The item before the change.
        old: Item,
        /// Whether DynamoDB removed it because its time to live had passed.
        expired: bool,
    },
}

impl Change {
    /// Whether it was written at or after a time, in whole seconds since 1970 as records have it.
    /// One without a time is not known to be older.
    pub fn is_since(&self, seconds: i64) -> bool {
        self.seconds == UNKNOWN_SECONDS || i64::from(self.seconds) >= seconds
    }
}

impl Image {
    /// Returns the item after the change.
    pub fn new_image(&self) -> Option<&Item> {
        match self {
            Self::Insert { new } | Self::Modify { new, .. } => Some(new),
            Self::Remove { .. } => None,
        }
    }

    /// Returns the item before the change.
    pub fn old_image(&self) -> Option<&Item> {
        match self {
            Self::Modify { old, .. } | Self::Remove { old, .. } => Some(old),
            Self::Insert { .. } => None,
        }
    }
}
