//! The shop that the examples in the documentation of `table` are about, which run on a DynamoDB of
//! their own.
//!
//! **Invariant:** an example runs as it is read: nothing is hidden in it but how its table comes to
//! be.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Number;
use weir_model::Model;
use weir_table::Table;

use crate::dynamodb::{TestDynamo, with_own_tables};

const DEFINITION: &str = include_str!("shop.toml");

/// An order of the shop.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Order {
    /// The user who ordered.
    pub user: String,
    /// Which of the user's orders it is.
    pub number: u32,
    /// How far it is: `placed`, `paid`, `sent`.
    pub status: Option<String>,
    /// The price.
    pub total: Number,
    /// The note of the user.
    pub note: Option<String>,
}

/// Runs an example on the shop's table, which is empty.
///
/// # Panics
/// When the example fails, or there can be no table.
pub fn run(example: impl AsyncFnOnce(Table) -> Result<(), weir_table::Error>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let model = with_own_tables(DEFINITION.parse::<Model>().expect("a definition"));
        let connection = TestDynamo::start().await.connect().await;
        let table = Table::new(&connection, Arc::new(model));
        table.provision().await.expect("tables can be made");
        example(table).await.unwrap_or_else(|error| panic!("{}", weir_table::error::chain(&error)));
    });
}
