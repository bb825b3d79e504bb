//! `weir cost`: prints the write units and the dollars that changes of items cost the rollups of a
//! definition file, and what would be cheaper.
//!
//! ```text
//! files or table ─► Samples ─┐
//! definition ────────────────┴─► Report ─► text, JSON, exit code
//! ```
//!
//! | to see | read |
//! |---|---|
//! | the items of which the cost is estimated | `sample` |
//! | the sums, the dollars and the savings | `calculation` |
//! | the report as a value | `report` |
//! | the text that is printed | `text` |
//!
//! The units of a rollup are those of [`weir_rollups::cost`], as in `weir check`.
//!
//! **Invariant:** this command writes nothing, neither to DynamoDB nor to a file.

mod calculation;
mod error;
mod report;
mod sample;
mod text;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use weir_model::Model;
use weir_rollups::cost::Mix;
use weir_table::Table;

pub use self::error::Error;
pub use self::report::{
    Amount, EntityCost, KindUnits, KindWeights, MaxCost, PartCost, PricesReport, ProcessorCost,
    Report, RollupCost, Saving,
};

use self::calculation::CostOptions;
use self::sample::Samples;
use crate::definition;
use crate::prices::{Dollars, Prices, decimal, millionths};
use crate::tables::TableOptions;

/// Print what changes of items cost the rollups, and what would be cheaper.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir cost examples/flights/weir.toml
  weir cost examples/flights/weir.toml --data examples/flights/flights.csv
  weir cost shop.toml --data order=orders.ndjson --data line=lines.csv --writes 20
  weir cost shop.toml --table shop --region eu-central-1 --batch 100
  weir cost shop.toml --data orders.csv --mix insert=50,update=40,delete=10 --max-cost 20 --json

The cost is estimated from rows of the files of --data, from a sample of 2,000 items of the table \
if
--table, --endpoint, --region or --profile is given, else from the definition alone. The kinds of
changes are insert, update (new values of all measured attributes), move (new values of all
dimensions and of the time), delete and other (of what no rollup reads). The command writes \
nothing.
The exit code is 1 if the cost exceeds --max-cost.")]
pub struct Arguments {
    /// The definition file [default: ./weir.toml, else examples/flights/weir.toml]
    file: Option<PathBuf>,
    /// Estimate from the rows of this file; without ENTITY, the file is named for its entity, or
    /// the definition has only one
    #[arg(long, value_name = "[ENTITY=]FILE")]
    data: Vec<String>,
    #[command(flatten)]
    tables: TableOptions,
    /// The weights of the kinds of changes
    #[arg(long, value_name = "KIND=WEIGHT,…", default_value_t)]
    mix: Mix,
    /// The changes in one batch; those that write the same rollup item share the write
    #[arg(long, value_name = "CHANGES", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    batch: u32,
    /// The shards of the stream that are open at the same time
    #[arg(long, value_name = "SHARDS", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=1_000))]
    shards: u32,
    /// The changes of items in a second: print dollars for a month of 730 hours too
    #[arg(long, value_name = "CHANGES", value_parser = millionths, allow_hyphen_values = true)]
    writes: Option<u64>,
    /// Dollars for a million write units [default: 0.625, on demand in us-east-1]
    #[arg(long, value_name = "DOLLARS", value_parser = millionths, allow_hyphen_values = true)]
    write_price: Option<u64>,
    /// Dollars for a million read units [default: 0.125, on demand in us-east-1]
    #[arg(long, value_name = "DOLLARS", value_parser = millionths, allow_hyphen_values = true)]
    read_price: Option<u64>,
    /// Exit with code 1 if a million changes cost more dollars; with --writes, if a month does
    #[arg(long, value_name = "DOLLARS", value_parser = millionths, allow_hyphen_values = true)]
    max_cost: Option<u64>,
    /// Print the cost as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Prints the cost.
///
/// # Errors
/// The problems of the definition file, a sample that cannot be read, or a cost that exceeds
/// `--max-cost`. In the last case, the cost is printed before.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode, crate::error::Error> {
    let path = definition::find(arguments.file.as_deref())?;
    let model = definition::read(&path)?;
    if model.rollups.is_empty() {
        return Err(Error::NoRollups.into());
    }
    let (model, samples) = samples(arguments, model)?;
    let options = CostOptions {
        mix: arguments.mix,
        batch: arguments.batch,
        shards: arguments.shards,
        prices: Prices {
            write: arguments.write_price.unwrap_or(Prices::ON_DEMAND.write),
            read: arguments.read_price.unwrap_or(Prices::ON_DEMAND.read),
        },
        writes: arguments.writes,
        max_cost: arguments.max_cost,
    };
    let report = calculation::report(&model, &samples, options);
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&report).map_err(Error::from)?)?;
    } else {
        write!(out, "{report}")?;
    }
    out.flush()?;
    report.check(arguments)?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the definition over the tables that are named, and the items of which the cost is
/// estimated.
fn samples(
    arguments: &Arguments,
    model: Model,
) -> Result<(Arc<Model>, Samples), crate::error::Error> {
    if !arguments.tables.is_given() {
        let samples = match arguments.data.as_slice() {
            [] => Samples::without_items(&model),
            files => Samples::from_files(&model, files)?,
        };
        return Ok((Arc::new(model), samples));
    }
    if !arguments.data.is_empty() {
        let both = "--data names a file, and another option a table; expected one of them";
        return Err(crate::error::Error::Argument(both.to_owned()));
    }
    let model = Arc::new(arguments.tables.name_tables(model).map_err(Error::from)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let samples = runtime.block_on(async {
        let connection = arguments.tables.connect().await;
        Samples::from_table(&connection, &Table::new(&connection, Arc::clone(&model))).await
    })?;
    Ok((model, samples))
}

impl Report {
    /// Rejects a cost that exceeds its limit.
    fn check(&self, arguments: &Arguments) -> Result<(), Error> {
        let exceeded = self.max_cost.filter(|limit| limit.is_exceeded);
        let (Some(exceeded), Some(limit)) = (exceeded, arguments.max_cost) else { return Ok(()) };
        let cost = self.total.dollars_per_month.unwrap_or(self.total.dollars_per_million_changes);
        let cost = Dollars::from_f64(cost).to_string();
        Err(Error::TooHigh { cost, per: exceeded.per, limit: decimal(limit) })
    }
}
