//! A rollup item that cannot take any change until it is mended.

use serde_json::{Value, json};
use tests::http::Client;

use crate::club::{Club, id};

/// The rollup item of all time in which one member is counted, and no other.
pub(crate) struct Spoilt<'a> {
    club: &'a Club,
    key: Value,
}

impl<'a> Spoilt<'a> {
    /// Gives the rollup item of the member of this number a watermark for the shard that is none.
    pub(crate) async fn of(club: &'a Club, number: usize, shard: &str) -> Self {
        let (_, label) = club.system.stream_arn.rsplit_once('/').expect("the ARN of a stream");
        let partition = format!("points#{}", id(number));
        let key = json!({ "PK": { "S": partition }, "SK": { "S": "all" } });
        let mut item = key.clone();
        item[aggregates::watermark::name(label, shard)] = json!({ "S": "?" });
        let spoilt = Self { club, key };
        spoilt.call("PutItem", "Item", &item).await;
        spoilt
    }

    /// Removes the rollup item, so that it is counted anew.
    pub(crate) async fn mend(self) {
        self.call("DeleteItem", "Key", &self.key).await;
    }

    async fn call(&self, operation: &str, field: &str, value: &Value) {
        let table = &self.club.system.model.table.rollups_table;
        let request = json!({ "TableName": table, field: value });
        Client::new(&self.club.dynamodb.url).dynamodb(operation, &request).await;
    }
}
