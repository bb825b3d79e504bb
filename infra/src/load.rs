//! `weir load`: a file of items, through the writer, in batches.
//!
//! ```text
//! rows ──► load_rows ──► Sink ──┬─► POST /batch/{entity}     `weir load`
//!                 │             └─► weir_writer::write_batch      `weir dev`
//!                 └─► LoadStats: the number of rows written, refused and not written
//! ```
//!
//! One batch is sent at a time: two batches may hold the same key, and the later row must win.
//!
//! **Invariant:** every row of the file is counted once: written, refused, or not written.

mod batch;
mod http;
mod progress;
mod stats;
mod target;
mod wait;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use weir_model::shorten::listed;
use weir_model::{Entity, Model};

use crate::client::{Client, DEFAULT_URL};
use crate::definition;
use crate::error::Error;
use crate::rows::{Format, Source};
use crate::terminal;

pub(crate) use batch::{BatchResult, Object, Sink, load_rows};
pub(crate) use progress::Progress;
pub(crate) use stats::LoadStats;
pub(crate) use target::target;

use wait::WaitOutcome;

/// Load a file of items through the writer.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir load orders.ndjson --entity order
  weir load flights.csv --entity flight --definition examples/flights/weir.toml
  gunzip -c orders.json.gz | weir load - --entity order --url https://api.example.com

A row replaces the item that has its key, and of rows with the same key the last one stays. Rows \
that
cannot be stored are reported with their line and left out; the exit code is then 1. The cells \
of CSV
are typed by the definition file; without one they are sent as text. A cell with a quote in it is
written in quotes, and each quote in it twice; after a quote that is never closed nothing is read. \
The
command ends when the rollups have counted the rows, where the service knows that.")]
pub struct Arguments {
    /// The file, or - for the standard input
    file: PathBuf,
    /// The entity that its rows are
    #[arg(long)]
    entity: String,
    /// Where the writer is
    #[arg(long, default_value = DEFAULT_URL)]
    url: String,
    /// How the file holds its rows [default: by extension, else by the first byte]
    #[arg(long)]
    format: Option<Format>,
    /// The definition file that types the cells of CSV [default: ./weir.toml]
    #[arg(long, value_name = "FILE")]
    definition: Option<PathBuf>,
    /// Do not wait until the rollups have counted the rows
    #[arg(long)]
    no_wait: bool,
}

/// Loads a file and prints what became of its rows. The exit code is 1 when any was not written.
///
/// # Errors
/// When the file cannot be read, or the writer does not take batches.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode, Error> {
    let model = definition(arguments)?;
    let entity = model.as_ref().map(|model| entity(model, arguments)).transpose()?.flatten();
    let source = Source::open(&arguments.file, arguments.format)?;
    let mut progress = Progress::new(&source, terminal::messages());
    let client = Client::new(&arguments.url)?;
    let before = if arguments.no_wait { None } else { wait::counted(&client) };
    let mut writer = http::HttpSink::new(&client, &arguments.entity);
    let stats = load_rows(source.rows(entity)?, &mut progress, &mut writer)?;
    writeln!(out, "{stats}")?;
    out.flush()?;
    if !arguments.no_wait && stats.written > 0 {
        match wait::wait(&client, before.as_ref(), stats.written, &mut terminal::messages())? {
            WaitOutcome::Counted | WaitOutcome::Nothing(None) => {}
            WaitOutcome::Nothing(Some(reason)) => writeln!(terminal::messages(), "{reason}")?,
            WaitOutcome::Stalled(to_come) => return Err(Error::Argument(stalled(to_come))),
        }
    }
    Ok(if stats.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn stalled(to_come: Option<u64>) -> String {
    let to_come = to_come.map_or_else(String::new, |changes| format!(", about {changes} to come"));
    format!(
        "the rows are written, but the rollups have counted nothing for a minute{to_come}; \
         expected a running \
         processor (--no-wait does not wait for it)"
    )
}

/// Returns the definition that was named, else one that is where it is looked for.
fn definition(arguments: &Arguments) -> Result<Option<Model>, Error> {
    let path = match definition::find(arguments.definition.as_deref()) {
        Err(definition::Error::NotFound) => return Ok(None),
        found => found?,
    };
    Ok(Some(definition::read(&path)?))
}

/// Returns the entity of that name. A definition that merely lies about may know nothing of it; one
/// that was named must.
fn entity<'a>(model: &'a Model, arguments: &Arguments) -> Result<Option<&'a Entity>, Error> {
    let found = model.entity(&arguments.entity);
    if found.is_none() && arguments.definition.is_some() {
        return Err(Error::Argument(unknown_entity(model, &arguments.entity)));
    }
    Ok(found)
}

/// "`ordr` is no entity; did you mean `order`?"
fn unknown_entity(model: &Model, name: &str) -> String {
    let names = || model.entities.iter().map(|entity| entity.name.as_str());
    match weir_model::nearest(name, names()) {
        Some(near) => format!("`{name}` is no entity; did you mean `{near}`?"),
        None => {
            let valid = listed(names());
            format!("`{name}` is no entity; expected one of {valid}")
        }
    }
}
