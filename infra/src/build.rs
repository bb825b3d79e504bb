//! `weir build`: builds the rollups that a definition wants and the table lacks, from the items
//! that are there, while writers continue.
//!
//! ```text
//! definition ─► what is new, changed, interrupted ─► weir_build::Builder ─► lines of progress
//! ```
//!
//! **Invariant:** it writes to the table of rollups alone. A build that was killed is continued by
//! the same command within 23 hours of the cut.

mod bar;
mod error;
mod progress;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::Args;
use weir_build::{BuildSettings, Builder, Margins, PurgeSettings, ScanSettings};
use weir_startup::Environment;
use weir_table::Table;

pub use self::error::Error;
use self::progress::Progress;
use crate::connect::connect;
use crate::definition;

/// Build rollups from the items that the table has.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir build shop.toml
  weir build shop.toml sales_by_day --read-units 500
  weir build shop.toml --endpoint http://127.0.0.1:8000
  weir build shop.toml --from-export AWSDynamoDB/01693685827463-2d8752fd
  weir build shop.toml --abort

The processor must be running: it counts the changes from the cut on, and the build adds the
items as they were at the cut. Writers continue; the table of items is only read. The same command
continues a build that was interrupted, within 23 hours of its cut.")]
pub struct Arguments {
    /// The definition file [default: ./weir.toml, else examples/flights/weir.toml]
    file: Option<PathBuf>,
    /// The rollups to build [default: every one that is new, changed or interrupted]
    rollups: Vec<String>,
    /// Use the DynamoDB at this URL [default: as the environment and the AWS profile say]
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// Read at most so many read units in a second [default: no limit]
    #[arg(long, value_name = "UNITS")]
    read_units: Option<u32>,
    /// Read the table in so many segments at a time
    #[arg(long, value_name = "COUNT", default_value_t = 8)]
    segments: u32,
    /// Read this export of the table to S3, already downloaded, instead of the table
    #[arg(long, value_name = "FOLDER")]
    from_export: Option<PathBuf>,
    /// Keep the temporary files in this folder [default: the system's]
    #[arg(long, value_name = "FOLDER")]
    spool: Option<PathBuf>,
    /// The seconds from the choice of the cut to the cut [default: 120, 1 on this machine]
    #[arg(long, value_name = "SECONDS")]
    cut_margin: Option<u64>,
    /// The seconds from the cut to the scan [default: 120, 1 on this machine]
    #[arg(long, value_name = "SECONDS")]
    scan_margin: Option<u64>,
    /// The seconds from the end of the scan until every record can be read [default: 900, 1 on this
    /// machine]
    #[arg(long, value_name = "SECONDS")]
    delta: Option<u64>,
    /// Print each step as a line of JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Do not delete the items of the revisions that are replaced
    #[arg(long)]
    no_purge: bool,
    /// Give up the builds that are under way, and build nothing
    #[arg(long)]
    abort: bool,
}

/// Builds, and prints each step.
///
/// # Errors
/// The reason why it has ended, and how to continue.
pub fn run(
    arguments: &Arguments,
    out: &mut (impl Write + Send),
) -> Result<ExitCode, crate::error::Error> {
    let path = definition::find(arguments.file.as_deref())?;
    let environment = Environment::from_process();
    let named = environment.name_tables(definition::read(&path)?);
    let model = Arc::new(named.map_err(Error::from)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let connection = connect(arguments.endpoint.as_deref(), &environment).await;
        let table = Table::new(&connection, model);
        let builder = Builder::new(&connection, &table, arguments.settings(connection.is_local()));
        let progress = Progress::new(out, arguments.json);
        if arguments.abort {
            let aborted = builder.abort(&arguments.rollups).await.map_err(Error::Build)?;
            progress.aborted(&aborted)?;
        } else {
            let progress = Mutex::new(progress);
            let report = |event| progress.lock().expect("no holder panics").event(&event);
            let done = builder.run(&arguments.rollups, &report).await.map_err(Error::Build)?;
            progress.into_inner().expect("no holder panics").done(&done)?;
        }
        if !arguments.no_purge {
            let settings = match connection.is_local() {
                true => PurgeSettings::LOCAL,
                false => PurgeSettings::AWS,
            };
            builder.purge(settings).await.map_err(Error::Build)?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

impl Arguments {
    fn settings(&self, is_local: bool) -> BuildSettings {
        let defaults = if is_local { Margins::LOCAL } else { Margins::AWS };
        let margin = |given: Option<u64>, default| given.map_or(default, Duration::from_secs);
        BuildSettings {
            margins: Margins {
                cut: margin(self.cut_margin, defaults.cut),
                scan: margin(self.scan_margin, defaults.scan),
                delta: margin(self.delta, defaults.delta),
            },
            scan: ScanSettings {
                segments: self.segments,
                read_units_per_second: self.read_units.map(f64::from),
            },
            export: self.from_export.clone(),
            ..BuildSettings::new(self.spool.clone().unwrap_or_else(std::env::temp_dir))
        }
    }
}
