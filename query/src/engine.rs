//! The entry: a query in, its answer out, after a check of the state of the rollups.
//!
//! ```text
//! rollup of the file ──► state of the rollups ──► definition of the revision ──► plan ──► items
//! ```
//!
//! The state is read before the rollup items, so that an answer includes at least the changes that
//! `complete_through` promises. Its reads spend the budget of the table, those of rollup items the
//! budget of the rollups.
//!
//! A query with the token of a write waits, for a bounded time, until the progress of the stream
//! has passed the write. Then the state is read again, and the rollup items after it.
//!
//! **Invariant:** no rollup item is read for an answer before the check has passed.

use std::time::Duration;

use jiff::Timestamp;
use weir_model::{Model, Rollup};
use weir_rollups::{ParameterError, ParameterErrors, Plan, RankPlan};
use weir_table::{Budget, Reads, Rollups, Table, WriteToken};

use crate::error::{QueryError, find_rollup};
use crate::limits::DEFAULT_WRITE_WAIT;
use crate::ranks::{PlannedRanks, RankAnswer, RankQuery};
use crate::series::{PlannedQuery, RollupAnswer, RollupQuery};
use crate::served::{Served, ServedCache};
use crate::status::{AfterWrite, Completeness, RollupsSnapshot, StatusCache};

/// The answers of the rollups of one table. Cheap to clone; clones share what they know of the
/// state of the rollups.
#[derive(Clone, Debug)]
pub struct QueryEngine {
    table: Table,
    rollups: Rollups,
    status: StatusCache,
    served: ServedCache,
    write_wait: Duration,
}

impl QueryEngine {
    /// Returns the engine of a table and its rollups.
    ///
    /// If the rollups have no budget, each answer reads within one of [`Reads::DEFAULT_LIMITS`].
    pub fn new(table: &Table, rollups: &Rollups) -> Self {
        let (status, served) = (StatusCache::default(), ServedCache::default());
        let (table, rollups) = (table.clone(), rollups.clone());
        Self { table, rollups, status, served, write_wait: DEFAULT_WRITE_WAIT }
    }

    /// Returns the same engine, whose answers wait at most so long for the write of a token.
    #[must_use]
    pub fn with_write_wait(&self, write_wait: Duration) -> Self {
        Self { write_wait, ..self.clone() }
    }

    /// Returns how long an answer waits at most for the write of a token.
    pub fn write_wait(&self) -> Duration {
        self.write_wait
    }

    /// Returns the same engine, all of whose reads spend a budget.
    #[must_use]
    pub fn with_budget(&self, budget: &Budget) -> Self {
        Self {
            table: self.table.with_budget(budget),
            rollups: self.rollups.with_budget(budget),
            ..self.clone()
        }
    }

    /// Returns the definition of the table.
    pub fn model(&self) -> &Model {
        self.table.model()
    }

    /// Answers a query with a page of points.
    ///
    /// # Errors
    /// The mistakes of the question; [`QueryError::Unbuilt`] or [`QueryError::Building`] for a
    /// rollup that must not be answered; a read that would be too large; or the error of DynamoDB.
    pub async fn answer(&self, query: &RollupQuery) -> Result<RollupAnswer, QueryError> {
        let now = Timestamp::now();
        let asked = |model: &Model, rollup: &Rollup| Plan::new(model, rollup, &query.question, now);
        let answered =
            self.served(&query.rollup, query.written, |model, own| asked(model, own).map(drop));
        let (served, completeness) = answered.await?;
        let planned = PlannedQuery::new(&served.model, served.rollup(), query, now)?;
        planned.answer(&self.limited_rollups(), completeness).await
    }

    /// Answers a query with a page of ranks, or with the ranks around a group.
    ///
    /// # Errors
    /// As of [`QueryEngine::answer`].
    pub async fn ranks(&self, query: &RankQuery) -> Result<RankAnswer, QueryError> {
        let now = Timestamp::now();
        let asked =
            |model: &Model, rollup: &Rollup| RankPlan::new(model, rollup, &query.question, now);
        let answered =
            self.served(&query.rollup, query.written, |model, own| asked(model, own).map(drop));
        let (served, completeness) = answered.await?;
        let planned = PlannedRanks::new(&served.model, served.rollup(), query, now)?;
        planned.answer(&self.limited_rollups(), completeness).await
    }

    /// Returns the definition that a rollup is answered under, and the completeness of an answer.
    /// `asked` plans the question. Waits for the write of a token.
    pub(crate) async fn served(
        &self,
        name: &str,
        written: Option<WriteToken>,
        asked: impl Fn(&Model, &Rollup) -> Result<(), ParameterErrors>,
    ) -> Result<(Served, Completeness), QueryError> {
        let own = find_rollup(self.model(), name)?;
        let planned = asked(self.model(), own);
        if let Some(token) = written {
            self.check_token(token)?;
        }
        let snapshot = match self.snapshot().await {
            Ok(snapshot) => snapshot,
            // A mistake of the question is one whatever the state is.
            Err(error) => return Err(planned.err().map_or_else(|| error.into(), Into::into)),
        };
        let first = self.served_at(&snapshot, own, &planned, &asked).await?;
        let Some(token) = written else { return Ok(first) };
        let (snapshot, after) = self.wait_for_write(token, snapshot).await?;
        let (served, completeness) = self.served_at(&snapshot, own, &planned, &asked).await?;
        Ok((served, Completeness { after: Some(after), ..completeness }))
    }

    /// Returns the definition that a rollup is answered under in a state.
    ///
    /// A question that the definition file takes and its predecessor does not is of a change that
    /// is not built.
    async fn served_at(
        &self,
        snapshot: &RollupsSnapshot,
        own: &Rollup,
        planned: &Result<(), ParameterErrors>,
        asked: impl Fn(&Model, &Rollup) -> Result<(), ParameterErrors>,
    ) -> Result<(Served, Completeness), QueryError> {
        let name = &own.name;
        let revision = match (snapshot.served(name), planned) {
            (Ok(revision), _) => revision,
            (Err(_), Err(mistakes)) => return Err(mistakes.clone().into()),
            (Err(error), Ok(())) => return Err(error),
        };
        let served = self.served.find(&self.table, own, revision).await?;
        if served.is_previous && asked(&served.model, served.rollup()).is_err() {
            return Err(match planned {
                Ok(()) => snapshot.not_built(name),
                Err(mistakes) => mistakes.clone().into(),
            });
        }
        let completeness = snapshot.completeness(revision, served.is_previous);
        Ok((served, completeness))
    }

    /// Checks that a token is of a write to this table.
    fn check_token(&self, token: WriteToken) -> Result<(), QueryError> {
        let checked = token.check(self.table.name(), Timestamp::now().as_millisecond());
        checked.map_err(|error| {
            let error = ParameterError::new("after", error.to_string());
            QueryError::Question(ParameterErrors(vec![error]))
        })
    }

    /// Waits until the write of a token is counted. Returns the state then, and whether it is.
    async fn wait_for_write(
        &self,
        token: WriteToken,
        snapshot: RollupsSnapshot,
    ) -> Result<(RollupsSnapshot, AfterWrite), QueryError> {
        let after = snapshot.after(token);
        let waited = snapshot.stream_label().filter(|_| after == AfterWrite::Pending);
        let Some(label) = waited else { return Ok((snapshot, after)) };
        self.table.wait_for_stream(label, token.at_ms(), self.write_wait).await?;
        let snapshot = self.snapshot_now().await?;
        let after = snapshot.after(token);
        Ok((snapshot, after))
    }

    /// Returns the state of all rollups, not older than a second.
    ///
    /// # Errors
    /// The error of DynamoDB.
    pub async fn snapshot(&self) -> Result<RollupsSnapshot, weir_table::Error> {
        self.status.snapshot(&self.table).await
    }

    /// Returns the state of all rollups as it is now.
    ///
    /// # Errors
    /// The error of DynamoDB.
    pub(crate) async fn snapshot_now(&self) -> Result<RollupsSnapshot, weir_table::Error> {
        self.status.snapshot_now(&self.table).await
    }

    /// Returns the rollups.
    pub(crate) fn rollups(&self) -> &Rollups {
        &self.rollups
    }

    /// Returns the rollups with a budget that has limits.
    fn limited_rollups(&self) -> Rollups {
        match self.rollups.budget().limits() {
            Some(_) => self.rollups.clone(),
            None => self.rollups.with_budget(&Budget::new(Reads::DEFAULT_LIMITS)),
        }
    }
}
