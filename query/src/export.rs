//! Exports: every rollup item of one rollup, as rows.
//!
//! ```text
//! ExportQuery ──plan──► scan ──► groups ──► windows of each group's buckets ──► rows
//! ```
//!
//! A row is a group in a time bucket, with the values that a question about that bucket is answered
//! with. An export reads as much as it has to, and spends no budget of a request. The caller
//! decides how many segments and groups are read at the same time, and how often a read is retried.
//!
//! | to see | read |
//! |---|---|
//! | the groups that a scan finds | `groups` |
//! | how the buckets of a group become rows | `window` |
//! | the types of the columns | `types` |
//!
//! **Invariant:** an export is of one revision. [`Export::is_current`] tells whether that revision
//! was served to the end; of one that a build has replaced, items may have been deleted meanwhile.

mod groups;
mod types;
mod window;

use jiff::Timestamp;
use serde_json::{Map, Value};
use weir_model::rollup::NamedMeasure;
use weir_model::{Model, Rollup};
use weir_rollups::{ExportPlan, ExportQuestion, Group};
use weir_table::{Budget, Rollups, ScanPosition, Segment};

use crate::columns::{Columns, MeasureColumn};
use crate::engine::QueryEngine;
use crate::error::QueryError;
use crate::json;
use crate::measured::{error_bounds, parts};
use crate::served::Served;
use crate::status::Completeness;

pub use self::groups::{ExportGroup, GroupsPage};
pub use self::types::ColumnType;
pub use self::window::{ExportPosition, ExportRows};

/// An export of a rollup: all its groups and buckets, unless the question restricts them.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportQuery {
    /// The name of the rollup.
    pub rollup: String,
    /// The groups, buckets and measures.
    pub question: ExportQuestion,
}

/// An export that has begun. Cheap to share, and its reads are independent of one another.
#[derive(Debug)]
pub struct Export {
    engine: QueryEngine,
    rollups: Rollups,
    served: Served,
    completeness: Completeness,
    plan: ExportPlan,
}

impl QueryEngine {
    /// Begins an export.
    ///
    /// # Errors
    /// As of [`QueryEngine::answer`]: the mistakes of the question, or a rollup that must not be
    /// answered.
    pub async fn export(&self, query: &ExportQuery) -> Result<Export, QueryError> {
        let now = Timestamp::now();
        let asked =
            |model: &Model, rollup: &Rollup| ExportPlan::new(model, rollup, &query.question, now);
        let answered = self.served(&query.rollup, None, |model, own| asked(model, own).map(drop));
        let (served, completeness) = answered.await?;
        let plan = asked(&served.model, served.rollup())?;
        let rollups = self.rollups().with_budget(&Budget::unlimited());
        Ok(Export { engine: self.clone(), rollups, served, completeness, plan })
    }
}

impl Export {
    /// Returns the rollup, under the definition that it is answered under.
    pub fn rollup(&self) -> &Rollup {
        self.served.rollup()
    }

    /// Returns how complete the rows are.
    pub fn completeness(&self) -> &Completeness {
        &self.completeness
    }

    /// Returns the relative error that values may have, by the names of the measures that are
    /// estimates.
    pub fn error_bounds(&self) -> Map<String, Value> {
        error_bounds(self.rollup(), &self.measures())
    }

    /// Returns the columns of the rows.
    pub fn columns(&self) -> Columns {
        let rollup = self.rollup();
        let measures: Vec<_> = self.measures().into_iter().map(MeasureColumn::new).collect();
        Columns::for_export(Columns::dimensions(rollup), &measures)
    }

    /// Returns the types of the columns, in their order.
    pub fn column_types(&self) -> Vec<ColumnType> {
        types::column_types(self.rollup(), &self.measures())
    }

    /// Returns the groups, if the question names them by a value for each dimension; `None` if they
    /// have to be looked for by a scan.
    pub fn named_groups(&self) -> Option<Vec<ExportGroup>> {
        let groups = self.plan.named_groups()?;
        groups.iter().map(|group| ExportGroup::new(self.rollup(), &group.texts)).collect()
    }

    /// Reads the next page of a segment of the table that has the rollup items, for their groups.
    ///
    /// # Errors
    /// The error of DynamoDB.
    pub async fn scan(
        &self,
        segment: Segment,
        position: Option<&ScanPosition>,
    ) -> Result<GroupsPage, QueryError> {
        let page = self.rollups.scan_keys(self.rollup(), segment, position).await?;
        Ok(GroupsPage::new(self.rollup(), &self.plan, page))
    }

    /// Reads the next rows of a group: those of about a thousand buckets, in the order of their
    /// granularities' names and of time.
    ///
    /// # Errors
    /// A count below zero, or an item that cannot be read; a bucket with more detail items than an
    /// export reads at once; or the error of DynamoDB.
    pub async fn read(
        &self,
        group: &ExportGroup,
        position: ExportPosition,
    ) -> Result<ExportRows, QueryError> {
        let group = Group { texts: group.texts(self.rollup()) };
        let measures = self.measures();
        let reader = window::WindowReader {
            rollups: &self.rollups,
            rollup: self.rollup(),
            plan: &self.plan,
            group: &group,
            measures: &measures,
            parts: &parts(self.rollup(), &measures),
        };
        let (rows, next) = reader.read(position).await?;
        Ok(ExportRows { dimensions: json::group(self.rollup(), &group.texts), rows, next })
    }

    /// Returns whether the revision of the export is still served, and as complete as it was.
    ///
    /// # Errors
    /// The error of DynamoDB.
    pub async fn is_current(&self) -> Result<bool, QueryError> {
        let snapshot = self.engine.snapshot_now().await?;
        let revision = &self.served.revision;
        Ok(snapshot.served(&revision.rollup).is_ok_and(|served| served == revision))
    }

    fn measures(&self) -> Vec<&NamedMeasure> {
        self.rollup().measures_at(&self.plan.measures)
    }
}
