//! Partitions, and ranges of their sort keys.

/// A range of sort keys of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// The partition key.
    pub key: String,
    /// The sort keys.
    pub range: SortKeys,
}

/// The sort keys of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SortKeys {
    /// Any, or there are none.
    Every,
    /// Those that begin with this text.
    BeginsWith(String),
    /// This one.
    Is(String),
}
