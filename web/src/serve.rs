//! The two hosts of an application: Lambda, or a plain server.
//!
//! | variable | meaning |
//! |---|---|
//! | `AWS_LAMBDA_RUNTIME_API` | set by Lambda: requests come from it |
//! | `HOST` | the address that a plain server binds, `127.0.0.1` if unset |
//! | `PORT` | its port |
//! | `WEIR_ALLOWED_HOSTS` | names that a plain server accepts as its own: see [`HostRules`] |
//! | `WEIR_MAX_CONNECTIONS`, `WEIR_…_TIMEOUT_SECS` | see [`Limits`] |
//!
//! | to see | read |
//! |---|---|
//! | limits of a plain server | `limits` |
//! | places for connections, and which connection makes room | `connections` |
//! | one connection, and its deadlines | `connection`, `activity`, `stream`, `bodies` |
//!
//! **Invariant:** a plain server that is told to stop answers the requests in progress, for at most
//! 10 seconds. A slow or idle client has a deadline and cannot keep others out.

mod activity;
mod bodies;
mod connection;
mod connections;
mod limits;
mod stream;

pub use bodies::is_body_timeout;
pub(crate) use bodies::timeout_in;
pub use limits::Limits;

use std::error::Error as StdError;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use axum::{Extension, Router};
use table::error::chain;
use telemetry::on_lambda;
use thiserror::Error;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use self::connections::Connections;
use crate::gateway;
use crate::hosts::{HostRules, HostsError};

/// The address of a plain server, unless `HOST` names another.
const DEFAULT_HOST: &str = "127.0.0.1";
/// How long requests that were begun may take once the server is told to stop, in seconds.
const STOP_S: u64 = 10;
/// The pause after a failed accept for which no connection could make room, in seconds.
const ACCEPT_PAUSE_S: u64 = 1;
/// The answer to a connection at the limit, of which no request is read.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\
    content-length: 0\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n\r\n";

/// Why an application cannot be served, or is not any more.
#[derive(Debug, Error)]
pub enum ServeError {
    /// `PORT` is no port.
    #[error("PORT is `{0}`, expected a number from 0 to 65535")]
    Port(String),
    /// A setting of the server is not valid.
    #[error("{name} is `{value}`, expected {expected}")]
    Setting {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// The allowed values.
        expected: String,
    },
    /// `WEIR_ALLOWED_HOSTS` is not a list of host names.
    #[error(transparent)]
    Hosts(#[from] HostsError),
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
    let server = Server::from_env()?;
    let host = variable("HOST").unwrap_or_else(|| DEFAULT_HOST.to_owned());
    let port = match variable("PORT") {
        Some(text) => text.parse().map_err(|_| ServeError::Port(text))?,
        None => default_port,
    };
    let listener = TcpListener::bind((host.as_str(), port))
        .await
        .map_err(|source| ServeError::Bind { address: format!("{host}:{port}"), source })?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    Ok(server.serve(listener, app, interrupted()).await?)
}

/// Serves an application on a listener until `stop` is done, with the default settings.
///
/// # Errors
/// What ended the server.
pub async fn serve_on(
    listener: TcpListener,
    app: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    Server::default().serve(listener, app, stop).await
}

/// The settings of a plain server.
#[derive(Clone, Debug, Default)]
pub struct Server {
    /// Its limits on connections.
    pub limits: Limits,
    /// Names beside those of a loopback address that it accepts as its own.
    pub allowed_hosts: Vec<String>,
}

impl Server {
    /// Reads the settings from the environment.
    ///
    /// # Errors
    /// The variable that is not valid.
    pub fn from_env() -> Result<Self, ServeError> {
        Ok(Self {
            limits: Limits::from_variables(variable)?,
            allowed_hosts: HostRules::allowed_from_env()?,
        })
    }

    /// Serves an application on a listener until `stop` is done.
    ///
    /// # Errors
    /// A listener that has no address.
    pub async fn serve(
        &self,
        listener: TcpListener,
        app: Router,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let rules = HostRules::new(listener.local_addr()?.ip(), &self.allowed_hosts);
        let app = app.layer(Extension(rules));
        let connections = Connections::new(self.limits.connections);
        let (stopping, stopped) = watch::channel(false);
        let accepting = async {
            loop {
                let Some((tcp, peer)) = accept(&listener, &connections).await else { continue };
                let Some(place) = connections.enter() else {
                    tokio::spawn(turn_away(tcp));
                    continue;
                };
                let (app, stopped) = (app.clone(), stopped.clone());
                tokio::spawn(connection::serve(tcp, peer, place, app, self.limits, stopped));
            }
        };
        tokio::select! {
            () = accepting => {}
            () = stop => {}
        }
        drop(listener);
        stopping.send_replace(true);
        let ended = tokio::time::timeout(Duration::from_secs(STOP_S), connections.none_left());
        if ended.await.is_err() {
            tracing::warn!(seconds = STOP_S, "stopped before every request was answered");
        }
        Ok(())
    }
}

/// Accepts a connection; `None` if that failed and may succeed the next time.
async fn accept(
    listener: &TcpListener,
    connections: &Connections,
) -> Option<(TcpStream, std::net::SocketAddr)> {
    match listener.accept().await {
        Ok((tcp, peer)) => {
            // Without it an answer in two segments waits 40 ms for the first one's ACK.
            if let Err(error) = tcp.set_nodelay(true) {
                tracing::debug!(%error, "could not set TCP_NODELAY");
            }
            Some((tcp, peer))
        }
        Err(error) => {
            let is_of_client = matches!(
                error.kind(),
                io::ErrorKind::ConnectionRefused
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::ConnectionReset
            );
            if !is_of_client {
                // Too many open files, mostly: an idle connection gives its own back.
                let made_room = connections.evict();
                tracing::warn!(%error, made_room, "could not accept a connection");
                if !made_room {
                    tokio::time::sleep(Duration::from_secs(ACCEPT_PAUSE_S)).await;
                }
            }
            None
        }
    }
}

/// Answers 503 to a connection for which there is no room.
async fn turn_away(mut tcp: TcpStream) {
    tracing::debug!(
        "rejected a connection: the limit is reached and all of them are being answered"
    );
    // The client may be gone; there is nothing else to tell it.
    let _ = tokio::time::timeout(Duration::from_secs(ACCEPT_PAUSE_S), tcp.write_all(FULL)).await;
    let _ = tcp.shutdown().await;
}

/// Returns the text of a variable.
fn variable(name: &'static str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
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

/// Returns the exit code of a service, once what ended it is logged.
pub fn exit_code(ended: Result<(), Box<dyn StdError + Send + Sync>>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = chain(error.as_ref()), "the service ended");
            ExitCode::FAILURE
        }
    }
}
