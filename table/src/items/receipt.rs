//! Receipts: what the rollups table keeps of transactions with a token, for a DynamoDB that forgets
//! tokens when its process ends.
//!
//! ```text
//! PK             SK        attributes
//! @transaction   <token>   request, expires_at
//! ```
//!
//! DynamoDB itself remembers a token for ten minutes. The embedded DynamoDB keeps tokens in memory,
//! so with it the transaction writes its receipt as one more action, and finds that of an earlier
//! one by the condition on it. A receipt holds a fingerprint of the actions: a token that comes
//! with other actions is rejected as DynamoDB rejects it.
//!
//! **Invariant:** a receipt is there exactly if the actions beside it were done.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use aws_sdk_dynamodb::error::{ErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::error::IdempotentParameterMismatchException;
use aws_sdk_dynamodb::types::{
    AttributeValue, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use weir_model::table::{ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY, ROLLUPS_TTL};

use super::table::Table;
use crate::clock;
use crate::error::Error;

/// The partition key of all receipts; no rollup's name begins with `@`.
const PARTITION: &str = "@transaction";
/// The attribute with the fingerprint of the actions.
const REQUEST: &str = "request";
/// How long a token is remembered ("TransactWriteItems", `ClientRequestToken`).
const TOKEN_SECS: i64 = 10 * 60;
/// DynamoDB's code for an action whose condition did not hold.
const CONDITION_FAILED: &str = "ConditionalCheckFailed";
/// DynamoDB's code for a token that comes with other actions.
const MISMATCH: &str = "IdempotentParameterMismatchException";

impl Table {
    /// The table with receipts of transactions, for a DynamoDB that forgets tokens when its process
    /// ends. A transaction of [`MAX_ACTIONS`](super::MAX_ACTIONS) has no room for one, and relies
    /// on the DynamoDB.
    #[must_use]
    pub fn with_receipts(self) -> Self {
        Self { keeps_receipts: true, ..self }
    }

    /// Removes the receipts that have expired.
    ///
    /// # Errors
    /// The errors of DynamoDB.
    pub async fn remove_expired_receipts(&self) -> Result<(), Error> {
        let table = &self.model.table.rollups_table;
        let mut receipts = self
            .client
            .query()
            .table_name(table)
            .consistent_read(true)
            .key_condition_expression("#pk = :pk")
            .filter_expression("#expires_at < :now")
            .expression_attribute_names("#pk", ROLLUPS_PARTITION_KEY)
            .expression_attribute_names("#expires_at", ROLLUPS_TTL)
            .expression_attribute_values(":pk", text(PARTITION))
            .expression_attribute_values(":now", number(clock::seconds()))
            .into_paginator()
            .items()
            .send();
        while let Some(receipt) = receipts.next().await {
            let mut receipt = receipt.map_err(|error| Error::from_sdk(table, error))?;
            let names = [ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY].into_iter();
            let key = names.filter_map(|name| receipt.remove_entry(name)).collect();
            let delete = self
                .client
                .delete_item()
                .table_name(table)
                .set_key(Some(key))
                .condition_expression("#expires_at < :now")
                .expression_attribute_names("#expires_at", ROLLUPS_TTL)
                .expression_attribute_values(":now", number(clock::seconds()));
            match delete.send().await {
                Ok(_) => {}
                // The token was used again meanwhile.
                Err(error) if is_condition(&error) => {}
                Err(error) => return Err(Error::from_sdk(table, error)),
            }
        }
        Ok(())
    }

    /// Does all actions or none, unless the token has a receipt. One of the same actions means that
    /// they were done.
    pub(super) async fn transact_with_receipt(
        &self,
        mut actions: Vec<TransactWriteItem>,
        token: &str,
    ) -> Result<(), SdkError<TransactWriteItemsError>> {
        let request = fingerprint(&actions);
        actions.push(self.receipt(token, &request));
        let sent = self.client.transact_write_items().set_transact_items(Some(actions)).send();
        let Err(error) = sent.await else { return Ok(()) };
        match found(&error) {
            None => Err(error),
            Some(earlier) if earlier == request => Ok(()),
            Some(_) => Err(mismatch(error)),
        }
    }

    /// The action that writes a receipt unless there is one.
    fn receipt(&self, token: &str, request: &str) -> TransactWriteItem {
        let now = clock::seconds();
        let put = Put::builder()
            .table_name(&self.model.table.rollups_table)
            .item(ROLLUPS_PARTITION_KEY, text(PARTITION))
            .item(ROLLUPS_SORT_KEY, text(token))
            .item(REQUEST, text(request))
            .item(ROLLUPS_TTL, number(now + TOKEN_SECS))
            .condition_expression("attribute_not_exists(#pk) OR #expires_at < :now")
            .expression_attribute_names("#pk", ROLLUPS_PARTITION_KEY)
            .expression_attribute_names("#expires_at", ROLLUPS_TTL)
            .expression_attribute_values(":now", number(now))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        TransactWriteItem::builder().put(put.build().expect("a table and an item are set")).build()
    }
}

fn is_condition(error: &SdkError<DeleteItemError>) -> bool {
    let error = error.as_service_error();
    error.is_some_and(DeleteItemError::is_conditional_check_failed_exception)
}

/// The fingerprint in the receipt that a transaction met. Its action is the last one.
fn found(error: &SdkError<TransactWriteItemsError>) -> Option<String> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
        error.as_service_error()
    else {
        return None;
    };
    let reason = cancelled.cancellation_reasons().last()?;
    let receipt = reason.item.as_ref().filter(|_| reason.code() == Some(CONDITION_FAILED))?;
    let is_receipt = receipt.get(ROLLUPS_PARTITION_KEY) == Some(&text(PARTITION));
    receipt.get(REQUEST).filter(|_| is_receipt)?.as_s().ok().cloned()
}

/// The error of DynamoDB for a token that comes with other actions.
fn mismatch(error: SdkError<TransactWriteItemsError>) -> SdkError<TransactWriteItemsError> {
    let SdkError::ServiceError(context) = error else { return error };
    let mismatch = IdempotentParameterMismatchException::builder()
        .message("the token came with other actions within ten minutes")
        .meta(ErrorMetadata::builder().code(MISMATCH).build())
        .build();
    let mismatch = TransactWriteItemsError::IdempotentParameterMismatchException(mismatch);
    SdkError::service_error(mismatch, context.into_raw())
}

/// A text that equal actions share.
fn fingerprint(actions: &[TransactWriteItem]) -> String {
    let mut hasher = DefaultHasher::new();
    for action in actions {
        parts(action).hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

/// All that an action asks for.
fn parts(action: &TransactWriteItem) -> Vec<String> {
    let mut parts = Vec::new();
    let mut add = |kind: &str, table: &str, item: &Map, expressions: Expressions<'_>| {
        parts.extend([kind.to_owned(), table.to_owned(), sorted(item)]);
        parts.extend(expressions.texts());
    };
    if let Some(put) = action.put() {
        let expressions = Expressions {
            update: None,
            condition: put.condition_expression(),
            names: put.expression_attribute_names(),
            values: put.expression_attribute_values(),
        };
        add("put", put.table_name(), put.item(), expressions);
    }
    if let Some(update) = action.update() {
        let expressions = Expressions {
            update: Some(update.update_expression()),
            condition: update.condition_expression(),
            names: update.expression_attribute_names(),
            values: update.expression_attribute_values(),
        };
        add("update", update.table_name(), update.key(), expressions);
    }
    if let Some(delete) = action.delete() {
        let expressions = Expressions {
            update: None,
            condition: delete.condition_expression(),
            names: delete.expression_attribute_names(),
            values: delete.expression_attribute_values(),
        };
        add("delete", delete.table_name(), delete.key(), expressions);
    }
    if let Some(check) = action.condition_check() {
        let expressions = Expressions {
            update: None,
            condition: Some(check.condition_expression()),
            names: check.expression_attribute_names(),
            values: check.expression_attribute_values(),
        };
        add("check", check.table_name(), check.key(), expressions);
    }
    parts
}

type Map = HashMap<String, AttributeValue>;

/// The expressions of an action.
struct Expressions<'a> {
    update: Option<&'a str>,
    condition: Option<&'a str>,
    names: Option<&'a HashMap<String, String>>,
    values: Option<&'a Map>,
}

impl Expressions<'_> {
    fn texts(&self) -> [String; 4] {
        let names = self.names.map(|names| names.iter().collect::<BTreeMap<_, _>>());
        [
            format!("{:?}", self.update),
            format!("{:?}", self.condition),
            format!("{names:?}"),
            self.values.map(sorted).unwrap_or_default(),
        ]
    }
}

/// A map as text, in the order of its names: its own order is random.
fn sorted(map: &Map) -> String {
    let fields = map.iter().map(|(name, value)| (name, sorted_value(value)));
    format!("{:?}", fields.collect::<BTreeMap<_, _>>())
}

fn sorted_value(value: &AttributeValue) -> String {
    match value {
        AttributeValue::M(map) => sorted(map),
        AttributeValue::L(list) => {
            format!("{:?}", list.iter().map(sorted_value).collect::<Vec<_>>())
        }
        other => format!("{other:?}"),
    }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn number(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(value: AttributeValue) -> TransactWriteItem {
        let put = Put::builder().table_name("t").item("PK", text("a")).item("value", value);
        TransactWriteItem::builder().put(put.build().expect("complete")).build()
    }

    #[test]
    fn equal_actions_share_a_fingerprint_whatever_the_order_of_their_maps() {
        let names = || ('a'..='z').map(|name| (name.to_string(), text("x")));
        let nested = |fields: Map| put(AttributeValue::L(vec![AttributeValue::M(fields)]));
        let first = fingerprint(&[nested(names().collect())]);
        for _ in 0..20 {
            assert_eq!(fingerprint(&[nested(names().rev().collect())]), first);
        }
        let others = [
            vec![],
            vec![nested(names().skip(1).collect())],
            vec![put(text("1"))],
            vec![put(number(1))],
            vec![put(text("1")), put(text("1"))],
        ];
        let mut fingerprints: Vec<_> = others.iter().map(|other| fingerprint(other)).collect();
        fingerprints.push(first);
        fingerprints.sort();
        fingerprints.dedup();
        assert_eq!(fingerprints.len(), others.len() + 1);
    }
}
