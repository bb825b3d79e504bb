//! A reactor: reports each flight that becomes three hours late or more, as the table changes.
//!
//! With `weir dev` running in another terminal:
//!
//! ```text
//! export WEIR_FILE=examples/flights/weir.toml AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:8000
//! cargo run -p weir-examples --example late_flights
//! ```
//!
//! It is a second consumer of the stream, beside the processor of `weir dev`, so it has a table of
//! its own for its checkpoints. A team that deploys one processor with rollups and reactors begins
//! with `Processor::from_env()` instead. As a Lambda function the program runs unchanged.

use std::io::Write;
use std::process::ExitCode;

use weir::prelude::*;

weir::entities!("flights/weir.toml");

/// The delay from which on a flight is reported, in minutes.
const LATE: i64 = 180;

fn main() -> ExitCode {
    weir::run("late-flights", async {
        let processor = Processor::reactors_from_env("flights-late").await?;
        Ok(processor.react("late flights", report).run().await?)
    })
}

async fn report(changes: Changes) -> Result<(), Failure> {
    changes.typed::<Flight>().try_for_each(|change| async { print(become_late(change)) }).await
}

/// Returns the flight if the change made it late.
fn become_late(change: TypedChange<Flight>) -> Option<Flight> {
    let was_late = change.old.is_some_and(|flight| flight.delay >= LATE);
    change.new.filter(|flight| flight.delay >= LATE && !was_late)
}

/// Prints a flight. A broken pipe is an error, so that its record is delivered again.
fn print(flight: Option<Flight>) -> std::io::Result<()> {
    let Some(Flight { flight_id, departure, origin, destination, delay, .. }) = flight else {
        return Ok(());
    };
    let route = format!("{origin} to {destination}");
    writeln!(std::io::stdout(), "{departure} {route}: {delay} minutes late ({flight_id})")
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use weir::testing::TestEvent;

    use super::*;

    /// Made-up changes, delivered as Lambda delivers them.
    #[tokio::test]
    async fn a_flight_is_reported_when_it_becomes_late() -> weir::Result {
        let model: Model = include_str!("weir.toml").parse()?;
        let departure: Timestamp = "2001-01-01T12:00:00Z".parse()?;
        let on_time = NewFlight::new("00073", departure, "DFW", "ATL", 0, 732)?;
        let late = NewFlight { delay: 200, ..on_time.clone() };
        let later = NewFlight { delay: 210, ..on_time.clone() };
        let event = TestEvent::new(model.clone())
            .insert("flight", &on_time)?
            .modify("flight", &on_time, &late)?
            .modify("flight", &late, &later)?;

        let (send, reported) = mpsc::channel();
        let processor = Processor::new(model).react("late flights", move |changes| {
            let send = send.clone();
            changes.typed::<Flight>().try_for_each(move |change| {
                let sent = become_late(change).map(|flight| send.send(flight.delay));
                std::future::ready(sent.unwrap_or(Ok(())))
            })
        });
        assert_eq!(event.deliver(&processor).await?, None);
        assert_eq!(reported.try_iter().collect::<Vec<_>>(), [200]);
        Ok(())
    }
}
