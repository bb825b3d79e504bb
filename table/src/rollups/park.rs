//! Parking: what becomes of an update that DynamoDB refuses for good.
//!
//! An item that has grown too large, or in which another client put a text where a sum was, rejects
//! each update however often it is sent. The shard must not wait for it: after a day its records
//! would be gone. So the update is written down, its rollup item is marked as wrong, and the shard
//! continues.
//!
//! ```text
//! PK       SK                                attributes
//! @parked  flights_by_origin#ATL day#2026-…  what was refused first and last, why, and how often
//! ```
//!
//! **Invariant:** an update is given up only after its record was acknowledged. Amounts in it are a
//! help to the operator who looks into it; what repairs the rollup item is a recount, which is
//! right whatever has been delivered again since.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue as SdkValue, ReturnConsumedCapacity};
use weir_model::table::{MAX_SORT_KEY_BYTES, ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY};
use weir_rollups::fnv::fnv1a;
use weir_rollups::key::PARKED;
use weir_rollups::{RollupKey, Update};

use super::Rollups;
use super::expression::Expression;
use super::shard_id::ShardId;
use crate::clock;
use crate::error::{Error, chain};

/// Of a key that is too long to be a sort key, so many bytes are kept before its hash.
const KEPT_BYTES: usize = 900;
/// The prefix of the name of a record whose rollup item is beside items: no rollup's name does.
const BESIDE: &str = "@items ";
/// The record's attributes and the text that each of them is.
pub(super) const PARTITION: &str = "rollup_partition";
const SORT: &str = "rollup_sort";
/// The table that the rollup item is in.
pub(super) const TABLE: &str = "rollup_table";
const REASON: &str = "reason";
const STREAM_LABEL: &str = "stream_label";
const SHARD: &str = "shard_id";
const FIRST: &str = "first_sequence_number";
const LAST: &str = "last_sequence_number";
const SINCE: &str = "parked_since";
pub(super) const LATEST: &str = "parked_at";
/// The amounts of the latest update, by accumulator, as text: a number may be what was refused.
const AMOUNTS: &str = "amounts";
/// How many updates were refused; one that is delivered again counts again.
pub(super) const REFUSALS: &str = "refusals";

/// A rollup item that DynamoDB refused to update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// The rollup item.
    pub key: RollupKey,
    /// Why the latest update was refused.
    pub reason: String,
    /// How many updates were refused; one that is delivered again counts again.
    pub refusals: u64,
    /// When the first was, RFC 3339.
    pub since: String,
    /// When the latest was, RFC 3339.
    pub latest: String,
    /// The shard of the latest update.
    pub shard: ShardId,
    /// The sequence numbers of the first and the last record of the latest update.
    pub records: [String; 2],
    /// The amounts of the latest update, by accumulator.
    pub amounts: Vec<(String, String)>,
}

impl Rollups {
    /// Writes down that an update was refused for good, and marks its rollup item as wrong.
    ///
    /// # Errors
    /// The errors of DynamoDB. The update is not parked then and must be retried.
    /// [`Error::OtherTable`] when even the record is refused: then not the item is at fault but the
    /// table, which refuses everything.
    pub async fn park(
        &self,
        shard: &ShardId,
        update: &Update,
        refusal: &Error,
    ) -> Result<(), Error> {
        let now = clock::now();
        let amounts = update.amounts();
        let amounts = amounts.to_add().map(|(name, amount)| (name, text(amount)));
        let set = [
            (PARTITION, text(&update.key.partition)),
            (SORT, text(&update.key.sort)),
            (TABLE, text(self.place(&update.key).table)),
            (REASON, text(refusal)),
            (STREAM_LABEL, text(&shard.stream_label)),
            (SHARD, text(&shard.id)),
            (FIRST, text(update.first())),
            (LAST, text(update.last().sequence)),
            (AMOUNTS, SdkValue::M(amounts.collect())),
            (LATEST, text(&now)),
        ];
        match self.record(&update.key, &now, &set).await {
            // Another program may have written into the record.
            Err(error) if error.is_refusal() => self.write_anew(&update.key, &now, &set).await?,
            recorded => recorded?,
        }
        self.mark(&update.key, &now).await?;
        match &update.bookkeeping.item {
            // A reader sees the rollup item, which answers with the row.
            Some(item) => self.mark(item, &now).await,
            None => Ok(()),
        }
    }

    /// Brings the record of a rollup item up to date, or begins it.
    async fn record(
        &self,
        rollup: &RollupKey,
        now: &str,
        set: &[(&str, SdkValue)],
    ) -> Result<(), Error> {
        let mut request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(record_key(rollup)))
            .expression_attribute_names("#since", SINCE)
            .expression_attribute_values(":now", text(now))
            .expression_attribute_names("#refusals", REFUSALS)
            .expression_attribute_values(":one", SdkValue::N("1".to_owned()));
        let mut expression = "SET #since = if_not_exists(#since, :now)".to_owned();
        for (position, (name, value)) in set.iter().enumerate() {
            expression.push_str(&format!(", #n{position} = :v{position}"));
            request = request
                .expression_attribute_names(format!("#n{position}"), *name)
                .expression_attribute_values(format!(":v{position}"), value.clone());
        }
        let request = request.update_expression(expression + " ADD #refusals :one");
        self.send(request).await
    }

    /// Writes the record of a rollup item whatever was there. What is refused even then is refused
    /// for the table's sake.
    async fn write_anew(
        &self,
        rollup: &RollupKey,
        now: &str,
        set: &[(&str, SdkValue)],
    ) -> Result<(), Error> {
        // Two updates: the role of a processor has no other right to write.
        let removed = [SINCE, REFUSALS];
        let names = removed.iter().enumerate();
        let names = names.map(|(position, name)| (format!("#n{position}"), (*name).to_owned()));
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(record_key(rollup)))
            .update_expression("REMOVE #n0, #n1")
            .set_expression_attribute_names(Some(names.collect()));
        let written = match self.send(request).await {
            Ok(()) => self.record(rollup, now, set).await,
            Err(error) => Err(error),
        };
        written.map_err(|error| match error {
            Error::Refused { message, .. } => {
                Error::OtherTable { table: self.table.clone(), mismatch: message }
            }
            error => error,
        })
    }

    /// Every rollup item that refused an update, by key.
    ///
    /// # Errors
    /// The errors of DynamoDB; [`Error::Unreadable`] for a record that this version does not write.
    pub async fn parked(&self) -> Result<Vec<Parked>, Error> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("#partition = :partition")
            .expression_attribute_names("#partition", ROLLUPS_PARTITION_KEY)
            .expression_attribute_values(":partition", text(PARKED))
            .into_paginator()
            .items()
            .send();
        let mut parked = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| Error::from_sdk(&self.table, error))?;
            let unreadable = || Error::Unreadable(format!("a record under {PARKED}: {item:?}"));
            parked.push(self.read_record(&item).ok_or_else(unreadable)?);
        }
        Ok(parked)
    }

    fn read_record(&self, item: &HashMap<String, SdkValue>) -> Option<Parked> {
        let text = |name: &str| item.get(name)?.as_s().ok().cloned();
        let is_colocated = text(TABLE).is_some_and(|table| table == self.items.name);
        let key = RollupKey { is_colocated, partition: text(PARTITION)?, sort: text(SORT)? };
        let refusals = item.get(REFUSALS)?.as_n().ok()?.parse().ok()?;
        let amounts = item.get(AMOUNTS).and_then(|amounts| amounts.as_m().ok());
        let amounts = amounts.into_iter().flatten();
        let amounts =
            amounts.filter_map(|(name, text)| Some((name.clone(), text.as_s().ok()?.clone())));
        let mut amounts: Vec<_> = amounts.collect();
        amounts.sort();
        Some(Parked {
            key,
            reason: text(REASON)?,
            refusals,
            since: text(SINCE)?,
            latest: text(LATEST)?,
            shard: ShardId::new(text(STREAM_LABEL)?, text(SHARD)?),
            records: [text(FIRST)?, text(LAST)?],
            amounts,
        })
    }

    /// Marks a rollup item as wrong, for its readers. If DynamoDB rejects even that, or the key
    /// belongs to another client's item, the record alone says so.
    async fn mark(&self, rollup: &RollupKey, now: &str) -> Result<(), Error> {
        let expression = Expression::for_mark(PARKED, text(now), self.place(rollup));
        let request = expression.request(self, rollup);
        let request = request.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let marked = match request.send().await {
            Ok(marked) => {
                self.meter.add(marked.consumed_capacity());
                return Ok(());
            }
            Err(error) => self.refused_by(rollup, error).await,
        };
        let place = self.place(rollup);
        let error = match marked {
            Ok(item) => place.refusal(rollup, &item).unwrap_or_else(|| Error::Conflict {
                source: format!("{rollup} has changed since").into(),
            }),
            Err(error) => error,
        };
        match error {
            error if error.is_refusal() => {
                let (partition, sort, error) = (&rollup.partition, &rollup.sort, chain(&error));
                tracing::warn!(partition, sort, error, "a parked rollup item cannot be marked");
                Ok(())
            }
            error => Err(error),
        }
    }

    /// One write whose result nobody needs.
    async fn send(&self, request: UpdateItemFluentBuilder) -> Result<(), Error> {
        let request = request.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let written = request.send().await.map_err(|error| Error::from_sdk(&self.table, error))?;
        self.meter.add(written.consumed_capacity());
        Ok(())
    }
}

/// Returns the key of the record of a rollup item.
pub(super) fn record_key(rollup: &RollupKey) -> HashMap<String, SdkValue> {
    HashMap::from([
        (ROLLUPS_PARTITION_KEY.to_owned(), text(PARKED)),
        (ROLLUPS_SORT_KEY.to_owned(), text(record_name(rollup))),
    ])
}

/// The sort key of a rollup item's record: both its keys, shortened by a hash where they are too
/// long for one.
fn record_name(key: &RollupKey) -> String {
    let beside = if key.is_colocated { BESIDE } else { "" };
    let name = format!("{beside}{} {}", key.partition, key.sort);
    if name.len() <= MAX_SORT_KEY_BYTES {
        return name;
    }
    let kept = name.floor_char_boundary(KEPT_BYTES);
    format!("{}…{:016x}", &name[..kept], fnv1a(name.bytes()))
}

/// Returns a text as a value.
pub(super) fn text(value: impl ToString) -> SdkValue {
    SdkValue::S(value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_named_by_both_keys_whatever_their_length() {
        let named = |partition: &str| record_name(&RollupKey::new(partition, "all"));
        assert_eq!(named("spend#ann"), "spend#ann all");
        let long = "ü".repeat(1_000);
        let (one, other) = (named(&format!("{long}1")), named(&format!("{long}2")));
        assert!(one.len() <= MAX_SORT_KEY_BYTES && other.len() <= MAX_SORT_KEY_BYTES);
        assert_ne!(one, other);
    }
}
