//! The table that a rollup item or a row is in: that of the rollups, or, where the definition gives
//! a rollup keys there, that of the items.
//!
//! ```text
//! among rollups   PK, SK, expires_at               each item with such a key is the rollup's
//! beside items    the table's keys, its `ttl`,     SET #et = :mark
//!                 its entity attribute, which      condition  attribute_not_exists(#pk)
//!                 is `@rollup`                                OR #et = :mark
//! ```
//!
//! **Invariant:** another client's item with the key of a rollup item is never written to.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use weir_model::table::{ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY, ROLLUPS_TTL};
use weir_model::{AttributeValue, Item, ROLLUP_MARK};
use weir_rollups::RollupKey;

use super::Rollups;
use crate::error::Error;

/// A table that has rollup items, by its names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// The table's name.
    pub(super) table: &'a str,
    /// Its partition key.
    pub(super) partition_key: &'a str,
    /// Its sort key.
    pub(super) sort_key: &'a str,
    /// The attribute by which its items expire.
    pub(super) ttl: &'a str,
    /// The attribute that marks rollup items, where items of others are beside them.
    pub(super) marked_by: Option<&'a str>,
}

impl Place<'_> {
    /// The primary key of an item in it.
    pub(super) fn key(&self, key: &RollupKey) -> HashMap<String, SdkValue> {
        HashMap::from([
            (self.partition_key.to_owned(), SdkValue::S(key.partition.clone())),
            (self.sort_key.to_owned(), SdkValue::S(key.sort.clone())),
        ])
    }

    /// Whether an item is of the rollups: any, but beside items.
    pub(super) fn has(&self, item: &Item) -> bool {
        self.marked_by.is_none_or(
            |name| matches!(item.get(name), Some(AttributeValue::S(mark)) if mark == ROLLUP_MARK),
        )
    }

    /// Why an item that is there cannot be a rollup item, if so.
    pub(super) fn refusal(
        &self,
        key: &RollupKey,
        item: &HashMap<String, SdkValue>,
    ) -> Option<Error> {
        let name = self.marked_by.filter(|_| !item.is_empty())?;
        let is_marked = matches!(item.get(name), Some(SdkValue::S(mark)) if mark == ROLLUP_MARK);
        (!is_marked).then(|| {
            let table = self.table;
            Error::refused(format!(
                "the item {key} of the table `{table}` is no rollup item, as its `{name}` is not \
                 \"{ROLLUP_MARK}\": it is left as it is"
            ))
        })
    }
}

impl Rollups {
    /// Where a rollup item or a row is.
    pub(super) fn place(&self, key: &RollupKey) -> Place<'_> {
        self.place_of(key.is_colocated)
    }

    /// Where rollup items are, beside the items or in a table of their own.
    pub(super) fn place_of(&self, is_colocated: bool) -> Place<'_> {
        if !is_colocated {
            return Place {
                table: &self.table,
                partition_key: ROLLUPS_PARTITION_KEY,
                sort_key: ROLLUPS_SORT_KEY,
                ttl: ROLLUPS_TTL,
                marked_by: None,
            };
        }
        let items = &self.items;
        Place {
            table: &items.name,
            partition_key: &items.partition_key,
            // Rollups have no keys in a table without one, and keep nothing for a time in one
            // without a `ttl`.
            sort_key: items.sort_key.as_deref().unwrap_or(ROLLUPS_SORT_KEY),
            ttl: items.ttl.as_deref().unwrap_or(ROLLUPS_TTL),
            marked_by: Some(&items.entity_attribute),
        }
    }
}
