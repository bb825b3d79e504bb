//! The rows that measures are read from, for slots of one group.
//!
//! | measure | of one bucket | of several |
//! |---|---|---|
//! | `min`, `max`, `smallest`, `largest`, `first`, `last` | the rows at one end of its range | those of each bucket |
//! | `distinct` | none: its rollup item has it | all rows, which are counted once each |
//! | `top` | the first of the index of ranks; where many share the last place, the first rows too | all rows |
//! | quantiles | all rows, of which there are few | the same |
//!
//! At the ends of a bucket there may be rows that count nothing any more, which stay for 96 hours: they are walked over, and are rows
//! that were read like all others.
//!
//! **Invariant:** no answer is made of more than [`MAX_ROWS`] rows, whatever its groups, slots and measures. One that would be is
//! a page that ends before them, or is refused at the first row beyond them where a single step has so many.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

use aggregates::measured::{RowsRead, rows_of_nothing};
use aggregates::rows::{self, Rows};
use aggregates::sketch::Octave;
use aggregates::{Bucket, Group, Sketch, key, runs};
use futures::{StreamExt, TryStreamExt, stream};
use model::rollup::Direction;
use model::{AttributeValue, Item, Measure, Number, Rollup};
use table::{Range, Rollups};

use super::slot::{Known, MAX_READS_IN_FLIGHT, Tally};
use super::{AskError, refused};

/// The most rows that are read for an answer.
pub(crate) const MAX_ROWS: usize = 20_000;
/// The part of them that is spent, at most, on entries of the index that share the last place of a `top`: 1,000.
const TIED_PART: usize = 20;
/// The most ends of buckets that are read at once, of one group.
const MAX_ENDS: usize = 2_000;

/// How many rows an answer may still read.
#[derive(Debug)]
pub(crate) struct Budget {
    /// How many it may read at all.
    pub(crate) most: usize,
    left: AtomicUsize,
}

/// What is to be read of rows, for one measure and slot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Need {
    /// So many rows from one end.
    End { rows: String, direction: Direction, limit: u16 },
    /// So many of the greatest count.
    Ranked { rows: String, limit: u16 },
    /// All.
    All { rows: String },
}

/// How many rows of each bucket these measures are read from, at the least.
pub(crate) fn least_of_bucket(measures: &[&Measure]) -> usize {
    let of_measure = |measure: &&Measure| match Need::of(measure, 1)? {
        Need::End { limit, .. } | Need::Ranked { limit, .. } => Some(usize::from(limit)),
        Need::All { .. } => Some(1),
    };
    measures.iter().filter_map(of_measure).sum()
}

/// Returns how many reads of one partition the rows of a group in slots take, unless a range has
/// more than a megabyte.
pub(crate) fn most_reads(measures: &[&Measure], known: &[Known]) -> u64 {
    let mut reads = 0;
    let mut all: BTreeMap<String, Vec<Bucket>> = BTreeMap::new();
    for live in known.iter().map(|known| &known.live).filter(|live| !live.is_empty()) {
        let needs: BTreeSet<Need> =
            measures.iter().filter_map(|measure| Need::of(measure, live.len())).collect();
        for need in needs {
            match need {
                Need::End { .. } => reads += live.len() as u64,
                // The index, and the first rows if many share the last place.
                Need::Ranked { .. } => reads += 2 * live.len() as u64,
                Need::All { rows } => all.entry(rows).or_default().extend(live.iter().cloned()),
            }
        }
    }
    reads + all.values().map(|buckets| runs(buckets).len() as u64).sum::<u64>()
}

/// What was read, by slot and measure.
#[derive(Debug, Default)]
pub(crate) struct RowsOfSlots(HashMap<(usize, Need), Read>);

/// Rows by their text, with what they hold.
type Read = BTreeMap<String, Held>;

/// What a row holds.
#[derive(Clone, Debug, Default)]
struct Held {
    count: i128,
    cells: Vec<(u8, i128)>,
}

/// One row.
type Row = (String, Held);

impl Budget {
    pub(crate) fn of(most: usize) -> Self {
        Self { most, left: AtomicUsize::new(most) }
    }

    /// Takes a row; whether there was one left.
    fn take(&self) -> bool {
        let one_less = |left: usize| left.checked_sub(1);
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
    }
}

impl Need {
    /// What a measure needs of a slot with so many buckets in which something is counted.
    fn of(measure: &Measure, live: usize) -> Option<Self> {
        let rows = Rows::of(measure)?.name();
        let end = |direction: &Direction, limit| Self::End {
            rows: rows.clone(),
            direction: *direction,
            limit,
        };
        Some(match measure {
            Measure::Distinct(_) if live <= 1 => return None,
            Measure::Top { limit, .. } if live == 1 => {
                Self::Ranked { rows: rows.clone(), limit: *limit }
            }
            Measure::Extreme { end: direction, .. } | Measure::AtEnd { end: direction, .. } => {
                end(direction, 1)
            }
            Measure::Extremes { end: direction, limit, .. } => end(direction, *limit),
            _ => Self::All { rows: rows.clone() },
        })
    }
}

impl RowsOfSlots {
    /// Reads what measures need of the slots of a group.
    pub(crate) async fn read(
        rollups: &Rollups,
        rollup: &Rollup,
        group: &Group,
        measures: &[&Measure],
        known: &[Known],
        budget: &Budget,
    ) -> Result<(Self, Tally), AskError> {
        let reader = Reader { rollups, rollup, group, budget };
        let mut read = Self::default();
        let mut tally = Tally::default();
        let kinds = measures.iter().filter_map(|measure| Rows::of(measure));
        let kinds: BTreeMap<String, Rows<'_>> = kinds.map(|rows| (rows.name(), rows)).collect();
        let mut ends: BTreeSet<(usize, Need)> = BTreeSet::new();
        let mut all: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for (slot, known) in known.iter().enumerate().filter(|(_, known)| !known.live.is_empty()) {
            for need in measures.iter().filter_map(|measure| Need::of(measure, known.live.len())) {
                match &need {
                    Need::All { rows } => drop(all.entry(rows.clone()).or_default().insert(slot)),
                    _ => drop(ends.insert((slot, need))),
                }
            }
        }
        let tasks =
            ends.iter().map(|(slot, _)| known[*slot].live.len() * usize::from(rollup.stripes));
        if tasks.sum::<usize>() > MAX_ENDS {
            let message = format!("the ends of more than {MAX_ENDS} buckets would be read");
            return Err(too_much(rollup, &message));
        }
        let tasks = ends.into_iter().map(|(slot, need)| {
            let (live, rows) = (known[slot].live.as_slice(), kinds[need.rows()]);
            let reader = &reader;
            async move { Ok::<_, AskError>((slot, reader.ends(rows, &need, live).await?, need)) }
        });
        let ended: Vec<_> = stream::iter(tasks).buffered(MAX_READS_IN_FLIGHT).try_collect().await?;
        for (slot, (rows, examined), need) in ended {
            tally.items_read += examined;
            read.0.insert((slot, need), rows);
        }
        for (name, slots) in all {
            let buckets: Vec<Bucket> =
                slots.iter().flat_map(|slot| known[*slot].live.clone()).collect();
            let (by_bucket, examined) = reader.all(kinds[&name], &buckets).await?;
            tally.items_read += examined;
            for slot in slots {
                let mut rows = Read::new();
                for bucket in &known[slot].live {
                    merge(&mut rows, by_bucket.get(&bucket.key).into_iter().flatten().cloned());
                }
                read.0.insert((slot, Need::All { rows: name.clone() }), rows);
            }
        }
        Ok((read, tally))
    }

    /// The rows of a measure in a slot; `None` where it is read from rollup items alone.
    pub(crate) fn of(&self, slot: usize, measure: &Measure, known: &Known) -> Option<RowsRead> {
        if known.live.is_empty() {
            return rows_of_nothing(measure);
        }
        let need = Need::of(measure, known.live.len())?;
        let rows = self.0.get(&(slot, need))?;
        let live = rows.iter().filter(|(_, held)| held.count > 0);
        Some(match measure {
            Measure::Quantile { .. } => {
                let mut sketch = Sketch::default();
                for (octave, held) in
                    live.filter_map(|(text, held)| Some((Octave::parse(text)?, held)))
                {
                    held.cells.iter().for_each(|(cell, count)| sketch.add(octave, *cell, *count));
                }
                RowsRead::Sketch(sketch)
            }
            _ => RowsRead::Values(live.map(|(text, held)| (text.clone(), held.count)).collect()),
        })
    }
}

impl Need {
    fn rows(&self) -> &str {
        match self {
            Self::End { rows, .. } | Self::Ranked { rows, .. } | Self::All { rows } => rows,
        }
    }
}

/// Reads rows of a group.
struct Reader<'a> {
    rollups: &'a Rollups,
    rollup: &'a Rollup,
    group: &'a Group,
    budget: &'a Budget,
}

impl Reader<'_> {
    fn partitions(&self, rows: Rows<'_>) -> Vec<String> {
        let texts = || self.group.texts.iter().map(String::as_str);
        (0..self.rollup.stripes)
            .filter_map(|stripe| rows.partition(self.rollup, stripe, texts()))
            .collect()
    }

    /// The rows at one end of each bucket, or those of the greatest count; and how many were read.
    async fn ends(
        &self,
        rows: Rows<'_>,
        need: &Need,
        live: &[Bucket],
    ) -> Result<(Read, usize), AskError> {
        let mut read = Read::new();
        let mut examined = 0;
        for partition in self.partitions(rows) {
            for bucket in live {
                let (rows, more) = match need {
                    Need::End { direction, limit, .. } => {
                        let limit = usize::from(*limit);
                        self.end(rows, &partition, bucket, *direction, limit).await?
                    }
                    Need::Ranked { limit, .. } => {
                        self.ranked(rows, &partition, bucket, usize::from(*limit)).await?
                    }
                    Need::All { .. } => (Vec::new(), 0),
                };
                merge(&mut read, rows);
                examined += more;
            }
        }
        Ok((read, examined))
    }

    async fn end(
        &self,
        rows: Rows<'_>,
        partition: &str,
        bucket: &Bucket,
        direction: Direction,
        limit: usize,
    ) -> Result<(Vec<Row>, usize), AskError> {
        let range = Range::beginning_with(partition.to_owned(), &rows::prefix(bucket));
        let mut found = Vec::new();
        let visit = |_: String, row: Row| {
            if row.1.count > 0 {
                found.push(row);
            }
            if found.len() >= limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let is_descending = direction == Direction::Descending;
        let name = rows.name();
        let of =
            format!("the ends of {name}, where rows that count nothing any more stay for 96 hours");
        let examined = self.walk(&of, &range, is_descending, Some(limit), visit).await?;
        Ok((found, examined))
    }

    /// The rows of the greatest count, and those that have as great a count as the last of them. Where the index has too many of
    /// these, whose order it does not know, the first ones are read in the order of their values.
    async fn ranked(
        &self,
        rows: Rows<'_>,
        partition: &str,
        bucket: &Bucket,
        limit: usize,
    ) -> Result<(Vec<Row>, usize), AskError> {
        let Some(rank) = key::ranking_in(partition, &bucket.key) else {
            return Ok((Vec::new(), 0));
        };
        let most_tied = self.budget.most / TIED_PART;
        let mut found: Vec<Row> = Vec::new();
        let (mut is_cut, mut is_too_much) = (false, false);
        let visit = |ranked: table::Ranked| {
            let count = ranked.score.to_units(0).unwrap_or_default();
            let last = found.get(limit - 1).map(|(_, held)| held.count);
            if count <= 0 || last.is_some_and(|last| count < last) {
                return ControlFlow::Break(());
            }
            is_cut = found.len() == limit + most_tied;
            is_too_much = !is_cut && !self.budget.take();
            if is_cut || is_too_much {
                return ControlFlow::Break(());
            }
            let text = rows::parts(&ranked.key.sort).map(|(_, text)| text.to_owned());
            found.push((text.unwrap_or_default(), Held { count, cells: Vec::new() }));
            ControlFlow::Continue(())
        };
        let wanted = u32::try_from(limit + 1).unwrap_or(u32::MAX);
        let examined = self.rollups.walk_ranks(&rank, true, None, wanted, visit).await?;
        if is_too_much {
            return Err(self.too_many(&rows.name()));
        }
        if !is_cut {
            return Ok((found, examined));
        }
        let tie = found[limit - 1].1.count;
        found.retain(|(_, held)| held.count > tie);
        let more = self.tied(rows, partition, bucket, tie, limit, &mut found).await?;
        Ok((found, examined + more))
    }

    /// Adds the first rows that have so great a count to those that have a greater one, until there are `limit`; how many were
    /// read.
    async fn tied(
        &self,
        rows: Rows<'_>,
        partition: &str,
        bucket: &Bucket,
        tie: i128,
        limit: usize,
        found: &mut Vec<Row>,
    ) -> Result<usize, AskError> {
        let range = Range::beginning_with(partition.to_owned(), &rows::prefix(bucket));
        let (name, most_tied) = (rows.name(), self.budget.most / TIED_PART);
        let of = format!(
            "{name}, to find the first of more than {most_tied} that are equally frequent ({tie}), which share the last of the top {limit}"
        );
        let greater: BTreeSet<String> = found.iter().map(|(text, _)| text.clone()).collect();
        let visit = |_: String, row: Row| {
            // The index may be behind a row whose count is greater by now.
            if row.1.count >= tie && !greater.contains(&row.0) {
                found.push(row);
            }
            if found.len() >= limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        self.walk(&of, &range, false, Some(limit), visit).await
    }

    /// All rows of buckets, by bucket; and how many were read.
    async fn all(
        &self,
        rows: Rows<'_>,
        buckets: &[Bucket],
    ) -> Result<(HashMap<String, Vec<Row>>, usize), AskError> {
        let mut by_bucket: HashMap<String, Vec<Row>> = HashMap::new();
        let mut examined = 0;
        for partition in self.partitions(rows) {
            for run in runs(buckets) {
                let range = Range {
                    is_colocated: false,
                    partition: partition.clone(),
                    low: rows::prefix(&run.first),
                    high: format!("{}{}", rows::prefix(&run.last), char::MAX),
                };
                let visit = |bucket: String, row: Row| {
                    by_bucket.entry(bucket).or_default().push(row);
                    ControlFlow::Continue(())
                };
                examined += self.walk(&rows.name(), &range, false, None, visit).await?;
            }
        }
        Ok((by_bucket, examined))
    }

    /// Visits the rows of a range in order, or from its end, each with its bucket's key, until the visitor breaks; how many were
    /// read. `of` says of what they are, should they be too many.
    async fn walk(
        &self,
        of: &str,
        range: &Range,
        is_descending: bool,
        wanted: Option<usize>,
        mut visit: impl FnMut(String, Row) -> ControlFlow<()>,
    ) -> Result<usize, AskError> {
        let mut wrong = None;
        let visit_item = |sort: &str, item: &Item| {
            if !self.budget.take() {
                wrong = Some(self.too_many(of));
                return ControlFlow::Break(());
            }
            match row(sort, item) {
                Ok((bucket, row)) => visit(bucket, row),
                Err(error) => {
                    wrong = Some(table::Error::Unreadable(error).into());
                    ControlFlow::Break(())
                }
            }
        };
        let wanted = wanted.map(|wanted| u32::try_from(wanted).unwrap_or(u32::MAX));
        let examined = self.rollups.walk(range, is_descending, wanted, visit_item).await?;
        wrong.map_or(Ok(examined), Err)
    }

    fn too_many(&self, of: &str) -> AskError {
        let most = self.budget.most;
        too_much(self.rollup, &format!("more than {most} rows would be read, some of {of}"))
    }
}

/// The bucket's key of a row, its text and what it holds.
fn row(sort: &str, item: &Item) -> Result<(String, Row), String> {
    let (bucket, text) =
        rows::parts(sort).ok_or_else(|| format!("a row with the sort key `{sort}`"))?;
    let number = |value: &AttributeValue| match value {
        AttributeValue::N(text) => text.parse::<Number>().ok()?.to_units(0),
        _ => None,
    };
    let mut held = Held::default();
    for (name, value) in item.iter() {
        let is_count = name == "count";
        let cell = name.parse::<u8>().ok().filter(|_| name.len() == 2);
        if !is_count && cell.is_none() {
            continue;
        }
        let units =
            number(value).ok_or_else(|| format!("the row {sort}, whose `{name}` is {value:?}"))?;
        match cell {
            Some(cell) => held.cells.push((cell, units)),
            None => held.count = units,
        }
    }
    Ok((bucket.to_owned(), (text.to_owned(), held)))
}

/// Adds rows to others.
fn merge(rows: &mut Read, more: impl IntoIterator<Item = Row>) {
    for (text, held) in more {
        let sum = rows.entry(text).or_default();
        sum.count += held.count;
        sum.cells.extend(held.cells);
    }
}

/// A question that would read too much, and what would not.
pub(super) fn too_much(rollup: &Rollup, message: &str) -> AskError {
    let kept: Vec<_> = rollup.granularities.iter().map(|kept| kept.name()).collect();
    let advice = format!(
        "expected fewer groups, a shorter range or a smaller limit, other measures, or a series of buckets that are kept ({} in {}), which read less",
        kept.join(", "),
        rollup.time_zone_name
    );
    refused("measures", format!("{message}; {advice}"))
}
