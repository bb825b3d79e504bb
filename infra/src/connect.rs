//! The DynamoDB of a command: at its `--endpoint`, else as the environment and the AWS profile say.

use weir_startup::Environment;
use weir_table::Connection;

/// Connects to the DynamoDB at a URL, or to that of the environment.
pub(crate) async fn connect(endpoint: Option<&str>, environment: &Environment) -> Connection {
    match endpoint {
        Some(url) => Connection::to(url).await,
        None => environment.connect().await,
    }
}
