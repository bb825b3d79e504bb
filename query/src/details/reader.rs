//! Reading detail items: ends of buckets, the most frequent values, or everything in a range.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

use futures::{StreamExt, TryStreamExt, stream};
use weir_model::rollup::Direction;
use weir_model::{Item, Measure, Rollup};
use weir_rollups::details::{self as stored_details, Details};
use weir_rollups::{Bucket, Group, key, runs};
use weir_table::{Range, Ranked, Rollups};

use super::DetailsOfSlots;
use super::budget::DetailBudget;
use super::needs::{Need, Needs, live_buckets};
use super::stored::{DetailCounts, DetailItem, DetailItems};
use crate::error::QueryError;
use crate::limits::MAX_READS_IN_FLIGHT;
use crate::slot::SlotTotals;

/// The part of the budget that is spent, at most, on entries of the index that share the last place
/// of a `top`: 1,000 of 20,000.
const TIED_PART: usize = 20;
/// The most buckets that are read one by one at once, of one group.
const MAX_BUCKETS: usize = 2_000;

/// A reader of the detail items of one group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DetailReader<'a> {
    pub(crate) rollups: &'a Rollups,
    pub(crate) rollup: &'a Rollup,
    pub(crate) group: &'a Group,
    pub(crate) budget: &'a DetailBudget,
}

/// The first detail items of a bucket that are read of one partition.
#[derive(Clone, Copy, Debug)]
struct BucketScan<'a> {
    kind: Details<'a>,
    partition: &'a str,
    bucket: &'a Bucket,
    limit: usize,
}

/// A walk over the detail items of a range.
struct Walk<'a> {
    range: &'a Range,
    is_descending: bool,
    /// The number of detail items that are likely wanted; `None` for all.
    wanted: Option<usize>,
    /// The detail items, as an error names them.
    subject: &'a str,
}

/// Detail items, and the number of items and index entries that were read for them.
#[derive(Debug, Default)]
struct ReadItems {
    items: Vec<DetailItem>,
    items_read: usize,
}

/// All detail items of buckets, by the keys of the buckets, and the number that was read.
#[derive(Debug, Default)]
struct ReadBuckets {
    by_bucket: HashMap<String, Vec<DetailItem>>,
    items_read: usize,
}

impl DetailReader<'_> {
    /// Reads the detail items that measures need of slots.
    ///
    /// # Errors
    /// A read that would be too large; or the error of DynamoDB.
    pub(crate) async fn read(
        &self,
        measures: &[&Measure],
        slots: &[SlotTotals],
    ) -> Result<DetailsOfSlots, QueryError> {
        let needs = Needs::new(measures, slots);
        if needs.bucket_count(slots) * usize::from(self.rollup.stripes) > MAX_BUCKETS {
            let message = format!("the ends of more than {MAX_BUCKETS} buckets would be read");
            return Err(QueryError::too_much_measured(self.rollup, &message));
        }
        let mut read = DetailsOfSlots::default();
        let reader = *self;
        let reads = needs.partial.iter().cloned().map(|(position, need)| {
            let (kind, live) = (needs.kinds[need.kind()], slots[position].live.as_slice());
            async move {
                let partial = reader.read_partial(kind, &need, live).await?;
                Ok::<_, QueryError>(((position, need), partial))
            }
        });
        let partial: Vec<_> =
            stream::iter(reads).buffered(MAX_READS_IN_FLIGHT).try_collect().await?;
        for (key, partial) in partial {
            let mut items = DetailItems::default();
            items.merge(partial.items);
            read.items_read += partial.items_read;
            read.by_need.insert(key, items);
        }
        for (name, positions) in &needs.whole {
            let buckets = live_buckets(slots, positions);
            let all = self.read_all(needs.kinds[name], &buckets).await?;
            read.items_read += all.items_read;
            for position in positions {
                let mut items = DetailItems::default();
                for bucket in &slots[*position].live {
                    items.merge(all.by_bucket.get(&bucket.key).into_iter().flatten().cloned());
                }
                read.by_need.insert((*position, Need::All { kind: name.clone() }), items);
            }
        }
        Ok(read)
    }

    fn partitions(&self, kind: Details<'_>) -> Vec<String> {
        let texts = || self.group.texts.iter().map(String::as_str);
        (0..self.rollup.stripes)
            .filter_map(|stripe| kind.partition(self.rollup, stripe, texts()))
            .collect()
    }

    /// Reads the detail items at one end of each bucket, or those of the greatest counts.
    async fn read_partial(
        &self,
        kind: Details<'_>,
        need: &Need,
        live: &[Bucket],
    ) -> Result<ReadItems, QueryError> {
        let mut all = ReadItems::default();
        for partition in &self.partitions(kind) {
            for bucket in live {
                let scan = |limit: u16| BucketScan { kind, partition, bucket, limit: limit.into() };
                let read = match need {
                    Need::End { direction, limit, .. } => {
                        self.read_end(scan(*limit), *direction).await?
                    }
                    Need::MostFrequent { limit, .. } => {
                        self.read_most_frequent(scan(*limit)).await?
                    }
                    Need::All { .. } => ReadItems::default(),
                };
                all.add(read);
            }
        }
        Ok(all)
    }

    async fn read_end(
        &self,
        scan: BucketScan<'_>,
        direction: Direction,
    ) -> Result<ReadItems, QueryError> {
        let subject = format!(
            "the ends of {}, where rows that count nothing any more stay for 96 hours",
            scan.kind.name()
        );
        let mut items = Vec::new();
        let visit = |_: String, item: DetailItem| {
            if item.counts.count > 0 {
                items.push(item);
            }
            break_if(items.len() >= scan.limit)
        };
        let walk = Walk {
            range: &scan.range(),
            is_descending: direction == Direction::Descending,
            wanted: Some(scan.limit),
            subject: &subject,
        };
        let items_read = self.walk(walk, visit).await?;
        Ok(ReadItems { items, items_read })
    }

    /// Reads the detail items of the greatest counts, and those whose count equals the least of
    /// these. If the index has too many of the latter, whose order it does not know, the first ones
    /// are read in the order of their values.
    async fn read_most_frequent(&self, scan: BucketScan<'_>) -> Result<ReadItems, QueryError> {
        let Some(ranking) = key::ranking_in(scan.partition, &scan.bucket.key) else {
            return Ok(ReadItems::default());
        };
        let limit = scan.limit;
        let most_tied = self.most_tied();
        let mut items: Vec<DetailItem> = Vec::new();
        let (mut is_cut, mut is_too_much) = (false, false);
        let visit = |ranked: Ranked| {
            let count = ranked.score.to_units(0).unwrap_or_default();
            let last = items.get(limit - 1).map(|item| item.counts.count);
            if count <= 0 || last.is_some_and(|last| count < last) {
                return ControlFlow::Break(());
            }
            is_cut = items.len() == limit + most_tied;
            is_too_much = !is_cut && !self.budget.take();
            if is_cut || is_too_much {
                return ControlFlow::Break(());
            }
            let text = stored_details::parts(&ranked.key.sort).map(|(_, text)| text.to_owned());
            let counts = DetailCounts { count, cells: Vec::new() };
            items.push(DetailItem { text: text.unwrap_or_default(), counts });
            ControlFlow::Continue(())
        };
        let wanted = u32::try_from(limit + 1).unwrap_or(u32::MAX);
        let items_read = self.rollups.walk_ranks(&ranking, true, None, wanted, visit).await?;
        if is_too_much {
            return Err(self.too_many(&scan.kind.name()));
        }
        let mut read = ReadItems { items, items_read };
        if is_cut {
            let tie = read.items[limit - 1].counts.count;
            read.items.retain(|item| item.counts.count > tie);
            let tied = self.read_tied(scan, tie, &read.items).await?;
            read.add(tied);
        }
        Ok(read)
    }

    /// Reads the first detail items that have so great a count, in the order of their values, as
    /// many as are missing beside those that have a greater count.
    async fn read_tied(
        &self,
        scan: BucketScan<'_>,
        tie: i128,
        greater: &[DetailItem],
    ) -> Result<ReadItems, QueryError> {
        let subject = format!(
            "{}, to find the first of more than {} that are equally frequent ({tie}), which share \
             the last of the top {}",
            scan.kind.name(),
            self.most_tied(),
            scan.limit
        );
        let missing = scan.limit - greater.len();
        let greater: BTreeSet<&str> = greater.iter().map(|item| item.text.as_str()).collect();
        let mut items = Vec::new();
        let visit = |_: String, item: DetailItem| {
            // The index may be behind a detail item whose count is greater by now.
            if item.counts.count >= tie && !greater.contains(item.text.as_str()) {
                items.push(item);
            }
            break_if(items.len() >= missing)
        };
        let walk = Walk {
            range: &scan.range(),
            is_descending: false,
            wanted: Some(scan.limit),
            subject: &subject,
        };
        let items_read = self.walk(walk, visit).await?;
        Ok(ReadItems { items, items_read })
    }

    /// Reads all detail items of buckets.
    async fn read_all(
        &self,
        kind: Details<'_>,
        buckets: &[Bucket],
    ) -> Result<ReadBuckets, QueryError> {
        let mut all = ReadBuckets::default();
        for partition in self.partitions(kind) {
            for run in runs(buckets) {
                let range = Range {
                    is_colocated: false,
                    partition: partition.clone(),
                    low: stored_details::prefix(&run.first),
                    high: format!("{}{}", stored_details::prefix(&run.last), char::MAX),
                };
                let visit = |bucket: String, item: DetailItem| {
                    all.by_bucket.entry(bucket).or_default().push(item);
                    ControlFlow::Continue(())
                };
                let subject = kind.name();
                let walk =
                    Walk { range: &range, is_descending: false, wanted: None, subject: &subject };
                all.items_read += self.walk(walk, visit).await?;
            }
        }
        Ok(all)
    }

    /// Visits the detail items of a range, each with the key of its bucket, until the visitor
    /// breaks. Returns how many were read.
    async fn walk(
        &self,
        walk: Walk<'_>,
        mut visit: impl FnMut(String, DetailItem) -> ControlFlow<()>,
    ) -> Result<usize, QueryError> {
        let mut failed = None;
        let visit_item = |sort: &str, item: &Item| {
            if !self.budget.take() {
                failed = Some(self.too_many(walk.subject));
                return ControlFlow::Break(());
            }
            match DetailItem::decode(sort, item) {
                Ok((bucket, item)) => visit(bucket, item),
                Err(error) => {
                    failed = Some(weir_table::Error::Unreadable(error).into());
                    ControlFlow::Break(())
                }
            }
        };
        let wanted = walk.wanted.map(|wanted| u32::try_from(wanted).unwrap_or(u32::MAX));
        let walked = self.rollups.walk(walk.range, walk.is_descending, wanted, visit_item);
        let items_read = walked.await?;
        failed.map_or(Ok(items_read), Err)
    }

    /// Returns the most entries of the index that are read because they share the last place.
    fn most_tied(&self) -> usize {
        self.budget.most / TIED_PART
    }

    fn too_many(&self, subject: &str) -> QueryError {
        let most = self.budget.most;
        let message = format!("more than {most} rows would be read, some of {subject}");
        QueryError::too_much_measured(self.rollup, &message)
    }
}

impl BucketScan<'_> {
    fn range(&self) -> Range {
        Range::beginning_with(self.partition.to_owned(), &stored_details::prefix(self.bucket))
    }
}

impl ReadItems {
    fn add(&mut self, other: Self) {
        self.items.extend(other.items);
        self.items_read += other.items_read;
    }
}

fn break_if(is_enough: bool) -> ControlFlow<()> {
    if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}
