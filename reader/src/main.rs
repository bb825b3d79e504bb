//! The reader as a program: on Lambda, or as a server of its own.

use std::error::Error;
use std::process::ExitCode;

use reader::Settings;
use table::{Connection, Rollups, Table, startup};
use telemetry::log::Format;
use telemetry::metrics::embedded;
use web::CursorKeys;

/// The port of a plain server, unless `PORT` names another.
const DEFAULT_PORT: u16 = 3002;

#[tokio::main]
async fn main() -> ExitCode {
    telemetry::start("reader", Format::Text);
    let ended = run().await;
    telemetry::flush().await;
    web::exit_code(ended)
}

async fn run() -> Result<(), Box<dyn Error + Send + Sync>> {
    let model = startup::model_from_env()?;
    embedded::install_on_lambda(&model.table.name)?;
    let cursors = CursorKeys::from_env()?;
    let connection = Connection::from_env().await;
    let routes = web::routes::reads(&model);
    let rollups = Rollups::new(&connection, &model.table);
    let settings = Settings { limits: startup::read_limits_from_env()?, cursors };
    let app = reader::app(Table::new(&connection, model), rollups, settings);
    Ok(web::serve(web::finish(app, &routes), DEFAULT_PORT).await?)
}
