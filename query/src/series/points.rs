//! Points: the measures of a step and of the earlier one, gaps filled, as the answer has them.

use jiff::Timestamp;
use serde_json::{Map, Value};
use weir_model::Rollup;
use weir_model::rollup::NamedMeasure;
use weir_rollups::query::local;
use weir_rollups::{Fill, Period, Plan};

use super::answer::AnswerPoint;
use super::gaps::Series;
use super::steps::Step;
use crate::json;
use crate::measured::{MeasuredSlot, named};

/// The points of the groups of a plan, made one after another.
pub(super) struct PointBuilder<'a> {
    rollup: &'a Rollup,
    plan: &'a Plan,
    measures: Vec<&'a NamedMeasure>,
    /// The series of each group.
    series: Vec<Series>,
    /// The earlier series of each group, that it is compared with.
    earlier: Vec<Series>,
}

impl<'a> PointBuilder<'a> {
    pub(super) fn new(rollup: &'a Rollup, plan: &'a Plan, measures: Vec<&'a NamedMeasure>) -> Self {
        let empty = vec![Series::default(); plan.groups.len()];
        Self { rollup, plan, measures, series: empty.clone(), earlier: empty }
    }

    /// Continues a series after a point that began at this instant. Positions count the groups, and
    /// then the earlier series of each.
    pub(super) fn resume(&mut self, position: usize, start: Timestamp, measured: MeasuredSlot) {
        let mut series = self.series.iter_mut().chain(&mut self.earlier);
        *series.nth(position).expect("one of a group, or the earlier one") =
            Series::after(start, measured.values);
    }

    /// Returns where the last point of each group began that had values of its own, and then those
    /// of the earlier series; none unless gaps are filled with the values before.
    pub(super) fn carried(&self) -> Vec<Option<Timestamp>> {
        match self.plan.fill {
            Fill::Previous => {
                let earlier = self.plan.previous.map_or([].as_slice(), |_| &self.earlier);
                self.series.iter().chain(earlier).map(Series::last).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Returns the point of a group's step; `None` if nothing is counted and gaps are not filled.
    pub(super) fn point(
        &mut self,
        group: usize,
        step: Step,
        now: MeasuredSlot,
        before: Option<MeasuredSlot>,
    ) -> Option<AnswerPoint> {
        let is_compared = before.as_ref().is_some_and(|before| before.values.is_some());
        let is_counted = now.values.is_some() || now.is_parked;
        let fill = self.plan.fill;
        if !is_counted && !is_compared && fill == Fill::None {
            return None;
        }
        let (rollup, measures) = (self.rollup, self.measures.as_slice());
        let is_parked = now.is_parked;
        let values = self.series[group].next(rollup, measures, fill, step.period, now);
        let mut point = self.edges(step.period);
        point.extend(named(measures, &values));
        if let (Some(before), Some(_)) = (before, step.previous) {
            let was_parked = before.is_parked;
            let earlier = self.earlier[group].next(rollup, measures, fill, step.previous, before);
            let mut previous = self.edges(step.previous);
            previous.extend(named(measures, &earlier));
            if was_parked {
                previous.insert("parked".to_owned(), Value::Bool(true));
            }
            point.insert("previous".to_owned(), Value::Object(previous));
            let change = measures.iter().zip(values.iter().zip(&earlier));
            let change = change.filter_map(|(known, (now, before))| {
                Some((known.name.clone(), json::change(now, before)?))
            });
            point.insert("change".to_owned(), Value::Object(change.collect()));
        }
        if !is_counted {
            point.insert("filled".to_owned(), Value::Bool(true));
        }
        if is_parked {
            point.insert("parked".to_owned(), Value::Bool(true));
        }
        Some(point)
    }

    /// Returns a point that has the edges of its period alone.
    fn edges(&self, period: Option<Period>) -> AnswerPoint {
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
