//! The rollups of a deployment: the plan of their changes, the choice of the filters, the builds.
//!
//! **Invariant:** a signal ends each of these immediately; the same command continues.

use std::io::{self, Write};
use std::sync::Arc;

use tokio::runtime::Runtime;
use weir_build::Builder;
use weir_model::Model;
use weir_table::{Connection, Table};

use super::deployment::BUILD;
use crate::build::{self, BuildOptions, FilterMargin, Progress, last_modified, wait_for_filters};
use crate::counted::counted_definitions;
use crate::error::Error;
use crate::plan::{self, Plan, PlanOptions, find_plan};
use crate::steps::{self, unless_interrupted};
use crate::synth::filter::{patterns, widened_patterns};
use crate::tables::TableOptions;

/// The steps, as an error names them after a signal.
const PLAN: &str = "compare the definition with the rollups";
const PURGE: &str = "delete the items of replaced revisions";

/// The rollups of the tables of a deployment.
pub(super) struct DeployedRollups<'a> {
    runtime: Runtime,
    connection: Connection,
    model: Arc<Model>,
    options: &'a BuildOptions,
}

impl<'a> DeployedRollups<'a> {
    /// Connects to the DynamoDB of the tables. `model` is over these tables.
    pub(super) fn new(
        model: Model,
        tables: &TableOptions,
        options: &'a BuildOptions,
    ) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let connection = runtime.block_on(tables.connect());
        Ok(Self { runtime, connection, model: Arc::new(model), options })
    }

    /// Returns the plan of the definition, before or after the stack is updated.
    pub(super) fn plan(&self, is_before_deployment: bool) -> Result<Plan, Error> {
        let defaults = PlanOptions::default();
        let options = PlanOptions {
            read_units_per_second: self
                .options
                .read_units()
                .unwrap_or(defaults.read_units_per_second),
            // Always with a sample, which also shows whether the table has items.
            is_before_deployment,
            ..defaults
        };
        let plan = find_plan(&self.connection, &self.model, options);
        Ok(self.run(PLAN, plan)??)
    }

    /// Returns the ARN of the stream of the table of items, if there is one.
    pub(super) fn stream_arn(&self) -> Result<Option<String>, Error> {
        let table = self.table();
        let described = self.run(PLAN, table.describe())?;
        let described = described.map_err(|source| unread("the table of items", source))?;
        Ok(described.stream_arn().map(str::to_owned))
    }

    /// Returns whether the revisions that are counted need records that the filters of the
    /// definition leave out.
    pub(super) fn needs_wider_filters(&self) -> Result<bool, Error> {
        let counted = counted_definitions(&self.connection, &self.model);
        let counted = self.run(PLAN, counted)?.map_err(Error::Counted)?;
        Ok(widened_patterns(&self.model, &counted) != patterns(&self.model))
    }

    /// Builds the rollups, and prints each step. `mapping_changed` is the time at which the filters
    /// of the mapping were changed; `None` if no filters were in effect before.
    pub(super) fn build(
        &self,
        mapping_changed: Option<&str>,
        out: &mut (impl Write + Send),
    ) -> Result<(), Error> {
        let builder = self.builder();
        let mut progress = Progress::new(out, false);
        let is_local = self.connection.is_local();
        self.run(BUILD, async {
            if let Some(changed) = mapping_changed {
                let changed_at = last_modified(changed).ok();
                let filters = FilterMargin::new(changed_at, self.options, is_local);
                wait_for_filters(&builder, &[], filters, &mut progress).await?;
            }
            build::build(&builder, &[], &mut progress).await
        })?
    }

    /// Deletes the items of the revisions that are retired or given up, unless `--no-purge` is set,
    /// and prints each step.
    pub(super) fn purge(&self, out: &mut (impl Write + Send)) -> Result<(), Error> {
        let builder = self.builder();
        let mut progress = Progress::new(out, false).in_a_paragraph();
        let is_local = self.connection.is_local();
        let purge = build::purge(&builder, self.options, is_local, &mut progress);
        Ok(self.run(PURGE, purge)??)
    }

    fn builder(&self) -> Builder {
        let settings = self.options.settings(self.connection.is_local());
        Builder::new(&self.connection, &self.table(), settings)
    }

    fn table(&self) -> Table {
        Table::new(&self.connection, Arc::clone(&self.model))
    }

    /// Runs some work until it is done or a signal ends the command.
    fn run<T>(&self, what: &'static str, work: impl Future<Output = T>) -> Result<T, Error> {
        let done = self.runtime.block_on(unless_interrupted(work));
        done.ok_or_else(|| steps::Error::Interrupted { what }.into())
    }
}

fn unread(what: &'static str, source: weir_table::Error) -> Error {
    plan::Error::Read { what, source }.into()
}
