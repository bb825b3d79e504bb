//! The reader as a program: on Lambda, or as a server of its own.

use std::error::Error;
use std::process::ExitCode;

use weir_query::limits::DEFAULT_WRITE_WAIT;
use weir_reader::Settings;
use weir_startup::{Environment, OpenedTables};
use weir_telemetry::log::Format;
use weir_telemetry::metrics::embedded;

/// The port of a plain server, unless `PORT` names another.
const DEFAULT_PORT: u16 = 3002;

#[tokio::main]
async fn main() -> ExitCode {
    weir_startup::run("reader", Format::Text, run()).await
}

async fn run() -> Result<(), Box<dyn Error + Send + Sync>> {
    let environment = Environment::from_process();
    let model = environment.model()?;
    embedded::install_on_lambda(&model.table.name)?;
    let settings = Settings {
        limits: environment.read_limits()?,
        cursors: environment.cursor_keys()?,
        write_wait: environment.write_wait()?.unwrap_or(DEFAULT_WRITE_WAIT),
    };
    let OpenedTables { table, rollups, .. } = environment.open(&model).await;
    let app = weir_reader::app(table, rollups, settings);
    let app = weir_http::finish(app, &weir_http::routes::reads(&model));
    Ok(environment.serve(app, DEFAULT_PORT).await?)
}
