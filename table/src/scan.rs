//! Scans of the table of items: one page of one segment, strongly consistent.
//!
//! Builds, verifications, plans and drafts scan it. The caller decides how many segments are read
//! at the same time, and how fast.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue as SdkValue, ReturnConsumedCapacity};
use weir_model::Item;

use crate::budget::Unit;
use crate::error::Error;
use crate::items::Table;

/// One of the segments into which DynamoDB divides a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The position of the segment, from 0.
    pub index: u32,
    /// The number of segments: 1 to 1,000,000.
    pub total: u32,
}

/// The place in a segment at which a page ended.
#[derive(Clone, Debug, PartialEq)]
pub struct ScanPosition(HashMap<String, SdkValue>);

/// A page of a segment.
#[derive(Clone, Debug)]
pub struct ScanPage<I = Item> {
    /// The items; there may be none before the segment ends.
    pub items: Vec<I>,
    /// The read units that the page consumed, each of 4 KB.
    pub read_units: f64,
    /// Where the next page begins; `None` at the end of the segment.
    pub next: Option<ScanPosition>,
}

impl Segment {
    /// Returns a request of the next page of the segment, strongly consistent.
    pub(crate) fn request(
        self,
        request: ScanFluentBuilder,
        position: Option<&ScanPosition>,
        limit: Option<u32>,
    ) -> ScanFluentBuilder {
        let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        request
            .segment(number(self.index))
            .total_segments(number(self.total))
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .set_limit(limit.map(number))
            .set_exclusive_start_key(position.map(|position| position.0.clone()))
    }
}

impl ScanPosition {
    /// Returns the position behind the last key of a page; `None` at the end of a segment.
    pub(crate) fn new(last: Option<HashMap<String, SdkValue>>) -> Option<Self> {
        last.filter(|key| !key.is_empty()).map(Self)
    }
}

impl Table {
    /// Reads the next page of a segment, strongly consistent: up to `limit` items, or to the
    /// megabyte that DynamoDB reads at once. The items are whole, and they are those of everybody
    /// who writes to the table.
    ///
    /// # Errors
    /// [`Error::OverBudget`]; else the error of DynamoDB.
    pub async fn scan_segment(
        &self,
        segment: Segment,
        position: Option<&ScanPosition>,
        limit: Option<u32>,
    ) -> Result<ScanPage, Error> {
        let request = segment.request(self.client.scan(), position, limit).table_name(self.name());
        let reservation = self.budget.reserve_page(limit).await?;
        let answer = request.send().await.map_err(|error| Error::from_sdk(self.name(), error))?;
        reservation.settle(&answer.consumed_capacity, Unit::Strong);
        let consumed = answer.consumed_capacity.and_then(|consumed| consumed.capacity_units);
        let items = answer.items.unwrap_or_default().into_iter().map(Item::from);
        Ok(ScanPage {
            items: items.collect(),
            read_units: consumed.unwrap_or_default(),
            next: ScanPosition::new(answer.last_evaluated_key),
        })
    }
}
