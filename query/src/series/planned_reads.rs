//! The number of reads of DynamoDB that a question takes. It follows from the plan, so that a
//! question that does not fit the budget of a request is rejected before anything is read.
//!
//! ```text
//! reads of one point of each group  =  groups × stripes × ranges of buckets, of the period and of
//! the one before it
//! ```
//!
//! A range of buckets takes one Query for each megabyte, at least one. The reads of detail items
//! come in addition.

use weir_model::Rollup;
use weir_rollups::{Bucket, Fill, Plan, runs};

use crate::error::QueryError;
use crate::slot::Slot;

/// The most reads of the state of the rollups, which an answer makes in addition.
const STATE_READS: u64 = 6;

/// The reads of a question.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlannedReads<'a> {
    pub(super) rollup: &'a Rollup,
    pub(super) plan: &'a Plan,
}

impl PlannedReads<'_> {
    /// Returns the least reads that slots take if they are read together: a Query for each range of
    /// their buckets.
    pub(super) fn least(&self, together: &[&Slot]) -> u64 {
        self.partitions() * ranges(together)
    }

    /// Rejects a question whose first point takes more reads than a request may make.
    pub(super) fn check(
        &self,
        now: &Slot,
        before: Option<&Slot>,
        is_carried: bool,
        most: u64,
    ) -> Result<(), QueryError> {
        let least = self.least(&[now]) + before.map_or(0, |slot| self.least(&[slot]));
        // The values that are carried over from the page before are read again.
        let times = if is_carried { 2 } else { 1 };
        let (needed, most) = (least * times, most.saturating_sub(STATE_READS));
        if needed <= most {
            return Ok(());
        }
        let groups = self.plan.groups.len() as u64;
        let ranges = ranges(&[now]) + before.map_or(0, |slot| ranges(&[slot]));
        let mut expected = Vec::new();
        let fitting = most / (needed / groups).max(1);
        if fitting > 0 && groups > 1 {
            expected.push(format!("at most {fitting} of the groups"));
        }
        if before.is_some() {
            expected.push("no `compare`".to_owned());
        }
        if is_carried {
            expected.push("another `fill`".to_owned());
        }
        if ranges > 1 {
            expected.push("a range that begins and ends with larger buckets".to_owned());
        }
        if expected.is_empty() {
            expected.push("a larger WEIR_REQUEST_MAX_READS of the service".to_owned());
        }
        let message = format!(
            "{groups} groups × {} stripes × {ranges} ranges of buckets{} are {needed} reads of one \
             point of each group, and a request may make {most}; expected {}",
            self.stripes(),
            if is_carried { " × 2 for `fill=previous`" } else { "" },
            expected.join(", or ")
        );
        Err(QueryError::too_much(self.parameter(before.is_some()), message))
    }

    /// Returns the error of a question whose first point does not fit a budget.
    pub(super) fn over_budget(&self, limits: weir_table::Reads) -> QueryError {
        let weir_table::Reads { reads, bytes } = limits;
        let mb = bytes / weir_table::MB;
        let message = format!(
            "one point of each group takes more than the {reads} reads and {mb} MB that a request \
             may read"
        );
        QueryError::too_much_measured(self.rollup, &message)
    }

    /// Whether a later page reads the values that gaps are filled with.
    pub(super) fn is_carried(&self, has_more_steps: bool) -> bool {
        has_more_steps && self.plan.fill == Fill::Previous
    }

    fn partitions(&self) -> u64 {
        self.plan.groups.len() as u64 * self.stripes()
    }

    /// Returns the number of partitions of a group: one if the rollup items are beside the items.
    fn stripes(&self) -> u64 {
        if self.rollup.colocated.is_some() { 1 } else { u64::from(self.rollup.stripes) }
    }

    fn parameter(&self, is_compared: bool) -> &str {
        match self.rollup.dimensions.first() {
            Some(dimension) if self.plan.groups.len() > 1 => dimension.name(),
            _ if is_compared => "compare",
            _ => "from",
        }
    }
}

/// Returns the number of ranges of sort keys that the buckets of slots make.
fn ranges(slots: &[&Slot]) -> u64 {
    let buckets: Vec<Bucket> = slots.iter().flat_map(|slot| slot.buckets.clone()).collect();
    runs(&buckets).len() as u64
}
