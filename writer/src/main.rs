//! The writer as a program: on Lambda, or as a server of its own.

use std::error::Error;
use std::process::ExitCode;

use weir_startup::Environment;
use weir_telemetry::log::Format;
use weir_telemetry::metrics::embedded;

/// The port of a plain server, unless `PORT` names another.
const DEFAULT_PORT: u16 = 3001;

#[tokio::main]
async fn main() -> ExitCode {
    weir_startup::run("writer", Format::Text, run()).await
}

async fn run() -> Result<(), Box<dyn Error + Send + Sync>> {
    let environment = Environment::from_process();
    let model = environment.model()?;
    embedded::install_on_lambda(&model.table.name)?;
    let opened = environment.open(&model).await;
    let app = weir_writer::app(opened.table);
    let app = if environment.is_audited()? { weir_writer::audited(app) } else { app };
    let app = weir_http::finish(app, &weir_http::routes::writes(&model));
    Ok(environment.serve(app, DEFAULT_PORT).await?)
}
