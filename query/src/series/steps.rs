//! Steps: the periods of an answer, each with the earlier one that it is compared with.

use jiff::Timestamp;
use weir_model::Rollup;
use weir_rollups::{Bucket, ParameterErrors, Period, Plan};

use crate::error::QueryError;
use crate::slot::Slot;

/// The period of a point, and the one that it is compared with. `None` is all time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) period: Option<Period>,
    pub(super) previous: Option<Period>,
}

/// A step, with the buckets that make up both periods.
#[derive(Debug)]
pub(super) struct CoveredStep {
    pub(super) step: Step,
    pub(super) now: Slot,
    pub(super) before: Option<Slot>,
}

impl Step {
    /// The step of an answer of all time.
    pub(super) const ALL_TIME: Self = Self { period: None, previous: None };

    /// Returns the steps of a plan from an instant on.
    pub(super) fn from_instant(plan: &Plan, start: Timestamp) -> impl Iterator<Item = Self> + '_ {
        let pairs = plan.pairs_from(start);
        pairs.map(|(period, previous)| Self { period: Some(period), previous })
    }
}

impl CoveredStep {
    /// Covers both periods of a step.
    ///
    /// # Errors
    /// The parameter of a question that no buckets answer.
    pub(super) fn new(rollup: &Rollup, plan: &Plan, step: Step) -> Result<Self, QueryError> {
        let before = step.previous.map(|period| cover(rollup, plan, Some(period))).transpose()?;
        Ok(Self { step, now: cover(rollup, plan, step.period)?, before })
    }

    /// Returns the number of buckets that it reads.
    pub(super) fn bucket_count(&self) -> usize {
        self.now.buckets.len() + self.before.as_ref().map_or(0, |slot| slot.buckets.len())
    }
}

/// Returns the buckets that make up a period, or all time.
///
/// # Errors
/// The parameter of a question that no buckets answer.
pub(super) fn cover(
    rollup: &Rollup,
    plan: &Plan,
    period: Option<Period>,
) -> Result<Slot, QueryError> {
    let Some(period) = period else { return Ok(Slot { buckets: vec![Bucket::all()] }) };
    let buckets = plan.cover(rollup, &period).map_err(ParameterErrors::from)?;
    Ok(Slot { buckets })
}
