//! `weir dev`: the whole system in one process.
//!
//! ```text
//!             ┌──────────── HTTP ────────────┐
//! curl ──────►│ writer ──► table ◄── reader  │      the very code that Lambda runs
//!             └────────────┬─────────────────┘
//!                          │ AWS SDK
//! aws CLI ──► DynamoDB, embedded or --endpoint ──stream──► event source mapping ──► processor
//! ```
//!
//! | to see | read |
//! |---|---|
//! | what is started, and stopped in which order | `system` |
//! | a task that runs until it is asked to stop | `part` |
//! | the embedded DynamoDB | `database` |
//! | what is loaded, and where it goes on after a kill | `loads` |
//! | the groups with the greatest values | `groups`, `top` |
//! | how rollups are built that the table lacks | `builds` |
//! | how a saved definition file is taken | `reload`, `watch`, `switch`, `tables` |
//! | where to look next | `guide` |
//!
//! **Invariant:** asked to stop, it finishes the batches that it has begun, or abandons them after
//! some seconds, releases the lease, and ends with 0. A file given by `--data` can be used again
//! after any end.

mod builds;
pub mod database;
mod error;
mod groups;
mod guide;
mod loads;
mod part;
mod reload;
mod switch;
mod system;
mod tables;
mod top;
mod watch;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use tokio::runtime;
use tracing_subscriber::EnvFilter;
use weir_http::interrupted;
use weir_startup::Environment;

pub use self::error::Error;
use self::groups::Groups;
use self::loads::Loads;
use self::reload::Reload;
use self::system::{Host, System};
use self::watch::DefinitionWatcher;
use crate::endpoint::endpoint_url;
use crate::{definition, terminal};

/// The log filter without `RUST_LOG`: the output is a table and a guide, not a log.
/// The embedded DynamoDB warns of every answer that is an error, such as that a table to be made is
/// not there yet. When it stops, it says which batches it waits for.
const DEFAULT_LOG: &str = "warn,dynoxide=error,weir_processor::mapping::in_flight=info";
/// The exit code of a process that a second Ctrl-C ended: 128 and the number of SIGINT.
const ABORTED: i32 = 130;

/// Run writer, reader, processor and a DynamoDB in one process.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir dev
  weir dev shop.toml --load orders.csv --data shop.db
  weir dev shop.toml --load order=2026.ndjson --load customer=customers.json
  weir dev shop.toml --endpoint http://127.0.0.1:8001

The tables are made, the files under [dev] in the definition are loaded into a new table, those \
given by
--load always. The definition file is followed: when it is saved, the new definition is served and \
its
rollups are built. Ctrl-C stops cleanly; a second one at once. RUST_LOG=info shows more.")]
pub struct Arguments {
    /// The definition file [default: ./weir.toml, else examples/flights/weir.toml]
    file: Option<PathBuf>,
    /// Load a file of items at the start; its name or the one entity there is says what they are
    #[arg(long, value_name = "[ENTITY=]FILE")]
    load: Vec<String>,
    /// Keep the embedded DynamoDB in this file, and go on with it the next time [default: in
    /// memory]
    #[arg(long, value_name = "FILE", conflicts_with = "endpoint")]
    data: Option<PathBuf>,
    /// The port of writer and reader
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// The port of the embedded DynamoDB
    #[arg(long, default_value_t = 8000, conflicts_with = "endpoint")]
    dynamodb_port: u16,
    /// Use the DynamoDB at this URL instead of the embedded one
    #[arg(long, value_name = "URL", value_parser = endpoint_url)]
    endpoint: Option<String>,
}

/// Serves until Ctrl-C or SIGTERM.
///
/// # Errors
/// Why it cannot start, or what ended by itself.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode, crate::error::Error> {
    let path = definition::find(arguments.file.as_deref())?;
    let environment = Environment::from_process();
    let (text, model) = definition::read_with_text(&path)?;
    let model = environment.name_tables(model).map_err(Error::from)?;
    let loads = Loads::new(&model, &path, &arguments.load)?;
    log();
    let watcher = DefinitionWatcher::new(&path, text);
    let start = Start { model: Arc::new(model), loads, path, environment, watcher };
    let runtime =
        runtime::Builder::new_multi_thread().enable_all().build().map_err(Error::Output)?;
    runtime.block_on(serve(start, arguments, out))?;
    Ok(ExitCode::SUCCESS)
}

/// What the definition file says at the start, and what follows it.
struct Start {
    model: Arc<weir_model::Model>,
    loads: Loads,
    path: PathBuf,
    environment: Environment,
    watcher: DefinitionWatcher,
}

async fn serve(start: Start, arguments: &Arguments, out: &mut impl Write) -> Result<(), Error> {
    let Start { model, loads, path, environment, watcher } = start;
    let host = match &arguments.endpoint {
        Some(url) => Host::Endpoint(url.clone()),
        None => Host::Embedded { data: arguments.data.clone(), port: arguments.dynamodb_port },
    };
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let interruption = tokio::spawn(async move {
        interrupted().await;
        stop.send_replace(true);
        // The second time, at once.
        interrupted().await;
        std::process::exit(ABORTED);
    });
    let mut stop = stopping.clone();
    let stopped = stop.wait_for(|stop| *stop);
    tokio::pin!(stopped);
    let mut system = tokio::select! {
        started = System::start(model, host, arguments.port) => started?,
        _ = &mut stopped => return Ok(()),
    };
    let view = system.view.clone();
    let followed = watcher.is_watching().then_some(path.as_path());
    let outcome = tokio::select! {
        presented = present(&view, &loads, followed, stopping, out) => presented,
        error = system.broken() => Err(error),
    };
    let switch = system.switch.clone();
    let outcome = match outcome {
        Ok(()) => {
            let started = Arc::clone(&view.model);
            let reload = Reload { path, environment, watcher, switch, started, view };
            tokio::select! {
                // It is dropped with the build that it makes, which the next start continues.
                _ = &mut stopped => Ok(()),
                ended = reload.follow(out) => ended,
                error = system.broken() => Err(error),
            }
        }
        Err(Error::Stopped) => Ok(()),
        Err(error) => Err(error),
    };
    let ended = system.stop().await;
    interruption.abort();
    outcome.and(ended)
}

/// Loads, waits for the rollups, and prints what there is to see.
async fn present(
    view: &system::View,
    loads: &Loads,
    followed: Option<&Path>,
    mut stopping: tokio::sync::watch::Receiver<bool>,
    out: &mut impl Write,
) -> Result<(), Error> {
    let began = Instant::now();
    let groups = Groups::new(&view.model);
    let (groups, loaded) = loads.run(view, groups, &stopping).await?;
    for (path, tally) in &loaded {
        writeln!(out, "{}: {tally}", path.display())?;
    }
    let took = began.elapsed().as_secs_f64();
    let is_loaded = !loaded.is_empty();
    let replaying = || match is_loaded {
        true => Ok(()),
        false => {
            writeln!(
                out,
                "replaying changes that the stream still has; answers lack them until that is done"
            )?;
            out.flush()
        }
    };
    view.catch_up(stopping.clone(), replaying).await?;
    if is_loaded {
        let all = began.elapsed().as_secs_f64();
        writeln!(out, "loaded in {took:.1} s, in the rollups after {all:.1} s\n")?;
    }
    tokio::select! {
        built = builds::run(view, out) => built?,
        // The next start continues the build.
        _ = stopping.wait_for(|stop| *stop) => return Err(Error::Stopped),
    }
    if let Some(since) = view.state.incomplete_since() {
        writeln!(out, "The rollups are incomplete: changes after {since} were lost.\n")?;
    }
    let top = top::greatest(view, &groups).await?;
    write!(out, "{}", top::print(&view.model, &top, &groups))?;
    let first = top.first().map(|(group, _)| group.as_slice());
    write!(out, "{}", guide::print(view, &groups, first, followed))?;
    Ok(out.flush()?)
}

/// Begins to log on standard error.
fn log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_LOG));
    let logs = tracing_subscriber::fmt()
        .with_writer(terminal::coloured_messages)
        .with_ansi(terminal::is_error_terminal());
    if logs.with_env_filter(filter).try_init().is_err() {
        tracing::debug!("something logs already");
    }
}
