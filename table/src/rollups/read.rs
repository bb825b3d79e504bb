//! Reading rollup items and rows: ranges of sort keys, ranks of the index, and items by their keys.
//!
//! **Invariant:** what is read of the table is strongly consistent; an index is not.

use std::collections::HashMap;
use std::ops::ControlFlow;

use aws_sdk_dynamodb::types::{
    AttributeValue as SdkValue, KeysAndAttributes, ReturnConsumedCapacity,
};
use weir_model::table::{RANK, RANKS_INDEX, ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY, SCORE};
use weir_model::{AttributeValue, Item, Number};
use weir_rollups::RollupKey;

use super::Rollups;
use super::pause::pause;
use crate::budget::{Reservation, Unit};
use crate::error::Error;
use crate::items::MAX_BATCH_KEYS;
use crate::query::{self, Names, Query, SortRange, Want};

/// How often keys are asked for again that DynamoDB has left.
const MAX_ROUNDS: u32 = 8;
/// How many rows are read at first where a few are wanted, and at most after that.
const MAX_PAGE: u32 = 1000;

/// A range of sort keys of a partition, both ends included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// Whether it is in the table of items, where items of others may be in it: those are passed
    /// over.
    pub is_colocated: bool,
    /// The partition.
    pub partition: String,
    /// The least sort key.
    pub low: String,
    /// The greatest.
    pub high: String,
}

/// A rollup item or row, as the index ranks it.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    /// Where it is.
    pub key: RollupKey,
    /// The score that ranks it.
    pub score: Number,
}

impl Range {
    /// The keys that begin with a text.
    pub fn beginning_with(partition: String, prefix: &str) -> Self {
        let high = format!("{prefix}{}", char::MAX);
        Self { is_colocated: false, partition, low: prefix.to_owned(), high }
    }
}

impl Rollups {
    /// Reads a range in order, or from its end, until the visitor breaks; how many items were read.
    ///
    /// `wanted` is how many items are likely to be enough.
    ///
    /// # Errors
    /// The errors of DynamoDB.
    pub async fn walk(
        &self,
        range: &Range,
        descending: bool,
        wanted: Option<u32>,
        mut visit: impl FnMut(&str, &Item) -> ControlFlow<()>,
    ) -> Result<usize, Error> {
        let place = self.place_of(range.is_colocated);
        let names = Names {
            table: place.table,
            index: None,
            partition_key: place.partition_key,
            sort_key: Some(place.sort_key),
            primary: (place.partition_key, Some(place.sort_key)),
        };
        let query = Query {
            partition: range.partition.clone(),
            range: SortRange::Between(range.low.clone(), range.high.clone()),
            descending,
            ..Query::default()
        };
        let (mut start, mut limit, mut read) = (None, wanted, 0);
        loop {
            let behind = start.as_ref();
            let (client, budget) = (&self.client, &self.budget);
            let page =
                query::read(client, budget, names, &query, limit, behind, Want::Items).await?;
            read += page.examined;
            for item in page.items.iter().filter(|item| place.has(item)) {
                let Some(AttributeValue::S(sort)) = item.get(place.sort_key) else {
                    let place = &range.partition;
                    return Err(Error::Unreadable(format!("an item of {place} without sort key")));
                };
                if visit(sort, item).is_break() {
                    return Ok(read);
                }
            }
            start = page.end;
            if start.is_none() {
                return Ok(read);
            }
            limit = limit.map(|limit| limit.saturating_mul(4).min(MAX_PAGE));
        }
    }

    /// Reads all of a range, in order.
    ///
    /// # Errors
    /// The errors of DynamoDB.
    pub async fn range(&self, range: &Range) -> Result<Vec<(String, Item)>, Error> {
        let mut items = Vec::new();
        let keep = |sort: &str, item: &Item| {
            items.push((sort.to_owned(), item.clone()));
            ControlFlow::Continue(())
        };
        self.walk(range, false, None, keep).await?;
        Ok(items)
    }

    /// Reads what has a rank, the greatest score first or the least, until the visitor breaks; how
    /// many entries were read.
    ///
    /// It begins behind an entry, which need not be there any more, or at the end. `wanted` is how
    /// many are likely to be enough.
    ///
    /// # Errors
    /// The errors of DynamoDB.
    pub async fn walk_ranks(
        &self,
        rank: &str,
        descending: bool,
        behind: Option<&Ranked>,
        wanted: u32,
        mut visit: impl FnMut(Ranked) -> ControlFlow<()>,
    ) -> Result<usize, Error> {
        let (mut limit, mut read) = (wanted, 0);
        let mut start = behind.map(|entry| {
            let rank = (RANK.to_owned(), SdkValue::S(rank.to_owned()));
            let score = (SCORE.to_owned(), SdkValue::N(entry.score.to_string()));
            let key = self.place(&entry.key).key(&entry.key);
            key.into_iter().chain([rank, score]).collect::<HashMap<_, _>>()
        });
        loop {
            let request = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(RANKS_INDEX)
                .key_condition_expression("#rank = :rank")
                .expression_attribute_names("#rank", RANK)
                .expression_attribute_values(":rank", SdkValue::S(rank.to_owned()))
                .scan_index_forward(!descending)
                .limit(i32::try_from(limit).unwrap_or(i32::MAX))
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .set_exclusive_start_key(start);
            let reservation = self.budget.reserve_page(Some(limit)).await?;
            let page = request.send().await.map_err(|error| Error::from_sdk(&self.table, error))?;
            reservation.settle(&page.consumed_capacity, Unit::Eventual);
            let items = page.items.unwrap_or_default();
            read += items.len();
            for item in items {
                if visit(ranked(&item)?).is_break() {
                    return Ok(read);
                }
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(read);
            }
            limit = limit.saturating_mul(4).min(MAX_PAGE);
        }
    }

    /// Reads rollup items by their keys, in their order; `None` for one that is not there. If the
    /// budget does not last for all, the answer is of the first keys.
    ///
    /// # Errors
    /// [`Error::OverBudget`] if it does not last for the first one; else what DynamoDB says.
    pub async fn get_all(&self, keys: &[RollupKey]) -> Result<Vec<Option<Item>>, Error> {
        let mut found: HashMap<RollupKey, Item> = HashMap::new();
        let mut read = 0;
        while read < keys.len() {
            let wanted = (keys.len() - read).min(MAX_BATCH_KEYS);
            let reserved = match self.budget.reserve_items(wanted).await {
                Err(Error::OverBudget { .. }) if read > 0 => break,
                reserved => reserved,
            };
            let (count, reservation) = reserved?;
            match self.get_some(&keys[read..read + count], reservation, &mut found).await {
                Err(Error::OverBudget { .. }) if read > 0 => break,
                got => got?,
            }
            read += count;
        }
        Ok(keys[..read].iter().map(|key| found.get(key).cloned()).collect())
    }

    /// Reads a batch of rollup items, and what DynamoDB left of it again.
    async fn get_some(
        &self,
        keys: &[RollupKey],
        mut reservation: Reservation,
        found: &mut HashMap<RollupKey, Item>,
    ) -> Result<(), Error> {
        let mut wanted: Vec<_> = keys.iter().map(|key| self.place(key).key(key)).collect();
        for round in 0..=MAX_ROUNDS {
            let request = KeysAndAttributes::builder()
                .set_keys(Some(wanted))
                .consistent_read(true)
                .build()
                .expect("keys are set");
            let request = self
                .client
                .batch_get_item()
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .request_items(&self.table, request);
            let answer =
                request.send().await.map_err(|error| Error::from_sdk(&self.table, error))?;
            reservation.settle(answer.consumed_capacity(), Unit::Strong);
            for item in answer.responses.unwrap_or_default().into_values().flatten() {
                found.insert(rollup_key(&item)?, item.into());
            }
            let left = answer.unprocessed_keys.unwrap_or_default().remove(&self.table);
            wanted = left.map(|left| left.keys).unwrap_or_default();
            if wanted.is_empty() {
                return Ok(());
            }
            pause(&keys[0].partition, round + 1).await;
            reservation = self.budget.reserve_batch(wanted.len()).await?;
        }
        Err(Error::throttled(&self.table))
    }
}

fn ranked(item: &HashMap<String, SdkValue>) -> Result<Ranked, Error> {
    let key = rollup_key(item)?;
    let score = item.get(SCORE).and_then(|score| score.as_n().ok()?.parse().ok());
    let unreadable = || Error::Unreadable(format!("the score of {key}"));
    Ok(Ranked { score: score.ok_or_else(unreadable)?, key })
}

/// Returns the key of an item of the table of rollups.
pub(super) fn rollup_key(item: &HashMap<String, SdkValue>) -> Result<RollupKey, Error> {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    let key = text(ROLLUPS_PARTITION_KEY).zip(text(ROLLUPS_SORT_KEY));
    let unreadable = || Error::Unreadable(format!("a rollup item without its key: {item:?}"));
    key.map(|(partition, sort)| RollupKey::new(partition, sort)).ok_or_else(unreadable)
}
