//! Slots: the buckets that make up a period, and the sums of the rollup items in them.

use std::collections::HashMap;

use futures::{StreamExt, TryStreamExt, stream};
use weir_model::{Item, Rollup};
use weir_rollups::key::PARKED;
use weir_rollups::watermark::newest_seconds;
use weir_rollups::{Amounts, Bucket, Group, Run, colocated, read_amounts, runs};
use weir_table::{Error, Range, Rollups};

use crate::error::QueryError;
use crate::limits::MAX_READS_IN_FLIGHT;
use crate::stats::ReadStats;

/// A period, as the buckets that make it up.
#[derive(Debug)]
pub(crate) struct Slot {
    /// The buckets, oldest first.
    pub(crate) buckets: Vec<Bucket>,
}

/// The sums of a group's rollup items in a slot.
#[derive(Clone, Debug, Default)]
pub(crate) struct SlotTotals {
    /// The sums of their numbers; `None` if the numbers of a parked rollup item cannot be read.
    pub(crate) amounts: Option<Amounts>,
    /// The buckets in which something is counted.
    pub(crate) live: Vec<Bucket>,
    /// Whether DynamoDB has refused an update of one of them.
    pub(crate) is_parked: bool,
}

impl SlotTotals {
    /// Whether nothing is counted, and no update was parked.
    pub(crate) fn is_empty(&self) -> bool {
        self.live.is_empty() && !self.is_parked
    }

    /// Sums the rollup items of a group in a slot, given by their sort keys.
    ///
    /// # Errors
    /// The number that cannot be read, or a count below zero.
    pub(crate) fn sum(
        rollup: &Rollup,
        slot: &Slot,
        items: &HashMap<String, Vec<Item>>,
    ) -> Result<Self, QueryError> {
        let mut totals = Self { amounts: Some(Amounts::default()), ..Self::default() };
        for bucket in &slot.buckets {
            let Some(stripes) = items.get(&bucket.key) else { continue };
            let is_parked = stripes.iter().any(|item| item.get(PARKED).is_some());
            totals.is_parked |= is_parked;
            let mut sum = Amounts::default();
            for item in stripes {
                match read_amounts(rollup, item) {
                    Ok(amounts) => sum.merge(&amounts),
                    // The value that cannot be read is the reason why an update was parked.
                    Err(_) if is_parked => totals.amounts = None,
                    Err(reason) => return Err(Error::Unreadable(reason).into()),
                }
            }
            if let Some((accumulator, amount)) = sum.negative_count() {
                if !is_parked {
                    let name = accumulator.attribute_name();
                    return Err(QueryError::NegativeCount(format!(
                        "`{name}` of the rollup `{}` is {amount} in the bucket {}, so changes were \
                         not counted; expected no count below zero",
                        rollup.name, bucket.key
                    )));
                }
                totals.amounts = None;
            }
            if !sum.is_zero() {
                totals.live.push(bucket.clone());
            }
            if let Some(amounts) = &mut totals.amounts {
                amounts.merge(&sum);
            }
        }
        Ok(totals)
    }
}

/// Reads the rollup items of a group that make up slots.
///
/// Stripes are read one after another, so an item that left one stripe and came to another
/// meanwhile may be missing from both. If a count is below zero, they are read once more.
pub(crate) async fn read(
    rollups: &Rollups,
    rollup: &Rollup,
    group: &Group,
    slots: &[&Slot],
) -> Result<(Vec<SlotTotals>, ReadStats), QueryError> {
    match read_once(rollups, rollup, group, slots).await {
        Err(QueryError::NegativeCount(_)) if rollup.stripes > 1 => {
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
) -> Result<(Vec<SlotTotals>, ReadStats), QueryError> {
    let buckets: Vec<Bucket> = slots.iter().flat_map(|slot| slot.buckets.clone()).collect();
    let ranges = ranges(rollup, group, &buckets);
    let reads = ranges.into_iter().map(|range| async move { rollups.range(&range).await });
    let read: Vec<Vec<(String, Item)>> =
        stream::iter(reads).buffered(MAX_READS_IN_FLIGHT).try_collect().await?;
    let mut stats = ReadStats::default();
    let mut items: HashMap<String, Vec<Item>> = HashMap::new();
    for (sort, item) in read.into_iter().flatten() {
        stats.add(ReadStats { items_read: 1, newest: newest_seconds(&item) });
        let bucket = match &rollup.colocated {
            None => Some(sort),
            // An item of the rollup may belong to another group, or have none of these keys.
            Some(colocated) => {
                colocated::bucket(colocated, &group.texts, &sort).map(|bucket| bucket.key)
            }
        };
        if let Some(bucket) = bucket {
            items.entry(bucket).or_default().push(item);
        }
    }
    let totals = slots.iter().map(|slot| SlotTotals::sum(rollup, slot, &items));
    Ok((totals.collect::<Result<_, _>>()?, stats))
}

/// Returns the ranges of sort keys of buckets: one for each run and stripe.
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
    let partition_ranges = |partition: &String| {
        let range = |run: &Run| Range {
            is_colocated: false,
            partition: partition.clone(),
            low: run.first.key.clone(),
            high: run.last.key.clone(),
        };
        runs.iter().map(range).collect::<Vec<_>>()
    };
    partitions.iter().flat_map(partition_ranges).collect()
}
