//! The leaderboard: entries of the index of ranks in their order, then the rollup items of these
//! groups.
//!
//! The index is behind the items by some milliseconds. It decides which groups are next; their
//! values, and their order among each other, are those of the items.
//!
//! A page ends before the first group that the budget of the request does not last for.
//!
//! **Invariant:** a group in which nothing is counted has no rank. Pages follow the index, so that
//! a group whose score does not change is on exactly one page.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use futures::{StreamExt, stream};
use serde_json::{Map, Value};
use weir_model::rollup::NamedMeasure;
use weir_model::table::SCORE;
use weir_model::{AttributeValue, Item, Measure, Number, Rollup};
use weir_rollups::watermark::newest_seconds;
use weir_rollups::{Around, Group, RankPlan, RollupKey, key};
use weir_table::{Ranked, Rollups};

use super::rank_cursor::RankCursor;
use super::scores::{RankCounter, Scores, compare};
use crate::details::{DetailBudget, DetailReader};
use crate::error::QueryError;
use crate::json::encoded_bytes;
use crate::limits::{ENOUGH_BYTES, MAX_DETAIL_ITEMS, MAX_WINDOWS};
use crate::measured::{MeasuredSlot, named, parts};
use crate::slot::{Slot, SlotTotals};
use crate::stats::ReadStats;

/// The number of groups whose detail items are read at once.
const GROUPS_AT_ONCE: usize = 8;
/// The most entries of the index that are counted for the rank of a group.
pub(super) const MAX_COUNTED: u32 = 10_000;

/// A group of a leaderboard, as its rollup item has it.
#[derive(Clone, Debug)]
pub(super) struct RankedGroup {
    /// Its entry of the index.
    entry: Ranked,
    /// Its score.
    score: Number,
    /// The texts of its dimensions.
    pub(super) texts: Vec<String>,
    /// Its measures, by name.
    pub(super) measures: Map<String, Value>,
    /// Whether DynamoDB has refused an update of it.
    pub(super) is_parked: bool,
}

/// The rollup item of a group in which something is counted.
struct LiveGroup {
    /// Its score, if it has one.
    score: Option<Number>,
    totals: SlotTotals,
}

/// The groups of entries of the index, or the first of them if they were too many.
struct ReadGroups {
    groups: Vec<RankedGroup>,
    /// The number of entries that were read, and the reason why there are no more.
    ended: Option<(usize, QueryError)>,
}

/// Entries of the index, in its order.
struct ReadEntries {
    entries: Vec<Ranked>,
    /// Whether the index has no more.
    is_last: bool,
}

/// Groups after an entry of the index, and the last entry that was read if there may be more.
type NextGroups = (Vec<RankedGroup>, Option<Ranked>);

/// Groups with their ranks; `None` for a rank that is not known.
pub(super) type Listed = Vec<(Option<u32>, RankedGroup)>;

/// A reader of the ranks of a plan.
pub(super) struct Leaderboard<'a> {
    rollups: &'a Rollups,
    rollup: &'a Rollup,
    plan: &'a RankPlan,
    /// The measures of the query.
    pub(super) measures: Vec<&'a NamedMeasure>,
    /// The measures that they are made of.
    parts: Vec<&'a Measure>,
    /// The detail items that may still be read.
    budget: DetailBudget,
    /// The items that were read.
    pub(super) stats: ReadStats,
    /// The partitions of groups that the index has, and in which nothing is counted.
    empty: HashSet<String>,
}

impl<'a> Leaderboard<'a> {
    pub(super) fn new(rollups: &'a Rollups, rollup: &'a Rollup, plan: &'a RankPlan) -> Self {
        let measures = rollup.measures_at(&plan.measures);
        let parts = parts(rollup, &measures);
        let (stats, empty) = (ReadStats::default(), HashSet::new());
        let budget = DetailBudget::new(MAX_DETAIL_ITEMS);
        Self { rollups, rollup, plan, measures, parts, budget, stats, empty }
    }

    /// Reads a page of at most so many groups: the first ones, or those after a cursor. Returns
    /// where it ended, if there may be more.
    pub(super) async fn read_page(
        &mut self,
        cursor: Option<RankCursor>,
        limit: u32,
    ) -> Result<(Listed, Option<RankCursor>), QueryError> {
        let (at, mut counter) = match cursor {
            Some(RankCursor { at, counter }) => (Some(at), counter),
            None => (None, RankCounter::default()),
        };
        let (mut groups, at) = self.read_after(self.plan.descending, at, limit, None).await?;
        groups.sort_by(|left, right| self.order(left, right));
        let rank = |group: RankedGroup| (Some(counter.next(&group.score)), group);
        let listed: Vec<_> = groups.into_iter().map(rank).collect();
        Ok((listed, at.map(|at| RankCursor { at, counter })))
    }

    /// Reads a group with those before and after it; none if nothing is counted in it.
    pub(super) async fn read_around(&mut self, around: &Around) -> Result<Listed, QueryError> {
        match self.read_neighbours(around).await {
            Err(QueryError::Table(error)) if error.is_over_budget() => Err(too_many_neighbours()),
            listed => listed,
        }
    }

    async fn read_neighbours(&mut self, around: &Around) -> Result<Listed, QueryError> {
        let partition =
            key::partition(self.rollup, 0, around.group.texts.iter().map(String::as_str));
        let key = RollupKey::new(partition.unwrap_or_default(), self.plan.bucket.key.clone());
        let asked = Ranked { key, score: Number::from_units(0, 0) };
        let ReadGroups { mut groups, ended } = self.read_groups(vec![asked]).await?;
        if let Some((_, error)) = ended {
            return Err(error);
        }
        let Some(own) = groups.pop() else { return Ok(Vec::new()) };
        let at = Ranked { key: own.entry.key.clone(), score: own.score.clone() };
        let (descending, count) = (self.plan.descending, around.neighbours);
        let own_key = Some(&at.key);
        let (before, more_before) =
            self.read_after(!descending, Some(at.clone()), count, own_key).await?;
        let (after, more_after) =
            self.read_after(descending, Some(at.clone()), count, own_key).await?;
        let is_cut = |some: &[RankedGroup], more: Option<Ranked>| {
            more.is_some() && some.len() < count as usize
        };
        if is_cut(&before, more_before) || is_cut(&after, more_after) {
            return Err(too_many_neighbours());
        }
        let mut listed: Vec<_> = before.into_iter().rev().chain([own]).chain(after).collect();
        listed.sort_by(|left, right| self.order(left, right));
        let measures: Vec<_> = listed.iter().map(|group| &group.measures).collect();
        if encoded_bytes(&measures) > ENOUGH_BYTES {
            return Err(too_many_neighbours());
        }
        let scores = self.read_scores(&at.score, &listed).await?;
        let rank = |group: RankedGroup| {
            (scores.as_ref().map(|scores| scores.rank_of(&group.score)), group)
        };
        Ok(listed.into_iter().map(rank).collect())
    }

    fn order(&self, left: &RankedGroup, right: &RankedGroup) -> Ordering {
        compare(self.plan.descending, &left.score, &right.score)
    }

    /// Reads the scores of all groups down to a score, and of those that are listed; `None` if they
    /// are too many.
    async fn read_scores(
        &mut self,
        down_to: &Number,
        listed: &[RankedGroup],
    ) -> Result<Option<Scores>, QueryError> {
        let descending = self.plan.descending;
        let is_before =
            |left: &Number, right: &Number| compare(descending, left, right) == Ordering::Less;
        let mut counted = 0;
        let mut scores = HashMap::new();
        let visit = |entry: Ranked| {
            counted += 1;
            if is_before(down_to, &entry.score) || counted > MAX_COUNTED {
                return ControlFlow::Break(());
            }
            scores.insert(entry.key.partition, entry.score);
            ControlFlow::Continue(())
        };
        let wanted = u32::try_from(listed.len()).unwrap_or(MAX_COUNTED);
        let ranking = &self.plan.rank;
        let read = self.rollups.walk_ranks(ranking, descending, None, wanted, visit).await?;
        self.stats.items_read += read;
        if counted > MAX_COUNTED {
            return Ok(None);
        }
        // A group that counts nothing has the score 0, which is before that of some listed ones.
        let zero = Number::from_units(0, 0);
        if listed.iter().any(|group| is_before(&zero, &group.score)) {
            let zeros = scores.iter().filter(|(_, score)| score.is_zero());
            let key = |partition: &String| RollupKey::new(partition, self.plan.bucket.key.clone());
            let keys: Vec<_> = zeros.map(|(partition, _)| key(partition)).collect();
            if self.read_live(&keys).await?.len() < keys.len() {
                return Err(too_many_neighbours());
            }
        }
        scores.retain(|partition, _| !self.empty.contains(partition));
        for group in listed {
            scores.insert(group.entry.key.partition.clone(), group.score.clone());
        }
        Ok(Some(Scores::new(descending, scores)))
    }

    /// Reads rollup items; `None` for those that count nothing, which are noted. Reads those of the
    /// first keys if the budget does not last for all.
    async fn read_live(
        &mut self,
        keys: &[RollupKey],
    ) -> Result<Vec<Option<LiveGroup>>, QueryError> {
        let items = self.rollups.get_all(keys).await?;
        self.stats.items_read += items.len();
        let mut all = Vec::new();
        for (key, item) in keys.iter().zip(items) {
            let live = match item {
                None => None,
                Some(item) => {
                    self.stats.add(ReadStats { items_read: 0, newest: newest_seconds(&item) });
                    let totals = self.totals(&item)?;
                    let is_empty = totals.live.is_empty() && totals.amounts.is_some();
                    (!is_empty).then(|| LiveGroup { score: score(&item), totals })
                }
            };
            if live.is_none() {
                self.empty.insert(key.partition.clone());
            }
            all.push(live);
        }
        Ok(all)
    }

    /// Reads so many groups that follow an entry of the index, in its order, without one of them.
    async fn read_after(
        &mut self,
        descending: bool,
        mut at: Option<Ranked>,
        wanted: u32,
        without: Option<&RollupKey>,
    ) -> Result<NextGroups, QueryError> {
        let mut groups: Vec<RankedGroup> = Vec::new();
        let mut bytes = 0;
        for round in 0..MAX_WINDOWS {
            let left = (wanted as usize).saturating_sub(groups.len());
            let read = match self.read_entries(descending, at.as_ref(), left).await {
                // The groups that were read before are a page.
                Err(error) if error.is_too_much() && round > 0 => break,
                read => read?,
            };
            let before = at.clone();
            if let Some(last) = read.entries.last() {
                at = Some(last.clone());
            }
            let others = read.entries.into_iter().filter(|entry| Some(&entry.key) != without);
            let entries: Vec<_> = others.collect();
            let ReadGroups { groups: more, ended } = self.read_groups(entries.clone()).await?;
            if let Some((count, error)) = &ended {
                at = entries[..*count].last().cloned().or(before);
                if *count == 0 && round == 0 {
                    let message = format!("one group takes too much: {error}");
                    return Err(QueryError::too_much("limit", message));
                }
            }
            for group in more {
                bytes += encoded_bytes(&group.measures);
                groups.push(group);
                if bytes > ENOUGH_BYTES {
                    let last = groups.last().map(|group| group.entry.clone());
                    return Ok((groups, last));
                }
            }
            if ended.is_some() {
                break;
            }
            if read.is_last {
                return Ok((groups, None));
            }
            if groups.len() >= wanted as usize {
                break;
            }
        }
        Ok((groups, at))
    }

    /// Reads so many entries of the index.
    async fn read_entries(
        &mut self,
        descending: bool,
        at: Option<&Ranked>,
        wanted: usize,
    ) -> Result<ReadEntries, QueryError> {
        let mut entries = Vec::new();
        let mut is_last = true;
        let visit = |entry: Ranked| {
            if entries.len() >= wanted {
                is_last = false;
                return ControlFlow::Break(());
            }
            entries.push(entry);
            ControlFlow::Continue(())
        };
        let (ranking, likely) = (&self.plan.rank, u32::try_from(wanted).unwrap_or(u32::MAX));
        let likely = likely.saturating_add(1);
        let read = self.rollups.walk_ranks(ranking, descending, at, likely, visit).await;
        match read {
            // The budget lasted for the first entries.
            Err(error) if error.is_over_budget() && !entries.is_empty() => {
                self.stats.items_read += entries.len();
                Ok(ReadEntries { entries, is_last: false })
            }
            read => {
                self.stats.items_read += read?;
                Ok(ReadEntries { entries, is_last })
            }
        }
    }

    /// Reads the groups of entries of the index, without those in which nothing is counted.
    async fn read_groups(&mut self, entries: Vec<Ranked>) -> Result<ReadGroups, QueryError> {
        let keys: Vec<_> = entries.iter().map(|entry| entry.key.clone()).collect();
        let mut ended = None;
        let live = match self.read_live(&keys).await {
            Err(error) if error.is_too_much() => {
                ended = Some((0, error));
                Vec::new()
            }
            live => live?,
        };
        if ended.is_none() && live.len() < keys.len() {
            ended = Some((live.len(), too_many_ranks()));
        }
        let live = entries.into_iter().zip(live).enumerate();
        let (positions, live): (Vec<_>, Vec<_>) = live
            .filter_map(|(position, (entry, live))| live.map(|live| (position, (entry, live))))
            .unzip();
        let this = &*self;
        let reads = live.into_iter().map(|(entry, live)| this.read_group(entry, live));
        let mut reads = stream::iter(reads).buffered(GROUPS_AT_ONCE);
        let (mut groups, mut items_read) = (Vec::new(), 0);
        for position in positions {
            match reads.next().await.expect("one for each position") {
                Ok((group, read)) => {
                    groups.push(group);
                    items_read += read;
                }
                Err(error) if error.is_too_much() => {
                    ended = Some((position, error));
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        drop(reads);
        self.stats.items_read += items_read;
        Ok(ReadGroups { groups, ended })
    }

    /// Reads the detail items of a group. Returns the group, and how many items were read.
    async fn read_group(
        &self,
        entry: Ranked,
        live: LiveGroup,
    ) -> Result<(RankedGroup, usize), QueryError> {
        let (rollup, measures) = (self.rollup, self.measures.as_slice());
        let unreadable = || {
            let partition = &entry.key.partition;
            weir_table::Error::Unreadable(format!(
                "{partition}, which is no group of {}",
                rollup.name
            ))
        };
        let texts = key::group(rollup, &entry.key.partition).ok_or_else(unreadable)?;
        let group = Group { texts };
        let (rollups, budget) = (self.rollups, &self.budget);
        let reader = DetailReader { rollups, rollup, group: &group, budget };
        let totals = [live.totals];
        let details = reader.read(&self.parts, &totals).await?;
        let MeasuredSlot { values, is_parked } =
            MeasuredSlot::new(rollup, measures, (0, &totals[0]), &details)?;
        let measures = match values {
            Some(values) => named(measures, &values).collect(),
            None => measures.iter().map(|known| (known.name.clone(), Value::Null)).collect(),
        };
        let score = live.score.unwrap_or_else(|| entry.score.clone());
        let group = RankedGroup { entry, score, texts: group.texts, measures, is_parked };
        Ok((group, details.items_read))
    }

    /// Returns the sums of a rollup item of the bucket.
    fn totals(&self, item: &Item) -> Result<SlotTotals, QueryError> {
        let bucket = &self.plan.bucket;
        let items = HashMap::from([(bucket.key.clone(), vec![item.clone()])]);
        SlotTotals::sum(self.rollup, &Slot { buckets: vec![bucket.clone()] }, &items)
    }
}

fn too_many_ranks() -> QueryError {
    QueryError::too_much("limit", "more groups than a request may read; expected a smaller limit")
}

fn too_many_neighbours() -> QueryError {
    QueryError::too_much("neighbours", "too much for one answer; expected fewer, or fewer measures")
}

/// Returns the score of a rollup item.
fn score(item: &Item) -> Option<Number> {
    match item.get(SCORE)? {
        AttributeValue::N(text) => text.parse().ok(),
        _ => None,
    }
}
