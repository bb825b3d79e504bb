//! The items of the table of rollups, a page at a time, and some of them as they are at one moment.
//!
//! A verification reads every rollup item and detail item. No request does.

use aws_sdk_dynamodb::types::{Get, TransactGetItem};
use weir_model::Item;
use weir_rollups::RollupKey;

use super::Rollups;
use super::read::rollup_key;
use crate::budget::Unit;
use crate::error::Error;
use crate::items::get_together;
use crate::scan::{ScanPage, ScanPosition, Segment};

impl Rollups {
    /// Reads the next page of a segment of the table of rollups, strongly consistent: up to `limit`
    /// items, or to the megabyte that DynamoDB reads at once. Some items are no rollup items.
    ///
    /// # Errors
    /// [`Error::OverBudget`]; else the error of DynamoDB.
    pub async fn scan_segment(
        &self,
        segment: Segment,
        position: Option<&ScanPosition>,
        limit: Option<u32>,
    ) -> Result<ScanPage<(RollupKey, Item)>, Error> {
        let request = segment.request(self.client.scan(), position, limit).table_name(&self.table);
        let reservation = self.budget.reserve_page(limit).await?;
        let answer = request.send().await.map_err(|error| Error::from_sdk(&self.table, error))?;
        reservation.settle(&answer.consumed_capacity, Unit::Strong);
        let consumed = answer.consumed_capacity.and_then(|consumed| consumed.capacity_units);
        let items = answer.items.unwrap_or_default().into_iter();
        let items = items.map(|item| Ok((rollup_key(&item)?, Item::from(item))));
        Ok(ScanPage {
            items: items.collect::<Result<_, Error>>()?,
            read_units: consumed.unwrap_or_default(),
            next: ScanPosition::new(answer.last_evaluated_key),
        })
    }

    /// Reads rollup items and detail items as they are at one moment, in the order of the keys:
    /// up to 100 different ones. While a write is at one of them they are asked for again, for a
    /// while.
    ///
    /// # Errors
    /// As [`Table::transact_get`](crate::Table::transact_get).
    pub async fn get_together(&self, keys: &[RollupKey]) -> Result<Vec<Option<Item>>, Error> {
        let get = |key: &RollupKey| {
            let place = self.place(key);
            let get = Get::builder().table_name(place.table).set_key(Some(place.key(key)));
            TransactGetItem::builder().get(get.build().expect("a key and a table are set")).build()
        };
        let gets = keys.iter().map(get).collect();
        get_together(&self.client, &self.budget, &self.table, gets).await
    }
}
