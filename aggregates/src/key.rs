//! Where a rollup item is kept.
//!
//! ```text
//! PK  delays_by_route#ATL#ORD        the rollup, then the value of each dimension, `#` and `%` escaped
//! SK  day#2001-01-31                 the bucket
//! ```
//!
//! One group at one granularity is one partition's range of sort keys, so a question is one query.

use model::table::MAX_PARTITION_KEY_BYTES;
use model::template::escape;

/// The primary key of a rollup item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RollupKey {
    /// The partition key's value: rollup and group.
    pub partition: String,
    /// The sort key's value: the bucket.
    pub sort: String,
}

/// The partition of a group: the texts are those of its dimensions, in the rollup's order.
///
/// `None` when it would be longer than DynamoDB's 2048 bytes.
pub fn partition<'a>(rollup: &str, group: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut key = rollup.to_owned();
    for value in group {
        key.push('#');
        key.push_str(&escape(value));
    }
    (key.len() <= MAX_PARTITION_KEY_BYTES).then_some(key)
}
