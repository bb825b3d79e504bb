//! Scans for the rollup items of one rollup: their keys, one page of one segment at a time,
//! strongly consistent.
//!
//! A scan is the only way to find every group of a rollup. It is work of an operator's command,
//! never of a request, for DynamoDB reads and bills the whole table.
//!
//! **Invariant:** detail items and bookkeeping items are left out. Keys in the table of rollups are
//! those of the rollup; keys in the table of items may be those of other rollups too.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use weir_model::{ROLLUP_MARK, Rollup};
use weir_rollups::RollupKey;

use super::Rollups;
use crate::budget::Unit;
use crate::error::Error;
use crate::scan::{ScanPosition, Segment};

/// The keys of a page of a segment.
#[derive(Clone, Debug)]
pub struct RollupKeysPage {
    /// The keys; there may be none before the segment ends.
    pub keys: Vec<RollupKey>,
    /// The number of items that DynamoDB read for them.
    pub items_read: u64,
    /// The read units that the page consumed, each of 4 KB.
    pub read_units: f64,
    /// Where the next page begins; `None` at the end of the segment.
    pub next: Option<ScanPosition>,
}

/// The condition on the items that a scan returns.
struct Filter {
    text: &'static str,
    names: HashMap<String, String>,
    values: HashMap<String, SdkValue>,
}

impl Rollups {
    /// Reads the keys of a rollup's items in the next megabyte of a segment of the table that has
    /// them.
    ///
    /// # Errors
    /// [`Error::OverBudget`]; else the error of DynamoDB.
    pub async fn scan_keys(
        &self,
        rollup: &Rollup,
        segment: Segment,
        position: Option<&ScanPosition>,
    ) -> Result<RollupKeysPage, Error> {
        let is_colocated = rollup.is_colocated();
        let place = self.place_of(is_colocated);
        let mut filter = match place.marked_by {
            Some(name) => Filter::marked(name),
            None => Filter::named(&rollup.stored_name()),
        };
        filter.names.insert("#partition".to_owned(), place.partition_key.to_owned());
        filter.names.insert("#sort".to_owned(), place.sort_key.to_owned());
        let request = segment
            .request(self.client.scan(), position, None)
            .table_name(place.table)
            .filter_expression(filter.text)
            .projection_expression("#partition, #sort")
            .set_expression_attribute_names(Some(filter.names))
            .set_expression_attribute_values(Some(filter.values));
        let reservation = self.budget.reserve_page(None).await?;
        let answer = request.send().await.map_err(|error| Error::from_sdk(place.table, error))?;
        reservation.settle(&answer.consumed_capacity, Unit::Strong);
        let consumed = answer.consumed_capacity.and_then(|consumed| consumed.capacity_units);
        let text = |item: &HashMap<String, SdkValue>, name: &str| {
            item.get(name).and_then(|value| value.as_s().ok()).cloned()
        };
        let key = |item: HashMap<String, SdkValue>| {
            let partition = text(&item, place.partition_key)?;
            Some(RollupKey { is_colocated, partition, sort: text(&item, place.sort_key)? })
        };
        // The keys of another client's items in the table of items may be numbers.
        let keys = answer.items.unwrap_or_default().into_iter().filter_map(key);
        Ok(RollupKeysPage {
            keys: keys.collect(),
            items_read: u64::try_from(answer.scanned_count).unwrap_or_default(),
            read_units: consumed.unwrap_or_default(),
            next: ScanPosition::new(answer.last_evaluated_key),
        })
    }
}

impl Filter {
    /// Returns the condition on the rollup items of a name in the table of rollups: behind the name
    /// comes a group, a stripe, or nothing. A detail item has a `.` there.
    fn named(name: &str) -> Self {
        let value = |end: &str| SdkValue::S(format!("{name}{end}"));
        Self {
            text: "#partition = :name OR begins_with(#partition, :group) OR \
                   begins_with(#partition, :stripe)",
            names: HashMap::new(),
            values: HashMap::from([
                (":name".to_owned(), value("")),
                (":group".to_owned(), value("#")),
                (":stripe".to_owned(), value("/")),
            ]),
        }
    }

    /// Returns the condition on rollup items beside items.
    fn marked(attribute: &str) -> Self {
        let mark = SdkValue::S(ROLLUP_MARK.to_owned());
        Self {
            text: "#mark = :mark",
            names: HashMap::from([("#mark".to_owned(), attribute.to_owned())]),
            values: HashMap::from([(":mark".to_owned(), mark)]),
        }
    }
}
