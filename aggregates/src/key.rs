//! Where a rollup item is kept.
//!
//! ```text
//! PK  delays_by_route#ATL#ORD        the rollup, then the value of each dimension, `#` and `%` escaped
//!     delays_by_route/07#ATL#ORD     one of its stripes
//! SK  day#2001-01-31                 the bucket
//! ```
//!
//! One group at one granularity is one partition's range of sort keys, so a question is one query; or one for each
//! stripe of a rollup that spreads its groups, since a partition takes 1,000 write units a second and no more.
//!
//! **Invariant:** all changes of a shard go to one stripe, so that a rollup item's watermark tells of all that the item
//! got from the shard. Whether a key is too long does not depend on the stripe.

use model::Rollup;
use model::table::MAX_PARTITION_KEY_BYTES;
use model::template::escape;

use crate::fnv::fnv1a;

/// The partition of the records of rollup items that refused an update, and the attribute that marks such an item. No
/// rollup's and no accumulator's name begins with `@`.
pub const PARKED: &str = "@parked";

/// The primary key of a rollup item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RollupKey {
    /// The partition key's value: rollup, stripe and group.
    pub partition: String,
    /// The sort key's value: the bucket.
    pub sort: String,
}

/// Which of a rollup's stripes takes the changes of a shard.
pub fn stripe(rollup: &Rollup, shard: &str) -> u16 {
    // The hash as a fraction of all hashes: its high bits are spread better than its low ones.
    let stripe = (u128::from(fnv1a(shard.bytes())) * u128::from(rollup.stripes)) >> u64::BITS;
    u16::try_from(stripe).expect("less than the number of stripes")
}

/// The partition of a group in a stripe: the texts are those of its dimensions, in the rollup's order.
///
/// `None` when it would be longer than DynamoDB's 2048 bytes.
pub fn partition<'a>(
    rollup: &Rollup,
    stripe: u16,
    group: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let mut key = rollup.name.clone();
    if rollup.stripes > 1 {
        key.push_str(&format!("/{stripe:02}"));
    }
    for value in group {
        key.push('#');
        key.push_str(&escape(value));
    }
    (key.len() <= MAX_PARTITION_KEY_BYTES).then_some(key)
}
