//! Connections to dynoxide's HTTP server that no other program or page can have.
//!
//! dynoxide answers every page of every site: it sends `Access-Control-Allow-Origin: *` and grants
//! every preflight. It offers no handler to put behind checks, only a server for a TCP listener. So
//! each connection gets a listener of its own, at a port that the system chooses, and the listener
//! is closed as soon as the connection is accepted. The connection lives on.
//!
//! **Invariant:** between two links dynoxide listens nowhere.

use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, TcpListener as StdListener, TcpStream as StdStream};

use dynoxide::Database;
use dynoxide::server::serve_with_shutdown;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

/// A connection that dynoxide is about to accept.
pub(super) struct Link {
    /// The connection, which does not block.
    pub(super) stream: StdStream,
    /// Closes the listener; to be sent once the connection has answered.
    pub(super) accepted: oneshot::Sender<()>,
}

/// Asks the thread of the database for links.
#[derive(Clone)]
pub(super) struct Links(mpsc::UnboundedSender<oneshot::Sender<io::Result<Link>>>);

/// The links that were asked for.
pub(super) struct Orders(mpsc::UnboundedReceiver<oneshot::Sender<io::Result<Link>>>);

/// Returns the two ends of what the thread of the database and the server in front of it share.
pub(super) fn links() -> (Links, Orders) {
    let (links, orders) = mpsc::unbounded_channel();
    (Links(links), Orders(orders))
}

impl Links {
    /// Returns a new connection.
    pub(super) async fn open(&self) -> io::Result<Link> {
        let (reply, link) = oneshot::channel();
        let gone = || io::Error::other("the embedded DynamoDB has stopped");
        self.0.send(reply).map_err(|_| gone())?;
        link.await.map_err(|_| gone())?
    }
}

impl Orders {
    /// Makes the links that are asked for, on the runtime that calls it.
    pub(super) async fn serve(&mut self, database: &Database) {
        while let Some(reply) = self.0.recv().await {
            // The caller may have stopped waiting.
            let _ = reply.send(link(database));
        }
    }
}

fn link(database: &Database) -> io::Result<Link> {
    let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    // The first in the queue of the listener, before anything else can know its port.
    let stream = StdStream::connect(listener.local_addr()?)?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let (accepted, is_accepted) = oneshot::channel();
    let serving = serve_with_shutdown(listener, database.clone(), pending());
    tokio::spawn(async move {
        // The connection is a task of its own: dropping the server closes the listener alone.
        tokio::select! {
            _ = is_accepted => {}
            _ = serving => {}
        }
    });
    Ok(Link { stream, accepted })
}
