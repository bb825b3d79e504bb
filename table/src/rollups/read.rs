//! Reading a range of buckets: one query, or one for each stripe of the group.
//!
//! Each stripe has some of the buckets, and is read page by page. A bucket can be added up once every stripe has been read
//! that far:
//!
//! ```text
//! stripe 0   day#01  day#02  day#04 ┊ more        a page ends behind day#03: further on, stripe 1 is not known
//! stripe 1   day#01  day#03 ┊ more
//! ```
//!
//! **Invariant:** a row has what every stripe knows of its bucket.

use std::collections::BTreeMap;

use aggregates::Plan;
use futures::{StreamExt, TryStreamExt, stream};
use model::table::{ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY};
use model::{AttributeValue, Item};

use super::Rollups;
use crate::cursor::{self, Position};
use crate::error::Error;
use crate::query::{self, Names, Query, SortRange, Want};

/// How many stripes are read at once.
const MAX_READS_IN_FLIGHT: usize = 16;

/// Some buckets, and where to go on.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// The buckets that have been written, in the order of their keys.
    pub rows: Vec<Row>,
    /// What to ask the next page with; `None` when this is the last.
    pub cursor: Option<String>,
}

/// A bucket, as its stripes hold it.
#[derive(Clone, Debug)]
pub struct Row {
    /// The bucket's key.
    pub sort_key: String,
    /// The item of each stripe that has one.
    pub stripes: Vec<Item>,
}

/// What one query has read.
struct Stripe {
    items: Vec<(String, Item)>,
    /// The last key that was looked at, if there may be more behind it.
    read_to: Option<String>,
}

impl Rollups {
    /// Reads a page of the buckets that a plan is about, oldest first, strongly consistent.
    ///
    /// # Errors
    /// [`Error::Cursor`] for a cursor of another question; else what DynamoDB says.
    pub async fn read(
        &self,
        plan: &Plan,
        limit: u32,
        cursor: Option<String>,
    ) -> Result<Rows, Error> {
        let names = Names {
            table: &self.table,
            index: None,
            partition_key: ROLLUPS_PARTITION_KEY,
            sort_key: Some(ROLLUPS_SORT_KEY),
            primary: (ROLLUPS_PARTITION_KEY, Some(ROLLUPS_SORT_KEY)),
        };
        let (low, high) = plan.sort_keys();
        let query = |partition: &String| Query {
            partition: partition.clone(),
            range: SortRange::Between(low.to_owned(), high.to_owned()),
            limit: Some(limit),
            ..Query::default()
        };
        // A cursor is that of the group, whose name is that of its first partition.
        let group = query(plan.partitions.first().expect("a group has a partition"));
        let start = cursor.map(|text| cursor::read(&text, names, &group)).transpose()?;
        let stripes: Vec<Stripe> = stream::iter(plan.partitions.iter().map(query))
            .map(|query| self.stripe(names, query, start.as_ref()))
            .buffered(MAX_READS_IN_FLIGHT)
            .try_collect()
            .await?;
        let (rows, read_to) = merge(stripes, limit as usize);
        let cursor = read_to
            .map(|sort_key| cursor::write(names, &group.partition, &Position::at(&sort_key)));
        Ok(Rows { rows, cursor })
    }

    async fn stripe(
        &self,
        names: Names<'_>,
        query: Query,
        start: Option<&Position>,
    ) -> Result<Stripe, Error> {
        let limit = query.limit;
        let read = query::read(&self.client, names, &query, limit, start, Want::Items).await?;
        let keyed = |item: Item| match item.get(ROLLUPS_SORT_KEY) {
            Some(AttributeValue::S(key)) => Ok((key.clone(), item)),
            other => Err(Error::Unreadable(format!("a rollup item with the sort key {other:?}"))),
        };
        let items = read.items.into_iter().map(keyed).collect::<Result<_, _>>()?;
        Ok(Stripe { items, read_to: read.end.map(|position| position.sort) })
    }
}

/// The buckets that every stripe has been read up to, no more than the limit, and where to go on.
fn merge(stripes: Vec<Stripe>, limit: usize) -> (Vec<Row>, Option<String>) {
    let read_to = stripes.iter().filter_map(|stripe| stripe.read_to.clone()).min();
    let mut buckets: BTreeMap<String, Vec<Item>> = BTreeMap::new();
    for (sort_key, item) in stripes.into_iter().flat_map(|stripe| stripe.items) {
        if read_to.as_ref().is_none_or(|read_to| sort_key <= *read_to) {
            buckets.entry(sort_key).or_default().push(item);
        }
    }
    let is_cut = buckets.len() > limit;
    let rows: Vec<_> = buckets
        .into_iter()
        .take(limit)
        .map(|(sort_key, stripes)| Row { sort_key, stripes })
        .collect();
    let read_to = match rows.last() {
        Some(last) if is_cut => Some(last.sort_key.clone()),
        _ => read_to,
    };
    (rows, read_to)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// A stripe as the keys it was read to, `…` behind them if there may be more.
    fn stripe(text: &str) -> Stripe {
        let keys: Vec<_> = text.split_whitespace().filter(|key| *key != "…").collect();
        let items = keys
            .iter()
            .map(|key| ((*key).to_owned(), Item::from(HashMap::<String, AttributeValue>::new())));
        let last = keys.last().map(|key| (*key).to_owned());
        Stripe { items: items.collect(), read_to: last.filter(|_| text.ends_with('…')) }
    }

    /// Merged rows as key and number of stripes, and where to go on.
    fn check(stripes: &[&str], limit: usize, rows: &str, read_to: Option<&str>) {
        let (merged, end) = merge(stripes.iter().map(|text| stripe(text)).collect(), limit);
        let merged: Vec<_> =
            merged.iter().map(|row| format!("{}*{}", row.sort_key, row.stripes.len())).collect();
        assert_eq!((merged.join(" ").as_str(), end.as_deref()), (rows, read_to), "{stripes:?}");
    }

    #[test]
    fn one_stripe_is_as_it_was_read() {
        check(&["a b c"], 10, "a*1 b*1 c*1", None);
        check(&["a b …"], 2, "a*1 b*1", Some("b"));
        check(&[""], 2, "", None);
    }

    #[test]
    fn buckets_come_as_far_as_every_stripe_was_read() {
        check(&["a b d …", "a c …"], 10, "a*2 b*1 c*1", Some("c"));
        check(&["a b d", "a c …", ""], 10, "a*2 b*1 c*1", Some("c"));
        check(&["a b d", "a c"], 10, "a*2 b*1 c*1 d*1", None);
    }

    #[test]
    fn no_page_has_more_buckets_than_asked_for() {
        check(&["a c", "b d"], 3, "a*1 b*1 c*1", Some("c"));
        check(&["a c …", "b d …"], 2, "a*1 b*1", Some("b"));
        check(&["a c", "b"], 3, "a*1 b*1 c*1", None);
    }
}
