//! A shop whose tables are created, deleted and altered by hand, as operators do.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde_json::{Value, json};
use tower::ServiceExt;
use weir_model::{Model, TableDefinition};
use weir_processor::Processor;
use weir_processor::mapping::{EventSourceMapping, Settings, Source};
use weir_table::checkpoints::Checkpoints;
use weir_table::{Connection, OpenedState, Rollups, Table};
use weir_testing::dynamodb::TestDynamo;
use weir_testing::fixture::fixture;
use weir_testing::http::Client;
use weir_testing::running::Running;
use weir_testing::table::TestTable;

pub(crate) const ROLLUP: &str = r#"
[rollups.orders]
of = "order"
measures = { orders = "count", revenue = "sum(total)" }
"#;

/// The question that the tests ask.
pub(crate) const QUESTION: &str = "/rollups/orders";

/// Tables of a DynamoDB, and who writes, reads and counts there.
pub(crate) struct Shop {
    pub(crate) model: Arc<Model>,
    pub(crate) connection: Connection,
    client: Client,
}

impl Shop {
    /// A shop that has no table yet.
    pub(crate) async fn without_tables() -> Self {
        Self::with_definition(&fixture("user_orders").with(ROLLUP)).await
    }

    /// A shop under a definition of a test, without tables.
    pub(crate) async fn with_definition(definition: &str) -> Self {
        let dynamodb = TestDynamo::start().await;
        let TestTable { model, connection, .. } =
            TestTable::without_tables(&dynamodb, definition).await;
        Self { model, connection, client: Client::new(&dynamodb.url) }
    }

    /// A shop with both tables, made together.
    pub(crate) async fn new() -> Self {
        let shop = Self::without_tables().await;
        shop.table().provision().await.expect("tables");
        shop
    }

    /// A shop with a table that was there before its rollups, and has such orders.
    pub(crate) async fn with_items_before(orders: &[(&str, i64)]) -> Self {
        let shop = Self::without_tables().await;
        shop.create_items_table().await;
        for (number, total) in orders {
            shop.order(number, *total).await;
        }
        // DynamoDB gives the age of a table in whole seconds.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        shop
    }

    /// The same tables under a definition whose rollup was changed.
    pub(crate) fn changed(&self, from: &str, to: &str) -> Self {
        let rollup = ROLLUP.replace(from, to);
        assert_ne!(rollup, ROLLUP, "it has no `{from}`");
        self.under(&fixture("user_orders").with(&rollup))
    }

    /// The same tables under another definition.
    pub(crate) fn under(&self, definition: &str) -> Self {
        let TableDefinition { name, rollups_table, .. } = &self.model.table;
        let model = definition.parse::<Model>().unwrap_or_else(|error| panic!("{error:?}"));
        let model = Arc::new(model.with_table(name, Some(rollups_table)));
        let (connection, client) = (self.connection.clone(), self.client.clone());
        Self { model, connection, client }
    }

    /// Asks DynamoDB by its JSON API.
    pub(crate) async fn dynamodb(&self, operation: &str, request: &Value) -> Value {
        self.client.dynamodb(operation, request).await
    }

    /// Asserts that the answer is what a recount of the items gives.
    pub(crate) async fn assert_recount(&self) {
        let (mut orders, mut revenue) = (0, 0);
        let request = json!({ "TableName": self.model.table.name, "ConsistentRead": true });
        let items = self.client.dynamodb("Scan", &request).await;
        for item in items["Items"].as_array().expect("items") {
            orders += 1;
            let total = item["total"]["N"].as_str().expect("a number");
            revenue += total.parse::<i64>().expect("a whole number");
        }
        let (counted, sum, answer) = self.answered().await;
        assert_eq!((counted, sum), (orders, revenue), "{answer}");
    }

    pub(crate) fn table(&self) -> Table {
        Table::new(&self.connection, self.model.clone())
    }

    pub(crate) fn checkpoints(&self) -> Checkpoints {
        Checkpoints::new(self.connection.dynamodb(), &self.model.table.rollups_table)
    }

    /// Creates the table of items by hand.
    pub(crate) async fn create_items_table(&self) {
        let attribute = |name: &str| json!({ "AttributeName": name, "AttributeType": "S" });
        let request = json!({
            "TableName": self.model.table.name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [attribute("PK"), attribute("SK")],
            "KeySchema": [
                { "AttributeName": "PK", "KeyType": "HASH" },
                { "AttributeName": "SK", "KeyType": "RANGE" },
            ],
            "StreamSpecification": { "StreamEnabled": true,
            "StreamViewType": "NEW_AND_OLD_IMAGES" },
        });
        self.client.dynamodb("CreateTable", &request).await;
    }

    pub(crate) async fn delete_table(&self, name: &str) {
        self.client.dynamodb("DeleteTable", &json!({ "TableName": name })).await;
    }

    /// Switches the stream of the table off and on again.
    pub(crate) async fn replace_stream(&self) {
        for stream in [
            json!({ "StreamEnabled": false }),
            json!({ "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" }),
        ] {
            let request =
                json!({ "TableName": self.model.table.name, "StreamSpecification": stream });
            self.client.dynamodb("UpdateTable", &request).await;
        }
    }

    /// Deletes the state item of the rollups.
    pub(crate) async fn forget_state(&self) {
        let key = json!({ "PK": { "S": "@definition" }, "SK": { "S": "@definition" } });
        let request = json!({ "TableName": self.model.table.rollups_table, "Key": key });
        self.client.dynamodb("DeleteItem", &request).await;
    }

    /// Sets the count of the rollup item, as no processor would.
    pub(crate) async fn set_count(&self, count: i64) {
        let request = json!({
            "TableName": self.model.table.rollups_table,
            "Key": { "PK": { "S": "orders" }, "SK": { "S": "all" } },
            "UpdateExpression": "SET #count = :count",
            "ExpressionAttributeNames": { "#count": "count" },
            "ExpressionAttributeValues": { ":count": { "N": count.to_string() } },
        });
        self.client.dynamodb("UpdateItem", &request).await;
    }

    /// Puts an order.
    pub(crate) async fn order(&self, number: &str, total: i64) {
        let order = json!({ "user": "ann", "number": number, "total": total });
        let (status, answer) = self.send("PUT", &format!("/order/ann/{number}"), Some(order)).await;
        assert_eq!(status, 200, "{answer}");
    }

    pub(crate) async fn cancel(&self, number: &str) {
        let (status, answer) = self.send("DELETE", &format!("/order/ann/{number}"), None).await;
        assert_eq!(status, 204, "{answer}");
    }

    /// Returns a writer and a reader that have just started.
    pub(crate) fn services(&self, settings: weir_reader::Settings) -> Router {
        let rollups = Rollups::new(&self.connection, &self.model.table);
        let reader = weir_reader::app(self.table(), rollups, settings);
        let app = weir_writer::app(self.table()).merge(reader);
        weir_http::finish(app, &weir_http::routes::all(&self.model))
    }

    /// Asks a reader, or a writer, that has just started.
    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let app = self.services(weir_reader::Settings::default());
        let request =
            Request::builder().method(method).uri(path).header("Content-Type", "application/json");
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = app.oneshot(request.body(body).expect("a request")).await;
        let response = response.expect("an answer");
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// The orders and the revenue that are answered, and the answer.
    pub(crate) async fn answered(&self) -> (i64, i64, Value) {
        let (status, answer) = self.send("GET", QUESTION, None).await;
        assert_eq!(status, 200, "{answer}");
        let number = |name: &str| answer["points"][0][name].as_i64().unwrap_or(0);
        (number("orders"), number("revenue"), answer.clone())
    }

    /// Asserts that the rollup is not answered, and says why.
    pub(crate) async fn assert_unbuilt(&self, reason: &str) {
        let (status, problem) = self.send("GET", QUESTION, None).await;
        assert_eq!(
            (status, &problem["type"]),
            (503, &json!("/problems/rollup-unbuilt")),
            "{problem}"
        );
        let detail = problem["detail"].as_str().expect("a detail");
        assert!(detail.contains("`orders`") && detail.contains(reason), "{detail}");
        let (_, list) = self.send("GET", "/rollups", None).await;
        assert_eq!(list["rollups"][0]["state"], "unbuilt", "{list}");
    }

    /// Starts a processor as a container does.
    pub(crate) async fn process(&self) -> Running {
        let opened = self.table().open_rollups().await.expect("a state");
        self.process_from(opened).await
    }

    /// Starts a processor from a state that was opened.
    pub(crate) async fn process_from(&self, opened: OpenedState) -> Running {
        let described = self.table().describe().await.expect("a table");
        let arn = described.stream_arn().expect("a stream").to_owned();
        let settings = Settings {
            idle_pause: Duration::from_millis(20),
            visibility_margin: Duration::ZERO,
            lease_time_to_live: Duration::from_secs(2),
            ..Settings::new(Source::Stream(arn), "test")
        };
        let mapping = EventSourceMapping::new(&self.connection, self.checkpoints(), settings)
            .of_table(self.table());
        let rollups = Rollups::new(&self.connection, &self.model.table);
        let processor = Processor::new(self.model.clone()).rollups(rollups);
        let processor = Arc::new(processor.state(self.table(), &opened));
        let handler = move |event: Vec<u8>| {
            let processor = processor.clone();
            async move {
                processor
                    .handle_json(&event)
                    .await
                    .map_err(|error| weir_table::error::chain(&error))
            }
        };
        Running::start(mapping, handler)
    }

    /// Counts everything that was written before, and stops.
    pub(crate) async fn count(&self) {
        let running = self.process().await;
        running.catch_up().await;
        running.stop().await;
    }
}
