//! The means of a processor to poll its stream where there is no Lambda.

use weir_startup::Environment;
use weir_table::{Connection, Table};

/// The means of a processor to poll the stream of its table.
#[derive(Debug)]
pub(crate) struct Host {
    /// The settings of the mapping and of its metrics.
    pub(crate) environment: Environment,
    /// The connection to DynamoDB and its streams.
    pub(crate) connection: Connection,
    /// The table whose stream it polls.
    pub(crate) table: Table,
}
