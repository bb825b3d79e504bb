//! The reasons why the local system does not start, or ends by itself.

use std::path::PathBuf;

use thiserror::Error;

use crate::rows;

/// The reason why the local system does not start, or has ended.
#[derive(Debug, Error)]
pub enum Error {
    /// A port is taken.
    #[error("port {port} is taken, expected a free one: {flag} names another ({reason})")]
    Port {
        /// The port.
        port: u16,
        /// The flag that chooses it.
        flag: &'static str,
        /// The error of the operating system.
        reason: std::io::Error,
    },
    /// The file of `--data` cannot be used.
    #[error("the database {path} cannot be opened: {reason}")]
    Database {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The environment.
    #[error(transparent)]
    Environment(#[from] weir_startup::StartError),
    /// The tables cannot be created or read.
    #[error("the tables in the DynamoDB at {endpoint} cannot be used")]
    DynamoDb {
        /// Its URL.
        endpoint: String,
        /// Why.
        source: weir_table::Error,
    },
    /// A part of the system ended by itself.
    #[error("the {part} ended: {reason}")]
    Ended {
        /// The part.
        part: &'static str,
        /// Why.
        reason: String,
    },
    /// `--load` does not name a file and an entity.
    #[error("--load {given}: {problem}")]
    Load {
        /// The argument.
        given: String,
        /// The expected form.
        problem: String,
    },
    /// A file of rows.
    #[error(transparent)]
    Rows(#[from] rows::Error),
    /// The progress of a load cannot be read or stored.
    #[error(transparent)]
    Checkpoints(#[from] weir_table::checkpoints::Error),
    /// DynamoDB rejected rows.
    #[error("the rows cannot be written")]
    Write(#[source] weir_table::Error),
    /// A rollup item that cannot be read.
    #[error("the rollup `{rollup}` cannot be shown: {reason}")]
    Show {
        /// The rollup.
        rollup: String,
        /// Why.
        reason: String,
    },
    /// The definition would lose stored items, or the state of the rollups cannot be read.
    #[error(transparent)]
    Plan(#[from] Box<crate::plan::Error>),
    /// The rollups cannot be built.
    #[error("could not build the rollups: {0}")]
    Build(#[from] weir_build::BuildError),
    /// The process was asked to stop meanwhile.
    #[error("stopped")]
    Stopped,
    /// Standard output.
    #[error("the output cannot be written: {0}")]
    Output(#[from] std::io::Error),
}
