//! Time to live: the removal of expired items, as DynamoDB does it.
//!
//! The sweep of the embedded DynamoDB also removes items whose time to live passed more than five
//! years ago, which DynamoDB keeps ("Using time to live": such a timestamp "can't be more than five
//! years in the past"). So Weir looks for the items itself and deletes each under the condition
//! that it still has the time to live that was read. A trigger marks the record, see `schema`.

use std::collections::HashMap;

use dynoxide::actions::delete_item::DeleteItemRequest;
use dynoxide::actions::describe_table::DescribeTableRequest;
use dynoxide::actions::describe_time_to_live::DescribeTimeToLiveRequest;
use dynoxide::actions::list_tables::ListTablesRequest;
use dynoxide::actions::scan::ScanRequest;
use dynoxide::{AttributeValue, Database, DynoxideError, Item};

use super::now_secs;

/// The greatest age of a time to live that is acted upon: five years of 365 days.
pub(super) const OLDEST_EXPIRY_SECS: i64 = 5 * 365 * 24 * 60 * 60;
/// The state of a table whose items expire.
const ENABLED: &str = "ENABLED";
/// The items read at once; requests wait for no more than these.
const PAGE_ITEMS: usize = 100;

/// Removes the expired items of all tables and returns their number. Requests that arrive on this
/// thread meanwhile have their turn after each page.
pub(super) async fn sweep(database: &Database) -> Result<usize, DynoxideError> {
    let now = now_secs();
    let mut removed = 0;
    let mut start = None;
    loop {
        let tables = ListTablesRequest { exclusive_start_table_name: start, limit: None };
        let tables = database.list_tables(tables)?;
        for table in &tables.table_names {
            match sweep_table(database, table, now).await {
                // The table was deleted between two pages.
                Err(DynoxideError::ResourceNotFoundException(_)) => {}
                swept => removed += swept?,
            }
        }
        start = tables.last_evaluated_table_name;
        if start.is_none() {
            return Ok(removed);
        }
    }
}

async fn sweep_table(database: &Database, table: &str, now: i64) -> Result<usize, DynoxideError> {
    let request = DescribeTimeToLiveRequest { table_name: table.to_owned() };
    let state = database.describe_time_to_live(request)?.time_to_live_description;
    let Some(attribute) = state.attribute_name.filter(|_| state.time_to_live_status == ENABLED)
    else {
        return Ok(0);
    };
    let description = DescribeTableRequest { table_name: table.to_owned() };
    let schema = database.describe_table(description)?.table.key_schema;
    let keys: Vec<_> = schema.into_iter().map(|key| key.attribute_name).collect();
    let mut removed = 0;
    let mut start = None;
    loop {
        let page = database.scan(expired(table, &attribute, now, start))?;
        for item in page.items.unwrap_or_default() {
            removed += usize::from(remove(database, table, &attribute, &keys, &item)?);
        }
        start = page.last_evaluated_key;
        if start.is_none() {
            return Ok(removed);
        }
        tokio::task::yield_now().await;
    }
}

/// Returns a page of the items that expired in the last five years.
fn expired(table: &str, attribute: &str, now: i64, start: Option<Item>) -> ScanRequest {
    let number = |secs: i64| AttributeValue::N(secs.to_string());
    ScanRequest {
        table_name: table.to_owned(),
        filter_expression: Some("#until BETWEEN :oldest AND :newest".to_owned()),
        expression_attribute_names: Some(names(attribute)),
        expression_attribute_values: Some(HashMap::from([
            (":oldest".to_owned(), number(now - OLDEST_EXPIRY_SECS)),
            (":newest".to_owned(), number(now - 1)),
        ])),
        limit: Some(PAGE_ITEMS),
        exclusive_start_key: start,
        ..ScanRequest::default()
    }
}

/// Deletes an item unless it has changed. Returns whether it was there.
fn remove(
    database: &Database,
    table: &str,
    attribute: &str,
    keys: &[String],
    item: &Item,
) -> Result<bool, DynoxideError> {
    let Some(until) = item.get(attribute) else { return Ok(false) };
    let key = keys.iter().filter_map(|name| Some((name.clone(), item.get(name)?.clone())));
    let request = DeleteItemRequest {
        table_name: table.to_owned(),
        key: key.collect(),
        condition_expression: Some("#until = :until".to_owned()),
        expression_attribute_names: Some(names(attribute)),
        expression_attribute_values: Some(HashMap::from([(":until".to_owned(), until.clone())])),
        ..DeleteItemRequest::default()
    };
    match database.delete_item(request) {
        Ok(_) => Ok(true),
        Err(DynoxideError::ConditionalCheckFailedException(..)) => Ok(false),
        Err(error) => Err(error),
    }
}

fn names(attribute: &str) -> HashMap<String, String> {
    HashMap::from([("#until".to_owned(), attribute.to_owned())])
}

#[cfg(test)]
mod tests;
