//! The items of revisions of rollups are deleted, once nobody reads or writes them.
//!
//! A pass scans the table of rollups, which is the only way to find every group of a rollup. It is
//! work of a builder, never of a request.
//!
//! The records of those that were parked go with them.
//!
//! **Invariant:** only items whose partition key begins with the name of the revision and one of
//! the characters that end a name are deleted, so `sales` never deletes items of `sales_by_day` or
//! `sales@2`.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use futures::StreamExt;
use futures::stream;
use tokio::time::{Instant, sleep_until};
use weir_model::table::{ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY};
use weir_rollups::key::PARKED;

use super::{Rollups, park};
use crate::error::Error;

/// The characters that may follow the name of a revision in a partition key: a group, a stripe, the
/// kind of a detail item.
const AFTER_NAME: [char; 3] = ['#', '/', '.'];
/// The names of one pass: an expression has at most 4 KB.
const NAMES_AT_A_TIME: usize = 10;
/// The deletions that are sent at the same time.
const CONCURRENCY: usize = 16;

impl Rollups {
    /// Deletes the items in the table of rollups of revisions that have these stored names, at most
    /// so many in a second. Returns the number of deleted items.
    ///
    /// # Errors
    /// The error of DynamoDB; another pass continues.
    pub async fn delete_items_of(
        &self,
        stored_names: &[String],
        per_second: Option<u32>,
    ) -> Result<u64, Error> {
        let mut deleted = 0;
        for names in stored_names.chunks(NAMES_AT_A_TIME) {
            deleted += self.delete_pass(names, per_second).await?;
        }
        Ok(deleted)
    }

    async fn delete_pass(&self, names: &[String], per_second: Option<u32>) -> Result<u64, Error> {
        let (filter, mut values) = filter(names);
        values.insert(":parked".to_owned(), SdkValue::S(PARKED.to_owned()));
        values.insert(":table".to_owned(), SdkValue::S(self.table.clone()));
        let mut pages = self
            .client
            .scan()
            .table_name(&self.table)
            .consistent_read(true)
            .filter_expression(filter)
            .projection_expression("#pk, #sk")
            .expression_attribute_names("#pk", ROLLUPS_PARTITION_KEY)
            .expression_attribute_names("#sk", ROLLUPS_SORT_KEY)
            .expression_attribute_names("#of", park::PARTITION)
            .expression_attribute_names("#table", park::TABLE)
            .set_expression_attribute_values(Some(values))
            .into_paginator()
            .send();
        let mut deleted = 0;
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error::from_sdk(&self.table, error))?;
            let keys = page.items.unwrap_or_default();
            for keys in keys.chunks(per_second.map_or(usize::MAX, |rate| rate.max(1) as usize)) {
                let next_at = Instant::now() + Duration::from_secs(1);
                let deletions: Vec<_> = keys.iter().cloned().map(|key| self.delete(key)).collect();
                let mut deletions = stream::iter(deletions).buffer_unordered(CONCURRENCY);
                while let Some(outcome) = deletions.next().await {
                    outcome?;
                    deleted += 1;
                }
                if per_second.is_some() {
                    sleep_until(next_at).await;
                }
            }
        }
        Ok(deleted)
    }

    async fn delete(&self, key: HashMap<String, SdkValue>) -> Result<(), Error> {
        let request = self.client.delete_item().table_name(&self.table).set_key(Some(key));
        request.send().await.map(drop).map_err(|error| Error::from_sdk(&self.table, error))
    }
}

/// Returns the condition on the items of these revisions and on their records, and its values but
/// those of `:parked` and `:table`.
fn filter(names: &[String]) -> (String, HashMap<String, SdkValue>) {
    let (mut keys, mut records) = (Vec::new(), Vec::new());
    let mut values = HashMap::new();
    for (position, name) in names.iter().enumerate() {
        let value = format!(":n{position}");
        keys.push(format!("#pk = {value}"));
        records.push(format!("#of = {value}"));
        values.insert(value, SdkValue::S(name.clone()));
        for (kind, after) in AFTER_NAME.iter().enumerate() {
            let value = format!(":n{position}_{kind}");
            keys.push(format!("begins_with(#pk, {value})"));
            records.push(format!("begins_with(#of, {value})"));
            values.insert(value, SdkValue::S(format!("{name}{after}")));
        }
    }
    let (keys, records) = (keys.join(" OR "), records.join(" OR "));
    (format!("{keys} OR (#pk = :parked AND #table = :table AND ({records}))"), values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_ends_where_a_group_a_stripe_or_a_kind_of_detail_begins() {
        let (condition, values) = filter(&["sales".to_owned()]);
        assert_eq!(
            condition,
            "#pk = :n0 OR begins_with(#pk, :n0_0) OR begins_with(#pk, :n0_1) OR \
             begins_with(#pk, :n0_2) OR (#pk = :parked AND #table = :table AND (#of = :n0 OR \
             begins_with(#of, :n0_0) OR begins_with(#of, :n0_1) OR begins_with(#of, :n0_2)))"
        );
        let mut texts: Vec<_> = values.into_values().collect();
        texts.sort_by_key(|value| value.as_s().cloned().unwrap_or_default());
        let expected = ["sales", "sales#", "sales.", "sales/"].map(|text| SdkValue::S(text.into()));
        assert_eq!(texts, expected);
    }

    #[test]
    fn the_condition_of_one_pass_fits_into_an_expression() {
        let names: Vec<_> = (0..NAMES_AT_A_TIME).map(|number| number.to_string()).collect();
        assert!(filter(&names).0.len() <= 4 * 1024);
    }
}
