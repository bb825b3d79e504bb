//! A table of numbered events whose stream is read, and its rollups table, where checkpoints are
//! kept.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use weir_processor::mapping::{EventSourceMapping, Settings, Source};
use weir_rollups::SequenceNumber;
use weir_table::checkpoints::{Checkpoints, PARTITION_PREFIX};
use weir_table::{Connection, Table};
use weir_testing::conflicts::Transaction;
use weir_testing::dynamodb::{TestDynamo, with_own_tables};
use weir_testing::fixture::fixture;
use weir_testing::http::Client;
use weir_testing::recount::scan;
use weir_testing::running::Running;

use crate::mapping::seen::name;

/// The two tables, in a DynamoDB that the test has to itself or shares.
#[derive(Clone)]
pub(crate) struct Events {
    pub(crate) table_name: String,
    rollups_table: String,
    url: String,
    client: Client,
    connection: Connection,
}

impl Events {
    /// Makes both tables, empty.
    pub(crate) async fn start() -> Self {
        let dynamodb = TestDynamo::start().await;
        let connection = dynamodb.connect().await;
        let model = with_own_tables(fixture("numbers").model());
        let (table_name, rollups_table) =
            (model.table.name.clone(), model.table.rollups_table.clone());
        Table::new(&connection, model.into()).provision().await.expect("the tables");
        let client = Client::new(&dynamodb.url);
        Self { table_name, rollups_table, url: dynamodb.url, client, connection }
    }

    /// Puts the events of these numbers into the table, in this order.
    pub(crate) async fn put(&self, numbers: impl IntoIterator<Item = usize>) {
        for number in numbers {
            let item = json!({
                "PK": { "S": "ITEM" },
                "SK": { "S": name(number) },
                "number": { "N": number.to_string() },
            });
            let request = json!({ "TableName": self.table_name, "Item": item });
            self.client.dynamodb("PutItem", &request).await;
        }
    }

    /// The way to the DynamoDB.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The checkpoints in the rollups table.
    pub(crate) fn checkpoints(&self) -> Checkpoints {
        self.checkpoints_in(&self.rollups_table)
    }

    /// The same, through a connection by which some writes conflict.
    pub(crate) fn checkpoints_before(&self, transaction: &Transaction) -> Checkpoints {
        let connection = transaction.before(self.connection.clone());
        Checkpoints::new(connection.dynamodb(), &self.rollups_table)
    }

    /// Checkpoints in another table.
    pub(crate) fn checkpoints_in(&self, table_name: &str) -> Checkpoints {
        Checkpoints::new(self.connection.dynamodb(), table_name)
    }

    /// The items of the rollups table.
    pub(crate) async fn rollups(&self) -> Vec<Value> {
        scan(&self.url, &self.rollups_table).await
    }

    /// Makes a checkpoint of a stream one that was saved then.
    pub(crate) async fn backdate(&self, label: &str, shard_id: &str, updated_at: &str) {
        let request = json!({
            "TableName": self.rollups_table,
            "Key": { "PK": { "S": format!("{PARTITION_PREFIX}{label}") }, "SK": { "S": shard_id } },
            "UpdateExpression": "SET updated_at = :then",
            "ExpressionAttributeValues": { ":then": { "S": updated_at } },
        });
        self.client.dynamodb("UpdateItem", &request).await;
    }

    /// The label of the stream that a poller reads, or has read.
    pub(crate) async fn label(&self) -> String {
        let kept = self.rollups().await;
        let keys = kept.iter().filter_map(|item| item["PK"]["S"].as_str());
        let mut labels = keys.filter_map(|key| key.strip_prefix(PARTITION_PREFIX));
        labels.next().expect("a stream label").to_owned()
    }

    /// Sets a number of the lease of a stream.
    pub(crate) async fn set_lease(&self, label: &str, attribute: &str, value: u64) {
        let request = json!({
            "TableName": self.rollups_table,
            "Key": { "PK": { "S": format!("{PARTITION_PREFIX}{label}") }, "SK": { "S": "@lease" } },
            "UpdateExpression": "SET #name = :value",
            "ExpressionAttributeNames": { "#name": attribute },
            "ExpressionAttributeValues": { ":value": { "N": value.to_string() } },
        });
        self.client.dynamodb("UpdateItem", &request).await;
    }

    /// The time of this machine, in milliseconds since the epoch.
    pub(crate) fn epoch_ms(&self) -> u64 {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        since_epoch.as_millis() as u64
    }

    /// The sequence numbers of all checkpoints.
    pub(crate) async fn saved(&self) -> Vec<SequenceNumber> {
        let items = self.rollups().await;
        let saved = items.iter().filter_map(|item| item["sequence_number"]["S"].as_str());
        saved.map(|text| text.parse().expect("a sequence number")).collect()
    }

    /// Reads the table's stream.
    pub(crate) fn read<F>(
        &self,
        change: impl FnOnce(&mut Settings),
        handler: impl Fn(Vec<u8>) -> F + Send + Sync + 'static,
    ) -> Running
    where
        F: Future<Output = Result<Vec<u8>, String>> + Send + 'static,
    {
        self.read_from(&self.connection, self.checkpoints(), change, handler)
    }

    /// Reads the stream that a streams endpoint serves.
    pub(crate) fn read_from<F>(
        &self,
        streams: &Connection,
        checkpoints: Checkpoints,
        change: impl FnOnce(&mut Settings),
        handler: impl Fn(Vec<u8>) -> F + Send + Sync + 'static,
    ) -> Running
    where
        F: Future<Output = Result<Vec<u8>, String>> + Send + 'static,
    {
        let mut settings = Settings::new(Source::Table(self.table_name.clone()), "test");
        settings.idle_pause = std::time::Duration::from_millis(20);
        change(&mut settings);
        Running::start(EventSourceMapping::new(streams, checkpoints, settings), handler)
    }
}
