//! Slots: what is asked about at once, each a stretch of time and the buckets that make it up, and what rollup items know of it.

use std::collections::HashMap;

use aggregates::key::PARKED;
use aggregates::read_amounts;
use aggregates::watermark::newest_seconds;
use aggregates::{Amounts, Bucket, Group, Run, colocated, runs};
use futures::{StreamExt, TryStreamExt, stream};
use model::{Item, Rollup};
use table::{Error, Range, Rollups};

use super::AskError;

/// How many queries are under way at once.
pub(crate) const MAX_READS_IN_FLIGHT: usize = 16;

/// A stretch of time, as the buckets that make it up.
#[derive(Debug)]
pub(crate) struct Slot {
    /// The buckets, oldest first.
    pub(crate) buckets: Vec<Bucket>,
}

/// What rollup items know of a slot.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// The sums of their numbers; `None` where one cannot be read, which is parked.
    pub(crate) amounts: Option<Amounts>,
    /// The buckets in which something is counted.
    pub(crate) live: Vec<Bucket>,
    /// Whether DynamoDB has refused an update of one.
    pub(crate) is_parked: bool,
}

/// What an answer was made of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// How many items, rows and index entries were read.
    pub(crate) items_read: usize,
    /// The time of the newest change that they include, in seconds since 1970.
    pub(crate) newest: Option<u32>,
}

impl Tally {
    /// Adds what else was read.
    pub(crate) fn add(&mut self, other: Self) {
        self.items_read += other.items_read;
        self.newest = self.newest.max(other.newest);
    }
}

impl Known {
    /// Whether there is anything to tell.
    pub(crate) fn is_something(&self) -> bool {
        !self.live.is_empty() || self.is_parked
    }
}

/// Reads the rollup items of a group that make up slots.
///
/// Stripes are read one after another, so an item that left one stripe and came to another meanwhile may be missing from
/// both: what counts below zero is read once more.
pub(crate) async fn read(
    rollups: &Rollups,
    rollup: &Rollup,
    group: &Group,
    slots: &[&Slot],
) -> Result<(Vec<Known>, Tally), AskError> {
    match read_once(rollups, rollup, group, slots).await {
        Err(AskError::NegativeCount(_)) if rollup.stripes > 1 => {
            read_once(rollups, rollup, group, slots).await
        }
        read => read,
    }
}

async fn read_once(
    rollups: &Rollups,
    rollup: &Rollup,
    group: &Group,
    slots: &[&Slot],
) -> Result<(Vec<Known>, Tally), AskError> {
    let buckets: Vec<Bucket> = slots.iter().flat_map(|slot| slot.buckets.clone()).collect();
    let ranges = ranges(rollup, group, &buckets);
    let reads = ranges.into_iter().map(|range| async move { rollups.range(&range).await });
    let read: Vec<Vec<(String, Item)>> =
        stream::iter(reads).buffered(MAX_READS_IN_FLIGHT).try_collect().await?;
    let mut tally = Tally::default();
    let mut items: HashMap<String, Vec<Item>> = HashMap::new();
    for (sort, item) in read.into_iter().flatten() {
        tally.add(Tally { items_read: 1, newest: newest_seconds(&item) });
        let bucket = match &rollup.colocated {
            None => Some(sort),
            // An item of the rollup that is another group's, or none of these keys.
            Some(colocated) => {
                colocated::bucket(colocated, &group.texts, &sort).map(|bucket| bucket.key)
            }
        };
        if let Some(bucket) = bucket {
            items.entry(bucket).or_default().push(item);
        }
    }
    let known = slots.iter().map(|slot| known(rollup, slot, &items));
    Ok((known.collect::<Result<_, _>>()?, tally))
}

/// The ranges of sort keys of buckets: one for each run and stripe.
fn ranges(rollup: &Rollup, group: &Group, buckets: &[Bucket]) -> Vec<Range> {
    let runs: Vec<Run> = runs(buckets);
    if let Some(colocated) = &rollup.colocated {
        let range = |run: &Run| {
            let (partition, low) = colocated::key(colocated, &group.texts, &run.first)?;
            let high = colocated::sort_key(colocated, &group.texts, &run.last)?;
            Some(Range { is_colocated: true, partition, low, high })
        };
        let ranges: Option<Vec<_>> = runs.iter().map(range).collect();
        // Nothing is counted in a group whose keys no item could have.
        return ranges.unwrap_or_default();
    }
    let partitions = group.partitions(rollup).unwrap_or_default();
    let of_partition = |partition: &String| {
        let range = |run: &Run| Range {
            is_colocated: false,
            partition: partition.clone(),
            low: run.first.key.clone(),
            high: run.last.key.clone(),
        };
        runs.iter().map(range).collect::<Vec<_>>()
    };
    partitions.iter().flat_map(of_partition).collect()
}

/// What the rollup items of a group know of a slot, by their sort keys.
pub(crate) fn known(
    rollup: &Rollup,
    slot: &Slot,
    items: &HashMap<String, Vec<Item>>,
) -> Result<Known, AskError> {
    let mut known = Known { amounts: Some(Amounts::default()), ..Known::default() };
    for bucket in &slot.buckets {
        let Some(stripes) = items.get(&bucket.key) else { continue };
        let is_parked = stripes.iter().any(|item| item.get(PARKED).is_some());
        known.is_parked |= is_parked;
        let mut sum = Amounts::default();
        for item in stripes {
            match read_amounts(rollup, item) {
                Ok(amounts) => sum.merge(&amounts),
                // What it holds is what was refused.
                Err(_) if is_parked => known.amounts = None,
                Err(reason) => return Err(Error::Unreadable(reason).into()),
            }
        }
        if let Some((accumulator, amount)) = sum.negative_count() {
            if !is_parked {
                let name = accumulator.attribute_name();
                return Err(AskError::NegativeCount(format!(
                    "`{name}` of the rollup `{}` is {amount} in the bucket {}, so changes were not counted; \
                     expected no count below zero",
                    rollup.name, bucket.key
                )));
            }
            known.amounts = None;
        }
        if !sum.is_zero() {
            known.live.push(bucket.clone());
        }
        if let Some(amounts) = &mut known.amounts {
            amounts.merge(&sum);
        }
    }
    Ok(known)
}
