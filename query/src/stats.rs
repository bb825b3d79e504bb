//! The number of items that an answer was made of, and the newest change in them.

/// The items that were read for an answer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ReadStats {
    /// The number of rollup items, detail items and index entries that were read.
    pub(crate) items_read: usize,
    /// The time of the newest change that they include, in seconds since 1970.
    pub(crate) newest: Option<u32>,
}

impl ReadStats {
    /// Adds the items of another read.
    pub(crate) fn add(&mut self, other: Self) {
        self.items_read += other.items_read;
        self.newest = self.newest.max(other.newest);
    }
}
