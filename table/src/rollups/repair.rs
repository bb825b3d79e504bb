//! The writes of a repair that are not updates: the marks of rejected updates are removed, and
//! attributes that are not numbers are replaced.
//!
//! What differs by an amount is repaired by the ordinary update, see
//! [`Rollups::apply_all`](super::Rollups::apply_all).
//!
//! **Invariant:** a write changes nothing if the item is not what the verification has read.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue as SdkValue, Delete, TransactWriteItem, Update as SdkUpdate,
};
use weir_model::Number;
use weir_rollups::key::PARKED;
use weir_rollups::{Accumulator, RollupKey, Watermark};

use super::Rollups;
use super::park::{LATEST, Parked, REFUSALS, record_key, text};
use super::shard_id::ShardId;
use crate::error::Error;

impl Rollups {
    /// Removes the marks of items, each with the time that it says, and the record of one that was
    /// repaired. Returns `false`, and removes nothing, if one of them has changed since.
    ///
    /// # Errors
    /// The error of DynamoDB.
    pub async fn unpark(
        &self,
        record: Option<&Parked>,
        marks: &[(RollupKey, String)],
    ) -> Result<bool, Error> {
        let mut actions: Vec<_> =
            marks.iter().map(|(key, since)| self.unmark(key, since)).collect();
        if let Some(record) = record {
            let delete = Delete::builder()
                .table_name(&self.table)
                .set_key(Some(record_key(&record.key)))
                .condition_expression("#refusals = :refusals AND #latest = :latest")
                .expression_attribute_names("#refusals", REFUSALS)
                .expression_attribute_names("#latest", LATEST)
                .expression_attribute_values(":refusals", SdkValue::N(record.refusals.to_string()))
                .expression_attribute_values(":latest", text(&record.latest));
            let delete = delete.build().expect("table and key are set");
            actions.push(TransactWriteItem::builder().delete(delete).build());
        }
        if actions.is_empty() {
            return Ok(true);
        }
        let request = self.client.transact_write_items().set_transact_items(Some(actions));
        let Err(error) = request.send().await else { return Ok(true) };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                let mut reasons = cancelled.cancellation_reasons().iter();
                match reasons.any(|reason| reason.code() == Some("ConditionalCheckFailed")) {
                    true => Ok(false),
                    false => Err(Error::from_sdk(&self.table, error)),
                }
            }
            _ => Err(Error::from_sdk(&self.table, error)),
        }
    }

    /// Returns the action that removes the mark of an item, if it is still that of a time.
    fn unmark(&self, key: &RollupKey, since: &str) -> TransactWriteItem {
        let place = self.place(key);
        let update = SdkUpdate::builder()
            .table_name(place.table)
            .set_key(Some(place.key(key)))
            .update_expression("REMOVE #parked")
            .condition_expression("#parked = :since")
            .expression_attribute_names("#parked", PARKED)
            .expression_attribute_values(":since", text(since));
        let update = update.build().expect("table, key and expression are set");
        TransactWriteItem::builder().update(update).build()
    }

    /// Sets accumulators that hold no numbers of their scale, each with the number that it holds if
    /// it is one, unless the item has absorbed something since these watermarks. Returns `false` if
    /// it has.
    ///
    /// # Errors
    /// The error of DynamoDB.
    pub async fn overwrite(
        &self,
        key: &RollupKey,
        values: &[(Accumulator, Option<String>, i128)],
        watermarks: &[(String, Watermark)],
    ) -> Result<bool, Error> {
        let place = self.place(key);
        let (mut set, mut conditions) = (Vec::new(), vec!["attribute_exists(#pk)".to_owned()]);
        let mut request = self
            .client
            .update_item()
            .table_name(place.table)
            .set_key(Some(place.key(key)))
            .expression_attribute_names("#pk", place.partition_key);
        for (position, (accumulator, stored, units)) in values.iter().enumerate() {
            set.push(format!("#a{position} = :a{position}"));
            conditions.push(match stored {
                Some(stored) => {
                    let stored = SdkValue::N(stored.clone());
                    request = request.expression_attribute_values(format!(":s{position}"), stored);
                    format!("#a{position} = :s{position}")
                }
                None => format!("NOT attribute_type(#a{position}, :number)"),
            });
            let number = Number::from_units(*units, accumulator.scale()).to_string();
            request = request
                .expression_attribute_names(format!("#a{position}"), accumulator.attribute_name())
                .expression_attribute_values(format!(":a{position}"), SdkValue::N(number));
        }
        for (position, (name, watermark)) in watermarks.iter().enumerate() {
            conditions.push(format!("#w{position} = :w{position}"));
            request = request
                .expression_attribute_names(format!("#w{position}"), name)
                .expression_attribute_values(
                    format!(":w{position}"),
                    super::bytes(watermark.to_bytes()),
                );
        }
        let request = request
            .update_expression(format!("SET {}", set.join(", ")))
            .condition_expression(conditions.join(" AND "));
        let request = match values.iter().any(|(_, stored, _)| stored.is_none()) {
            true => request.expression_attribute_values(":number", text("N")),
            false => request,
        };
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(Error::from_sdk(place.table, error)),
            },
        }
    }

    /// Notes that an item contains every record of a shard up to one, unless it is not there or
    /// contains later ones. A record that is delivered again does not count then.
    ///
    /// # Errors
    /// The error of DynamoDB.
    pub async fn raise_watermark(
        &self,
        key: &RollupKey,
        shard: &ShardId,
        last: Watermark,
    ) -> Result<(), Error> {
        let place = self.place(key);
        let request = self
            .client
            .update_item()
            .table_name(place.table)
            .set_key(Some(place.key(key)))
            .update_expression("SET #watermark = :last")
            .condition_expression(
                "attribute_exists(#pk) AND (attribute_not_exists(#watermark) \
                 OR #watermark < :least)",
            )
            .expression_attribute_names("#pk", place.partition_key)
            .expression_attribute_names("#watermark", shard.watermark_name())
            .expression_attribute_values(":last", super::bytes(last.to_bytes()))
            .expression_attribute_values(
                ":least",
                super::bytes(Watermark::lower_bound(last.sequence)),
            );
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(Error::from_sdk(place.table, error)),
            },
        }
    }
}
