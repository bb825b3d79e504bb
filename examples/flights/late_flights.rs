//! A reactor: tells of each flight that becomes three hours late or more, as the table changes.
//!
//! With `weir dev` running in another terminal:
//!
//! ```text
//! cargo run --release -p weir-examples --example late_flights
//! ```
//!
//! It reads the stream from its beginning and remembers its place in a table of its own,
//! `flights-late`, for a table of rollups and checkpoints belongs to one consumer.

use weir_processor::mapping::{EventSourceMapping, Settings, Source};
use weir_processor::{Changes, Failure, Processor, TypedChange};
use weir_table::checkpoints::Checkpoints;
use weir_table::{Connection, Table};

/// The DynamoDB of `weir dev`, unless `AWS_ENDPOINT_URL_DYNAMODB` names another.
const ENDPOINT: &str = "http://127.0.0.1:8000";
/// How late a flight is that is told of, in minutes.
const LATE: i64 = 180;

#[derive(Debug, serde::Deserialize)]
struct Flight {
    flight_id: String,
    departure: String,
    origin: String,
    destination: String,
    delay: i64,
}

impl weir_model::ItemType for Flight {
    const ENTITY: &'static str = "flight";
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let definition: weir_model::Model = include_str!("weir.toml").parse()?;
    let model = std::sync::Arc::new(definition.with_table("flights", Some("flights-late")));
    let endpoint =
        std::env::var("AWS_ENDPOINT_URL_DYNAMODB").unwrap_or_else(|_| ENDPOINT.to_owned());
    let connection = Connection::to(endpoint).await;
    let stream = Table::new(&connection, model.clone()).provision().await?.stream_arn;

    let checkpoints = Checkpoints::new(connection.dynamodb(), &model.table.rollups_table);
    let settings = Settings::new(Source::Stream(stream), "late_flights");
    let mapping = EventSourceMapping::new(&connection, checkpoints, settings);
    let stop = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
    Ok(Processor::new(model).react("late flights", tell).poll(mapping, stop).await?)
}

async fn tell(changes: Changes) -> Result<(), Failure> {
    let tell_one = |change: TypedChange<Flight>| async move {
        let was_late = change.old.is_some_and(|flight| flight.delay >= LATE);
        if let Some(flight) = change.new.filter(|flight| flight.delay >= LATE && !was_late) {
            let Flight { flight_id, departure, origin, destination, delay } = flight;
            print(&format!(
                "{departure} {origin} to {destination}: {delay} minutes late ({flight_id})"
            ))?;
        }
        Ok::<_, std::io::Error>(())
    };
    changes.typed::<Flight>().try_for_each(tell_one).await
}

/// Prints a line. A broken pipe is an error, so that its record comes again.
fn print(line: &str) -> std::io::Result<()> {
    use std::io::Write;

    writeln!(std::io::stdout(), "{line}")
}
