//! Exact, precomputed answers about a DynamoDB table.
//!
//! A definition file, `weir.toml`, declares the items of a table and the rollups that Weir
//! maintains about them. This crate is the library of Rust programs: a program depends on it alone.
//!
//! # Items
//!
//! [`entities!`] generates a struct for each entity of the definition when the program is compiled.
//! A misspelt attribute, or an invalid definition, is an error of the compiler.
//!
//! ```no_run
//! use weir::prelude::*;
//!
//! // In your crate: weir::entities!("weir.toml");
//! weir::entities!("../examples/flights/weir.toml");
//!
//! # async fn example() -> weir::Result {
//! let weir = Client::from_env().await?;
//! let flights = weir.items::<Flight>()?;
//! let departure: Timestamp = "2001-01-01T12:00:00Z".parse()?;
//! flights.create(&NewFlight::new("00073", departure, "DFW", "ATL", 159, 732)?).await?;
//!
//! let key = FlightKey { origin: "DFW".into(), departure, flight_id: "00073".into() };
//! let update = FlightUpdate::new().set_delay(0).when(json!({ "delay": { "gte": 15 } }));
//! let corrected = flights.patch(&key, &update.into()).await?;
//! assert_eq!(corrected.delay, 0);
//! # Ok(())
//! # }
//! ```
//!
//! `NewFlight::new` rejects values that the definition rejects, such as a departure with
//! nanoseconds where the definition has seconds. [`Items`] lists, joins and deletes too;
//! [`Table::transaction`] writes several items or none.
//!
//! # Rollups
//!
//! A [`RollupQuery`] names a rollup, a group, and a range of time. The answer is exact, or an error
//! says why it cannot be: a rollup that is not built, or a definition that changed.
//!
//! ```no_run
//! use weir::prelude::*;
//!
//! # async fn example(weir: Client) -> weir::Result {
//! let query = RollupQuery::total("delayed_by_origin")
//!     .group("origin", "DFW")
//!     .every("month")
//!     .between("2001-01", "2001-04");
//! let answer = weir.ask(&query).await?;
//! for month in answer.points.iter().flatten() {
//!     println!("{} {}", month["start"], month["flights"]);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Reactors
//!
//! A reactor is an async function that Weir calls with the changes of the table, at least once and
//! in the order of each item. The same program runs as a Lambda function and in a container, where
//! it polls the stream itself.
//!
//! ```no_run
//! use weir::prelude::*;
//!
//! weir::entities!("../examples/flights/weir.toml");
//!
//! async fn report(changes: Changes) -> Result<(), Failure> {
//!     changes.typed::<Flight>().inserted().try_for_each(|change| async move {
//!         println!("{:?}", change.new);
//!         Ok::<_, Failure>(())
//!     }).await
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     weir::run("flights", async {
//!         Ok(Processor::from_env().await?.react("report", report).run().await?)
//!     })
//! }
//! ```
//!
//! [`testing::TestEvent`] delivers made-up changes to a reactor in a unit test.
//!
//! # Environment
//!
//! [`Client::from_env`] and [`Processor::from_env`] read the same variables as Weir's own
//! functions: `WEIR_FILE` is the definition file, `TABLE_NAME` and `ROLLUPS_TABLE_NAME` override
//! its tables, and `AWS_ENDPOINT_URL_DYNAMODB` names a local DynamoDB, such as that of `weir dev`.
//!
//! # Where to read on
//!
//! | for | see |
//! |---|---|
//! | typed items, lists, relations, transactions | [`Items`], [`Table`] |
//! | rollup questions and ranks | [`RollupQuery`], [`RankQuery`], [`Client`] |
//! | changes, reactors, both hosts | [`Processor`], [`Changes`] |
//! | exact decimals | [`Decimal`] |
//! | the definition as a value | [`Model`], [`model`] |

mod client;

pub use client::Client;
pub use jiff::Timestamp;
pub use serde_json::{Value, json};
pub use weir_http::{CursorKeys, Cursors, Seal};
pub use weir_macros::entities;
pub use weir_model::{
    Decimal, FieldError, InvalidItem, ItemType, Model, Predicate, TypeError, Update,
};
pub use weir_processor::{Changes, Failure, Processor, RunError, StreamChange, TypedChange};
pub use weir_query::{
    AfterWrite, PageInfo, QueryEngine, QueryError, Question, RankAnswer, RankQuery, RankQuestion,
    RollupAnswer, RollupQuery,
};
pub use weir_startup::{Environment, StartError};
pub use weir_table::{
    Budget, Connection, Error as TableError, Items, MB, Reads, Rollups, Table, Transaction,
    WriteToken, fresh,
};

/// Tests of reactors: stream events without AWS.
pub use weir_processor::testing;

/// The definition as values: entities, attributes, keys, rollups.
pub use weir_model as model;

/// The local event source mapping: a processor that polls its stream where there is no Lambda.
pub use weir_processor::mapping;

use std::process::ExitCode;

use weir_telemetry::log::Format;

/// Any error.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The result of a program.
pub type Result<T = ()> = std::result::Result<T, Error>;

/// The names that most programs use.
pub mod prelude {
    pub use crate::{
        Changes, Client, Decimal, Failure, ItemType, Items, Model, Processor, Question, RankQuery,
        RollupQuery, Table, Timestamp, TypedChange, Update, Value, json,
    };
}

/// Runs a program on a runtime of its own, and returns its exit code.
///
/// It logs from the beginning, as `RUST_LOG` selects: lines of JSON on Lambda, text elsewhere. An
/// error of the program is logged with its causes. `name` names the program in metrics and traces.
///
/// A program that has a tokio runtime already calls [`Processor::run`] and logs as it likes.
///
/// # Panics
/// If the operating system starts no thread.
pub fn run(name: &'static str, program: impl Future<Output = Result>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("the operating system starts threads");
    runtime.block_on(weir_startup::run(name, Format::Text, program))
}

#[doc(hidden)]
pub mod __private {
    //! The crates that generated code names. Not part of the public interface.

    pub use {serde, serde_json};
}
