//! The table that a definition file is about: its key attributes and its indexes.

use std::collections::HashMap;

use serde_dynamo::{AttributeValue, Item};

use crate::item_key::PrimaryKey;

/// The suffix of a table's name in the name of the table of its rollups.
const ROLLUPS_SUFFIX: &str = "-rollups";

/// The partition key of the table that holds rollups.
pub const ROLLUPS_PARTITION_KEY: &str = "PK";
/// The sort key of the table that holds rollups.
pub const ROLLUPS_SORT_KEY: &str = "SK";

/// The attribute of the rollups' table that holds the epoch second at which DynamoDB deletes an
/// item of it.
pub const ROLLUPS_TTL: &str = "expires_at";

/// The global secondary index of the rollups' table that orders rollup items, where a rollup needs
/// one.
pub const RANKS_INDEX: &str = "ranks";
/// Its partition key, a text: what is ordered together.
pub const RANK: &str = "rank";
/// Its sort key, a number.
pub const SCORE: &str = "score";

/// DynamoDB's limit on a partition key's value, in bytes.
pub const MAX_PARTITION_KEY_BYTES: usize = 2048;
/// DynamoDB's limit on a sort key's value, in bytes.
pub const MAX_SORT_KEY_BYTES: usize = 1024;

/// A table's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDefinition {
    /// The table's name.
    pub name: String,
    /// The attribute that is the partition key.
    pub partition_key: String,
    /// The attribute that is the sort key, if the table has one.
    pub sort_key: Option<String>,
    /// The attribute that says of which entity an item is.
    pub entity_attribute: String,
    /// The attribute that holds the epoch second at which DynamoDB deletes the item.
    pub ttl: Option<String>,
    /// The table that holds the rollups.
    pub rollups_table: String,
    /// The global secondary indexes.
    pub indexes: Vec<Index>,
}

/// A global secondary index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// The attribute that is its partition key.
    pub partition_key: String,
    /// The attribute that is its sort key, if it has one.
    pub sort_key: Option<String>,
}

/// Returns the rollups' table of a table that names none.
pub fn default_rollups_table(table: &str) -> String {
    format!("{table}{ROLLUPS_SUFFIX}")
}

impl TableDefinition {
    /// Returns every key attribute of the table and its indexes, each once, the table's own first.
    pub fn key_attributes(&self) -> Vec<&str> {
        let own = std::iter::once(&self.partition_key).chain(&self.sort_key);
        let indexed = self
            .indexes
            .iter()
            .flat_map(|index| std::iter::once(&index.partition_key).chain(&index.sort_key));
        let mut names: Vec<&str> = Vec::new();
        for name in own.chain(indexed) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// Returns the sort keys of the table and of its indexes.
    pub fn sort_keys(&self) -> Vec<&str> {
        let indexed = self.indexes.iter().filter_map(|index| index.sort_key.as_deref());
        self.sort_key.as_deref().into_iter().chain(indexed).collect()
    }

    /// Returns the other key attributes of the indexes that this one is a key of.
    pub fn keys_beside(&self, key: &str) -> Vec<String> {
        let pairs = self.indexes.iter().filter_map(|index| {
            let sort_key = index.sort_key.as_ref()?;
            Some([(&index.partition_key, sort_key), (sort_key, &index.partition_key)])
        });
        let beside = pairs.flatten().filter(|(one, _)| *one == key);
        beside.map(|(_, other)| other.clone()).collect()
    }

    /// DynamoDB's limit on the value of a key attribute, in bytes: the smaller where it serves as
    /// both.
    pub fn max_key_bytes(&self, attribute: &str) -> usize {
        let sorts = |sort_key: &Option<String>| sort_key.as_deref() == Some(attribute);
        if sorts(&self.sort_key) || self.indexes.iter().any(|index| sorts(&index.sort_key)) {
            MAX_SORT_KEY_BYTES
        } else {
            MAX_PARTITION_KEY_BYTES
        }
    }

    /// Returns a primary key as the item that DynamoDB's requests contain.
    pub fn key_item(&self, key: &PrimaryKey) -> Item {
        let partition = (self.partition_key.clone(), AttributeValue::S(key.partition.clone()));
        let sort = self.sort_key.clone().zip(key.sort.clone().map(AttributeValue::S));
        std::iter::once(partition).chain(sort).collect::<HashMap<_, _>>().into()
    }

    /// Returns the primary key of a stored item; `None` if one of its keys is not text.
    pub fn primary_key(&self, item: &Item) -> Option<PrimaryKey> {
        let text = |name: &String| match item.get(name) {
            Some(AttributeValue::S(text)) => Some(text.clone()),
            _ => None,
        };
        let sort = match &self.sort_key {
            Some(name) => Some(text(name)?),
            None => None,
        };
        Some(PrimaryKey { partition: text(&self.partition_key)?, sort })
    }
}
