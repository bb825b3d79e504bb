//! The two hosts of an application: Lambda, or a plain server.
//!
//! | to see | read |
//! |---|---|
//! | limits of a plain server | `limits` |
//! | places for connections, and which connection makes room | `connections` |
//! | one connection, and its deadlines | `connection`, `activity`, `stream`, `bodies` |
//!
//! **Invariant:** a plain server that receives a signal to stop answers the requests in progress,
//! for at most 10 seconds. A slow or idle client has a deadline and cannot keep others out.

mod activity;
mod bodies;
mod connection;
mod connections;
mod limits;
mod stream;

pub use bodies::is_body_timeout;
pub(crate) use bodies::timeout_in;
pub use limits::Limits;

use std::io;
use std::time::Duration;

use axum::{Extension, Router};
use thiserror::Error;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use self::connections::Connections;
use crate::gateway;
use crate::hosts::HostRules;

/// How long requests that were begun may take after the signal to stop, in seconds.
const STOP_S: u64 = 10;
/// The pause after a failed accept for which no connection could make room, in seconds.
const ACCEPT_PAUSE_S: u64 = 1;
/// The answer to a connection at the limit, of which no request is read.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\
    content-length: 0\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n\r\n";

/// Why an application cannot be served, or is not any more.
#[derive(Debug, Error)]
pub enum ServeError {
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

/// Serves an application on Lambda.
///
/// # Errors
/// The error of the Lambda runtime.
pub async fn serve_on_lambda(app: Router) -> Result<(), ServeError> {
    gateway::run(app).await.map_err(ServeError::Lambda)
}

/// Serves an application on a listener until `stop` is done, with the default settings.
///
/// # Errors
/// The reason for which the server ended.
pub async fn serve_on(
    listener: TcpListener,
    app: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    Server::default().serve(listener, app, stop).await
}

/// The address that a plain server binds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// A name or an IP address of this machine.
    pub host: String,
    /// The port, 0 for a free one.
    pub port: u16,
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
    /// Serves an application at an address until Ctrl-C or SIGTERM.
    ///
    /// # Errors
    /// The address that cannot be bound, or the error of the server.
    pub async fn serve_at(&self, address: &Address, app: Router) -> Result<(), ServeError> {
        let Address { host, port } = address;
        let listener = TcpListener::bind((host.as_str(), *port))
            .await
            .map_err(|source| ServeError::Bind { address: format!("{host}:{port}"), source })?;
        tracing::info!(address = %listener.local_addr()?, "listening");
        Ok(self.serve(listener, app, interrupted()).await?)
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
