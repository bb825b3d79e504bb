//! `cargo run -p weir-testing --release -- start-up`: how long a function takes from nothing to its
//! first answer.
//!
//! Each start is a fresh process, as after a deployment or when Lambda scales out; what Lambda adds
//! to it, fetching and unpacking the archive, is not in it. The first event asks for the health of
//! the writer and the reader, and brings the processor one record, so that it alone has met
//! DynamoDB before its first answer.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use crate::deployed::Deployed;
use crate::dynamodb::TestDynamo;
use crate::flights::DEFINITION;
use crate::functions::Function;
use crate::running::PATIENCE;
use crate::system::Captured;

/// A start, measured.
#[derive(Clone, Copy, Debug)]
pub struct Started {
    /// From the start of the process to its first request for an event.
    pub init: Duration,
    /// From its first event to the answer.
    pub first_answer: Option<Duration>,
}

/// How it is measured.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// How often to start each function.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    starts: u64,
}

/// Measures each function and prints a line about it.
pub fn execute(arguments: &Arguments) -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().expect("threads and sockets");
    match runtime.block_on(measure(arguments.starts)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

async fn measure(starts: u64) -> io::Result<()> {
    let dynamodb = TestDynamo::start().await;
    let world = Deployed::start(&dynamodb, DEFINITION).await;
    let flight = crate::flights::rows(1).remove(0);
    world.http.send("POST", "/flight", Some(&flight)).await;
    let event = Captured::read(&world.system).await.cut(1).remove(0);
    let event = serde_json::to_vec(&event).expect("JSON");
    let get = crate::api_gateway::health();
    for (name, event) in [("writer", &get), ("reader", &get), ("processor", &event)] {
        let mut measured = Vec::new();
        for _ in 0..starts {
            let function = Arc::new(Function::start(name, &world.variables, PATIENCE));
            function.invoke(event.clone()).await.unwrap_or_else(|error| panic!("{error}"));
            measured.extend(function.started());
        }
        writeln!(io::stdout(), "{name:<9}  {}", median(measured))?;
    }
    Ok(())
}

/// Returns the start of the median time until it was ready.
fn median(mut measured: Vec<Started>) -> Started {
    measured.sort_by_key(|started| started.init);
    measured[measured.len() / 2]
}

impl fmt::Display for Started {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
        write!(formatter, "{:.1} ms until it asks for an event", ms(self.init))?;
        match self.first_answer {
            Some(answer) => write!(formatter, ", {:.1} ms for the first one", ms(answer)),
            None => Ok(()),
        }
    }
}
