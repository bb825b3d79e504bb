//! Windows of a group's buckets: the rollup items of each stripe up to a sort key, added up, with
//! their detail items.
//!
//! ```text
//! stripe 00   day#01 day#02 day#03 day#04 ┆              the first stripe whose page is full
//! stripe 01   day#02               day#05 ┆ day#07       decides where the window ends
//! window      day#01 day#02 day#03 day#04 │
//! ```
//!
//! **Invariant:** a bucket is in one window, with the items of all stripes. A window has a bounded
//! number of rollup items, and the detail items of one read at a time.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde_json::{Map, Value};
use weir_model::rollup::NamedMeasure;
use weir_model::{Granularity, Item, Measure, Rollup};
use weir_rollups::query::local;
use weir_rollups::{Bucket, BucketRange, ExportPlan, Group, MeasuredValue, colocated};
use weir_table::{Error, Range, Rollups};

use crate::details::{DetailBudget, DetailReader};
use crate::error::QueryError;
use crate::limits::{MAX_DETAIL_ITEMS, MAX_READS_IN_FLIGHT};
use crate::measured::{MeasuredSlot, named};
use crate::series::AnswerPoint;
use crate::slot::{Slot, SlotTotals};

/// The rollup items of a window, of all stripes together.
const WINDOW_ITEMS: usize = 1_000;
/// The least number of items that is read of a stripe at once.
const MIN_STRIPE_ITEMS: usize = 50;
/// The most buckets whose detail items are read at once.
const MAX_BUCKETS_WITH_DETAILS: usize = 500;
/// The most detail items that are read of one bucket. A request may read
/// [`MAX_DETAIL_ITEMS`].
const MAX_DETAIL_ITEMS_OF_BUCKET: usize = 10 * MAX_DETAIL_ITEMS;
/// The character before those with which sort keys of buckets begin.
const FIRST: char = ' ';
/// The character that makes of a sort key the next one.
const NEXT: char = '\0';

/// The place in a group at which a window ended. The default is the beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportPosition {
    /// The position of the range.
    range: usize,
    /// The last sort key of the range that was read.
    behind: Option<String>,
}

/// Rows of a group.
#[derive(Clone, Debug)]
pub struct ExportRows {
    /// The group: each dimension and its value, as items have it.
    pub dimensions: Map<String, Value>,
    /// The buckets, each with its granularity, its edges and its measures.
    pub rows: Vec<AnswerPoint>,
    /// Where the next rows begin; `None` at the end of the group.
    pub next: Option<ExportPosition>,
}

/// A reader of the windows of one group.
pub(super) struct WindowReader<'a> {
    pub(super) rollups: &'a Rollups,
    pub(super) rollup: &'a Rollup,
    pub(super) plan: &'a ExportPlan,
    pub(super) group: &'a Group,
    /// The measures of the rows.
    pub(super) measures: &'a [&'a NamedMeasure],
    /// The measures that they are made of.
    pub(super) parts: &'a [&'a Measure],
}

/// A bucket in which something is counted or parked, with the sums of its stripes.
struct BucketTotals {
    bucket: Bucket,
    totals: SlotTotals,
}

/// The rollup items of a range, by their sort keys.
struct Window {
    items: BTreeMap<String, Vec<Item>>,
    /// The last sort key that was read of every stripe; `None` if that is the end of the range.
    end: Option<String>,
}

/// The rollup items of one stripe.
struct StripeItems {
    items: Vec<(String, Item)>,
    /// Whether there may be more.
    is_cut: bool,
}

impl WindowReader<'_> {
    /// Reads rows from a position on. Returns where the next ones begin.
    pub(super) async fn read(
        &self,
        mut position: ExportPosition,
    ) -> Result<(Vec<AnswerPoint>, Option<ExportPosition>), QueryError> {
        let ranges = self.ranges();
        let (mut rows, mut items_read) = (Vec::new(), 0);
        while let Some(range) = ranges.get(position.range) {
            let (totals, end, items) = self.totals(range, position.behind.as_deref()).await?;
            items_read += items;
            self.measure(&totals, &mut rows).await?;
            position = match end {
                Some(_) => ExportPosition { behind: end, ..position },
                None => ExportPosition { range: position.range + 1, behind: None },
            };
            if items_read >= WINDOW_ITEMS {
                break;
            }
        }
        let has_more = position.range < ranges.len();
        Ok((rows, has_more.then_some(position)))
    }

    /// Returns the ranges of sort keys: one if all buckets are exported, else one for each
    /// granularity.
    fn ranges(&self) -> Vec<[String; 2]> {
        let buckets = self.plan.granularities.iter();
        let buckets = buckets.map(|granularity| self.plan.buckets(self.rollup, *granularity));
        let mut ranges: Vec<BucketRange> = buckets.flatten().collect();
        if self.rollup.colocated.is_none()
            && ranges.len() == self.rollup.granularities.len()
            && ranges.iter().all(|range| range.first.is_none() && range.last.is_none())
        {
            return vec![[FIRST.to_string(), char::MAX.to_string()]];
        }
        ranges.sort_by_key(|range| range.granularity.name());
        ranges.iter().filter_map(|range| self.sort_keys(range)).collect()
    }

    /// Returns the first and the last sort key of buckets; `None` if no item can have them.
    fn sort_keys(&self, range: &BucketRange) -> Option<[String; 2]> {
        let texts = &self.group.texts;
        let key = |bucket: &Bucket| match &self.rollup.colocated {
            Some(colocated) => colocated::sort_key(colocated, texts, bucket),
            None => Some(bucket.key.clone()),
        };
        if range.granularity == Granularity::All {
            let all = key(&Bucket::all())?;
            return Some([all.clone(), all]);
        }
        let prefix = match &self.rollup.colocated {
            Some(colocated) => colocated.sort_prefix(texts),
            None => format!("{}#", range.granularity),
        };
        let edge = |bucket: &Option<Bucket>, unlimited: char| match bucket {
            Some(bucket) => key(bucket),
            None => Some(format!("{prefix}{unlimited}")),
        };
        // Times begin with a digit.
        Some([edge(&range.first, '0')?, edge(&range.last, ':')?])
    }

    /// Reads the sums of the buckets in which something is counted, in a window of a range. Returns
    /// the last sort key of the window, and the number of items.
    ///
    /// Stripes are read one after another, as `slot::read` explains. If a count is below zero, they
    /// are read once more.
    async fn totals(
        &self,
        range: &[String; 2],
        behind: Option<&str>,
    ) -> Result<(Vec<BucketTotals>, Option<String>, usize), QueryError> {
        let window = self.window(range, behind).await?;
        let window = match self.sums(&window) {
            Err(QueryError::NegativeCount(_)) if self.rollup.stripes > 1 => {
                self.window(range, behind).await?
            }
            _ => window,
        };
        let items_read = window.items.values().map(Vec::len).sum();
        Ok((self.sums(&window)?, window.end, items_read))
    }

    async fn window(
        &self,
        [low, high]: &[String; 2],
        behind: Option<&str>,
    ) -> Result<Window, QueryError> {
        let low = behind.map_or_else(|| low.clone(), |behind| format!("{behind}{NEXT}"));
        let partitions = match &self.rollup.colocated {
            Some(colocated) => colocated.partition_key(&self.group.texts).map(|key| vec![key]),
            None => self.group.partitions(self.rollup),
        };
        let partitions = partitions.unwrap_or_default();
        let limit = (WINDOW_ITEMS / partitions.len().max(1)).max(MIN_STRIPE_ITEMS);
        let is_colocated = self.rollup.is_colocated();
        let reads = partitions.into_iter().map(|partition| {
            let range = Range { is_colocated, partition, low: low.clone(), high: high.clone() };
            async move { self.stripe(&range, limit).await }
        });
        let stripes: Vec<StripeItems> =
            stream::iter(reads).buffered(MAX_READS_IN_FLIGHT).try_collect().await?;
        let cut = stripes.iter().filter(|stripe| stripe.is_cut);
        let end = cut.filter_map(|stripe| stripe.items.last().map(|(sort, _)| sort)).min().cloned();
        let mut window = Window { items: BTreeMap::new(), end };
        for (sort, item) in stripes.into_iter().flat_map(|stripe| stripe.items) {
            if window.end.as_ref().is_none_or(|end| sort <= *end) {
                window.items.entry(sort).or_default().push(item);
            }
        }
        Ok(window)
    }

    /// Reads the first rollup items of a stripe in a range.
    async fn stripe(&self, range: &Range, limit: usize) -> Result<StripeItems, Error> {
        let mut items = Vec::new();
        let visit = |sort: &str, item: &Item| {
            items.push((sort.to_owned(), item.clone()));
            if items.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let wanted = u32::try_from(limit).unwrap_or(u32::MAX);
        self.rollups.walk(range, false, Some(wanted), visit).await?;
        Ok(StripeItems { is_cut: items.len() >= limit, items })
    }

    /// Returns the sums of the buckets of a window that are exported and in which something is
    /// counted.
    fn sums(&self, window: &Window) -> Result<Vec<BucketTotals>, QueryError> {
        let mut counted = Vec::new();
        for (sort, items) in &window.items {
            let Some(bucket) = self.bucket(sort)? else { continue };
            let is_exported = self.plan.granularities.contains(&bucket.granularity)
                && self.plan.is_kept(self.rollup, &bucket);
            if !is_exported {
                continue;
            }
            let items = HashMap::from([(bucket.key.clone(), items.clone())]);
            let slot = Slot { buckets: vec![bucket.clone()] };
            let totals = SlotTotals::sum(self.rollup, &slot, &items)?;
            if !totals.is_empty() {
                counted.push(BucketTotals { bucket, totals });
            }
        }
        Ok(counted)
    }

    /// Reads the detail items of buckets, and appends their rows.
    async fn measure(
        &self,
        buckets: &[BucketTotals],
        rows: &mut Vec<AnswerPoint>,
    ) -> Result<(), QueryError> {
        let mut at_once = MAX_BUCKETS_WITH_DETAILS;
        let mut rest = buckets;
        while !rest.is_empty() {
            let (some, others) = rest.split_at(at_once.min(rest.len()));
            match self.measured(some, MAX_DETAIL_ITEMS).await {
                // Many buckets at once were too many.
                Err(error) if error.is_too_much() && some.len() > 1 => {
                    at_once = some.len() / 2;
                    continue;
                }
                Err(error) if error.is_too_much() => {
                    rows.extend(self.measured(some, MAX_DETAIL_ITEMS_OF_BUCKET).await?);
                }
                measured => rows.extend(measured?),
            }
            rest = others;
        }
        Ok(())
    }

    /// Returns the rows of buckets, for which at most so many detail items are read.
    async fn measured(
        &self,
        buckets: &[BucketTotals],
        max_detail_items: usize,
    ) -> Result<Vec<AnswerPoint>, QueryError> {
        let budget = DetailBudget::new(max_detail_items);
        let (rollups, rollup, group) = (self.rollups, self.rollup, self.group);
        let reader = DetailReader { rollups, rollup, group, budget: &budget };
        let totals: Vec<_> = buckets.iter().map(|known| known.totals.clone()).collect();
        let details = reader.read(self.parts, &totals).await?;
        let rows = buckets.iter().enumerate().map(|(position, known)| {
            let slot = (position, &known.totals);
            let measured = MeasuredSlot::new(rollup, self.measures, slot, &details)?;
            Ok(self.row(&known.bucket, measured))
        });
        rows.collect()
    }

    /// Returns the row of a bucket. The values of a parked one may not be known.
    fn row(&self, bucket: &Bucket, measured: MeasuredSlot) -> AnswerPoint {
        let edge = |instant: Option<Timestamp>| {
            let shown = instant.map(|instant| local(instant, &self.rollup.time_zone));
            shown.map_or(Value::Null, Value::String)
        };
        let mut row = Map::from_iter([
            ("every".to_owned(), Value::String(bucket.granularity.to_string())),
            ("start".to_owned(), edge(bucket.start)),
            ("end".to_owned(), edge(bucket.end)),
        ]);
        let values = measured.values;
        let values = values.unwrap_or_else(|| vec![MeasuredValue::Nothing; self.measures.len()]);
        row.extend(named(self.measures, &values));
        if measured.is_parked {
            row.insert("parked".to_owned(), Value::Bool(true));
        }
        row
    }

    /// Returns the bucket of a sort key; `None` beside items if it belongs to another group.
    fn bucket(&self, sort: &str) -> Result<Option<Bucket>, QueryError> {
        if let Some(colocated) = &self.rollup.colocated {
            return Ok(colocated::bucket(colocated, &self.group.texts, sort));
        }
        let bucket = Bucket::from_key(sort, &self.rollup.time_zone);
        let unreadable = || {
            let name = &self.rollup.name;
            Error::Unreadable(format!("a rollup item of `{name}` with the sort key `{sort}`"))
        };
        Ok(Some(bucket.ok_or_else(unreadable)?))
    }
}
