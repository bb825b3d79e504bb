//! The processor: rollups and no reactors, as a Lambda function or, anywhere else, behind the local event source mapping.
//!
//! | variable | is |
//! |---|---|
//! | `AWS_LAMBDA_RUNTIME_API` | set by Lambda: events come from it |
//! | `WEIR_FILE`, `TABLE_NAME`, `ROLLUPS_TABLE_NAME` | the definition and its tables (see `table::startup`) |
//! | `RUST_LOG` | what is logged, `info` if unset |

use std::process::ExitCode;

use processor::Processor;
use processor::mapping::{EventSourceMapping, Settings, Source};
use table::checkpoints::Checkpoints;
use table::error::chain;
use table::{Connection, Rollups, startup};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    // With the time in each line, or CloudWatch would take every line for INFO whatever its level.
    let level = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(level).init();
    match run().await {
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
    let rollups = Rollups::new(&connection, &model.table.rollups_table);
    let processor = Processor::new(model.clone()).rollups(rollups);
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() {
        return processor.run().await;
    }
    let checkpoints = Checkpoints::new(connection.dynamodb(), &model.table.rollups_table);
    let owner = format!("processor {}", std::process::id());
    let settings = Settings::new(Source::Table(model.table.name.clone()), owner);
    let mapping = EventSourceMapping::new(&connection, checkpoints, settings);
    Ok(processor.poll(mapping, interrupted()).await?)
}

/// Waits for Ctrl-C; for ever where the process cannot be told.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
