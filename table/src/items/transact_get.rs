//! Several items as they are at one moment: a transaction of gets.
//!
//! **Invariant:** no write of a transaction is seen in one item and missed in another.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsError;
use aws_sdk_dynamodb::types::{Get, ReturnConsumedCapacity, TransactGetItem};
use weir_model::{Item, PrimaryKey};

use super::backoff::{MAX_ROUNDS, delay};
use super::commit::MAX_ACTIONS;
use super::table::Table;
use crate::budget::{Budget, Unit};
use crate::error::Error;

impl Table {
    /// The items with these keys as they are at one moment, in the order of the keys; `None` where
    /// there is none. Up to [`MAX_ACTIONS`] keys and 4 MB; a read costs twice what a strongly
    /// consistent one does. While a write is at one of them they are asked for again, for a while.
    ///
    /// ```
    /// # weir_testing::shop::run(async |table| {
    /// # use {serde_json::json, weir_table::fresh};
    /// let order = table.model().entity("order").expect("it is defined");
    /// # let made = json!({ "user": "ann", "number": 7, "total": 12.5 });
    /// # table.create(order.encode(made.as_object().unwrap(), fresh())?).await?;
    /// let key = |number: &str| order.key_from_text(&[("user", "ann"), ("number", number)]);
    /// let items = table.transact_get(&[key("7")?.primary, key("8")?.primary]).await?;
    /// assert!(items[0].is_some() && items[1].is_none());
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`Error::OverBudget`]; [`Error::Conflict`] when writes keep coming; [`Error::Refused`] for
    /// none, too many, or more than 4 MB; else what DynamoDB says.
    pub async fn transact_get(&self, keys: &[PrimaryKey]) -> Result<Vec<Option<Item>>, Error> {
        if keys.is_empty() || keys.len() > MAX_ACTIONS {
            let text = format!("{} keys, expected 1 to {MAX_ACTIONS}", keys.len());
            return Err(Error::refused(text));
        }
        // DynamoDB takes no key twice.
        let mut positions: HashMap<&PrimaryKey, usize> = HashMap::new();
        let mut wanted = Vec::new();
        for key in keys {
            if !positions.contains_key(key) {
                positions.insert(key, wanted.len());
                wanted.push(key);
            }
        }
        let found = self.get_at_once(&wanted).await?;
        Ok(keys.iter().map(|key| found[positions[key]].clone()).collect())
    }

    async fn get_at_once(&self, keys: &[&PrimaryKey]) -> Result<Vec<Option<Item>>, Error> {
        let gets = keys.iter().map(|key| self.transact_get_of(key)).collect();
        get_together(&self.client, &self.budget, self.name(), gets).await
    }

    fn transact_get_of(&self, key: &PrimaryKey) -> TransactGetItem {
        let key = self.model.table.key_item(key);
        let get = Get::builder().table_name(self.name()).set_key(Some(key.into()));
        TransactGetItem::builder().get(get.build().expect("a key and a table are set")).build()
    }
}

/// Reads items as they are at one moment, in the order of the gets. While a write is at one of them
/// they are asked for again, for a while.
///
/// # Errors
/// As [`Table::transact_get`].
pub(crate) async fn get_together(
    client: &Client,
    budget: &Budget,
    table: &str,
    gets: Vec<TransactGetItem>,
) -> Result<Vec<Option<Item>>, Error> {
    for round in 0..MAX_ROUNDS {
        let request = client
            .transact_get_items()
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .set_transact_items(Some(gets.clone()));
        let reservation = budget.reserve_transaction(gets.len()).await?;
        let error = match request.send().await {
            Ok(answer) => {
                reservation.settle(answer.consumed_capacity(), Unit::Transaction);
                let items = answer.responses.unwrap_or_default();
                if items.len() != gets.len() {
                    let text = format!("{} items for {} keys", items.len(), gets.len());
                    return Err(Error::Unreadable(text));
                }
                return Ok(items.into_iter().map(|one| one.item.map(Item::from)).collect());
            }
            Err(error) => error,
        };
        reservation.fail(&error);
        match error.as_service_error() {
            Some(TransactGetItemsError::TransactionCanceledException(cancelled)) => {
                let mut reasons = cancelled.cancellation_reasons().iter();
                let is_final = |code: &str| !matches!(code, "None" | "TransactionConflict");
                let other = reasons.find(|reason| reason.code().is_some_and(is_final));
                if let Some(reason) = other {
                    let message = reason.message().unwrap_or_default().to_owned();
                    let code = reason.code().unwrap_or_default();
                    return Err(Error::from_reason(table, code, message));
                }
            }
            _ => return Err(Error::from_sdk(table, error)),
        }
        tokio::time::sleep(delay(round)).await;
    }
    Err(Error::Conflict { source: "writes keep coming to the items".into() })
}
