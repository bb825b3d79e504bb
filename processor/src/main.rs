//! The processor: rollups and no reactors, as a Lambda function or, anywhere else, behind the local
//! event source mapping.
//!
//! Its environment says where and how: [`weir_startup::variables`] has every variable.
//!
//! It stops by SIGTERM or Ctrl-C: it says which batches are in flight, waits for them as long as
//! `WEIR_SHUTDOWN_TIMEOUT_SECS` says, and gives the lease up. A second container started meanwhile
//! waits for the lease.

use std::future::pending;
use std::process::ExitCode;

use weir_processor::Processor;
use weir_processor::mapping::{EventSourceMapping, FilterCriteria, Settings, Source};
use weir_processor::prometheus;
use weir_startup::{Environment, OpenedTables};
use weir_table::checkpoints::Checkpoints;
use weir_table::error::chain;
use weir_telemetry::log::Format;

#[tokio::main]
async fn main() -> ExitCode {
    // Outside Lambda it runs in containers, whose lines are collected rather than read.
    weir_telemetry::start("processor", Format::Json);
    let ended = run().await;
    weir_telemetry::flush().await;
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = chain(error.as_ref()), "the processor cannot run");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), lambda_runtime::Error> {
    let environment = Environment::from_process();
    let model = environment.model()?;
    let OpenedTables { connection, table, rollups } = environment.open(&model).await;
    let opened = table.open_rollups().await?;
    let processor = Processor::new(model.clone()).rollups(rollups).state(table.clone(), &opened);
    if weir_telemetry::on_lambda() {
        return processor.run().await;
    }
    prometheus::serve_from(&environment)?;
    let checkpoints = Checkpoints::new(connection.dynamodb(), &model.table.rollups_table);
    let settings =
        Settings::from_environment(Source::Table(model.table.name.clone()), &environment)?;
    if settings.filter_criteria != FilterCriteria::default() {
        tracing::warn!(
            "filter criteria are set: a change counts only if they admit it whenever its old or \
             its new image contributes"
        );
    }
    let mapping = EventSourceMapping::new(&connection, checkpoints, settings).of_table(table);
    Ok(processor.poll(mapping, stop_requested()).await?)
}

/// Waits for Ctrl-C, or for the SIGTERM that stops a container; for ever where the process cannot
/// be told.
async fn stop_requested() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            pending::<()>().await;
        }
    };
    tokio::select! {
        biased;
        () = interrupted => {}
        () = terminated() => {}
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};

    if let Ok(mut terminations) = signal(SignalKind::terminate()) {
        terminations.recv().await;
    } else {
        pending::<()>().await;
    }
}

#[cfg(not(unix))]
async fn terminated() {
    pending::<()>().await;
}
