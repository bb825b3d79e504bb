//! Metrics for Prometheus, over HTTP, where the environment says so.
//!
//! | variable | is | unless set |
//! |---|---|---|
//! | `WEIR_METRICS_ADDRESS` | where `/metrics` is served, such as `0.0.0.0:9090` | nowhere |
//!
//! Prometheus scrapes by address, so `WEIR_ALLOWED_HOSTS` holds at a loopback address only:
//! elsewhere `/metrics` is answered by any name.
//!
//! A gauge that is not set any more, that of a shard which is gone, is served for an hour longer.

use std::error::Error as StdError;
use std::future::{self, pending};
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::time::Duration;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_util::MetricKindMask;
use tokio::net::TcpListener;
use weir_http::Server;
use weir_startup::{Environment, StartError};
use weir_telemetry::metrics::describe;

/// Names the address.
const ADDRESS: &str = "WEIR_METRICS_ADDRESS";
/// How long a gauge is served that is not set any more.
const FORGET_AFTER_SECS: u64 = 60 * 60;

/// The format of the answer.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// How often values that were recorded are put into their buckets, which frees their memory.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// The bounds by which durations and ages are counted.
const BUCKETS_MS: &[f64] = &[
    100.0,
    250.0,
    500.0,
    1_000.0,
    2_500.0,
    5_000.0,
    10_000.0,
    30_000.0,
    60_000.0,
    600_000.0,
    3_600_000.0,
    86_400_000.0,
];

/// Why metrics are not served.
#[derive(Debug, thiserror::Error)]
pub enum ExporterError {
    /// Nothing can listen there, or another recorder is installed.
    #[error("metrics cannot be served at {address} ({ADDRESS})")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A setting of the server.
    #[error(transparent)]
    Setting(#[from] StartError),
}

/// Serves the metrics of this process, if the environment names an address. To be called on a tokio
/// runtime, once.
///
/// # Errors
/// Why they cannot be served there.
pub fn serve_from(environment: &Environment) -> Result<(), ExporterError> {
    let Some(address) = address(environment)? else { return Ok(()) };
    let server = restricted_to(address, environment.server()?);
    let failed = |source| ExporterError::Listen { address, source };
    let listener = listen(address).map_err(|error| failed(error.into()))?;
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_ms".to_owned()), BUCKETS_MS)
        .expect("there are buckets")
        .idle_timeout(MetricKindMask::GAUGE, Some(Duration::from_secs(FORGET_AFTER_SECS)))
        .install_recorder()
        .map_err(|error| failed(error.into()))?;
    describe();
    let app = app(handle.clone());
    tokio::spawn(async move {
        if let Err(error) = server.serve(listener, app, pending()).await {
            tracing::error!(%error, "metrics are not served any more");
        }
    });
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP_INTERVAL).await;
            handle.run_upkeep();
        }
    });
    tracing::info!(%address, "metrics are served");
    Ok(())
}

/// Returns the server for an address: one of a network accepts every name of a host.
fn restricted_to(address: SocketAddr, server: Server) -> Server {
    if address.ip().is_loopback() {
        return server;
    }
    Server { allowed_hosts: Vec::new(), ..server }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = StdListener::bind(address)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// The application behind the limits and the checks of every plain server.
fn app(handle: PrometheusHandle) -> Router {
    let metrics = move || future::ready(([(CONTENT_TYPE, TEXT)], handle.render()));
    let router = Router::new().route("/metrics", get(metrics));
    weir_http::guard(router.route("/health", get(|| future::ready("OK"))))
}

fn address(environment: &Environment) -> Result<Option<SocketAddr>, StartError> {
    let expected = "an IP address and a port, such as 0.0.0.0:9090";
    Ok(environment.parse(ADDRESS, expected, |value| value.parse().ok())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_port() {
        let address = |value: &str| address(&Environment::from_pairs([(ADDRESS, value)]));
        assert_eq!(address("[::1]:9090").expect("an address").expect("set").port(), 9090);
        for value in ["", "9090", "0.0.0.0", "localhost:9090"] {
            let error = address(value).expect_err(value).to_string();
            let expected = "expected an IP address and a port, such as 0.0.0.0:9090";
            assert_eq!(error, format!("WEIR_METRICS_ADDRESS is `{value}`, {expected}"));
        }
    }

    #[test]
    fn allowed_hosts_hold_at_a_loopback_address_only() {
        let server = Server { allowed_hosts: vec!["weir.test".to_owned()], ..Server::default() };
        for (at, allowed) in [
            ("127.0.0.1:9090", 1),
            ("[::1]:9090", 1),
            ("0.0.0.0:9090", 0),
            ("[::]:9090", 0),
            ("10.0.0.7:9090", 0),
        ] {
            let server = restricted_to(at.parse().expect("an address"), server.clone());
            assert_eq!(server.allowed_hosts.len(), allowed, "{at}");
        }
    }
}
