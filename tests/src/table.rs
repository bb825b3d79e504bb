//! A definition's tables in a DynamoDB, and direct access to them.
//!
//! ```text
//! TestTable::open(definition)      table    write and read items
//!                                  rollups  count changes without a stream
//!                                  dynamodb store and scan as another program does
//! ```
//!
//! With HTTP services and an event source mapping around it, it is a
//! [`System`](crate::system::System).

use std::sync::Arc;

use serde_json::{Value, json};
use weir_model::{Entity, Item, ItemKey, Model};
use weir_rollups::{Change, Image};
use weir_table::{Connection, Rollups, Table};

use crate::dynamodb::{TestDynamo, with_own_tables};
use crate::http::Client;
use crate::recount::{Rollup, assert_all_exact, scan};
use crate::{changes, json};

/// A table and its rollups table in a DynamoDB, both of this test alone.
pub struct TestTable {
    /// The definition, with the names of the test's own tables.
    pub model: Arc<Model>,
    /// The table of items.
    pub table: Table,
    /// The table of rollups.
    pub rollups: Rollups,
    /// The DynamoDB that has both.
    pub dynamodb: TestDynamo,
    /// The connection of `table` and `rollups`.
    pub connection: Connection,
}

impl TestTable {
    /// Creates the tables of a definition in a DynamoDB of its own.
    ///
    /// # Panics
    /// If the definition is not valid, or the tables cannot be created.
    pub async fn open(definition: &str) -> Self {
        let tables = Self::without_tables(&TestDynamo::start().await, definition).await;
        tables.table.provision().await.expect("tables can be made");
        tables
    }

    /// Connects to a DynamoDB without creating the tables.
    ///
    /// # Panics
    /// If the definition is not valid.
    pub async fn without_tables(dynamodb: &TestDynamo, definition: &str) -> Self {
        let model = definition.parse().unwrap_or_else(|error| panic!("{error:?}"));
        let model = Arc::new(with_own_tables(model));
        let connection = dynamodb.connect().await;
        let table = Table::new(&connection, Arc::clone(&model));
        let rollups = Rollups::new(&connection, &model.table);
        Self { model, table, rollups, dynamodb: dynamodb.clone(), connection }
    }

    /// Returns an entity of the definition.
    ///
    /// # Panics
    /// If the definition does not have it.
    pub fn entity(&self, name: &str) -> &Entity {
        self.model.entity(name).unwrap_or_else(|| panic!("there is no entity `{name}`"))
    }

    /// Returns the item that a JSON object stands for.
    ///
    /// # Panics
    /// If the entity cannot have such an item.
    pub fn item(&self, entity: &str, json: &Value) -> Item {
        json::item(self.entity(entity), json)
    }

    /// Reads the item of a key.
    ///
    /// # Panics
    /// If the request fails.
    pub async fn find(&self, key: &ItemKey) -> Option<Item> {
        self.table.get(&key.primary).await.expect("read")
    }

    /// Returns all items, in DynamoDB's JSON.
    pub async fn stored(&self) -> Vec<Value> {
        scan(&self.dynamodb.url, &self.model.table.name).await
    }

    /// Returns all rollup items, in DynamoDB's JSON.
    pub async fn stored_rollups(&self) -> Vec<Value> {
        scan(&self.dynamodb.url, &self.model.table.rollups_table).await
    }

    /// Puts an item as another program does: DynamoDB's JSON, unchecked.
    ///
    /// # Panics
    /// If DynamoDB rejects it.
    pub async fn store(&self, item: &Value) {
        let request = json!({ "TableName": self.model.table.name, "Item": item });
        Client::new(&self.dynamodb.url).dynamodb("PutItem", &request).await;
    }

    /// Counts changes in the rollups.
    pub async fn count(&self, changes: &[Change]) {
        changes::count(&self.model, &self.rollups, changes).await;
    }

    /// Counts new items of an entity in the rollups, with sequence numbers from this one.
    pub async fn count_items(&self, first_sequence: usize, entity: &str, items: &[Value]) {
        let change = |(position, json)| {
            let new = self.item(entity, json);
            changes::change(first_sequence + position, Image::Insert { new })
        };
        let changes: Vec<_> = items.iter().enumerate().map(change).collect();
        self.count(&changes).await;
    }

    /// Compares the rollups with a recount of the items. Returns how many rollup items there are.
    pub async fn assert_exact(&self, rollups: &[Rollup<'_>]) -> usize {
        assert_all_exact(&self.dynamodb, &self.model, rollups).await
    }

    /// Deletes the tables: see [`TestDynamo::delete_tables`].
    pub async fn delete_tables(&self) {
        self.dynamodb.delete_tables(&self.model).await;
    }
}
