//! The search for a cover: a shortest path, whose nodes are instants and whose edges are buckets.
//!
//! Weeks and months overlap, so the coarsest bucket that fits is not always the best. But a finer
//! bucket need not be tried beside one that is at least as good: one that fits, and behind whose
//! end no bucket reaches that begins within it. So ten years by the minute are thousands of
//! instants, not millions.
//!
//! That some buckets are gone takes ways away, but none of those that are left out leads where what
//! is tried does not: all of them come by the end of a bucket that is kept.
//!
//! **Invariant:** a path that is left out is not better than one that is tried.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use weir_model::Granularity;

use super::{Edge, MAX_BUCKETS, RetainedBuckets, Uncovered};
use crate::bucket::Bucket;
use crate::calendar::Calendar;
use crate::clock;
use crate::period::Period;

const DAY_SECONDS: i64 = 86_400;

/// From one instant to another by buckets of one granularity, which follow each other.
#[derive(Clone, Copy)]
struct Step {
    granularity: Granularity,
    from: Timestamp,
    to: Timestamp,
    buckets: usize,
}

/// The step by which an instant is reached with the fewest buckets.
struct Reached {
    buckets: usize,
    /// The last step; `None` at the beginning.
    step: Option<Step>,
}

/// A search for the shortest path of buckets.
pub(super) struct Search {
    pub(super) kept: RetainedBuckets,
    /// The calendar of the buckets.
    pub(super) calendar: Calendar,
    /// The period that they make up.
    pub(super) period: Period,
}

impl Search {
    /// Returns the fewest buckets that make up the period, oldest first.
    pub(super) fn cover(&self) -> Result<Vec<Bucket>, Uncovered> {
        self.refuse_edge(Edge::Start, self.period.start)?;
        self.refuse_edge(Edge::End, self.period.end)?;
        match self.shortest() {
            Ok(steps) => Ok(steps.into_iter().flat_map(|step| self.buckets(step)).collect()),
            Err(stuck) => Err(self.gap(&stuck).unwrap_or(stuck)),
        }
    }

    /// Refuses an edge of the period where no bucket begins (and so none ends), and one where none
    /// does that is kept.
    fn refuse_edge(&self, edge: Edge, at: Timestamp) -> Result<(), Uncovered> {
        let granularities = || self.kept.granularities.iter().copied();
        let begins = |granularity: &Granularity| self.calendar.begins(*granularity, at);
        let mut known = granularities().filter(begins).peekable();
        let is_known = known.peek().is_some();
        let is_kept = known.any(|granularity| match edge {
            Edge::Start => self
                .calendar
                .period(granularity, at)
                .is_some_and(|period| self.kept.has(granularity, period.end)),
            Edge::End => self.kept.has(granularity, at),
        });
        if is_kept {
            return Ok(());
        }
        let edges = |granularity| {
            let around = self.calendar.period(granularity, at)?;
            let first = self.kept.first_behind(&self.calendar, granularity, at)?;
            let (before, after) = match edge {
                Edge::Start => {
                    (around.start, if first == around { first.end } else { first.start })
                }
                Edge::End => (around.start, first.end),
            };
            let is_kept = match edge {
                Edge::Start => self.kept.has(granularity, around.end),
                Edge::End => self.kept.has(granularity, around.start),
            };
            Some((Some(before).filter(|_| is_kept), after))
        };
        let edges = || granularities().filter_map(edges);
        let before = edges().filter_map(|(before, _)| before).max();
        let after = edges().map(|(_, after)| after).min();
        match is_known {
            true => Err(self.gone(edge, at, false, before, after)),
            false => Err(self.uncovered(edge, at, before, after)),
        }
    }

    /// Returns the gap between two edges at which buckets are kept, if its buckets have expired.
    fn gap(&self, stuck: &Uncovered) -> Option<Uncovered> {
        let Uncovered::Edge { before: reached, .. } = stuck else { return None };
        self.with(self.kept.for_good(), self.period).shortest().ok()?;
        let Period { start, end } = self.period;
        let kept = self.kept.granularities.iter();
        let first = kept.filter_map(|kept| self.kept.first_behind(&self.calendar, *kept, start));
        let mut later: Vec<_> =
            first.map(|first| first.start).filter(|later| *later > start).collect();
        later.sort_unstable();
        let is_way = |later: &Timestamp| {
            let period = Period { start: *later, end };
            *later < end && self.with(self.kept.clone(), period).shortest().is_ok()
        };
        Some(self.gone(Edge::Start, start, true, *reached, later.into_iter().find(is_way)))
    }

    /// Returns the same search with other buckets, or for another period.
    fn with(&self, kept: RetainedBuckets, period: Period) -> Self {
        Self { kept, calendar: self.calendar.clone(), period }
    }

    fn gone(
        &self,
        edge: Edge,
        at: Timestamp,
        is_gap: bool,
        before: Option<Timestamp>,
        after: Option<Timestamp>,
    ) -> Uncovered {
        let is_of_end = is_gap || edge == Edge::End;
        let before = before.filter(|before| !is_of_end || *before > self.period.start);
        Uncovered::Gone { edge, at, is_gap, before, after, kept: Box::new(self.kept.clone()) }
    }

    fn uncovered(
        &self,
        edge: Edge,
        at: Timestamp,
        before: Option<Timestamp>,
        after: Option<Timestamp>,
    ) -> Uncovered {
        // An empty period needs no read.
        let before = before.filter(|before| edge == Edge::Start || *before > self.period.start);
        Uncovered::Edge { edge, at, before, after, kept: Box::new(self.kept.clone()) }
    }

    /// Returns the steps of the shortest path. Every step leads onward in time, so instants are
    /// settled in their order.
    fn shortest(&self) -> Result<Vec<Step>, Uncovered> {
        let Period { start, end } = self.period;
        let mut open = BTreeMap::from([(start, Reached { buckets: 0, step: None })]);
        let mut settled = BTreeMap::new();
        let mut beyond: Option<Timestamp> = None;
        while let Some((instant, reached)) = open.pop_first() {
            if reached.buckets > MAX_BUCKETS || settled.len() > MAX_BUCKETS {
                return Err(Uncovered::TooMany(Box::new(self.kept.clone())));
            }
            let so_far = reached.buckets;
            settled.insert(instant, reached.step);
            if instant >= end {
                return Ok(path(&settled, end));
            }
            for step in self.steps(instant) {
                if step.to > end {
                    beyond = Some(beyond.map_or(step.to, |beyond| beyond.min(step.to)));
                    continue;
                }
                let buckets = so_far + step.buckets;
                let is_better =
                    open.get(&step.to).is_none_or(|known: &Reached| buckets < known.buckets);
                if is_better {
                    open.insert(step.to, Reached { buckets, step: Some(step) });
                }
            }
        }
        let nearest = settled.last_key_value().map(|(instant, _)| *instant);
        Err(self.uncovered(Edge::End, end, nearest, beyond))
    }

    /// Returns the steps from an instant, coarsest first, but those that are no better than one
    /// before them.
    fn steps(&self, from: Timestamp) -> Vec<Step> {
        let mut steps = Vec::new();
        for granularity in self.kept.granularities.iter().rev().copied() {
            if let Some(day) = self.whole_day(granularity, from) {
                steps.push(day);
                break;
            }
            let is_there =
                |period: &Period| period.start == from && self.kept.has(granularity, period.end);
            let Some(period) = self.calendar.period(granularity, from).filter(is_there) else {
                continue;
            };
            let step = Step { granularity, from, to: period.end, buckets: 1 };
            steps.push(step);
            if self.is_enough(&step) {
                break;
            }
        }
        steps
    }

    /// Returns a day of the coarsest buckets of the clock, where the day itself is not kept and its
    /// clock does not change: they are taken together, so that the days of a month are tried and
    /// not its minutes.
    fn whole_day(&self, granularity: Granularity, from: Timestamp) -> Option<Step> {
        let of_clock = |kept: &&Granularity| clock::seconds(**kept).is_some();
        if self.kept.granularities.iter().rfind(of_clock) != Some(&granularity) {
            return None;
        }
        let begins = |instant| self.calendar.begins(granularity, instant);
        // Where the first is kept, those behind it are.
        let first = self.calendar.period(granularity, from)?;
        if !self.kept.has(granularity, first.end) {
            return None;
        }
        let day = self.calendar.period(Granularity::Day, from).filter(|day| day.start == from)?;
        let change = self.calendar.zone.following(from).next().map(|change| change.timestamp());
        let is_regular = from.duration_until(day.end) == SignedDuration::from_secs(DAY_SECONDS)
            && change.is_none_or(|change| change > day.end)
            && begins(from)
            && begins(day.end);
        let buckets = usize::try_from(DAY_SECONDS / clock::seconds(granularity)?).ok()?;
        let step = Step { granularity, from, to: day.end, buckets };
        (is_regular && self.is_enough(&step)).then_some(step)
    }

    /// Whether finer buckets from the same instant are no better: the step fits, and no bucket that
    /// begins within it reaches behind its end, so all ways from here that begin with a finer one
    /// come by there.
    fn is_enough(&self, step: &Step) -> bool {
        let reaches_behind = |kept: &Granularity| {
            let crossing = self.calendar.period(*kept, step.to);
            crossing.is_none_or(|Period { start, .. }| match *kept < step.granularity {
                true => step.from <= start && start < step.to,
                false => step.from < start && start < step.to,
            })
        };
        step.to <= self.period.end && !self.kept.granularities.iter().any(reaches_behind)
    }

    /// Returns the buckets of a step.
    fn buckets(&self, step: Step) -> impl Iterator<Item = Bucket> {
        let zone = self.calendar.zone.clone();
        let first = Bucket::at(step.granularity, step.from, &zone);
        std::iter::successors(first, move |bucket| {
            bucket.end.filter(|end| *end < step.to)?;
            bucket.next(&zone)
        })
    }
}

/// Returns the steps that led to an instant, in order.
fn path(settled: &BTreeMap<Timestamp, Option<Step>>, end: Timestamp) -> Vec<Step> {
    let step = |instant| settled.get(&instant).copied().flatten();
    let mut steps: Vec<_> = std::iter::successors(step(end), |behind| step(behind.from)).collect();
    steps.reverse();
    steps
}
