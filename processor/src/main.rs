//! The processor: rollups and no reactors, as a Lambda function or, anywhere else, behind the local event source mapping.
//!
//! | variable | is |
//! |---|---|
//! | `AWS_LAMBDA_RUNTIME_API` | set by Lambda: events come from it |
//! | `WEIR_FILE`, `TABLE_NAME`, `ROLLUPS_TABLE_NAME` | the definition and its tables (see `table::startup`) |
//! | `RUST_LOG` | what is logged, `info` if unset |
//!
//! Behind the local event source mapping also:
//!
//! | variable | is | unless set |
//! |---|---|---|
//! | `WEIR_POLLER_NAME` | who holds the lease; a poller takes over at once from another of its name | host, process, and a random number |
//! | `WEIR_BATCH_SIZE` | the most records in an event, 1 to 10000 | 100 |
//! | `WEIR_BATCHING_WINDOW_SECS` | how long a batch may fill, 0 to 300 | 0 |
//! | `WEIR_TUMBLING_WINDOW_SECS` | the length of the window in each event, 1 to 900 | 60 |
//! | `WEIR_FILTER_CRITERIA` | which records are handed over, as JSON of Lambda's `FilterCriteria` | all |
//! | `WEIR_MAXIMUM_RETRY_ATTEMPTS` | how often a batch is handed over again before it is discarded, 0 to 10000, or -1 for ever | -1 |
//! | `WEIR_MAXIMUM_RECORD_AGE_SECS` | the age at which a record is discarded, 60 to 604800, or -1 for none | -1 |
//! | `WEIR_BISECT_BATCH_ON_FUNCTION_ERROR` | whether a batch that failed is cut in two, `true` or `false` | `false` |
//! | `WEIR_METRICS_ADDRESS` | where `/metrics` is served for Prometheus, such as `0.0.0.0:9090` | nothing is served |
//!
//! It stops by SIGTERM or Ctrl-C: the batch in flight is finished and the lease is given up. A second container started
//! meanwhile waits for the lease.

use std::future::pending;
use std::process::ExitCode;

use processor::Processor;
use processor::mapping::{EventSourceMapping, FilterCriteria, Settings, Source};
use processor::prometheus;
use table::checkpoints::Checkpoints;
use table::error::chain;
use table::{Connection, Rollups, Table, startup};
use telemetry::log::Format;

#[tokio::main]
async fn main() -> ExitCode {
    // Outside Lambda it runs in containers, whose lines are collected rather than read.
    telemetry::start("processor", Format::Json);
    let ended = run().await;
    telemetry::flush().await;
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = chain(error.as_ref()), "the processor cannot run");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), lambda_runtime::Error> {
    let model = startup::model_from_env()?;
    let connection = Connection::from_env().await;
    Table::new(&connection, model.clone()).check_rollups().await?;
    let rollups = Rollups::new(&connection, &model.table.rollups_table);
    let processor = Processor::new(model.clone()).rollups(rollups);
    if telemetry::on_lambda() {
        return processor.run().await;
    }
    prometheus::serve_from_env()?;
    let checkpoints = Checkpoints::new(connection.dynamodb(), &model.table.rollups_table);
    let settings = Settings::from_env(Source::Table(model.table.name.clone()))?;
    if settings.filter_criteria != FilterCriteria::default() {
        tracing::warn!(
            "filter criteria are set: a change counts only if they admit it whenever its old or its new image contributes"
        );
    }
    let mapping = EventSourceMapping::new(&connection, checkpoints, settings);
    Ok(processor.poll(mapping, told_to_stop()).await?)
}

/// Waits for Ctrl-C, or for the SIGTERM that stops a container; for ever where the process cannot be told.
async fn told_to_stop() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            pending::<()>().await;
        }
    };
    tokio::select! {
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
