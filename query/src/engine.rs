//! The entry: a query in, its answer out, after a check of the state of the rollups.
//!
//! ```text
//! plan (a mistake of the question: nothing is read) ──► state of the rollups ──► rollup items
//! ```
//!
//! The state is read before the rollup items, so that an answer includes at least the changes that
//! `complete_through` promises. Its reads spend the budget of the table, those of rollup items the
//! budget of the rollups.
//!
//! **Invariant:** no rollup item is read for an answer before the check has passed.

use jiff::Timestamp;
use weir_model::{Model, Rollup};
use weir_table::{Budget, Reads, Rollups, Table};

use crate::error::{QueryError, find_rollup};
use crate::ranks::{PlannedRanks, RankAnswer, RankQuery};
use crate::series::{PlannedQuery, RollupAnswer, RollupQuery};
use crate::status::{RollupsSnapshot, StatusCache};

/// The answers of the rollups of one table. Cheap to clone; clones share what they know of the
/// state of the rollups.
#[derive(Clone, Debug)]
pub struct QueryEngine {
    table: Table,
    rollups: Rollups,
    status: StatusCache,
}

impl QueryEngine {
    /// Returns the engine of a table and its rollups.
    ///
    /// If the rollups have no budget, each answer reads within one of [`Reads::DEFAULT_LIMITS`].
    pub fn new(table: &Table, rollups: &Rollups) -> Self {
        Self { table: table.clone(), rollups: rollups.clone(), status: StatusCache::default() }
    }

    /// Returns the same engine, all of whose reads spend a budget.
    #[must_use]
    pub fn with_budget(&self, budget: &Budget) -> Self {
        Self {
            table: self.table.with_budget(budget),
            rollups: self.rollups.with_budget(budget),
            status: self.status.clone(),
        }
    }

    /// Returns the definition of the table.
    pub fn model(&self) -> &Model {
        self.table.model()
    }

    /// Answers a query with a page of points.
    ///
    /// # Errors
    /// The mistakes of the question; [`QueryError::Unbuilt`] or [`QueryError::Changed`] for a
    /// rollup that must not be answered; a read that would be too large; or the error of DynamoDB.
    pub async fn answer(&self, query: &RollupQuery) -> Result<RollupAnswer, QueryError> {
        let (model, now) = (self.model(), Timestamp::now());
        let planned = PlannedQuery::new(model, self.rollup(&query.rollup)?, query, now)?;
        let completeness = self.snapshot().await?.completeness(&query.rollup)?;
        planned.answer(&self.limited_rollups(), completeness).await
    }

    /// Answers a query with a page of ranks, or with the ranks around a group.
    ///
    /// # Errors
    /// As of [`QueryEngine::answer`].
    pub async fn ranks(&self, query: &RankQuery) -> Result<RankAnswer, QueryError> {
        let (model, now) = (self.model(), Timestamp::now());
        let planned = PlannedRanks::new(model, self.rollup(&query.rollup)?, query, now)?;
        let completeness = self.snapshot().await?.completeness(&query.rollup)?;
        planned.answer(&self.limited_rollups(), completeness).await
    }

    /// Returns the state of all rollups, not older than a second.
    ///
    /// # Errors
    /// The error of DynamoDB.
    pub async fn snapshot(&self) -> Result<RollupsSnapshot, weir_table::Error> {
        self.status.snapshot(&self.table).await
    }

    fn rollup(&self, name: &str) -> Result<&Rollup, QueryError> {
        find_rollup(self.model(), name)
    }

    /// Returns the rollups with a budget that has limits.
    fn limited_rollups(&self) -> Rollups {
        match self.rollups.budget().limits() {
            Some(_) => self.rollups.clone(),
            None => self.rollups.with_budget(&Budget::new(Reads::DEFAULT_LIMITS)),
        }
    }
}
