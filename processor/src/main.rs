//! The processor as a Lambda function: rollups, and no reactors.

use processor::Processor;
use table::{Connection, Rollups, startup};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    // With the time in each line, or CloudWatch would take every line for INFO whatever its level.
    let level = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(level).init();
    let model = startup::model_from_env()?;
    let rollups = Rollups::new(&Connection::from_env().await, &model.table.rollups_table);
    Processor::new(model).rollups(rollups).run().await
}
