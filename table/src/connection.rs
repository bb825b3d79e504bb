//! How this process reaches DynamoDB: one loaded AWS configuration and one pool of connections.
//!
//! | made by | endpoint | region and credentials |
//! |---|---|---|
//! | [`from_variables`] | AWS's, or `AWS_ENDPOINT_URL_…` | the SDK's default chains |
//! | [`to`] a loopback | the given one | the environment's, or `us-east-1` and `weir` |
//! | [`to`] anywhere else | the given one | the SDK's default chains |
//!
//! A DynamoDB on this machine checks no credentials, so the default chains, which end by asking the
//! instance metadata service and waiting for it, are not asked. An `AWS_ENDPOINT_URL_DYNAMODB` that
//! is a loopback address is used for the streams as well: an emulator serves both at one address,
//! and otherwise the SDK would send the reads of the stream to AWS.
//!
//! [`from_variables`]: Connection::from_variables
//! [`to`]: Connection::to

use std::net::IpAddr;
use std::time::Duration;

use aws_config::environment::{
    EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider,
};
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::meta::region::RegionProviderChain;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Credentials, HttpClient};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

use crate::answer_times::AnswerDates;
use crate::calls::CallSpans;
use crate::retries::RetryQuotas;

/// How long opening a connection may take.
const CONNECT_TIMEOUT_MS: u64 = 3_000;
/// How long one attempt of a request may take, from sending it to the last byte of the answer.
const ATTEMPT_TIMEOUT_MS: u64 = 10_000;
/// How long a request may take with all its attempts and the pauses between them: less than the 30
/// s after which an API Gateway gives up, so that the caller hears why.
const REQUEST_TIMEOUT_MS: u64 = 25_000;
/// How often a request is tried when the failure is one that passes: throttling, a 5xx, a broken
/// connection.
const ATTEMPTS: u32 = 8;
/// The pause before the second attempt is random, up to this; each later one up to twice as long.
const FIRST_PAUSE_MS: u64 = 50;
/// No pause between attempts is longer.
const LONGEST_PAUSE_MS: u64 = 5_000;

/// The region named to a DynamoDB on this machine when the environment names none.
const LOCAL_REGION: &str = "us-east-1";
/// The access key and secret shown to a DynamoDB on this machine when the environment has none.
const LOCAL_CREDENTIALS: &str = "weir";

/// A loaded configuration, cheap to clone; clients made from it share their connections.
#[derive(Clone, Debug)]
pub struct Connection {
    config: SdkConfig,
    quotas: RetryQuotas,
}

impl Connection {
    /// Connects as the SDK's default chains say, but to a DynamoDB on this machine if `variable`
    /// returns its URL for `AWS_ENDPOINT_URL_DYNAMODB` or `AWS_ENDPOINT_URL`.
    pub async fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        Self::in_account(variable, None, None).await
    }

    /// Connects as [`Connection::from_variables`] does, with this region and this profile of the
    /// AWS configuration in the place of those that the environment names.
    pub async fn in_account(
        variable: impl Fn(&str) -> Option<String>,
        region: Option<&str>,
        profile: Option<&str>,
    ) -> Self {
        if let Some(endpoint_url) = local_endpoint(variable) {
            return Self::to_endpoint(endpoint_url, region).await;
        }
        let mut loader = loader(TrustStore::default());
        if let Some(region) = region {
            loader = loader.region(Region::new(region.to_owned()));
        }
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        Connection::new(loader.load().await)
    }

    /// Connects to the DynamoDB at this URL, whatever the environment says; its streams are read
    /// there too.
    pub async fn to(endpoint_url: impl Into<String>) -> Self {
        Self::to_endpoint(endpoint_url.into(), None).await
    }

    async fn to_endpoint(endpoint_url: String, region: Option<&str>) -> Self {
        let is_loopback = is_loopback(&endpoint_url);
        // Without TLS no certificate is needed, and a bare machine may have none to load.
        let mut loader = match is_loopback && endpoint_url.starts_with("http:") {
            true => loader(TrustStore::empty()),
            false => loader(TrustStore::default()),
        };
        if is_loopback {
            let (id, secret) = (LOCAL_CREDENTIALS, LOCAL_CREDENTIALS);
            let fallback = Credentials::new(id, secret, None, None, LOCAL_CREDENTIALS);
            let environment = EnvironmentVariableCredentialsProvider::new();
            let region =
                RegionProviderChain::first_try(region.map(|name| name.to_owned()).map(Region::new))
                    .or_else(EnvironmentVariableRegionProvider::new())
                    .or_else(LOCAL_REGION);
            loader = loader.region(region).credentials_provider(
                CredentialsProviderChain::first_try("environment", environment)
                    .or_else(LOCAL_CREDENTIALS, fallback),
            );
        }
        Connection::new(loader.endpoint_url(endpoint_url).load().await)
    }

    fn new(config: SdkConfig) -> Self {
        Connection { config, quotas: RetryQuotas::new() }
    }

    /// The same connection over another HTTP client: one that goes through a proxy, records what is
    /// sent, or serves the requests itself. Retries and timeouts stay as they are.
    #[must_use]
    pub fn with_http_client(self, http_client: impl HttpClient + 'static) -> Self {
        let config = self.config.into_builder().http_client(http_client).build();
        Connection { config, ..self }
    }

    /// Whether DynamoDB is an emulator, which delays nothing: on this machine, in a container or in
    /// a private network.
    pub fn is_local(&self) -> bool {
        self.config.endpoint_url().is_some_and(is_emulator)
    }

    /// The configuration, for the client of another service.
    pub fn sdk_config(&self) -> &SdkConfig {
        &self.config
    }

    /// A client of DynamoDB, each of whose calls is a span, and whose answers are noted by
    /// [`Table::with_token`](crate::Table::with_token). The clients of a connection share its retry
    /// quotas.
    pub fn dynamodb(&self) -> Client {
        let config = aws_sdk_dynamodb::config::Builder::from(&self.config)
            .interceptor(CallSpans)
            .interceptor(AnswerDates)
            .interceptor(self.quotas.clone());
        Client::from_conf(config.build())
    }
}

/// Standard retries, not adaptive: the adaptive mode has one rate for the whole client, so that one
/// hot key would slow every other.
fn loader(trusted: TrustStore) -> ConfigLoader {
    let tls = TlsContext::builder().with_trust_store(trusted).build();
    // The connector sets TCP_NODELAY; otherwise a request in two segments would wait 40 ms for an
    // ACK.
    let http_client = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls.expect("a trust store is all it takes"))
        .build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(CONNECT_TIMEOUT_MS))
        .operation_attempt_timeout(Duration::from_millis(ATTEMPT_TIMEOUT_MS))
        .operation_timeout(Duration::from_millis(REQUEST_TIMEOUT_MS))
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(Duration::from_millis(FIRST_PAUSE_MS))
        .with_max_backoff(Duration::from_millis(LONGEST_PAUSE_MS));
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client)
        .timeout_config(timeouts)
        .retry_config(retries)
}

/// The endpoint that the environment names, where it is on this machine and the streams are not
/// named apart.
fn local_endpoint(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let ignored = variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    if ignored.is_some_and(|value| value.eq_ignore_ascii_case("true"))
        || variable("AWS_ENDPOINT_URL_DYNAMODB_STREAMS").is_some()
    {
        return None;
    }
    variable("AWS_ENDPOINT_URL_DYNAMODB")
        .or_else(|| variable("AWS_ENDPOINT_URL"))
        .filter(|endpoint_url| is_loopback(endpoint_url))
}

/// Whether a URL names this machine.
fn is_loopback(url: &str) -> bool {
    host(url).is_some_and(is_loopback_host)
}

/// Whether this is the URL of an emulator. DynamoDB on AWS has a name of several labels, and is
/// asked over TLS where it has the address of an endpoint in a private network.
fn is_emulator(url: &str) -> bool {
    let is_near = |host: &str| match host.parse() {
        Ok(IpAddr::V4(address)) => address.is_private() || address.is_link_local(),
        Ok(IpAddr::V6(address)) => address.is_unique_local(),
        Err(_) => !host.is_empty() && !host.contains('.'),
    };
    host(url)
        .is_some_and(|host| is_loopback_host(host) || (url.starts_with("http://") && is_near(host)))
}

fn is_loopback_host(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Returns the host of a URL.
fn host(url: &str) -> Option<&str> {
    let (_scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host_and_port = authority.rsplit('@').next().unwrap_or_default();
    match host_and_port.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None => host_and_port.split(':').next(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_this_machine_and_nothing_that_looks_like_it() {
        for url in [
            "http://127.0.0.1:8000",
            "http://localhost",
            "https://LOCALHOST:8000/path",
            "http://[::1]:8000",
            "http://user@127.0.0.2/",
        ] {
            assert!(is_loopback(url), "{url}");
        }
        for url in [
            "https://dynamodb.eu-west-1.amazonaws.com",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://127.0.0.1@example.com",
            "http://0.0.0.0:8000",
            "localhost:8000",
            "",
        ] {
            assert!(!is_loopback(url), "{url}");
        }
    }

    #[test]
    fn an_emulator_is_near_and_dynamodb_is_not() {
        for url in [
            "http://127.0.0.1:8000",
            "https://localhost:4566",
            "http://dynamodb:8000",
            "http://192.168.1.7:8000",
            "http://[fd00::7]:8000",
        ] {
            assert!(is_emulator(url), "{url}");
        }
        for url in [
            "https://dynamodb.eu-west-1.amazonaws.com",
            "http://dynamodb.eu-west-1.amazonaws.com",
            "https://10.0.0.7",
            "https://dynamodb",
            "http://dynamodb.example.com",
            "http://",
            "dynamodb:8000",
        ] {
            assert!(!is_emulator(url), "{url}");
        }
    }

    #[test]
    fn a_local_endpoint_of_the_environment_serves_the_streams_as_well() {
        let local = "http://127.0.0.1:8000";
        let found = |variables: &[(&str, &str)]| {
            local_endpoint(|name| {
                let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
                Some(value.to_string())
            })
        };

        assert_eq!(found(&[("AWS_ENDPOINT_URL_DYNAMODB", local)]).as_deref(), Some(local));
        assert_eq!(found(&[("AWS_ENDPOINT_URL", local)]).as_deref(), Some(local));
        let remote = "https://dynamodb.eu-west-1.amazonaws.com";
        assert_eq!(
            found(&[("AWS_ENDPOINT_URL_DYNAMODB", remote), ("AWS_ENDPOINT_URL", local)]),
            None
        );
        let apart = ("AWS_ENDPOINT_URL_DYNAMODB_STREAMS", "http://127.0.0.1:8001");
        assert_eq!(found(&[("AWS_ENDPOINT_URL", local), apart]), None);
        let ignored = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
        assert_eq!(found(&[("AWS_ENDPOINT_URL", local), ignored]), None);
        assert_eq!(found(&[]), None);
    }

    #[tokio::test]
    async fn a_connection_to_this_machine_has_region_and_credentials_of_its_own() {
        let connection = Connection::to("http://127.0.0.1:8000").await;
        let config = connection.sdk_config();

        assert_eq!(config.endpoint_url(), Some("http://127.0.0.1:8000"));
        assert!(config.region().is_some());
        assert!(config.credentials_provider().is_some());
        assert!(connection.is_local());
    }
}
