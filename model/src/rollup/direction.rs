//! The direction in which sorted values are read.

/// An order of sorted values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// From the least up.
    Ascending,
    /// From the greatest down.
    Descending,
}
