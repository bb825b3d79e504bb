//! The keys of rollup items.
//!
//! ```text
//! PK  delays_by_route#ATL#ORD        the rollup, then each dimension, `#` and `%` escaped
//!     delays_by_route/07#ATL#ORD     one of its stripes
//!     delays_by_route@2#ATL#ORD      its second revision
//! SK  day#2001-01-31                 the bucket
//! ```
//!
//! Its [detail items](crate::details) have partitions of their own, and the bucket before the value
//! in their sort keys.
//!
//! One group at one granularity is one partition's range of sort keys, so a question is one query;
//! or one for each stripe of a rollup that spreads its groups, since a partition takes 1,000 write
//! units a second and no more.
//!
//! **Invariant:** all changes of a shard go to one stripe, so that a rollup item's watermark tells
//! of all that the item got from the shard. Whether a key is too long does not depend on the
//! stripe.

use std::fmt;

use weir_model::Rollup;
use weir_model::table::MAX_PARTITION_KEY_BYTES;
use weir_model::template::{escape, unescape};

use crate::fnv::fnv1a;

/// The partition of the records of rollup items that refused an update, and the attribute that
/// marks such an item. No rollup's and no accumulator's name begins with `@`.
pub const PARKED: &str = "@parked";

/// The primary key of a rollup item, or of a detail item of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RollupKey {
    /// Whether it is stored in the table of items, under a key of the definition.
    pub is_colocated: bool,
    /// The partition key's value: rollup, stripe and group.
    pub partition: String,
    /// The sort key's value: the bucket.
    pub sort: String,
}

impl RollupKey {
    /// Returns a key in the table of rollups.
    pub fn new(partition: impl Into<String>, sort: impl Into<String>) -> Self {
        Self { is_colocated: false, partition: partition.into(), sort: sort.into() }
    }
}

impl fmt::Display for RollupKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.partition, self.sort)
    }
}

/// Returns the stripe of a rollup that takes the changes of a shard.
pub fn stripe(rollup: &Rollup, shard: &str) -> u16 {
    stripe_of(rollup, shard)
}

/// Returns the stripe of a rollup for a text: a shard's id, or the value of a detail item.
pub(crate) fn stripe_of(rollup: &Rollup, text: &str) -> u16 {
    // The hash as a fraction of all hashes: its high bits are spread better than its low ones.
    let stripe = (u128::from(fnv1a(text.bytes())) * u128::from(rollup.stripes)) >> u64::BITS;
    u16::try_from(stripe).expect("less than the number of stripes")
}

/// Returns the partition of a group in a stripe: the texts are those of its dimensions, in the
/// rollup's order.
///
/// `None` when it would be longer than DynamoDB's 2048 bytes.
pub fn partition<'a>(
    rollup: &Rollup,
    stripe: u16,
    group: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    named_partition(&rollup.stored_name(), rollup.stripes, stripe, group)
}

/// Returns the texts of the group whose partition that is: the inverse of [`partition`]. `None` for
/// one that belongs to no group.
pub fn group(rollup: &Rollup, partition: &str) -> Option<Vec<String>> {
    named_group(rollup, &rollup.stored_name(), partition)
}

/// Returns the texts of the group in a partition whose name is that of the rollup, or of its detail
/// items of one kind.
pub(crate) fn named_group(rollup: &Rollup, name: &str, partition: &str) -> Option<Vec<String>> {
    let mut rest = partition.strip_prefix(name)?;
    if rollup.stripes > 1 {
        let (stripe, texts) = rest.strip_prefix('/')?.split_at_checked(2)?;
        let number = stripe.parse::<u16>().ok().filter(|number| *number < rollup.stripes)?;
        (format!("{number:02}") == stripe).then_some(())?;
        rest = texts;
    }
    let texts = match rest.strip_prefix('#') {
        Some(texts) => texts.split('#').map(unescape).collect::<Option<Vec<_>>>()?,
        None if rest.is_empty() => Vec::new(),
        None => return None,
    };
    (texts.len() == rollup.dimensions.len()).then_some(texts)
}

/// Returns the partition of the index of ranks: the items of one rollup and bucket that have the
/// same values of some dimensions.
///
/// `None` when it would be longer than DynamoDB's 2048 bytes.
pub fn ranking<'a>(
    rollup: &Rollup,
    within: impl IntoIterator<Item = &'a str>,
    bucket: &str,
) -> Option<String> {
    let partition = named_partition(&format!("{}.ranks", rollup.stored_name()), 1, 0, within)?;
    ranking_in(&partition, bucket)
}

/// Returns the ranking of the detail items of a partition in one bucket.
pub fn ranking_in(partition: &str, bucket: &str) -> Option<String> {
    let key = format!("{partition}#{bucket}");
    (key.len() <= MAX_PARTITION_KEY_BYTES).then_some(key)
}

/// Returns the partition of a group in a stripe, under a name.
pub(crate) fn named_partition<'a>(
    name: &str,
    stripes: u16,
    stripe: u16,
    group: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let mut key = name.to_owned();
    if stripes > 1 {
        key.push_str(&format!("/{stripe:02}"));
    }
    for value in group {
        key.push('#');
        key.push_str(&escape(value));
    }
    (key.len() <= MAX_PARTITION_KEY_BYTES).then_some(key)
}
