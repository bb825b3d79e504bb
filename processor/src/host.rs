//! The means of a processor to poll its stream where there is no Lambda, and its signal to stop.

use std::future::pending;

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

/// Waits for Ctrl-C, or for the SIGTERM that stops a container; forever where the process cannot
/// receive them.
pub(crate) async fn stop_requested() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            pending::<()>().await;
        }
    };
    tokio::select! {
        biased;
        () = interrupted => {}
        () = terminated() => {}
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};

    if let Ok(mut terminations) = signal(SignalKind::terminate()) {
        terminations.recv().await;
    } else {
        pending::<()>().await;
    }
}

#[cfg(not(unix))]
async fn terminated() {
    pending::<()>().await;
}
