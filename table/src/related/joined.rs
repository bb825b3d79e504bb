//! Items with what was asked for with them, as values: how large they are, and how many of them
//! make a page.

use std::sync::Arc;

use weir_model::Item;

use crate::error::Error;
use crate::items::Table;
use crate::pages::encoded_bytes;

/// How much is read, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Whether what was written before is seen; if absent, wherever no index is read.
    pub consistent: Option<bool>,
    /// The most bytes that the items of a page, with those that they are related to, may have as
    /// JSON; a page has one item at least.
    pub max_bytes: usize,
    /// The most times that a page is read on.
    pub max_reads: u32,
}

/// An item with what was asked for with it.
#[derive(Clone, Debug)]
pub struct Joined {
    /// The item.
    pub item: Item,
    /// The related items of each relation, in the order in which they were asked for.
    pub related: Vec<Related>,
    /// How many bytes the item and its related items have as JSON.
    pub bytes: usize,
}

/// The related items of one relation of an item.
#[derive(Clone, Debug)]
pub enum Related {
    /// The item, if there is one.
    One(Option<Arc<Joined>>),
    /// The first of many items.
    Many(JoinedPage),
}

/// A page of items with their related items, and where the next begins.
#[derive(Clone, Debug, Default)]
pub struct JoinedPage {
    /// The items.
    pub items: Vec<Arc<Joined>>,
    /// The cursor of the next page; `None` when this is the last. Of a relation through
    /// links it is the cursor of a list of the links.
    pub cursor: Option<String>,
}

/// Items with what was asked for with them; `None` where not all of it was read.
#[derive(Debug, Default)]
pub struct JoinedItems {
    /// In the order of the items that were given.
    pub items: Vec<Option<Arc<Joined>>>,
    /// Why something was not read, when DynamoDB said so.
    pub error: Option<Error>,
}

/// Where a row of a list leads to.
#[derive(Debug)]
pub(super) enum Row {
    Item(Arc<Joined>),
    /// A link to an item that is not there.
    Nowhere,
    Unread,
}

impl Default for Reading {
    fn default() -> Self {
        Self { consistent: None, max_bytes: usize::MAX, max_reads: 1 }
    }
}

impl Reading {
    /// Returns the share of each of so many relations of an item.
    pub(super) fn share_of(self, relations: usize) -> Self {
        Self { max_bytes: self.max_bytes / relations.max(1), ..self }
    }
}

impl JoinedItems {
    /// The items, if everything of them was read.
    ///
    /// # Errors
    /// Why not.
    pub fn all(self, table: &Table) -> Result<Vec<Arc<Joined>>, Error> {
        let items: Option<Vec<_>> = self.items.into_iter().collect();
        items.ok_or_else(|| self.error.unwrap_or_else(|| Error::throttled(table.name())))
    }
}

impl Joined {
    pub(super) fn new(item: Item, related: Vec<Related>) -> Self {
        let bytes = encoded_bytes(&item) + related.iter().map(Related::bytes).sum::<usize>();
        Self { item, related, bytes }
    }
}

impl Related {
    pub(super) fn nothing() -> Self {
        Self::Many(JoinedPage::default())
    }

    fn bytes(&self) -> usize {
        match self {
            Self::One(item) => item.as_ref().map_or(0, |item| item.bytes),
            Self::Many(page) => page.items.iter().map(|item| item.bytes).sum(),
        }
    }
}

/// How many rows, one item at least, were read and have no more bytes.
pub(super) fn fitting(rows: &[Row], max_bytes: usize) -> usize {
    let mut total = 0;
    let beyond = rows.iter().position(|row| match row {
        Row::Unread => true,
        Row::Nowhere => false,
        Row::Item(item) => {
            let is_first = total == 0;
            total += item.bytes;
            total > max_bytes && !is_first
        }
    });
    beyond.unwrap_or(rows.len())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn row(bytes: usize) -> Row {
        let item = HashMap::<String, weir_model::AttributeValue>::new().into();
        Row::Item(Arc::new(Joined { item, related: Vec::new(), bytes }))
    }

    #[test]
    fn a_page_ends_before_what_was_not_read_or_does_not_fit() {
        let cases = [
            (vec![], 0),
            (vec![row(4), row(6)], 2),
            (vec![row(4), row(7), row(1)], 1),
            (vec![row(40), row(1)], 1),
            (vec![Row::Nowhere, row(40), Row::Nowhere, row(1)], 3),
            (vec![row(1), Row::Unread, row(1)], 1),
            (vec![Row::Unread, row(1)], 0),
        ];
        for (rows, expected) in cases {
            assert_eq!(fitting(&rows, 10), expected, "{rows:?}");
        }
    }
}
