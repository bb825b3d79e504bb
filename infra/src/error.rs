//! The failure of a command, whichever command it is.

use std::io;

use thiserror::Error;

use crate::{
    build, client, cost, definition, dev, export, init, lease, parked, plan, rows, steps, tools,
    verify,
};

/// The failure of a command.
#[derive(Debug, Error)]
pub enum Error {
    /// The definition file.
    #[error(transparent)]
    Definition(#[from] definition::Error),
    /// A file of rows.
    #[error(transparent)]
    Rows(#[from] rows::Error),
    /// The HTTP service.
    #[error(transparent)]
    Client(#[from] client::Error),
    /// The local system.
    #[error(transparent)]
    Dev(#[from] dev::Error),
    /// The build of rollups.
    #[error(transparent)]
    Build(#[from] build::Error),
    /// The verification of rollups.
    #[error(transparent)]
    Verify(#[from] verify::Error),
    /// The list of rejected updates.
    #[error(transparent)]
    Parked(#[from] parked::Error),
    /// The export of a rollup.
    #[error(transparent)]
    Export(#[from] export::Error),
    /// The plan of what a definition file changes.
    #[error(transparent)]
    Plan(#[from] plan::Error),
    /// The cost of changes.
    #[error(transparent)]
    Cost(#[from] cost::Error),
    /// The draft of a definition file.
    #[error(transparent)]
    Init(#[from] init::Error),
    /// The lease of the table's stream.
    #[error(transparent)]
    Lease(#[from] lease::Error),
    /// A program that a deployment runs.
    #[error(transparent)]
    Step(#[from] steps::Error),
    /// A program that is not installed.
    #[error(transparent)]
    Tool(#[from] tools::MissingTool),
    /// The definitions of the revisions that are counted.
    #[error("could not read the definitions that the table of rollups is counted under")]
    Counted(#[source] weir_table::Error),
    /// A variable of the environment.
    #[error(transparent)]
    Environment(#[from] weir_startup::StartError),
    /// An argument that does not go with the others.
    #[error("{0}")]
    Argument(String),
    /// Standard output.
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
}
