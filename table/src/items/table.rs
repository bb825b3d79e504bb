//! A table of items: its client, its definition, and the budget of its reads.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use weir_model::{Item, Model, PrimaryKey};

use crate::budget::{Budget, ITEM_BYTES, Unit};
use crate::connection::Connection;
use crate::error::Error;
use crate::reads::Reads;
use crate::state::Definitions;

/// A table of items, as its model describes it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Table {
    pub(crate) client: Client,
    pub(crate) model: Arc<Model>,
    /// Whether transactions with a token leave a receipt in the rollups table.
    pub(super) keeps_receipts: bool,
    /// The budget that its reads spend.
    pub(crate) budget: Budget,
    /// The part that is reserved for reads which cannot be left for a next page.
    pub(crate) kept: Reads,
    /// The definitions that rollups were counted under.
    pub(crate) definitions: Definitions,
}

impl Table {
    /// The table that the model is about.
    pub fn new(connection: &Connection, model: Arc<Model>) -> Self {
        Self {
            client: connection.dynamodb(),
            definitions: Definitions::new(&model),
            model,
            keeps_receipts: false,
            budget: Budget::unlimited(),
            kept: Reads::default(),
        }
    }

    /// The same table under another definition of it.
    #[must_use]
    pub fn with_definition(&self, model: Arc<Model>) -> Self {
        Self { definitions: Definitions::new(&model), model, ..self.clone() }
    }

    /// The same table, whose reads spend a budget. Without one they have no limit.
    #[must_use]
    pub fn with_budget(&self, budget: &Budget) -> Self {
        Self { budget: budget.clone(), kept: Reads::default(), ..self.clone() }
    }

    /// The same table, whose reads that can be left for a next page keep this of the budget.
    pub(crate) fn keeping(&self, kept: Reads) -> Self {
        Self { kept, ..self.clone() }
    }

    /// The budget of reads that can be left for a next page.
    pub(crate) fn further(&self) -> Budget {
        self.budget.keeping(self.kept)
    }

    /// Returns the model of the table.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// The table's name.
    pub fn name(&self) -> &str {
        &self.model.table.name
    }

    /// The item with that key, strongly consistent.
    ///
    /// ```
    /// # weir_testing::shop::run(async |table| {
    /// # use {serde_json::json, weir_table::fresh};
    /// let order = table.model().entity("order").expect("it is defined");
    /// # let made = json!({ "user": "ann", "number": 7, "total": 12.5 });
    /// # table.create(order.encode(made.as_object().unwrap(), fresh())?).await?;
    /// let key = order.key_from_text(&[("user", "ann"), ("number", "7")])?;
    /// let item = table.get(&key.primary).await?.expect("it is there");
    /// assert_eq!(order.decode(&item)["total"], json!(12.5));
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`Error::OverBudget`]; else what DynamoDB says.
    pub async fn get(&self, key: &PrimaryKey) -> Result<Option<Item>, Error> {
        let key = self.model.table.key_item(key);
        let request = self
            .client
            .get_item()
            .table_name(self.name())
            .set_key(Some(key.into()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .consistent_read(true);
        let reservation = self.budget.reserve(ITEM_BYTES).await?;
        let answer = request.send().await.map_err(|error| Error::from_sdk(self.name(), error))?;
        reservation.settle(&answer.consumed_capacity, Unit::Strong);
        Ok(answer.item.map(Item::from))
    }

    /// A primary key, for messages.
    pub(crate) fn shown_key(&self, key: &PrimaryKey) -> String {
        shown_key(&self.model, &self.model.table.key_item(key))
    }
}

/// Returns the attributes of an item that is not there: none.
pub(super) fn no_item() -> Item {
    HashMap::<String, weir_model::AttributeValue>::new().into()
}

/// Returns the primary key in an item, for messages.
pub(super) fn shown_key(model: &Model, item: &Item) -> String {
    let text = |name: &String| match item.get(name) {
        Some(weir_model::AttributeValue::S(text)) => text.clone(),
        other => format!("{other:?}"),
    };
    let keys = std::iter::once(&model.table.partition_key).chain(&model.table.sort_key);
    keys.map(|name| format!("{name} {}", text(name))).collect::<Vec<_>>().join(", ")
}
