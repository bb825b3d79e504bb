//! The writer as a program: on Lambda, or as a server of its own.

use std::error::Error;
use std::process::ExitCode;

use table::{Connection, Table, startup};

/// The port of a plain server, unless `PORT` names another.
const DEFAULT_PORT: u16 = 3001;

#[tokio::main]
async fn main() -> ExitCode {
    web::logging::init();
    web::exit_code(run().await)
}

async fn run() -> Result<(), Box<dyn Error + Send + Sync>> {
    let model = startup::model_from_env()?;
    let connection = Connection::from_env().await;
    let routes = web::routes::writes(&model);
    let app = writer::app(Table::new(&connection, model));
    Ok(web::serve(web::finish(app, &routes), DEFAULT_PORT).await?)
}
