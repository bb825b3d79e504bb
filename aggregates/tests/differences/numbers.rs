//! The numbers of rollup items and detail items, as far as a definition reads them.

use std::collections::BTreeMap;

use weir_model::{Model, Number, Rollup};
use weir_rollups::details::{self, DetailSpec};
use weir_rollups::{Accumulator, Amounts, Bucket, Change, RollupKey, fold};

const SHARD_IDS: [&str; crate::history::SHARDS] = ["shardId-a", "shardId-b"];
/// The names of the counters of a detail item are of two digits.
const CELL_DIGITS: usize = 2;

/// What is kept of one rollup item or detail item.
#[derive(Clone, Debug, Default)]
struct Item {
    amounts: Amounts,
    ranking: Option<String>,
}

/// All rollup items and detail items.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers {
    items: BTreeMap<RollupKey, Item>,
}

/// What a definition reads of an item: the numbers that are not zero, and the ranking of an item
/// that counts something.
type Read = (BTreeMap<String, Number>, Option<String>);

impl Numbers {
    /// Adds what records of a shard contribute under a definition.
    pub(crate) fn absorb(&mut self, model: &Model, shard: usize, records: &[Change]) {
        for update in fold(model, SHARD_IDS[shard], records).updates {
            let count = |numbers: &Self| {
                numbers
                    .items
                    .get(&update.key)
                    .map_or(0, |item| item.amounts.get(&Accumulator::Items))
            };
            let (amounts, bookkeeping) = (update.amounts(), &update.bookkeeping);
            let from = count(self);
            self.add(&update.key, &amounts, bookkeeping.rank.as_ref());
            if let Some((crossing, item)) =
                bookkeeping.crossing.as_ref().zip(bookkeeping.item.as_ref())
            {
                let amounts = crossing.amounts(from, count(self));
                self.add(item, &amounts, crossing.bookkeeping.rank.as_ref());
            }
        }
    }

    fn add(&mut self, key: &RollupKey, amounts: &Amounts, ranking: Option<&String>) {
        let item = self.items.entry(key.clone()).or_default();
        item.amounts.merge(amounts);
        item.ranking = ranking.cloned().or_else(|| item.ranking.take());
    }

    /// Returns what a rollup reads at a time in seconds since 1970.
    pub(crate) fn read(&self, rollup: &Rollup, now: u32) -> BTreeMap<RollupKey, Read> {
        let read = self.items.iter().filter_map(|(key, item)| {
            let spec = match spec(rollup, &key.partition) {
                Some(name) => Some(find_spec(rollup, name)?),
                None => None,
            };
            let label = match spec {
                Some(_) => details::parts(&key.sort)?.0,
                None => key.sort.as_str(),
            };
            is_read(rollup, label, now).then(|| (key.clone(), read(rollup, spec.as_ref(), item)))
        });
        read.filter(|(_, (numbers, _))| !numbers.is_empty()).collect()
    }
}

/// Returns the kind of detail items that a partition is of; `None` for that of rollup items.
fn spec<'p>(rollup: &Rollup, partition: &'p str) -> Option<&'p str> {
    let rest = partition.strip_prefix(rollup.name.as_str())?.strip_prefix('.')?;
    rest.find(')').map(|end| &rest[..=end])
}

fn find_spec<'a>(rollup: &'a Rollup, name: &str) -> Option<DetailSpec<'a>> {
    DetailSpec::for_rollup(rollup).into_iter().find(|known| known.details.name() == name)
}

/// Returns whether a rollup has a bucket, and still keeps it.
fn is_read(rollup: &Rollup, label: &str, now: u32) -> bool {
    let bucket = Bucket::from_key(label, &rollup.time_zone);
    let Some(bucket) = bucket.filter(|bucket| rollup.granularities.contains(&bucket.granularity))
    else {
        return false;
    };
    let kept = rollup.keep.get(&bucket.granularity).zip(bucket.end);
    kept.is_none_or(|(kept, end)| {
        end.as_second() + i64::try_from(*kept).expect("short") > i64::from(now)
    })
}

fn read(rollup: &Rollup, spec: Option<&DetailSpec<'_>>, item: &Item) -> Read {
    let accumulators: Vec<_> =
        Accumulator::for_rollup(rollup).iter().map(Accumulator::attribute_name).collect();
    let is_ranked = spec.map_or(rollup.rank.is_some(), |spec| spec.is_ranked);
    let is_cell = |name: &String| name.len() == CELL_DIGITS;
    let is_kept = |name: &String| match name.as_str() {
        "score" => is_ranked,
        "count" => true,
        _ if spec.is_some() => is_cell(name),
        _ => accumulators.contains(name),
    };
    let numbers = item.amounts.to_add().filter(|(name, number)| is_kept(name) && !number.is_zero());
    let ranking = item.ranking.clone().filter(|_| is_ranked);
    (numbers.collect(), ranking)
}
