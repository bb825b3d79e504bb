//! The DynamoDB of a command: at its `--endpoint`, else as the environment and the AWS profile say.

use weir_startup::Environment;
use weir_table::Connection;

use crate::account::Account;

/// Connects to the DynamoDB at a URL, or to that of the environment, in the region and with the
/// profile of the account, if they are given.
pub(crate) async fn connect(
    endpoint: Option<&str>,
    account: &Account,
    environment: &Environment,
) -> Connection {
    match endpoint {
        Some(url) => Connection::to(url).await,
        None => environment.connect_in(account.region(), account.profile()).await,
    }
}
