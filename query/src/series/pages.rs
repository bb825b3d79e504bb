//! Pages: steps are read in windows, each at once, until there are enough points.
//!
//! A window of steps costs a few queries however many steps it has; so windows grow while little is
//! found in them. The number of reads of a window is planned before it is read (`planned_reads`),
//! and the first window of a page leaves half of the budget for a second try with one step, in case
//! it holds more than was planned.
//!
//! **Invariant:** a page ends between two steps, the same for all groups, and has one step at
//! least. The next page continues after it.

use jiff::Timestamp;
use weir_model::rollup::NamedMeasure;
use weir_model::{Measure, Rollup};
use weir_rollups::{Group, Plan};
use weir_table::Rollups;

use super::answer::AnswerPoint;
use super::page_cursor::PageCursor;
use super::planned_reads::PlannedReads;
use super::points::PointBuilder;
use super::steps::{self, CoveredStep, Step};
use crate::details::{self, DetailBudget, DetailReader, DetailsOfSlots};
use crate::error::QueryError;
use crate::json::encoded_bytes;
use crate::limits::{ENOUGH_BYTES, MAX_WINDOWS};
use crate::measured::{MeasuredSlot, parts};
use crate::slot::{self, Slot, SlotTotals};
use crate::stats::ReadStats;

/// The most steps of a window.
const MAX_STEPS: usize = 4_096;
/// The most buckets of a window, of all its groups and stripes together.
const MAX_BUCKETS: usize = 20_000;
/// The most buckets whose detail items are read at once, counted in each stripe and group.
const MAX_BUCKETS_WITH_DETAILS: usize = 500;

/// The rollup items of a group in the steps of a window.
struct GroupTotals {
    /// One for each step.
    now: Vec<SlotTotals>,
    /// One for each step that is compared.
    before: Vec<SlotTotals>,
}

/// The steps of a window whose points were taken.
struct TakenSteps {
    count: usize,
    /// Whether the page is full.
    is_enough: bool,
}

/// A reader of pages of points.
pub(super) struct Pages<'a> {
    rollups: &'a Rollups,
    rollup: &'a Rollup,
    plan: &'a Plan,
    /// The measures of the query.
    pub(super) measures: Vec<&'a NamedMeasure>,
    /// The measures that they are made of.
    parts: Vec<&'a Measure>,
    /// The detail items that may still be read.
    budget: DetailBudget,
    builder: PointBuilder<'a>,
    /// The points of each group.
    pub(super) points: Vec<Vec<AnswerPoint>>,
    /// The items that were read.
    pub(super) stats: ReadStats,
    bytes: usize,
}

impl<'a> Pages<'a> {
    pub(super) fn new(
        rollups: &'a Rollups,
        rollup: &'a Rollup,
        plan: &'a Plan,
        max_detail_items: usize,
    ) -> Self {
        let measures = rollup.measures_at(&plan.measures);
        Self {
            rollups,
            rollup,
            plan,
            parts: parts(rollup, &measures),
            budget: DetailBudget::new(max_detail_items),
            builder: PointBuilder::new(rollup, plan, measures.clone()),
            measures,
            points: vec![Vec::new(); plan.groups.len()],
            stats: ReadStats::default(),
            bytes: 0,
        }
    }

    /// Reads a page of at most so many points, of all groups together, but of one step at least.
    /// Returns where the next page begins, if there is one.
    pub(super) async fn read_page(
        &mut self,
        cursor: Option<PageCursor>,
        limit: u32,
    ) -> Result<Option<PageCursor>, QueryError> {
        let plan = self.plan;
        let Some(range) = plan.range.whole() else {
            let all = self.covered(Step::ALL_TIME)?;
            self.check(&all, false)?;
            let rollups = self.rollups.clone();
            let read = self.read_window(&rollups, &[all], u32::MAX).await;
            return read.map(|_| None).map_err(|error| self.explained(error));
        };
        let start = cursor.as_ref().map_or(range.start, |cursor| cursor.start);
        let mut steps = Step::from_instant(plan, start);
        if let Some(step) = steps.next() {
            let has_more = cursor.is_some() || steps.next().is_some();
            let first = self.covered(step)?;
            self.check(&first, self.planned().is_carried(has_more))?;
        }
        let carried = cursor.map(|cursor| cursor.carried).unwrap_or_default();
        let read = match self.read_carried(&carried).await {
            Ok(()) => self.read_from(start, limit).await,
            Err(error) => Err(error),
        };
        read.map_err(|error| self.explained(error))
    }

    /// Reads a page that begins at an instant.
    async fn read_from(
        &mut self,
        start: Timestamp,
        limit: u32,
    ) -> Result<Option<PageCursor>, QueryError> {
        let most = (limit as usize).div_ceil(self.plan.groups.len()).min(MAX_STEPS);
        match self.read_windows(start, most, limit).await {
            // Many steps at once were too many; one may be answered, and some after it.
            Err(error) if error.is_too_much() && most > 1 => {
                self.budget = DetailBudget::new(self.budget.most);
                self.read_windows(start, 1, limit).await
            }
            read => read,
        }
    }

    /// Reads a page that begins at an instant, at first in a window of so many steps.
    async fn read_windows(
        &mut self,
        start: Timestamp,
        mut most: usize,
        limit: u32,
    ) -> Result<Option<PageCursor>, QueryError> {
        let plan = self.plan;
        let mut steps = Step::from_instant(plan, start).peekable();
        if self.has_details() {
            most = most.min(MAX_BUCKETS_WITH_DETAILS);
        }
        for read in 0..MAX_WINDOWS {
            let mut window = Vec::new();
            let mut buckets = 0;
            while let Some(step) = steps.peek().copied().filter(|_| window.len() < most) {
                let covered = self.covered(step)?;
                buckets += covered.bucket_count();
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
                    steps = Step::from_instant(plan, period.start).peekable();
                    window.truncate(count);
                }
                if read == 0 && count > 1 {
                    rollups = rollups.with_budget(&rollups.budget().keeping(left.half()));
                }
            }
            let taken = match self.read_window(&rollups, &window, limit).await {
                // The windows before are a page; the next page has its whole budget for this one.
                Err(error) if error.is_too_much() && read > 0 => {
                    return Ok(window[0].step.period.map(|period| self.cursor(period.start)));
                }
                taken => taken?,
            };
            let count = taken.count;
            if taken.is_enough {
                let is_last = count == window.len() && steps.peek().is_none();
                let next = window[count - 1].step.period.map(|period| period.end);
                return Ok(next.filter(|_| !is_last).map(|start| self.cursor(start)));
            }
            most = match window.get(count) {
                // Rollup items of the others are read again: later windows are as short.
                Some(next) => {
                    let start = next.step.period.map_or(start, |period| period.start);
                    steps = Step::from_instant(plan, start).peekable();
                    count
                }
                None => (most * 4).min(MAX_STEPS),
            };
        }
        let next = steps.next().and_then(|step| step.period);
        Ok(next.map(|period| self.cursor(period.start)))
    }

    fn planned(&self) -> PlannedReads<'_> {
        PlannedReads { rollup: self.rollup, plan: self.plan }
    }

    fn covered(&self, step: Step) -> Result<CoveredStep, QueryError> {
        CoveredStep::new(self.rollup, self.plan, step)
    }

    /// Returns where a page ended.
    fn cursor(&self, start: Timestamp) -> PageCursor {
        PageCursor { start, carried: self.builder.carried() }
    }

    /// Rejects a question whose first step takes more reads than a request may make.
    fn check(&self, first: &CoveredStep, is_carried: bool) -> Result<(), QueryError> {
        let Some(limits) = self.rollups.budget().limits() else { return Ok(()) };
        self.planned().check(&first.now, first.before.as_ref(), is_carried, limits.reads)
    }

    /// Returns an error as a mistake of the question if the budget is spent.
    fn explained(&self, error: QueryError) -> QueryError {
        match error {
            QueryError::Table(weir_table::Error::OverBudget { limits, .. }) => {
                self.planned().over_budget(limits)
            }
            other => other,
        }
    }

    /// Returns how many of the first steps of a window have rollup items that can be read with so
    /// many reads, one at least.
    fn affordable(&self, window: &[CoveredStep], reads: u64) -> usize {
        let mut count = window.len();
        let least = |steps: &[CoveredStep]| {
            let now: Vec<_> = steps.iter().map(|step| &step.now).collect();
            let before: Vec<_> = steps.iter().filter_map(|step| step.before.as_ref()).collect();
            self.planned().least(&now) + self.planned().least(&before)
        };
        while count > 1 && least(&window[..count]) > reads {
            count /= 2;
        }
        count
    }

    /// Returns how many of the first steps of a window have detail items that can be read, one at
    /// least. Only buckets in which something is counted have detail items.
    fn affordable_with_details(
        &self,
        rollups: &Rollups,
        steps: &[CoveredStep],
        totals: &[GroupTotals],
    ) -> usize {
        if !self.has_details() {
            return steps.len();
        }
        let reads = rollups.budget().left().map_or(u64::MAX, |left| left.reads);
        let stripes = u64::from(self.rollup.stripes);
        let least_items = details::least_items_per_bucket(&self.parts).max(1);
        let most_buckets = MAX_BUCKETS_WITH_DETAILS.min(self.budget.most / least_items) as u64;
        let fits = |count: usize| {
            let before = steps[..count].iter().filter(|step| step.before.is_some()).count();
            let slots =
                totals.iter().flat_map(|group| [&group.now[..count], &group.before[..before]]);
            let (mut buckets, mut planned) = (0, 0);
            for slots in slots {
                buckets += slots.iter().map(|slot| slot.live.len() as u64).sum::<u64>();
                planned += details::reads_per_partition(&self.parts, slots);
            }
            buckets * stripes <= most_buckets && planned * stripes <= reads
        };
        let (mut fitting, mut too_many) = (1, steps.len() + 1);
        while too_many - fitting > 1 {
            let middle = fitting + (too_many - fitting) / 2;
            if fits(middle) {
                fitting = middle;
            } else {
                too_many = middle;
            }
        }
        fitting
    }

    /// Whether any measure is read from detail items.
    fn has_details(&self) -> bool {
        self.parts.iter().any(|measure| weir_rollups::Details::for_measure(measure).is_some())
    }

    fn most_buckets(&self) -> usize {
        MAX_BUCKETS / (usize::from(self.rollup.stripes) * self.plan.groups.len())
    }

    /// Reads the values with which gaps at the beginning of a page are filled.
    async fn read_carried(&mut self, carried: &[Option<Timestamp>]) -> Result<(), QueryError> {
        let Some(every) = self.plan.range.every() else { return Ok(()) };
        let groups = &self.plan.groups;
        for (position, start) in carried.iter().enumerate() {
            let period = start.and_then(|start| self.plan.calendar.period(every, start));
            let Some(period) = period else { continue };
            let slot = steps::cover(self.rollup, self.plan, Some(period))?;
            let (rollups, group) = (self.rollups.clone(), &groups[position % groups.len()]);
            let totals = self.totals(&rollups, group, &[&slot]).await?;
            let measured = self.measured(&rollups, group, &totals).await?;
            let measured = measured.into_iter().next().expect("one for the slot");
            self.builder.resume(position, period.start, measured);
        }
        Ok(())
    }

    /// Reads a window of steps, and takes the points of as many as can be read: rollup items of all
    /// of them first, and then detail items of those in which something is counted.
    async fn read_window(
        &mut self,
        rollups: &Rollups,
        window: &[CoveredStep],
        limit: u32,
    ) -> Result<TakenSteps, QueryError> {
        let now: Vec<_> = window.iter().map(|step| &step.now).collect();
        let before: Vec<_> = window.iter().filter_map(|step| step.before.as_ref()).collect();
        let mut totals = Vec::new();
        for group in &self.plan.groups {
            let now = self.totals(rollups, group, &now).await?;
            let before = self.totals(rollups, group, &before).await?;
            totals.push(GroupTotals { now, before });
        }
        let steps = &window[..self.affordable_with_details(rollups, window, &totals)];
        let compared = steps.iter().filter(|step| step.before.is_some()).count();
        let mut groups = Vec::new();
        for (group, GroupTotals { now, before }) in self.plan.groups.iter().zip(&totals) {
            let now = self.measured(rollups, group, &now[..steps.len()]).await?;
            let before = self.measured(rollups, group, &before[..compared]).await?;
            groups.push((now.into_iter(), before.into_iter()));
        }
        let mut count: usize = self.points.iter().map(Vec::len).sum();
        for (position, CoveredStep { step, .. }) in steps.iter().enumerate() {
            for (group, (now, before)) in groups.iter_mut().enumerate() {
                let now = now.next().expect("one for each step");
                let before = step.previous.and_then(|_| before.next());
                if let Some(point) = self.builder.point(group, *step, now, before) {
                    self.bytes += encoded_bytes(&point);
                    self.points[group].push(point);
                    count += 1;
                }
            }
            let is_full = count > 0 && count + self.plan.groups.len() > limit as usize;
            if is_full || self.bytes > ENOUGH_BYTES {
                return Ok(TakenSteps { count: position + 1, is_enough: true });
            }
        }
        Ok(TakenSteps { count: steps.len(), is_enough: false })
    }

    /// Reads the rollup items of a group in slots.
    async fn totals(
        &mut self,
        rollups: &Rollups,
        group: &Group,
        slots: &[&Slot],
    ) -> Result<Vec<SlotTotals>, QueryError> {
        if slots.is_empty() {
            return Ok(Vec::new());
        }
        let (totals, stats) = slot::read(rollups, self.rollup, group, slots).await?;
        self.stats.add(stats);
        Ok(totals)
    }

    /// Reads the detail items of a group in slots, and returns the measures there.
    async fn measured(
        &mut self,
        rollups: &Rollups,
        group: &Group,
        slots: &[SlotTotals],
    ) -> Result<Vec<MeasuredSlot>, QueryError> {
        let reader = DetailReader { rollups, rollup: self.rollup, group, budget: &self.budget };
        let details: DetailsOfSlots = reader.read(&self.parts, slots).await?;
        self.stats.items_read += details.items_read;
        let measured = slots.iter().enumerate();
        measured
            .map(|slot| MeasuredSlot::new(self.rollup, &self.measures, slot, &details))
            .collect()
    }
}
