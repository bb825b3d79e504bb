//! Amounts of reading: requests to DynamoDB, and the bytes that it read for them.

/// The reads that a request may make unless it is set otherwise.
pub const DEFAULT_READS: u64 = 1_000;
/// The megabytes that they may read: a hundred items of 160 KB by their keys, and four Queries.
pub const DEFAULT_READ_MB: u64 = 20;

/// The least budget of a request, in megabytes: the first reads of a page, or a transaction of a
/// hundred items, which reserves more than 4 MB.
pub const MIN_READ_MB: u64 = 8;

/// The bytes of a megabyte.
pub const MB: u64 = 1024 * 1024;
/// How much may be read, or was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// Requests to DynamoDB.
    pub reads: u64,
    /// Bytes that DynamoDB read for them.
    pub bytes: u64,
}

impl Reads {
    /// The limits of a request unless they are set otherwise: [`DEFAULT_READS`] and
    /// [`DEFAULT_READ_MB`].
    pub const DEFAULT_LIMITS: Self = Self { reads: DEFAULT_READS, bytes: DEFAULT_READ_MB * MB };

    /// The half of this.
    #[must_use]
    pub fn half(self) -> Self {
        Self { reads: self.reads / 2, bytes: self.bytes / 2 }
    }

    /// The lesser of both, in each respect.
    #[must_use]
    pub fn at_most(self, other: Self) -> Self {
        Self { reads: self.reads.min(other.reads), bytes: self.bytes.min(other.bytes) }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { reads: self.reads + other.reads, bytes: self.bytes + other.bytes }
    }

    pub(crate) fn without(self, other: Self) -> Self {
        let reads = self.reads.saturating_sub(other.reads);
        Self { reads, bytes: self.bytes.saturating_sub(other.bytes) }
    }
}
