//! Detail items as they are stored: a count, and of a sketch the cells of an octave.

use std::collections::BTreeMap;

use weir_model::{AttributeValue, Item, Number};
use weir_rollups::details as stored_details;

/// A stored detail item.
#[derive(Clone, Debug)]
pub(super) struct DetailItem {
    /// The value, the time and value, or the octave: the part of the sort key after the bucket.
    pub(super) text: String,
    pub(super) counts: DetailCounts,
}

/// The counts of a detail item, or of those of several buckets that have the same text.
#[derive(Clone, Debug, Default)]
pub(super) struct DetailCounts {
    /// The number of items that have its value.
    pub(super) count: i128,
    /// The counts of the cells of a sketch.
    pub(super) cells: Vec<(u8, i128)>,
}

/// Counts by the text of their detail items, in the order of the texts.
#[derive(Clone, Debug, Default)]
pub(super) struct DetailItems(BTreeMap<String, DetailCounts>);

impl DetailItem {
    /// Decodes a stored item. Returns the key of its bucket with it.
    ///
    /// # Errors
    /// The sort key or the number that is not a detail item's.
    pub(super) fn decode(sort: &str, item: &Item) -> Result<(String, Self), String> {
        let (bucket, text) = stored_details::parts(sort)
            .ok_or_else(|| format!("a row with the sort key `{sort}`"))?;
        let number = |value: &AttributeValue| match value {
            AttributeValue::N(text) => text.parse::<Number>().ok()?.to_units(0),
            _ => None,
        };
        let mut counts = DetailCounts::default();
        for (name, value) in item.iter() {
            let cell = name.parse::<u8>().ok().filter(|_| name.len() == 2);
            if name != "count" && cell.is_none() {
                continue;
            }
            let units = number(value)
                .ok_or_else(|| format!("the row {sort}, whose `{name}` is {value:?}"))?;
            match cell {
                Some(cell) => counts.cells.push((cell, units)),
                None => counts.count = units,
            }
        }
        Ok((bucket.to_owned(), Self { text: text.to_owned(), counts }))
    }
}

impl DetailItems {
    /// Adds detail items of another bucket or stripe.
    pub(super) fn merge(&mut self, items: impl IntoIterator<Item = DetailItem>) {
        for DetailItem { text, counts } in items {
            let sum = self.0.entry(text).or_default();
            sum.count += counts.count;
            sum.cells.extend(counts.cells);
        }
    }

    /// Returns those that count something.
    pub(super) fn live(&self) -> impl Iterator<Item = (&String, &DetailCounts)> {
        self.0.iter().filter(|(_, counts)| counts.count > 0)
    }
}
