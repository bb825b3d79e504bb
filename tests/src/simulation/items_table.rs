//! The table of items as DynamoDB shows it to a build: its description, and its items page by page.
//!
//! Its items are the world's sales, and the rollup items that are stored beside them.
//!
//! **Invariant:** a page shows the items as they are at the moment of its read. An item keeps its
//! place in the order of all pages, so one that exists throughout a scan is met once.

use serde_json::{Value, json};
use weir_rollups::fnv::fnv1a;

use super::dynamodb::DynamoDb;
use super::shop::{ROLLUPS_TABLE, TABLE};
use super::source::{ARN, EPOCH_SECS};
use super::world::World;

/// The most items of a page.
const PAGE_ITEMS: usize = 3;
/// How long before its stream the table was created.
const AGE_SECS: u64 = 30 * 24 * 60 * 60;
/// The read units that a page consumes.
const PAGE_UNITS: f64 = 0.5;

/// The place of an item in the order of a scan.
type Place = (u64, String, String);

/// Returns the description of one of the tables.
pub(crate) fn describe(world: &World, table: &str) -> Option<Value> {
    let created_at = EPOCH_SECS - AGE_SECS;
    let key = |name: &str, kind: &str| json!({ "AttributeName": name, "KeyType": kind });
    let mut description = json!({
        "TableName": table,
        "TableId": format!("00000000-0000-0000-0000-{table:0>12}"),
        "TableStatus": "ACTIVE",
        "CreationDateTime": created_at as f64,
        "KeySchema": [key("PK", "HASH"), key("SK", "RANGE")],
    });
    match table {
        ROLLUPS_TABLE => {}
        TABLE => {
            description["ItemCount"] = json!(world.source().items().len());
            description["LatestStreamArn"] = json!(ARN);
            description["LatestStreamLabel"] = json!(ARN.rsplit('/').next());
            description["StreamSpecification"] =
                json!({ "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" });
        }
        _ => return None,
    }
    Some(json!({ "Table": description }))
}

/// Returns a page of the items.
pub(crate) fn scan(world: &World, dynamodb: &DynamoDb, request: &Value) -> Value {
    let number = |name: &str| request[name].as_u64();
    let (segment, segments) = (number("Segment").unwrap_or(0), number("TotalSegments"));
    let limit = number("Limit").map_or(PAGE_ITEMS, |limit| PAGE_ITEMS.min(limit as usize));
    let sales: Vec<_> = world.source().items().iter().map(|(id, sale)| sale.image(*id)).collect();
    let mut items: Vec<(Place, Value)> =
        sales.into_iter().chain(dynamodb.colocated()).map(|item| (place(&item), item)).collect();
    items.retain(|((hash, ..), _)| hash % segments.unwrap_or(1) == segment);
    if request["ExclusiveStartKey"].is_object() {
        let start = place(&request["ExclusiveStartKey"]);
        items.retain(|(place, _)| *place > start);
    }
    items.sort_by(|(left, _), (right, _)| left.cmp(right));
    items.truncate(limit);
    let items: Vec<_> = items.into_iter().map(|(_, item)| item).collect();
    let mut page = json!({
        "Count": items.len(),
        "ScannedCount": items.len(),
        "ConsumedCapacity": { "TableName": TABLE, "CapacityUnits": PAGE_UNITS },
    });
    if let Some(last) = items.last().filter(|_| items.len() == limit) {
        page["LastEvaluatedKey"] = json!({ "PK": last["PK"], "SK": last["SK"] });
    }
    page["Items"] = items.into();
    page
}

fn place(item: &Value) -> Place {
    let text = |name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
    let (partition, sort) = (text("PK"), text("SK"));
    (fnv1a(partition.bytes()), partition, sort)
}
