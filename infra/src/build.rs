//! `weir build`: builds the rollups of a definition that the table lacks, from its items, while
//! writers continue.
//!
//! ```text
//! definition ─► new, changed, interrupted rollups ─► weir_build::Builder ─► lines of progress
//! ```
//!
//! **Invariant:** it writes no item of the table of items, except the rollup items of a rollup with
//! `key`. After a kill, the same command continues a build within 23 hours of its cut.

mod error;
mod filters;
mod options;
mod phase;
mod progress;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use clap::Args;
use jiff::Timestamp;
use weir_build::{BuildEvent, BuildSettings, Builder, PurgeSettings};
use weir_model::Model;
use weir_table::Table;

pub use self::error::Error;
pub(crate) use self::filters::{FilterMargin, last_modified};
pub(crate) use self::options::{BuildOptions, ReadOptions};
pub(crate) use self::progress::Progress;
use crate::definition;
use crate::plan;
use crate::steps::unless_interrupted;
use crate::tables::TableOptions;

/// Build rollups from the items of the table.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir build shop.toml
  weir build shop.toml sales_by_day --read-units 500
  weir build shop.toml --endpoint http://127.0.0.1:8000
  weir build shop.toml --from-export AWSDynamoDB/01693685827463-2d8752fd
  weir build shop.toml --abort

The processor must be running: it counts the changes from the cut on, and the build adds the
items as they were at the cut. Writers continue. The build writes rollup items only. If a build is
interrupted, run the same command again within 23 hours of the cut: it continues.")]
pub struct Arguments {
    /// The definition file [default: ./weir.toml, else examples/flights/weir.toml]
    file: Option<PathBuf>,
    /// The rollups to build [default: all that are new, changed or interrupted]
    rollups: Vec<String>,
    #[command(flatten)]
    tables: TableOptions,
    #[command(flatten)]
    options: BuildOptions,
    /// Read the downloaded export in this folder instead of the table
    #[arg(long, value_name = "FOLDER")]
    from_export: Option<PathBuf>,
    /// Print each step as a line of JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// The LastModified of the event source mapping, as Lambda prints it: no revision begins before
    /// the filters that were changed then are in effect
    #[arg(long, value_name = "TIME", value_parser = last_modified)]
    mapping_changed: Option<Timestamp>,
    /// Give up the builds that are under way, delete their items, and build nothing
    #[arg(long)]
    abort: bool,
}

/// Builds, and prints each step.
///
/// # Errors
/// The reason why the build has failed, and how to continue.
pub fn run(
    arguments: &Arguments,
    out: &mut (impl Write + Send),
) -> Result<ExitCode, crate::error::Error> {
    let path = definition::find(arguments.file.as_deref())?;
    let named = arguments.tables.name_tables(definition::read(&path)?);
    let model = Arc::new(named.map_err(Error::from)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(unless_interrupted(run_build(arguments, model, out)));
    done.unwrap_or_else(|| Err(Error::Interrupted.into()))
}

async fn run_build(
    arguments: &Arguments,
    model: Arc<Model>,
    out: &mut (impl Write + Send),
) -> Result<ExitCode, crate::error::Error> {
    let connection = arguments.tables.connect().await;
    let options = &arguments.options;
    let settings = BuildSettings {
        export: arguments.from_export.clone(),
        ..options.settings(connection.is_local())
    };
    if !arguments.abort {
        plan::check_builds(&connection, &model, &arguments.rollups).await?;
    }
    let builder = Builder::new(&connection, &Table::new(&connection, model), settings);
    let mut progress = Progress::new(out, arguments.json);
    if arguments.abort {
        let aborted = builder.abort(&arguments.rollups).await.map_err(Error::before)?;
        progress.aborted(&aborted)?;
    } else {
        if arguments.mapping_changed.is_some() {
            let filters =
                FilterMargin::new(arguments.mapping_changed, options, connection.is_local());
            wait_for_filters(&builder, &arguments.rollups, filters, &mut progress).await?;
        }
        build(&builder, &arguments.rollups, &mut progress).await?;
    }
    purge(&builder, options, connection.is_local(), &mut progress).await?;
    Ok(ExitCode::SUCCESS)
}

/// Builds these rollups, or all if none is named, and prints each step.
///
/// # Errors
/// The reason why the build has failed.
pub(crate) async fn build(
    builder: &Builder,
    rollups: &[String],
    progress: &mut Progress<'_, impl Write + Send>,
) -> Result<(), crate::error::Error> {
    let shared = Mutex::new(&mut *progress);
    let has_begun = AtomicBool::new(false);
    let report = |event| {
        let begins = matches!(event, BuildEvent::Begun { .. } | BuildEvent::Continued { .. });
        has_begun.fetch_or(begins, Ordering::Relaxed);
        shared.lock().expect("no holder panics").event(&event);
    };
    let done = builder
        .run(rollups, &report)
        .await
        .map_err(|source| Error::Build { source, has_begun: has_begun.load(Ordering::Relaxed) })?;
    Ok(progress.done(&done)?)
}

/// Deletes the items of the revisions that are retired or given up, unless `--no-purge` is set, and
/// prints each step.
///
/// # Errors
/// The error of DynamoDB; the next build continues.
pub(crate) async fn purge(
    builder: &Builder,
    options: &BuildOptions,
    is_local: bool,
    progress: &mut Progress<'_, impl Write + Send>,
) -> Result<(), Error> {
    if !options.is_purged() {
        return Ok(());
    }
    let progress = Mutex::new(progress);
    let report = |event| progress.lock().expect("no holder panics").event(&event);
    builder.purge(PurgeSettings::new(is_local), &report).await.map_err(Error::Purge)?;
    Ok(())
}

/// Waits until the filters of the mapping are in effect, if a revision begins: the records from its
/// cut on must reach the processor.
///
/// # Errors
/// The reason why the builder cannot compare the definition with the state.
pub(crate) async fn wait_for_filters(
    builder: &Builder,
    rollups: &[String],
    filters: FilterMargin,
    progress: &mut Progress<'_, impl Write>,
) -> Result<(), crate::error::Error> {
    let wanted = builder.compare(rollups).await.map_err(Error::before)?;
    let now = Timestamp::now();
    let left = filters.left(now);
    if wanted.begun.is_empty() || left.is_zero() {
        return Ok(());
    }
    progress.waiting_for_filters(now + left);
    tokio::time::sleep(left).await;
    Ok(())
}
