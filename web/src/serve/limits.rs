//! Limits of a plain server on its connections.
//!
//! A load balancer must close idle connections before the server does: the default is above the 60
//! seconds of an Application Load Balancer.

use std::time::Duration;

/// The largest header of a request, in bytes; the header of an HTTP API has at most 10,240.
pub(super) const MAX_HEADER_BYTES: usize = 64 * 1024;
/// The most header fields of a request.
pub(super) const MAX_HEADER_FIELDS: usize = 100;

/// The limits of a plain server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most open connections. A new one beyond it closes the connection that has been quiet for
    /// the longest time; if a request of each is being answered, the new one is rejected with 503.
    pub connections: usize,
    /// How long the header of a request may take, from its first byte.
    pub header: Duration,
    /// How long the body of a request may take, and how long a client may read nothing of an
    /// answer.
    pub body: Duration,
    /// How long a connection may stay open without a request.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            header: Duration::from_secs(10),
            body: Duration::from_secs(30),
            idle: Duration::from_secs(75),
        }
    }
}
