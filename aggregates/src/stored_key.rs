//! The keys of stored items, read back: the group and the bucket that a rollup item is of, and the
//! value of a detail item.
//!
//! **Invariant:** a key that is read back is the key that is made from the result. Any other key is
//! `None`.

use weir_model::Rollup;

use crate::bucket::Bucket;
use crate::colocated;
use crate::details::{self, DetailSpec};
use crate::key::{self, RollupKey};

/// What a stored item of a rollup is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// The texts of the dimensions, in the rollup's order.
    pub group: Vec<String>,
    /// The bucket.
    pub bucket: Bucket,
    /// The detail item; `None` for a rollup item.
    pub detail: Option<StoredDetail>,
}

/// A detail item among those of its rollup item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDetail {
    /// The position of its kind among those that the rollup keeps, see [`DetailSpec::for_rollup`].
    pub kind: usize,
    /// The part of its sort key after the bucket.
    pub text: String,
}

impl StoredKey {
    /// Reads the key of a stored item; `None` if it is not an item of this revision of the rollup.
    pub fn parse(rollup: &Rollup, key: &RollupKey) -> Option<Self> {
        if key.is_colocated {
            let colocated = rollup.colocated.as_ref()?;
            let group = colocated.group(&key.partition, &key.sort)?;
            let bucket = colocated::bucket(colocated, &group, &key.sort)?;
            return Some(Self { group, bucket, detail: None });
        }
        let name = rollup.stored_name();
        if key.partition.strip_prefix(&*name)?.starts_with('.') {
            return Self::parse_detail(rollup, key);
        }
        if rollup.is_colocated() {
            return None;
        }
        let group = key::group(rollup, &key.partition)?;
        let bucket = Bucket::from_key(&key.sort, &rollup.time_zone)?;
        Some(Self { group, bucket, detail: None })
    }

    fn parse_detail(rollup: &Rollup, key: &RollupKey) -> Option<Self> {
        for (kind, spec) in DetailSpec::for_rollup(rollup).iter().enumerate() {
            let name = format!("{}.{}", rollup.stored_name(), spec.details.name());
            let Some(group) = key::named_group(rollup, &name, &key.partition) else { continue };
            let (bucket, text) = details::parts(&key.sort)?;
            let bucket = Bucket::from_key(bucket, &rollup.time_zone)?;
            let made = spec.details.key(rollup, &group, &bucket, text).ok()?;
            let detail = Some(StoredDetail { kind, text: text.to_owned() });
            return (made == *key).then_some(Self { group, bucket, detail });
        }
        None
    }
}
