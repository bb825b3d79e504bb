//! A sample of a table that exists, for a draft of its definition.
//!
//! ```text
//! DescribeTable, DescribeTimeToLive, then Scan: a page of each segment in turn
//! ```
//!
//! A segment is a part of the table by the hash of its partition keys, so items of all kinds are
//! met early, however many one partition has. Reads are eventually consistent.
//!
//! **Invariant:** a sample reads no more items and units than its limits say.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeValue as SdkValue, KeySchemaElement, KeyType, ReturnConsumedCapacity, TableDescription,
};
use weir_model::Item;
use weir_model::draft::{SampledIndex, SampledKey, SampledTable};

use crate::budget::{Budget, READ_UNIT_BYTES, Unit};
use crate::connection::Connection;
use crate::error::Error;
use crate::provision::ttl_attribute;
use crate::reads::Reads;

/// The segments of a scan.
const SEGMENTS: i32 = 32;
/// The most read units of a sample.
pub const MAX_SAMPLE_UNITS: u64 = 1_000;
/// The most pages of a sample, of which many may be empty.
const MAX_PAGES: u64 = 400;

/// A segment of which there is more to read.
struct Segment {
    number: i32,
    start: Option<HashMap<String, SdkValue>>,
}

/// Describes a table and reads up to `items` of its items.
///
/// # Errors
/// [`Error::MissingTable`] where there is none, [`Error::Denied`] without the right to
/// `DescribeTable` or `Scan`; else the error of DynamoDB.
pub async fn sample(
    connection: &Connection,
    name: &str,
    items: usize,
) -> Result<SampledTable, Error> {
    let client = connection.dynamodb();
    let described = client.describe_table().table_name(name).send().await;
    let described = described.map_err(|error| Error::from_sdk(name, error))?;
    let description = described.table.unwrap_or_else(|| TableDescription::builder().build());
    let mut sampled = shape(name, &description);
    sampled.ttl = ttl(&client, name).await?;
    scan(&client, &mut sampled, items).await?;
    Ok(sampled)
}

/// Returns the table as its description has it, without items.
fn shape(name: &str, table: &TableDescription) -> SampledTable {
    let key = |schema: &[KeySchemaElement], kind: KeyType| {
        let element = schema.iter().find(|element| *element.key_type() == kind)?;
        let mut defined = table.attribute_definitions().iter();
        let defined = defined.find(|known| known.attribute_name() == element.attribute_name());
        let letter = defined.map(|known| known.attribute_type().as_str()).unwrap_or_default();
        Some(SampledKey { name: element.attribute_name().to_owned(), letter: letter.to_owned() })
    };
    let indexes = table.global_secondary_indexes().iter().map(|index| SampledIndex {
        name: index.index_name().unwrap_or_default().to_owned(),
        partition_key: key(index.key_schema(), KeyType::Hash).unwrap_or_default(),
        sort_key: key(index.key_schema(), KeyType::Range),
    });
    let stream = table.stream_specification().filter(|stream| stream.stream_enabled());
    let view = stream.and_then(|stream| stream.stream_view_type());
    SampledTable {
        name: name.to_owned(),
        partition_key: key(table.key_schema(), KeyType::Hash).unwrap_or_default(),
        sort_key: key(table.key_schema(), KeyType::Range),
        indexes: indexes.collect(),
        stream_view: view.map(|view| view.as_str().to_owned()),
        ..SampledTable::default()
    }
}

/// Returns the attribute by which items expire. One who may not ask for it has none.
async fn ttl(client: &Client, name: &str) -> Result<Option<String>, Error> {
    match ttl_attribute(client, name).await {
        Err(Error::Denied { .. } | Error::Refused { .. }) => Ok(None),
        answer => answer,
    }
}

/// Reads a page of each segment in turn, until there are enough items, or no more.
async fn scan(client: &Client, sampled: &mut SampledTable, items: usize) -> Result<(), Error> {
    let unit = Unit::for_read(false);
    let bytes = MAX_SAMPLE_UNITS * 2 * READ_UNIT_BYTES;
    let budget = Budget::new(Reads { reads: MAX_PAGES, bytes });
    let mut open: Vec<Segment> =
        (0..SEGMENTS).map(|number| Segment { number, start: None }).collect();
    while !open.is_empty() {
        let limit = (items - sampled.items.len()).div_ceil(open.len()).max(1);
        let mut unfinished = Vec::new();
        for segment in open {
            let left = items - sampled.items.len();
            if left == 0 {
                return Ok(());
            }
            let limit = u32::try_from(limit.min(left)).unwrap_or(u32::MAX);
            let reservation = match budget.reserve_page(Some(limit)).await {
                Err(Error::OverBudget { .. }) => return Ok(()),
                reservation => reservation?,
            };
            let answer = client
                .scan()
                .table_name(&sampled.name)
                .segment(segment.number)
                .total_segments(SEGMENTS)
                .limit(i32::try_from(limit).unwrap_or(i32::MAX))
                .set_exclusive_start_key(segment.start)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await
                .map_err(|error| Error::from_sdk(&sampled.name, error))?;
            reservation.settle(&answer.consumed_capacity, unit);
            sampled.items.extend(answer.items.unwrap_or_default().into_iter().map(Item::from));
            if let Some(start) = answer.last_evaluated_key {
                unfinished.push(Segment { number: segment.number, start: Some(start) });
            }
        }
        open = unfinished;
    }
    sampled.is_complete = true;
    Ok(())
}
