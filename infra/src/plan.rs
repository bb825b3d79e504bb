//! `weir plan`: prints the difference between a definition file and the state of the rollups of its
//! table, with the preconditions and the cost of the builds.
//!
//! ```text
//! DynamoDB ─► Facts ─┐
//! definition ────────┴─► Plan ─► text, JSON, exit code
//! ```
//!
//! | to see | read |
//! |---|---|
//! | the facts that are read | `facts` |
//! | the plan as a value | `report` |
//! | the change of each rollup | `rollups` |
//! | the changes that concern stored items | `items` |
//! | the rejected changes | `rejections` |
//! | the preconditions of a build | `preconditions` |
//! | the cost of a build | `cost` |
//! | the text that is printed | `text` |
//!
//! **Invariant:** this command writes nothing, neither to DynamoDB nor to a file.

mod commands;
mod cost;
mod error;
mod facts;
mod items;
mod preconditions;
mod rejections;
mod report;
mod rollups;
mod text;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use weir_model::Model;
use weir_table::{Connection, Table};

pub use self::error::Error;
pub use self::report::{
    BuildKind, Cost, Dollars, GivenUp, ItemChange, Plan, Precondition, Rejection, RejectionKind,
    RollupBuild, RollupChange, RollupCost, RollupDifference, RollupPlan, Status,
};

use self::facts::{Facts, Known, Sample};
use crate::definition;
use crate::tables::TableOptions;

/// The read units per second of a scan from which the time is computed, without `--read-units`.
const READ_UNITS_PER_SECOND: u32 = 2_000;

/// Print the changes of a definition file, with the preconditions and the cost of its builds.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir plan shop.toml
  weir plan shop.toml --check
  weir plan shop.toml --json
  weir plan shop.toml --read-units 500 --no-sample
  weir plan shop.toml --endpoint http://127.0.0.1:8000

The command writes nothing. It calls DescribeTable, DescribeTimeToLive, DescribeContinuousBackups
and GetItem. If there is something to build, it scans a sample of 2,000 items. The exit code is 1
if a change is rejected, and with --check also if the plan is not empty.")]
pub struct Arguments {
    /// The definition file [default: ./weir.toml, else examples/flights/weir.toml]
    file: Option<PathBuf>,
    #[command(flatten)]
    tables: TableOptions,
    /// Print the plan as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Exit with code 1 if the plan is not empty
    #[arg(long)]
    check: bool,
    /// Compute the time of a scan with this many read units in a second
    #[arg(long, value_name = "UNITS", default_value_t = READ_UNITS_PER_SECOND,
          value_parser = clap::value_parser!(u32).range(1..))]
    read_units: u32,
    /// Read no items: use the sizes that DynamoDB states, and print an upper bound of the writes
    #[arg(long)]
    no_sample: bool,
    /// Leave out problems that the deployment of the stack resolves: a table of rollups that does
    /// not exist or lacks its index or its time to live, and rollups that no processor has
    /// registered
    #[arg(long)]
    before_deployment: bool,
}

/// The choices of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanOptions {
    /// The read units that the scan of a build may consume in a second.
    pub read_units_per_second: u32,
    /// Whether a sample of the items is read.
    pub is_sampled: bool,
    /// Whether a stack is deployed next. The stack creates the table of rollups with its index and
    /// its time to live, and its processor registers the rollups.
    pub is_before_deployment: bool,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self {
            read_units_per_second: READ_UNITS_PER_SECOND,
            is_sampled: true,
            is_before_deployment: false,
        }
    }
}

/// Prints the plan.
///
/// # Errors
/// The problems of the definition file, a fact that cannot be read, or the rejected changes. If
/// changes are rejected, the plan is printed before.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode, crate::error::Error> {
    let path = definition::find(arguments.file.as_deref())?;
    let named = arguments.tables.name_tables(definition::read(&path)?);
    let model = Arc::new(named.map_err(Error::from)?);
    let options = PlanOptions {
        read_units_per_second: arguments.read_units,
        is_sampled: !arguments.no_sample,
        is_before_deployment: arguments.before_deployment,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let plan = runtime.block_on(async {
        let connection = arguments.tables.connect().await;
        find_plan(&connection, &model, options).await
    })?;
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&plan).map_err(Error::from)?)?;
    } else {
        write!(out, "{plan}")?;
    }
    out.flush()?;
    plan.check()?;
    Ok(if arguments.check && !plan.is_empty { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Reads the facts about the tables, and returns the plan of a definition.
///
/// # Errors
/// [`Error::Read`].
pub async fn find_plan(
    connection: &Connection,
    model: &Arc<Model>,
    options: PlanOptions,
) -> Result<Plan, Error> {
    let table = Table::new(connection, Arc::clone(model));
    let facts = Facts::read(connection, &table).await?;
    let sample = match options.is_sampled && needs_sample(model, &facts) {
        true => Some(Sample::read(connection, &table).await?),
        false => None,
    };
    Ok(Plan::new(model, &facts, sample.as_ref(), options))
}

/// Rejects the builds of these rollups, or of all if none is named, if their plan has rejected
/// changes.
///
/// # Errors
/// [`Error::Read`] and [`Error::Rejected`].
pub(crate) async fn check_builds(
    connection: &Connection,
    model: &Arc<Model>,
    only: &[String],
) -> Result<(), Error> {
    let table = Table::new(connection, Arc::clone(model));
    let facts = Facts::read(connection, &table).await?;
    let is_built = |name: &String| only.is_empty() || only.contains(name);
    let mut rollups = rollups::plans(model, &facts, None);
    rollups.retain(|plan| is_built(&plan.rollup));
    let items = items::changes(model, &facts);
    let mut rejections = rejections::rejections(model, &facts, &items, &rollups);
    rejections.retain(|known| known.kind != RejectionKind::Colocated || is_built(&known.subject));
    reject(&rejections)
}

/// Rejects a definition under which stored items would be lost, or counted twice.
///
/// # Errors
/// [`Error::Read`] and [`Error::Rejected`].
pub(crate) async fn check_items(connection: &Connection, table: &Table) -> Result<(), Error> {
    let facts = Facts::read(connection, table).await?;
    reject(&rejections::rejected_items(&items::changes(table.model(), &facts)))
}

fn reject(rejections: &[Rejection]) -> Result<(), Error> {
    let line = |known: &Rejection| {
        let Rejection { subject, reason, way_out, .. } = known;
        format!("{subject}: {reason}; {way_out}")
    };
    let lines: Vec<_> = rejections.iter().map(line).collect();
    if lines.is_empty() { Ok(()) } else { Err(Error::Rejected(lines.join("; "))) }
}

/// Returns whether the plan depends on a sample of the items.
fn needs_sample(model: &Model, facts: &Facts) -> bool {
    facts.existing_items().is_some()
        && match &facts.wanted {
            Some(wanted) => !wanted.begun.is_empty() || !wanted.continued.is_empty(),
            None => !model.rollups.is_empty(),
        }
}

impl Plan {
    fn new(
        model: &Model,
        facts: &Facts,
        sample: Option<&Known<Sample>>,
        options: PlanOptions,
    ) -> Self {
        let sampled = sample.and_then(|sample| sample.as_ref().ok());
        let rollups = rollups::plans(model, facts, sampled);
        let items = items::changes(model, facts);
        let mut rejections = rejections::rejections(model, facts, &items, &rollups);
        let mut preconditions = preconditions::preconditions(model, facts);
        if options.is_before_deployment {
            rejections.retain(|rejection| !rejection.kind.is_resolved_by_deployment());
            preconditions.retain(|known| !known.is_resolved_by_deployment());
        }
        let rate = options.read_units_per_second;
        Self {
            table: model.table.name.clone(),
            rollups_table: model.table.rollups_table.clone(),
            is_empty: rejections.is_empty() && !rollups.iter().any(RollupPlan::is_pending),
            cost: cost::cost(model, facts, sample, &rollups, rate),
            preconditions,
            purge: purge(facts),
            rejections,
            rollups,
            items,
        }
    }

    /// Rejects a plan that has rejected changes.
    ///
    /// # Errors
    /// [`Error::Rejected`].
    pub(crate) fn check(&self) -> Result<(), Error> {
        reject(&self.rejections)
    }
}

/// Returns the revisions whose items the next build deletes.
fn purge(facts: &Facts) -> Vec<String> {
    let revisions = facts.state().map(|state| &state.revisions[..]).unwrap_or_default();
    let over = revisions.iter().filter(|revision| revision.is_over());
    over.map(ToString::to_string).collect()
}
