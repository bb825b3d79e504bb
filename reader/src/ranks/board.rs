//! Reading ranks: entries of the index in their order, then the rollup items that they are of.
//!
//! The index is behind the items by some milliseconds. It says which groups are next; what is shown of them, and their order
//! among each other, is that of the items.
//!
//! A page ends before the first group that the budget of the request does not last for.
//!
//! **Invariant:** a group in which nothing is counted has no rank. Pages follow the index, so that no group whose score stays is
//! lost or comes twice.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use aggregates::watermark::newest_seconds;
use aggregates::{Around, Group, RankPlan, RollupKey, key};
use futures::{StreamExt, stream};
use model::rollup::NamedMeasure;
use model::table::SCORE;
use model::{AttributeValue, Item, Measure, Number, Rollup};
use serde_json::{Map, Value};
use table::{Ranked, Rollups};

use super::position::Position;
use super::standing::{Scores, Standing, compare};
use crate::answer::page::{Measured, named, needed, of_slot};
use crate::answer::rows::{Budget, MAX_ROWS, RowsOfSlots};
use crate::answer::slot::{self, Slot, Tally};
use crate::answer::{AskError, encoded_bytes, refused};
use crate::{ENOUGH_BYTES, MAX_READS};

/// How many groups' rows are read at once.
const GROUPS_AT_ONCE: usize = 8;
/// The most entries of the index that are counted for the rank of a group.
pub(super) const MAX_COUNTED: u32 = 10_000;

/// A group, as its rollup item has it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its place in the index, as it was found there.
    at: Ranked,
    /// Its score.
    score: Number,
    /// The texts of its dimensions.
    pub(super) texts: Vec<String>,
    /// What is measured.
    pub(super) measures: Map<String, Value>,
    /// Whether DynamoDB has refused an update of it.
    pub(super) is_parked: bool,
}

/// Groups of entries of the index; not of all of them where these were too many to be read.
struct Groups {
    entries: Vec<Entry>,
    /// How many of the entries were read, and why no more were.
    ended: Option<(usize, AskError)>,
}

/// Groups with their ranks, if those are known.
pub(super) type Listed = Vec<(Option<u32>, Entry)>;

/// Reads the ranks that a plan is about.
pub(super) struct Board<'a> {
    rollups: &'a Rollups,
    rollup: &'a Rollup,
    plan: &'a RankPlan,
    /// The measures that are asked for.
    pub(super) asked: Vec<&'a NamedMeasure>,
    /// Those, and what ratios are of.
    needed: Vec<&'a Measure>,
    /// The rows that may still be read.
    budget: Budget,
    /// What was read.
    pub(super) tally: Tally,
    /// The partitions of groups that the index has, and in which nothing is counted.
    empty: HashSet<String>,
}

impl<'a> Board<'a> {
    pub(super) fn new(rollups: &'a Rollups, rollup: &'a Rollup, plan: &'a RankPlan) -> Self {
        let asked = rollup.measures_at(&plan.measures);
        let needed = needed(rollup, &asked);
        let (tally, empty) = (Tally::default(), HashSet::new());
        let budget = Budget::of(MAX_ROWS);
        Self { rollups, rollup, plan, asked, needed, budget, tally, empty }
    }

    /// A page of so many groups at most, the first ones or those behind a position; and where it ended, if there may be more.
    pub(super) async fn page(
        &mut self,
        position: Option<Position>,
        limit: u32,
    ) -> Result<(Listed, Option<Position>), AskError> {
        let (at, mut standing) = match position {
            Some(Position { at, standing }) => (Some(at), standing),
            None => (None, Standing::default()),
        };
        let (mut entries, at) = self.some(self.plan.descending, at, limit, None).await?;
        entries.sort_by(|left, right| self.order(left, right));
        let rank = |entry: Entry| (Some(standing.next(&entry.score)), entry);
        let listed: Vec<_> = entries.into_iter().map(rank).collect();
        Ok((listed, at.map(|at| Position { at, standing })))
    }

    /// A group with those before and behind it; none where nothing is counted in it.
    pub(super) async fn around(&mut self, around: &Around) -> Result<Listed, AskError> {
        match self.listed_around(around).await {
            Err(AskError::Table(error)) if error.is_over_budget() => Err(too_many_neighbours()),
            listed => listed,
        }
    }

    async fn listed_around(&mut self, around: &Around) -> Result<Listed, AskError> {
        let partition =
            key::partition(self.rollup, 0, around.group.texts.iter().map(String::as_str));
        let key = RollupKey::of(partition.unwrap_or_default(), self.plan.bucket.key.clone());
        let asked = Ranked { key, score: Number::from_units(0, 0) };
        let Groups { mut entries, ended } = self.entries(vec![asked]).await?;
        if let Some((_, error)) = ended {
            return Err(error);
        }
        let Some(own) = entries.pop() else { return Ok(Vec::new()) };
        let at = Ranked { key: own.at.key.clone(), score: own.score.clone() };
        let (descending, count) = (self.plan.descending, around.neighbours);
        let own_key = Some(&at.key);
        let (before, more_before) =
            self.some(!descending, Some(at.clone()), count, own_key).await?;
        let (behind, more_behind) = self.some(descending, Some(at.clone()), count, own_key).await?;
        let is_cut =
            |some: &[Entry], more: Option<Ranked>| more.is_some() && some.len() < count as usize;
        if is_cut(&before, more_before) || is_cut(&behind, more_behind) {
            return Err(too_many_neighbours());
        }
        let mut listed: Vec<_> = before.into_iter().rev().chain([own]).chain(behind).collect();
        listed.sort_by(|left, right| self.order(left, right));
        if encoded_bytes(&listed.iter().map(|entry| &entry.measures).collect::<Vec<_>>())
            > ENOUGH_BYTES
        {
            return Err(too_many_neighbours());
        }
        let scores = self.scores(&at.score, &listed).await?;
        let rank = |entry: Entry| (scores.as_ref().map(|scores| scores.rank(&entry.score)), entry);
        Ok(listed.into_iter().map(rank).collect())
    }

    fn order(&self, left: &Entry, right: &Entry) -> Ordering {
        compare(self.plan.descending, &left.score, &right.score)
    }

    /// The scores of all groups down to a score, and of those that are listed; `None` where they are too many.
    async fn scores(
        &mut self,
        down_to: &Number,
        listed: &[Entry],
    ) -> Result<Option<Scores>, AskError> {
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
        let read =
            self.rollups.walk_ranks(&self.plan.rank, descending, None, wanted, visit).await?;
        self.tally.items_read += read;
        if counted > MAX_COUNTED {
            return Ok(None);
        }
        // What counts nothing has the score 0: that matters to those behind it.
        let zero = Number::from_units(0, 0);
        if listed.iter().any(|entry| is_before(&zero, &entry.score)) {
            let zeros = scores.iter().filter(|(_, score)| score.is_zero());
            let key = |partition: &String| RollupKey::of(partition, self.plan.bucket.key.clone());
            let keys: Vec<_> = zeros.map(|(partition, _)| key(partition)).collect();
            if self.live(&keys).await?.len() < keys.len() {
                return Err(too_many_neighbours());
            }
        }
        scores.retain(|partition, _| !self.empty.contains(partition));
        for entry in listed {
            scores.insert(entry.at.key.partition.clone(), entry.score.clone());
        }
        Ok(Some(Scores::of(descending, scores)))
    }

    /// The scores of rollup items and what they know; `None` for those that count nothing, which
    /// are noted. Those of the first keys, if the budget does not last for all.
    async fn live(
        &mut self,
        keys: &[RollupKey],
    ) -> Result<Vec<Option<(Option<Number>, slot::Known)>>, AskError> {
        let items = self.rollups.get_all(keys).await?;
        self.tally.items_read += items.len();
        let mut all = Vec::new();
        for (key, item) in keys.iter().zip(items) {
            let live = match item {
                None => None,
                Some(item) => {
                    self.tally.add(Tally { items_read: 0, newest: newest_seconds(&item) });
                    let known = self.known(&item)?;
                    let is_empty = known.live.is_empty() && known.amounts.is_some();
                    (!is_empty).then(|| (score(&item), known))
                }
            };
            if live.is_none() {
                self.empty.insert(key.partition.clone());
            }
            all.push(live);
        }
        Ok(all)
    }

    /// So many groups that follow an entry of the index, in its order; and the last entry that was read, if there may be more.
    async fn some(
        &mut self,
        descending: bool,
        mut behind: Option<Ranked>,
        wanted: u32,
        but: Option<&RollupKey>,
    ) -> Result<(Vec<Entry>, Option<Ranked>), AskError> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut bytes = 0;
        for round in 0..MAX_READS {
            let left = (wanted as usize).saturating_sub(entries.len());
            let (found, is_last) = match self.walk(descending, behind.as_ref(), left).await {
                // What was read before is a page.
                Err(error) if error.is_too_much() && round > 0 => break,
                walked => walked?,
            };
            let before = behind.clone();
            if let Some(last) = found.last() {
                behind = Some(last.clone());
            }
            let found: Vec<_> = found.into_iter().filter(|entry| Some(&entry.key) != but).collect();
            let Groups { entries: more, ended } = self.entries(found.clone()).await?;
            if let Some((read, error)) = &ended {
                behind = found[..*read].last().cloned().or(before);
                if *read == 0 && round == 0 {
                    return Err(refused("limit", format!("one group takes too much: {error}")));
                }
            }
            for entry in more {
                bytes += encoded_bytes(&entry.measures);
                entries.push(entry);
                if bytes > ENOUGH_BYTES {
                    let last = entries.last().map(|entry| entry.at.clone());
                    return Ok((entries, last));
                }
            }
            if ended.is_some() {
                break;
            }
            if is_last {
                return Ok((entries, None));
            }
            if entries.len() >= wanted as usize {
                break;
            }
        }
        Ok((entries, behind))
    }

    /// So many entries of the index, and whether there are no more.
    async fn walk(
        &mut self,
        descending: bool,
        behind: Option<&Ranked>,
        wanted: usize,
    ) -> Result<(Vec<Ranked>, bool), AskError> {
        let mut found = Vec::new();
        let mut is_last = true;
        let visit = |entry: Ranked| {
            if found.len() >= wanted {
                is_last = false;
                return ControlFlow::Break(());
            }
            found.push(entry);
            ControlFlow::Continue(())
        };
        let (rank, likely) = (&self.plan.rank, u32::try_from(wanted).unwrap_or(u32::MAX));
        let likely = likely.saturating_add(1);
        let read = self.rollups.walk_ranks(rank, descending, behind, likely, visit).await;
        match read {
            // The first entries are some.
            Err(error) if error.is_over_budget() && !found.is_empty() => {
                self.tally.items_read += found.len();
                Ok((found, false))
            }
            read => {
                self.tally.items_read += read?;
                Ok((found, is_last))
            }
        }
    }

    /// The groups of entries of the index, without those in which nothing is counted.
    async fn entries(&mut self, found: Vec<Ranked>) -> Result<Groups, AskError> {
        let keys: Vec<_> = found.iter().map(|entry| entry.key.clone()).collect();
        let mut ended = None;
        let live = match self.live(&keys).await {
            Err(error) if error.is_too_much() => {
                ended = Some((0, error));
                Vec::new()
            }
            live => live?,
        };
        if ended.is_none() && live.len() < keys.len() {
            ended = Some((live.len(), too_many_ranks()));
        }
        let live = found.into_iter().zip(live).enumerate();
        let live = live
            .filter_map(|(place, (at, live))| live.map(|(score, known)| (place, at, score, known)));
        let (asked, needed) = (self.asked.as_slice(), self.needed.as_slice());
        let (rollups, rollup, budget) = (self.rollups, self.rollup, &self.budget);
        let (places, live): (Vec<_>, Vec<_>) =
            live.map(|(place, at, score, known)| (place, (at, score, known))).unzip();
        let reads = live.into_iter().map(|(at, score, known)| async move {
            let unreadable = || {
                let place = &at.key.partition;
                table::Error::Unreadable(format!("{place}, which is no group of {}", rollup.name))
            };
            let texts = key::group(rollup, &at.key.partition).ok_or_else(unreadable)?;
            let group = Group { texts };
            let known = [known];
            let (rows, tally) =
                RowsOfSlots::read(rollups, rollup, &group, needed, &known, budget).await?;
            let Measured { values, is_parked } = of_slot(rollup, asked, 0, &known[0], &rows)?;
            let measures = match values {
                Some(values) => named(asked, &values).collect(),
                None => asked.iter().map(|known| (known.name.clone(), Value::Null)).collect(),
            };
            let score = score.unwrap_or_else(|| at.score.clone());
            Ok::<_, AskError>((Entry { at, score, texts: group.texts, measures, is_parked }, tally))
        });
        let mut entries = Vec::new();
        let mut tally = Tally::default();
        let mut reads = stream::iter(reads).buffered(GROUPS_AT_ONCE);
        for place in places {
            match reads.next().await.expect("one for each place") {
                Ok((entry, read)) => {
                    entries.push(entry);
                    tally.add(read);
                }
                Err(error) if error.is_too_much() => {
                    ended = Some((place, error));
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        drop(reads);
        self.tally.add(tally);
        Ok(Groups { entries, ended })
    }

    /// What a rollup item of the bucket knows.
    fn known(&self, item: &Item) -> Result<slot::Known, AskError> {
        let bucket = &self.plan.bucket;
        let items = HashMap::from([(bucket.key.clone(), vec![item.clone()])]);
        slot::known(self.rollup, &Slot { buckets: vec![bucket.clone()] }, &items)
    }
}

fn too_many_ranks() -> AskError {
    refused("limit", "more groups than a request may read; expected a smaller limit".to_owned())
}

fn too_many_neighbours() -> AskError {
    let message = "too much for one answer; expected fewer, or fewer measures".to_owned();
    refused("neighbours", message)
}

/// What ranks a rollup item.
fn score(item: &Item) -> Option<Number> {
    match item.get(SCORE)? {
        AttributeValue::N(text) => text.parse().ok(),
        _ => None,
    }
}
