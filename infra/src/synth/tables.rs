//! The table of items and the table of rollups.
//!
//! Both outlive the stack: they are retained when it is deleted, and protected from being deleted at all.
//!
//! **Invariant:** the keys, indexes and the stream are those that `weir dev` makes from the same definition.

use model::table::{ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY};
use model::{Model, TableDefinition};
use serde_json::{Value, json};

use super::intrinsics::reference;
use super::metadata::answered;
use super::parameters::{DELETION_PROTECTION, ROLLUPS_TABLE_NAME, TABLE_NAME};
use super::template::Resources;

/// The table of items.
pub(super) const TABLE: &str = "Table";
/// The table of rollups.
pub(super) const ROLLUPS: &str = "RollupsTable";

/// Why there is no key of the customer's own.
const ENCRYPTION: (&str, &str) = (
    "CKV_AWS_119",
    "encrypted with a key that DynamoDB owns, as every table is, for nothing; a key in this account would be charged for each use, and need grants to each reader and writer",
);

/// Adds both tables.
pub(super) fn add(resources: &mut Resources, model: &Model) {
    let table = &model.table;
    let keys = [&table.partition_key].into_iter().chain(&table.sort_key);
    let mut items = properties(TABLE_NAME, &keys.map(String::as_str).collect::<Vec<_>>());
    items["AttributeDefinitions"] = attributes(&table.key_attributes());
    items["StreamSpecification"] = json!({ "StreamViewType": "NEW_AND_OLD_IMAGES" });
    if !table.indexes.is_empty() {
        items["GlobalSecondaryIndexes"] = indexes(table);
    }
    if let Some(ttl) = &table.ttl {
        items["TimeToLiveSpecification"] = json!({ "AttributeName": ttl, "Enabled": true });
    }
    resources.add(TABLE, retained(items));
    let rollups = properties(ROLLUPS_TABLE_NAME, &[ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY]);
    resources.add(ROLLUPS, retained(rollups));
}

fn properties(name: &str, keys: &[&str]) -> Value {
    json!({
        "TableName": reference(name),
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": key_schema(keys),
        "AttributeDefinitions": attributes(keys),
        "PointInTimeRecoverySpecification": { "PointInTimeRecoveryEnabled": true },
        "DeletionProtectionEnabled": reference(DELETION_PROTECTION),
    })
}

fn retained(properties: Value) -> Value {
    let table = json!({
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": properties,
    });
    answered(table, &[ENCRYPTION])
}

/// The partition key and, where there is one, the sort key.
fn key_schema(keys: &[&str]) -> Value {
    let element = |(name, kind)| json!({ "AttributeName": name, "KeyType": kind });
    keys.iter().zip(["HASH", "RANGE"]).map(element).collect()
}

/// Keys are texts.
fn attributes(names: &[&str]) -> Value {
    let definition = |name| json!({ "AttributeName": name, "AttributeType": "S" });
    names.iter().map(definition).collect()
}

fn indexes(table: &TableDefinition) -> Value {
    let index = |index: &model::Index| {
        let keys = [&index.partition_key].into_iter().chain(&index.sort_key);
        json!({
            "IndexName": index.name,
            "KeySchema": key_schema(&keys.map(String::as_str).collect::<Vec<_>>()),
            "Projection": { "ProjectionType": "ALL" },
        })
    };
    table.indexes.iter().map(index).collect()
}
