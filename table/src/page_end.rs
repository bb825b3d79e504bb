//! The place at which a page ended, and behind which the next page begins.

use weir_model::PrimaryKey;

/// The place at which a read ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PageEnd {
    /// The sort key; empty if there is none.
    pub(crate) sort: String,
    /// The item's own key, if an index is read.
    pub(crate) primary: Option<PrimaryKey>,
}

impl PageEnd {
    /// Creates a place in a partition of the table.
    pub(crate) fn at(sort: &str) -> Self {
        Self { sort: sort.to_owned(), primary: None }
    }
}
