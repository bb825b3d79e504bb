//! The two hosts of an application: Lambda, or a plain server.
//!
//! | variable | is |
//! |---|---|
//! | `AWS_LAMBDA_RUNTIME_API` | set by Lambda: requests come from it |
//! | `HOST` | the address that a plain server binds, `127.0.0.1` if unset |
//! | `PORT` | its port |
//!
//! **Invariant:** a plain server that is told to stop answers what it has begun, for at most 10 seconds.

use std::error::Error as StdError;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use table::error::chain;
use telemetry::on_lambda;
use thiserror::Error;
use tokio::net::TcpListener;

use crate::gateway;

/// The address of a plain server, unless `HOST` names another.
const DEFAULT_HOST: &str = "127.0.0.1";
/// How long requests that were begun may take once the server is told to stop, in seconds.
const STOP_S: u64 = 10;

/// Why an application cannot be served, or is not any more.
#[derive(Debug, Error)]
pub enum ServeError {
    /// `PORT` is no port.
    #[error("PORT is `{0}`, expected a number from 0 to 65535")]
    Port(String),
    /// The address is taken, or not this machine's.
    #[error("the address {address} cannot be bound")]
    Bind {
        /// The address.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// The server failed.
    #[error("the server failed")]
    Server(#[from] io::Error),
    /// The Lambda runtime failed.
    #[error("the Lambda runtime failed")]
    Lambda(#[source] lambda_http::Error),
}

/// Serves an application: on Lambda, or as a plain server until Ctrl-C or SIGTERM.
///
/// # Errors
/// The address that cannot be bound, or what ended the server.
pub async fn serve(app: Router, default_port: u16) -> Result<(), ServeError> {
    if on_lambda() {
        return gateway::run(app).await.map_err(ServeError::Lambda);
    }
    let text = |name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    let host = text("HOST").unwrap_or_else(|| DEFAULT_HOST.to_owned());
    let port = match text("PORT") {
        Some(text) => text.parse().map_err(|_| ServeError::Port(text))?,
        None => default_port,
    };
    let listener = TcpListener::bind((host.as_str(), port))
        .await
        .map_err(|source| ServeError::Bind { address: format!("{host}:{port}"), source })?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    Ok(serve_on(listener, app, interrupted()).await?)
}

/// Serves an application on a listener until `stop` is done.
///
/// # Errors
/// What ended the server.
pub async fn serve_on(
    listener: TcpListener,
    app: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stopping, mut stopped) = tokio::sync::watch::channel(());
    let stop = async move {
        stop.await;
        drop(stopping);
    };
    // Without it an answer in two segments waits 40 ms for the first one's ACK.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
    });
    let too_long = async move {
        // An error means that the sender is gone: the server was told to stop.
        while stopped.changed().await.is_ok() {}
        tokio::time::sleep(Duration::from_secs(STOP_S)).await;
    };
    tokio::select! {
        ended = axum::serve(listener, app).with_graceful_shutdown(stop).into_future() => ended,
        () = too_long => {
            tracing::warn!(seconds = STOP_S, "stopped before every request was answered");
            Ok(())
        }
    }
}

/// Waits for Ctrl-C or SIGTERM.
pub async fn interrupted() {
    let ctrl_c = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = ctrl_c => {}
        () = terminated() => {}
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut signals) => drop(signals.recv().await),
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}

/// The exit code of a service, once what ended it is logged.
pub fn exit_code(ended: Result<(), Box<dyn StdError + Send + Sync>>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = chain(error.as_ref()), "the service ended");
            ExitCode::FAILURE
        }
    }
}
