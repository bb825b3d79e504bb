//! The table of items and the table of rollups.
//!
//! Both outlive the stack: they are retained when it is deleted, and protected from being deleted
//! at all.
//!
//! **Invariant:** the keys, indexes and the stream are those that `weir dev` makes from the same
//! definition.

use serde_json::{Value, json};
use weir_model::table::{
    RANK, RANKS_INDEX, ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY, ROLLUPS_TTL, SCORE,
};
use weir_model::{Model, TableDefinition};

use super::intrinsics::{only_if, reference};
use super::logical_ids::{ROLLUPS, TABLE};
use super::metadata::answered;
use super::parameters::{DELETION_PROTECTION, KMS_KEY, ROLLUPS_TABLE_NAME, TABLE_NAME, when};
use super::resources::{Options, Resources};

/// Why a key of the account is an option.
const ENCRYPTION: (&str, &str) = (
    "CKV_AWS_119",
    "encrypted with a key that DynamoDB owns, as every table is, for nothing; a key of the \
     account, which is charged for each use, encrypts it if KmsKeyArn names one",
);

/// Adds both tables, or the table of rollups alone if the other one exists already.
pub(super) fn add(resources: &mut Resources, model: &Model, options: &Options) {
    if !options.existing_table {
        resources.add(TABLE, items(&model.table));
    }
    resources.add(ROLLUPS, retained(rollups(model.needs_ranks())));
}

fn items(table: &TableDefinition) -> Value {
    let keys = [&table.partition_key].into_iter().chain(&table.sort_key);
    let mut items = properties(TABLE_NAME, &keys.map(String::as_str).collect::<Vec<_>>());
    items["AttributeDefinitions"] = attributes(&table.key_attributes());
    items["StreamSpecification"] = json!({ "StreamViewType": "NEW_AND_OLD_IMAGES" });
    if !table.indexes.is_empty() {
        items["GlobalSecondaryIndexes"] = indexes(table);
    }
    if let Some(ttl) = &table.ttl {
        items["TimeToLiveSpecification"] = time_to_live(ttl);
    }
    let mut items = retained(items);
    // The processor can tell by their ages that the rollups have counted every item: see
    // `weir_table::state`.
    items["DependsOn"] = json!(ROLLUPS);
    items
}

fn rollups(is_ranked: bool) -> Value {
    let mut rollups = properties(ROLLUPS_TABLE_NAME, &[ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY]);
    rollups["TimeToLiveSpecification"] = time_to_live(ROLLUPS_TTL);
    if is_ranked {
        let keys = [ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY, RANK].map(|name| (name, "S"));
        let attributes = keys.into_iter().chain([(SCORE, "N")]);
        rollups["AttributeDefinitions"] = attributes.map(definition).collect();
        rollups["GlobalSecondaryIndexes"] = json!([{
            "IndexName": RANKS_INDEX,
            "KeySchema": key_schema(&[RANK, SCORE]),
            "Projection": { "ProjectionType": "KEYS_ONLY" },
        }]);
    }
    rollups
}

fn time_to_live(attribute: &str) -> Value {
    json!({ "AttributeName": attribute, "Enabled": true })
}

fn properties(name: &str, keys: &[&str]) -> Value {
    json!({
        "TableName": reference(name),
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": key_schema(keys),
        "AttributeDefinitions": attributes(keys),
        "PointInTimeRecoverySpecification": { "PointInTimeRecoveryEnabled": true },
        "DeletionProtectionEnabled": reference(DELETION_PROTECTION),
        "SSESpecification": only_if(
            when::KEY,
            json!({ "SSEEnabled": true, "SSEType": "KMS", "KMSMasterKeyId": reference(KMS_KEY) }),
        ),
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

/// Returns the partition key and, where there is one, the sort key.
fn key_schema(keys: &[&str]) -> Value {
    let element = |(name, kind)| json!({ "AttributeName": name, "KeyType": kind });
    keys.iter().zip(["HASH", "RANGE"]).map(element).collect()
}

/// Keys are texts.
fn attributes(names: &[&str]) -> Value {
    names.iter().map(|name| definition((name, "S"))).collect()
}

fn definition((name, kind): (&str, &str)) -> Value {
    json!({ "AttributeName": name, "AttributeType": kind })
}

fn indexes(table: &TableDefinition) -> Value {
    let index = |index: &weir_model::Index| {
        let keys = [&index.partition_key].into_iter().chain(&index.sort_key);
        json!({
            "IndexName": index.name,
            "KeySchema": key_schema(&keys.map(String::as_str).collect::<Vec<_>>()),
            "Projection": { "ProjectionType": "ALL" },
        })
    };
    table.indexes.iter().map(index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rollups_have_the_index_of_ranks_only_where_a_rollup_needs_it() {
        let (plain, ranked) = (rollups(false), rollups(true));
        assert_eq!(plain["GlobalSecondaryIndexes"], Value::Null);
        assert_eq!(plain["AttributeDefinitions"], attributes(&["PK", "SK"]));
        let index = &ranked["GlobalSecondaryIndexes"][0];
        assert_eq!(index["IndexName"], "ranks");
        assert_eq!(index["KeySchema"], key_schema(&["rank", "score"]));
        assert_eq!(index["Projection"], json!({ "ProjectionType": "KEYS_ONLY" }));
        let types = ranked["AttributeDefinitions"].as_array().expect("a list").iter();
        let types = types.map(|known| (known["AttributeName"].as_str(), &known["AttributeType"]));
        let score = types.clone().find(|(name, _)| *name == Some("score")).expect("its sort key");
        assert_eq!((types.count(), score.1), (4, &json!("N")));
        for table in [plain, ranked] {
            assert_eq!(table["TimeToLiveSpecification"], time_to_live("expires_at"));
        }
    }
}
