//! Pages: steps are taken in windows, each read at once, until there are enough points.
//!
//! A window of steps costs a few queries however many steps it has; so windows grow while little is
//! found in them. How many reads a window takes is planned before it is read (`reads`), and the
//! first window of a page leaves half of the budget for a second try with one step, should it hold
//! more than was planned.
//!
//! **Invariant:** a page ends between two steps, the same for all groups, and has one step at
//! least. The next one goes on behind it.

use aggregates::measured::{Answer, measured};
use aggregates::query::local;
use aggregates::{Bucket, Fill, Group, Period, Plan, QueryErrors};
use jiff::Timestamp;
use model::rollup::NamedMeasure;
use model::{Measure, Rollup};
use serde_json::{Map, Value};
use table::Rollups;

use super::gaps::Series;
use super::position::Position;
use super::reads::PlannedReads;
use super::rows::{self, Budget, RowsOfSlots};
use super::slot::{self, Known, Slot, Tally};
use super::{AnswerPoint, AskError, encoded_bytes, values};
use crate::{ENOUGH_BYTES, MAX_READS};

/// The most steps of a window, and the most buckets of them.
const MAX_STEPS: usize = 4_096;
const MAX_BUCKETS: usize = 20_000;
/// The most buckets whose rows are read at once, counted in each stripe and group.
const MAX_BUCKETS_WITH_ROWS: usize = 500;

/// A stretch of time that a point is about, and the one that it is compared with. `None` is all time.
#[derive(Clone, Copy, Debug)]
struct Step {
    period: Option<Period>,
    previous: Option<Period>,
}

/// A step, with the buckets that make up both.
#[derive(Debug)]
struct Covered {
    step: Step,
    now: Slot,
    before: Option<Slot>,
}

/// What rollup items know of a group in the steps of a window.
struct KnownGroup {
    /// One for each step.
    now: Vec<Known>,
    /// One for each step that is compared.
    before: Vec<Known>,
}

/// The steps of a window whose points were taken.
struct Taken {
    steps: usize,
    /// Whether the page is full.
    is_enough: bool,
}

/// The values of a group in a slot.
pub(crate) struct Measured {
    /// One for each measure that is asked for; `None` where nothing is known.
    pub(crate) values: Option<Vec<Answer>>,
    pub(crate) is_parked: bool,
}

impl Covered {
    fn buckets(&self) -> usize {
        self.now.buckets.len() + self.before.as_ref().map_or(0, |slot| slot.buckets.len())
    }
}

/// Reads pages of points.
pub(super) struct Pages<'a> {
    rollups: &'a Rollups,
    rollup: &'a Rollup,
    plan: &'a Plan,
    /// The measures that are asked for.
    pub(super) asked: Vec<&'a NamedMeasure>,
    /// Those, and what ratios are of.
    needed: Vec<&'a Measure>,
    /// The rows that may still be read.
    budget: Budget,
    /// The points of each group.
    pub(super) points: Vec<Vec<AnswerPoint>>,
    /// What was read.
    pub(super) tally: Tally,
    /// The series of each group.
    series: Vec<Series>,
    /// The earlier series of each, that it is compared with.
    earlier: Vec<Series>,
    bytes: usize,
}

impl<'a> Pages<'a> {
    pub(super) fn new(
        rollups: &'a Rollups,
        rollup: &'a Rollup,
        plan: &'a Plan,
        most_rows: usize,
    ) -> Self {
        let groups = plan.groups.len();
        let asked = rollup.measures_at(&plan.measures);
        let needed = needed(rollup, &asked);
        Self {
            rollups,
            rollup,
            plan,
            asked,
            needed,
            budget: Budget::of(most_rows),
            points: vec![Vec::new(); groups],
            tally: Tally::default(),
            series: vec![Series::default(); groups],
            earlier: vec![Series::default(); groups],
            bytes: 0,
        }
    }

    /// Reads a page of so many points at most, of all groups together (but a step is never cut); where the next one begins.
    pub(super) async fn turn(
        &mut self,
        position: Option<Position>,
        limit: u32,
    ) -> Result<Option<Position>, AskError> {
        let plan = self.plan;
        let Some(range) = plan.asked.range() else {
            let all = self.covered(Step { period: None, previous: None })?;
            self.check(&all, false)?;
            let rollups = self.rollups.clone();
            let read = self.window(&rollups, &[all], u32::MAX).await;
            return read.map(|_| None).map_err(|error| self.explained(error));
        };
        let start = position.as_ref().map_or(range.start, |position| position.start);
        let mut steps = self.steps(start);
        if let Some(step) = steps.next() {
            let has_more = position.is_some() || steps.next().is_some();
            let first = self.covered(step)?;
            self.check(&first, self.planned().is_carried(has_more))?;
        }
        let carried = position.map(|position| position.carried).unwrap_or_default();
        let turned = match self.carry(&carried).await {
            Ok(()) => self.turn_behind(start, limit).await,
            Err(error) => Err(error),
        };
        turned.map_err(|error| self.explained(error))
    }

    /// Reads a page that begins there.
    async fn turn_behind(
        &mut self,
        start: Timestamp,
        limit: u32,
    ) -> Result<Option<Position>, AskError> {
        let most = (limit as usize).div_ceil(self.plan.groups.len()).min(MAX_STEPS);
        match self.turn_from(start, most, limit).await {
            // Many steps at once were too many; one may be answered, and some behind it.
            Err(error) if error.is_too_much() && most > 1 => {
                self.budget = Budget::of(self.budget.most);
                self.turn_from(start, 1, limit).await
            }
            turned => turned,
        }
    }

    fn planned(&self) -> PlannedReads<'_> {
        PlannedReads { rollup: self.rollup, plan: self.plan }
    }

    /// Rejects a question whose first step takes more reads than a request may make.
    fn check(&self, first: &Covered, is_carried: bool) -> Result<(), AskError> {
        let Some(limits) = self.rollups.budget().limits() else { return Ok(()) };
        self.planned().check(&first.now, first.before.as_ref(), is_carried, limits.reads)
    }

    /// An error, in the words of a question if the budget is spent.
    fn explained(&self, error: AskError) -> AskError {
        match error {
            AskError::Table(table::Error::OverBudget { limits, .. }) => {
                self.planned().over_budget(limits)
            }
            other => other,
        }
    }

    /// Returns how many of the first steps of a window have rollup items that can be read with so
    /// many reads, one at least.
    fn affordable(&self, window: &[Covered], reads: u64) -> usize {
        let mut count = window.len();
        let least = |steps: &[Covered]| {
            let now: Vec<_> = steps.iter().map(|step| &step.now).collect();
            let before: Vec<_> = steps.iter().filter_map(|step| step.before.as_ref()).collect();
            self.planned().least(&now) + self.planned().least(&before)
        };
        while count > 1 && least(&window[..count]) > reads {
            count /= 2;
        }
        count
    }

    /// Returns how many of the first steps of a window have rows that can be read, one at least.
    /// Only buckets in which something is counted have rows.
    fn with_rows(&self, rollups: &Rollups, steps: &[Covered], known: &[KnownGroup]) -> usize {
        if !self.has_rows() {
            return steps.len();
        }
        let reads = rollups.budget().left().map_or(u64::MAX, |left| left.reads);
        let stripes = u64::from(self.rollup.stripes);
        let least_rows = rows::least_of_bucket(&self.needed).max(1);
        let most_buckets = MAX_BUCKETS_WITH_ROWS.min(self.budget.most / least_rows) as u64;
        let fits = |count: usize| {
            let before = steps[..count].iter().filter(|step| step.before.is_some()).count();
            let slots =
                known.iter().flat_map(|group| [&group.now[..count], &group.before[..before]]);
            let (mut buckets, mut planned) = (0, 0);
            for slots in slots {
                buckets += slots.iter().map(|slot| slot.live.len() as u64).sum::<u64>();
                planned += rows::most_reads(&self.needed, slots);
            }
            buckets * stripes <= most_buckets && planned * stripes <= reads
        };
        let (mut fitting, mut too_many) = (1, steps.len() + 1);
        while too_many - fitting > 1 {
            let middle = fitting + (too_many - fitting) / 2;
            if fits(middle) { fitting = middle } else { too_many = middle }
        }
        fitting
    }

    /// Reads a page that begins there, at first in a window of so many steps.
    async fn turn_from(
        &mut self,
        start: Timestamp,
        mut most: usize,
        limit: u32,
    ) -> Result<Option<Position>, AskError> {
        let mut steps = self.steps(start).peekable();
        if self.has_rows() {
            most = most.min(MAX_BUCKETS_WITH_ROWS);
        }
        for read in 0..MAX_READS {
            let mut window = Vec::new();
            let mut buckets = 0;
            while let Some(step) = steps.peek().copied().filter(|_| window.len() < most) {
                let covered = self.covered(step)?;
                buckets += covered.buckets();
                if !window.is_empty() && buckets > self.most_buckets() {
                    break;
                }
                window.push(covered);
                steps.next();
            }
            if window.is_empty() {
                return Ok(None);
            }
            let mut rollups = self.rollups.clone();
            if let Some(left) = rollups.budget().left() {
                let reads = if read == 0 { left.reads / 2 } else { left.reads };
                let count = self.affordable(&window, reads);
                if let Some(period) = window.get(count).and_then(|next| next.step.period) {
                    steps = self.steps(period.start).peekable();
                    window.truncate(count);
                }
                if read == 0 && count > 1 {
                    rollups = rollups.with_budget(&rollups.budget().keeping(left.half()));
                }
            }
            let taken = match self.window(&rollups, &window, limit).await {
                // What was read before is a page; the next one has the budget of this window for
                // itself.
                Err(error) if error.is_too_much() && read > 0 => {
                    return Ok(window[0].step.period.map(|period| self.position(period.start)));
                }
                taken => taken?,
            };
            let count = taken.steps;
            if taken.is_enough {
                let is_last = count == window.len() && steps.peek().is_none();
                let next = window[count - 1].step.period.map(|period| period.end);
                return Ok(next.filter(|_| !is_last).map(|start| self.position(start)));
            }
            most = match window.get(count) {
                // Rollup items of the others are read again: later windows are as short.
                Some(next) => {
                    let start = next.step.period.map_or(start, |period| period.start);
                    steps = self.steps(start).peekable();
                    count
                }
                None => (most * 4).min(MAX_STEPS),
            };
        }
        let next = steps.next().and_then(|step| step.period);
        Ok(next.map(|period| self.position(period.start)))
    }

    fn steps(&self, start: Timestamp) -> impl Iterator<Item = Step> + use<'a> {
        let pairs = self.plan.pairs_from(start);
        pairs.map(|(period, previous)| Step { period: Some(period), previous })
    }

    /// Where a page ended.
    fn position(&self, start: Timestamp) -> Position {
        let carried = match self.plan.fill {
            Fill::Previous => {
                let earlier = self.plan.previous.map_or([].as_slice(), |_| &self.earlier);
                self.series.iter().chain(earlier).map(Series::last).collect()
            }
            _ => Vec::new(),
        };
        Position { start, carried }
    }

    /// Whether any measure is read from rows.
    fn has_rows(&self) -> bool {
        self.needed.iter().any(|measure| aggregates::Rows::of(measure).is_some())
    }

    fn most_buckets(&self) -> usize {
        MAX_BUCKETS / (usize::from(self.rollup.stripes) * self.plan.groups.len())
    }

    /// A step with the buckets that make it up.
    fn covered(&self, step: Step) -> Result<Covered, AskError> {
        let before = step.previous.map(|period| self.cover(Some(period))).transpose()?;
        Ok(Covered { step, now: self.cover(step.period)?, before })
    }

    fn cover(&self, period: Option<Period>) -> Result<Slot, AskError> {
        let Some(period) = period else { return Ok(Slot { buckets: vec![Bucket::all()] }) };
        let buckets = self.plan.cover(self.rollup, &period).map_err(QueryErrors::from)?;
        Ok(Slot { buckets })
    }

    /// Reads the values from which gaps go on.
    async fn carry(&mut self, carried: &[Option<Timestamp>]) -> Result<(), AskError> {
        let Some(every) = self.plan.asked.every() else { return Ok(()) };
        let groups = &self.plan.groups;
        for (position, start) in carried.iter().enumerate() {
            let period = start.and_then(|start| self.plan.calendar.period(every, start));
            let Some(period) = period else { continue };
            let slot = self.cover(Some(period))?;
            let (rollups, group) = (self.rollups.clone(), &groups[position % groups.len()]);
            let known = self.known(&rollups, group, &[&slot]).await?;
            let measured = self.measured(&rollups, group, &known).await?;
            let values = measured.into_iter().next().and_then(|measured| measured.values);
            let mut series = self.series.iter_mut().chain(&mut self.earlier);
            *series.nth(position).expect("one of a group, or the earlier one") =
                Series::behind(period.start, values);
        }
        Ok(())
    }

    /// Reads a window of steps, and takes the points of as many as can be read: rollup items of all
    /// of them first, and then rows of those in which something is counted.
    async fn window(
        &mut self,
        rollups: &Rollups,
        steps: &[Covered],
        limit: u32,
    ) -> Result<Taken, AskError> {
        let now: Vec<_> = steps.iter().map(|step| &step.now).collect();
        let compared: Vec<_> = steps.iter().filter_map(|step| step.before.as_ref()).collect();
        let mut known = Vec::new();
        for group in &self.plan.groups {
            let now = self.known(rollups, group, &now).await?;
            let before = self.known(rollups, group, &compared).await?;
            known.push(KnownGroup { now, before });
        }
        let steps = &steps[..self.with_rows(rollups, steps, &known)];
        let compared = steps.iter().filter(|step| step.before.is_some()).count();
        let mut groups = Vec::new();
        for (group, KnownGroup { now, before }) in self.plan.groups.iter().zip(&known) {
            let now = self.measured(rollups, group, &now[..steps.len()]).await?;
            let before = self.measured(rollups, group, &before[..compared]).await?;
            groups.push((now.into_iter(), before.into_iter()));
        }
        let mut count: usize = self.points.iter().map(Vec::len).sum();
        for (position, Covered { step, .. }) in steps.iter().enumerate() {
            for (group, (now, before)) in groups.iter_mut().enumerate() {
                let now = now.next().expect("one for each step");
                let before = step.previous.and_then(|_| before.next());
                if let Some(point) = self.point(group, *step, now, before) {
                    self.bytes += encoded_bytes(&point);
                    self.points[group].push(point);
                    count += 1;
                }
            }
            let is_full = count > 0 && count + self.plan.groups.len() > limit as usize;
            if is_full || self.bytes > ENOUGH_BYTES {
                return Ok(Taken { steps: position + 1, is_enough: true });
            }
        }
        Ok(Taken { steps: steps.len(), is_enough: false })
    }

    /// Reads what rollup items know of a group in slots.
    async fn known(
        &mut self,
        rollups: &Rollups,
        group: &Group,
        slots: &[&Slot],
    ) -> Result<Vec<Known>, AskError> {
        if slots.is_empty() {
            return Ok(Vec::new());
        }
        let (known, tally) = slot::read(rollups, self.rollup, group, slots).await?;
        self.tally.add(tally);
        Ok(known)
    }

    /// Reads the rows of a group in slots, and returns what is measured there.
    async fn measured(
        &mut self,
        rollups: &Rollups,
        group: &Group,
        known: &[Known],
    ) -> Result<Vec<Measured>, AskError> {
        let (needed, budget) = (self.needed.as_slice(), &self.budget);
        let (rows, tally) =
            RowsOfSlots::read(rollups, self.rollup, group, needed, known, budget).await?;
        self.tally.add(tally);
        let measured = known.iter().enumerate();
        measured
            .map(|(slot, known)| of_slot(self.rollup, &self.asked, slot, known, &rows))
            .collect()
    }

    /// The point of a step; `None` where there is nothing to tell.
    fn point(
        &mut self,
        group: usize,
        step: Step,
        now: Measured,
        before: Option<Measured>,
    ) -> Option<AnswerPoint> {
        let is_compared = before.as_ref().is_some_and(|before| before.values.is_some());
        let is_something = now.values.is_some() || now.is_parked;
        let fill = self.plan.fill;
        if !is_something && !is_compared && fill == Fill::None {
            return None;
        }
        let (rollup, asked) = (self.rollup, self.asked.as_slice());
        let is_parked = now.is_parked;
        let values = self.series[group].next(rollup, asked, fill, step.period, now);
        let mut point = self.when(step.period);
        point.extend(named(asked, &values));
        if let (Some(before), Some(_)) = (before, step.previous) {
            let was_parked = before.is_parked;
            let earlier = self.earlier[group].next(rollup, asked, fill, step.previous, before);
            let mut previous = self.when(step.previous);
            previous.extend(named(asked, &earlier));
            if was_parked {
                previous.insert("parked".to_owned(), Value::Bool(true));
            }
            point.insert("previous".to_owned(), Value::Object(previous));
            let change = asked.iter().zip(values.iter().zip(&earlier));
            let change = change.filter_map(|(known, (now, before))| {
                Some((known.name.clone(), values::change(now, before)?))
            });
            point.insert("change".to_owned(), Value::Object(change.collect()));
        }
        if !is_something {
            point.insert("filled".to_owned(), Value::Bool(true));
        }
        if is_parked {
            point.insert("parked".to_owned(), Value::Bool(true));
        }
        Some(point)
    }

    /// When a point is.
    fn when(&self, period: Option<Period>) -> AnswerPoint {
        let edge = |instant: Option<Timestamp>| {
            let shown = instant.map(|instant| local(instant, &self.plan.calendar.zone));
            shown.map_or(Value::Null, Value::String)
        };
        Map::from_iter([
            ("start".to_owned(), edge(period.map(|period| period.start))),
            ("end".to_owned(), edge(period.map(|period| period.end))),
        ])
    }
}

/// The measures that are asked for, and those that their ratios are of.
pub(crate) fn needed<'a>(rollup: &'a Rollup, asked: &[&'a NamedMeasure]) -> Vec<&'a Measure> {
    let mut needed = Vec::new();
    for known in asked {
        match &known.measure {
            Measure::Ratio { over, under } => {
                needed.extend([over, under].into_iter().filter_map(|name| rollup.measure(name)));
            }
            measure => needed.push(measure),
        }
    }
    needed
}

/// Values by the names of their measures, as answers have them.
pub(crate) fn named<'a>(
    asked: &'a [&NamedMeasure],
    values: &'a [Answer],
) -> impl Iterator<Item = (String, Value)> + 'a {
    asked.iter().zip(values).map(|(known, value)| (known.name.clone(), values::shown(value)))
}

/// What is measured in a slot.
pub(crate) fn of_slot(
    rollup: &Rollup,
    asked: &[&NamedMeasure],
    slot: usize,
    known: &Known,
    rows: &RowsOfSlots,
) -> Result<Measured, AskError> {
    let is_parked = known.is_parked;
    let Some(amounts) = known.amounts.as_ref().filter(|_| known.is_something()) else {
        return Ok(Measured { values: None, is_parked });
    };
    let of = |measure: &Measure| rows.of(slot, measure, known);
    let values = asked.iter().map(|asked| {
        measured(rollup, &asked.measure, amounts, &of).map_err(table::Error::Unreadable)
    });
    let values = values.collect::<Result<_, table::Error>>()?;
    Ok(Measured { values: Some(values), is_parked })
}
