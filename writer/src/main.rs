//! The writer as a program: on Lambda, or as a server of its own.

use std::error::Error;
use std::process::ExitCode;

use telemetry::log::Format;
use telemetry::metrics::embedded;
use weir_startup::Environment;

/// The port of a plain server, unless `PORT` names another.
const DEFAULT_PORT: u16 = 3001;

#[tokio::main]
async fn main() -> ExitCode {
    telemetry::start("writer", Format::Text);
    let ended = run().await;
    telemetry::flush().await;
    web::exit_code(ended)
}

async fn run() -> Result<(), Box<dyn Error + Send + Sync>> {
    let environment = Environment::from_process();
    let model = environment.model()?;
    embedded::install_on_lambda(&model.table.name)?;
    let opened = environment.open(&model).await;
    let app = writer::app(opened.table);
    let app = if environment.is_audited()? { writer::audited(app) } else { app };
    let app = web::finish(app, &web::routes::writes(&model));
    Ok(environment.serve(app, DEFAULT_PORT).await?)
}
