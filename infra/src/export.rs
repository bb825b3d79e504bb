//! `weir export`: writes every rollup item of one rollup to a file, as the reader would answer it.
//!
//! ```text
//! definition ─► state of the rollups ─► groups, by a scan ─► rows of each group ─► CSV, NDJSON
//!                                                                                  or Parquet
//!                                          state again ─► the file takes its name
//! ```
//!
//! The memory that an export takes is that of the keys of its groups, of the rows of a few groups
//! that are read ahead, and of a row group of Parquet. It does not depend on the number of rows.
//!
//! **Invariant:** a file has its name only if it is whole, and if the revision that it was read
//! from was served to the end.

mod error;
mod groups;
#[cfg(feature = "parquet")]
mod parquet;
mod progress;
mod rows;
mod summary;
mod writer;

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, value_parser};
use weir_model::Model;
use weir_query::{Export, ExportQuery, ExportQuestion, QueryEngine};
use weir_table::{Rollups, Table};

pub use self::error::Error;
use self::progress::Progress;
use self::summary::Counts;
use self::writer::{Format, RowWriter};
use crate::definition;
use crate::files::{Links, Replacement};
use crate::query::dimension_value;
use crate::steps::unless_interrupted;
use crate::tables::TableOptions;
use crate::terminal;

/// The number of segments that a scan reads at a time, unless the options say otherwise.
const DEFAULT_SEGMENTS: u32 = 8;

/// Write all groups and time buckets of a rollup to a file.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir export sales shop.toml --output sales.csv
  weir export sales shop.toml --bucket day --from 2026-11 --to 2026-12 --format ndjson
  weir export sales shop.toml --where country=DE --where country=FR --output sales.parquet
  weir export flights_by_route --bucket month --endpoint http://127.0.0.1:8000 > routes.csv

A row is a group in a time bucket, with the values that `weir query` prints. The command scans the
table that has the rollup items, and DynamoDB bills the whole scan. If --where has a value for each
dimension of the rollup, there is no scan. Times are in the time zone of the rollup, and can be as
short as a year. A bucket is in the range if it begins there.")]
pub struct Arguments {
    /// The name of the rollup
    name: String,
    /// The definition file [default: ./weir.toml, else examples/flights/weir.toml]
    file: Option<PathBuf>,
    /// Export only groups with this value; repeat it for several values or dimensions [default:
    /// all groups]
    #[arg(long = "where", value_name = "DIMENSION=VALUE", value_parser = dimension_value)]
    dimensions: Vec<(String, String)>,
    /// Export only time buckets of this length: minute, quarter_hour, hour, day, week, month,
    /// quarter, year, all; repeat it for several [default: all that the rollup keeps]
    #[arg(long = "bucket", value_name = "BUCKET")]
    buckets: Vec<String>,
    /// The start of the range in which time buckets begin
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// The end of the range, which is not included
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// The measures to export, in this order [default: all]
    #[arg(long, value_name = "NAME,…")]
    measures: Option<String>,
    /// The format of the rows [default: by the name of --output, else csv]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The file to write [default: standard output]
    #[arg(long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Export a rollup that lacks changes which were lost
    #[arg(long)]
    allow_incomplete: bool,
    /// The number of segments to scan at a time
    #[arg(long, value_name = "COUNT", default_value_t = DEFAULT_SEGMENTS,
          value_parser = value_parser!(u32).range(1..=1_024))]
    segments: u32,
    #[command(flatten)]
    tables: TableOptions,
}

impl Arguments {
    fn query(&self) -> ExportQuery {
        let question = ExportQuestion {
            dimensions: self.dimensions.clone(),
            buckets: self.buckets.clone(),
            from: self.from.clone(),
            to: self.to.clone(),
            measures: self.measures.clone(),
        };
        ExportQuery { rollup: self.name.clone(), question }
    }

    /// Returns the format of the rows.
    ///
    /// # Errors
    /// A format that Weir was built without, or that a terminal does not show.
    fn format(&self) -> Result<Format, Error> {
        let format = self.format.or_else(|| Format::from_path(self.output.as_deref()?));
        let format = format.unwrap_or(Format::Csv);
        format.check()?;
        if !format.is_text() && self.output.is_none() && terminal::is_output_terminal() {
            return Err(Error::BinaryToTerminal);
        }
        Ok(format)
    }
}

/// Exports the rollup.
///
/// # Errors
/// The reason why there is no export. Then there is no file either.
pub fn run(
    arguments: &Arguments,
    out: &mut (impl Write + Send),
) -> Result<ExitCode, crate::error::Error> {
    let format = arguments.format()?;
    let path = definition::find(arguments.file.as_deref())?;
    let model = Arc::new(arguments.tables.name_tables(definition::read(&path)?)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(unless_interrupted(export(arguments, model, format, out)));
    let Some(summary) = done.transpose()? else { return Err(Error::Interrupted.into()) };
    // If standard error is closed, there is no reader.
    let _ = write!(terminal::messages(), "{summary}");
    Ok(ExitCode::SUCCESS)
}

async fn export(
    arguments: &Arguments,
    model: Arc<Model>,
    format: Format,
    out: &mut (impl Write + Send),
) -> Result<String, crate::error::Error> {
    let connection = arguments.tables.connect().await;
    let rollups = Rollups::new(&connection, &model.table);
    let engine = QueryEngine::new(&Table::new(&connection, model), &rollups);
    let export = engine.export(&arguments.query()).await.map_err(Error::Query)?;
    if let Some(since) = &export.completeness().incomplete_since
        && !arguments.allow_incomplete
    {
        let (rollup, since) = (arguments.name.clone(), since.clone());
        return Err(Error::Incomplete { rollup, since }.into());
    }
    let export = Arc::new(export);
    let counts = match &arguments.output {
        None => match write_rows(&export, arguments.segments, format, out).await {
            Err(Error::Output(error)) => return Err(crate::error::Error::Output(error)),
            counts => counts?,
        },
        Some(path) => {
            let unwritable = |source| Error::Unwritable { path: path.clone(), source };
            let mut file = Replacement::new(path, Links::Follow).map_err(unwritable)?;
            let counts = write_rows(&export, arguments.segments, format, &mut file).await;
            let counts = counts.map_err(|error| error.in_file(path))?;
            file.keep().map_err(unwritable)?;
            counts
        }
    };
    Ok(summary::text(&export, &counts, arguments.output.as_deref()))
}

/// Writes all rows, and checks that the revision was served to the end.
async fn write_rows(
    export: &Arc<Export>,
    segments: u32,
    format: Format,
    out: impl Write + Send,
) -> Result<Counts, Error> {
    let mut progress = Progress::default();
    let groups = groups::find(export, segments, &mut progress).await?;
    let mut writer = RowWriter::new(format, export, BufWriter::new(out))?;
    let counts = rows::write(export, groups, &mut writer, &mut progress).await?;
    let mut out = writer.finish()?;
    out.flush().map_err(Error::Output)?;
    let current = weir_build::retried(error::is_passing, || export.is_current()).await;
    if !current.map_err(Error::Query)? {
        return Err(Error::Replaced { rollup: export.rollup().name.clone() });
    }
    Ok(counts)
}
