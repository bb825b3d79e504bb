//! `weir verify`: compares every rollup item with a recount of the items, while writers and the
//! processor continue, and repairs those that differ.
//!
//! ```text
//! definition ─► served revisions ─► weir_build::Verifier ─► differences, and how sure they are
//! ```
//!
//! **Invariant:** without `--repair` it writes nothing; with it, only to items that differ.

mod error;
mod phase;
mod progress;
mod text;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use clap::Args;
use weir_build::{SkippedReason, Verifier, VerifyReport};
use weir_model::Model;
use weir_table::Table;

pub use self::error::Error;
use self::progress::Progress;
use crate::build::ReadOptions;
use crate::definition;
use crate::steps::unless_interrupted;
use crate::tables::TableOptions;

/// The exit code if items differ and are not repaired.
const DIFFERENT: u8 = 3;
/// The exit code if nothing differs, but a rollup or a number was not compared.
const NOT_COMPARED: u8 = 4;

/// Compare the rollups with a recount of the items.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir verify shop.toml
  weir verify shop.toml sales_by_day --read-units 500
  weir verify shop.toml --repair
  weir verify shop.toml --endpoint http://127.0.0.1:8000 --json

It reads both tables and the stream, and takes as long as a scan and 15 minutes. Writers and the
processor continue: a change that the processor has not counted yet is not a difference. With
--repair it adds to each item that differs what is missing, once, and removes the marks of rejected
updates.

Exit codes: 0 if every item is what a recount gives, or was repaired; 1 if the verification failed;
3 if items differ; 4 if nothing differs and something could not be compared.")]
pub struct Arguments {
    /// The definition file [default: ./weir.toml, else examples/flights/weir.toml]
    file: Option<PathBuf>,
    /// The rollups to verify [default: all]
    rollups: Vec<String>,
    /// Repair the items that differ
    #[arg(long)]
    repair: bool,
    #[command(flatten)]
    tables: TableOptions,
    #[command(flatten)]
    reading: ReadOptions,
    /// Print each step as a line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Verifies, and prints each step and each difference.
///
/// # Errors
/// The reason why not everything was compared.
pub fn run(
    arguments: &Arguments,
    out: &mut (impl Write + Send),
) -> Result<ExitCode, crate::error::Error> {
    let path = definition::find(arguments.file.as_deref())?;
    let model = arguments.tables.name_tables(definition::read(&path)?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(unless_interrupted(verify(arguments, Arc::new(model), out)));
    done.unwrap_or_else(|| Err(Error::Interrupted.into()))
}

async fn verify(
    arguments: &Arguments,
    model: Arc<Model>,
    out: &mut (impl Write + Send),
) -> Result<ExitCode, crate::error::Error> {
    let connection = arguments.tables.connect().await;
    let settings = arguments.reading.settings(connection.is_local());
    let verifier = Verifier::new(&connection, &Table::new(&connection, model), settings);
    let progress = Mutex::new(Progress::new(out, arguments.json));
    let report = |event| progress.lock().expect("no holder panics").event(&event);
    let done = verifier.run(&arguments.rollups, arguments.repair, &report).await;
    let done = done.map_err(Error::Verify)?;
    progress.into_inner().expect("no holder panics").done(&done, arguments.repair)?;
    Ok(exit_code(&done))
}

fn exit_code(report: &VerifyReport) -> ExitCode {
    let is_left_out = |reason| !matches!(reason, SkippedReason::KeepsExpired);
    let is_partial = report.compared.undecided > 0
        || !report.incomplete.is_empty()
        || report.skipped.iter().any(|skipped| is_left_out(skipped.reason));
    match (report.is_clean(), is_partial) {
        (false, _) => ExitCode::from(DIFFERENT),
        (true, true) => ExitCode::from(NOT_COMPARED),
        (true, false) => ExitCode::SUCCESS,
    }
}
