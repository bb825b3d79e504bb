//! Host and origin of a request to a plain server: which names are its own, and which pages may
//! send to it.
//!
//! A page of any web site can send requests to a server on its reader's machine, and can read the
//! answers once its own name resolves to that machine (DNS rebinding). Such a request names the
//! page's host in `Host`, or the page in `Origin`, or says `Sec-Fetch-Site: cross-site`.
//!
//! | server is bound to | `Host` must be | `Origin` and `Sec-Fetch-Site` |
//! |---|---|---|
//! | a loopback address | a loopback name, or one of `WEIR_ALLOWED_HOSTS` | the same names |
//! | another address | any; with `WEIR_ALLOWED_HOSTS`, as above | not checked |
//!
//! Loopback names are `localhost`, `*.localhost`, 127.0.0.0/8 and `[::1]`. A name may end with a
//! dot, and may have any port or an empty one. Every plain server rejects a request with several
//! `Host` headers, with none in HTTP/1.1, or with another host in its request line (RFC 9112,
//! sections 3.2 and 3.2.2).
//!
//! `GET /health` is answered whatever name it has: load balancers and kubelets send the address of
//! the machine, and the answer says nothing but that the service runs.
//!
//! On Lambda none of this is checked: API Gateway has a name and an authorisation of its own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderName, Method, Uri, Version};
use thiserror::Error;

use crate::problem::{Kind, Problem};
use crate::routes::HEALTH;

/// Names of the server's own, besides loopback names.
const ALLOWED_HOSTS: &str = "WEIR_ALLOWED_HOSTS";
/// The most characters of a header's value that a message repeats.
const SHOWN_CHARACTERS: usize = 60;
/// Says how a page and the server that it sends to are related.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// The relation of a page of another site.
const CROSS_SITE: &str = "cross-site";

/// `WEIR_ALLOWED_HOSTS` has a part that is not a host name.
#[derive(Debug, Error)]
#[error(
    "{ALLOWED_HOSTS} has `{0}`, expected names of hosts without scheme and port, separated by \
     commas"
)]
pub struct HostsError(String);

/// The names that a server accepts as its own, and the pages that may send to it.
#[derive(Clone, Debug)]
pub(crate) struct HostRules {
    is_loopback: bool,
    allowed: Arc<[String]>,
}

impl HostRules {
    /// Returns the rules of a server that is bound to an address.
    pub(crate) fn new(bound: IpAddr, allowed: &[String]) -> Self {
        let allowed = allowed.iter().map(|name| without_dot(name).to_owned()).collect();
        Self { is_loopback: bound.is_loopback(), allowed }
    }

    /// Checks host and origin of a request.
    pub(crate) fn check(&self, head: &Parts) -> Result<(), Problem> {
        let host = host_of(head)?;
        if (self.is_loopback || !self.allowed.is_empty()) && !asks_for_health(head) {
            let name = host.as_deref().and_then(host_name);
            if !name.is_some_and(|name| self.is_own(name)) {
                let found = match &host {
                    Some(host) => format!("the host is `{}`", excerpt(host)),
                    None => "the request names no host".to_owned(),
                };
                return Err(Problem::new(
                    Kind::ForeignHost,
                    format!("{found}, expected {}", self.expected("")),
                ));
            }
        }
        if self.is_loopback { self.check_origin(head) } else { Ok(()) }
    }

    fn check_origin(&self, head: &Parts) -> Result<(), Problem> {
        for value in head.headers.get_all(ORIGIN) {
            let origin = String::from_utf8_lossy(value.as_bytes());
            if !authority_of(&origin).and_then(host_name).is_some_and(|name| self.is_own(name)) {
                let detail = format!(
                    "the origin is `{}`, expected a page at {}",
                    excerpt(&origin),
                    self.expected("http://")
                );
                return Err(Problem::new(Kind::ForeignOrigin, detail));
            }
        }
        let mut sites = head.headers.get_all(SEC_FETCH_SITE).iter();
        if sites.any(|site| site.as_bytes().eq_ignore_ascii_case(CROSS_SITE.as_bytes())) {
            let detail = "`Sec-Fetch-Site` is `cross-site`, expected a request that no page of \
                          another site sent";
            return Err(Problem::new(Kind::ForeignOrigin, detail));
        }
        Ok(())
    }

    fn is_own(&self, name: &str) -> bool {
        is_loopback(name) || self.allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(name))
    }

    fn expected(&self, scheme: &str) -> String {
        let allowed = self.allowed.iter().map(|name| format!("`{scheme}{name}`, "));
        let allowed = allowed.collect::<String>();
        format!("{allowed}localhost or a loopback address ({ALLOWED_HOSTS} allows more)")
    }
}

/// Returns whether a request asks for no more than whether the service runs.
fn asks_for_health(head: &Parts) -> bool {
    matches!(head.method, Method::GET | Method::HEAD) && head.uri.path() == HEALTH
}

/// Returns what follows the scheme of a page's origin; `None` for another scheme than those of
/// HTTP.
fn authority_of(origin: &str) -> Option<&str> {
    let (scheme, authority) = origin.split_once("://")?;
    let is_http = ["http", "https"].iter().any(|http| scheme.eq_ignore_ascii_case(http));
    is_http.then_some(authority)
}

/// Returns the one host that a request names, as it was sent.
fn host_of(head: &Parts) -> Result<Option<String>, Problem> {
    let bad = |detail: String| Err(Problem::new(Kind::BadHeader, detail));
    let hosts: Vec<_> = head.headers.get_all(HOST).iter().collect();
    let named = match hosts.as_slice() {
        [] if head.version > Version::HTTP_10 => {
            return bad("the request has no `Host`, expected one".to_owned());
        }
        [] => None,
        [host] => Some(String::from_utf8_lossy(host.as_bytes()).into_owned()),
        several => {
            return bad(format!("the request has {} headers `Host`, expected one", several.len()));
        }
    };
    let Some(target) = head.uri.authority() else { return Ok(named) };
    match named {
        Some(host) if !same(&host, target.as_str(), &head.uri) => bad(format!(
            "the request line names the host `{}` and `Host` is `{}`, expected the same",
            excerpt(target.as_str()),
            excerpt(&host)
        )),
        named => Ok(named.or_else(|| Some(target.as_str().to_owned()))),
    }
}

/// Returns whether `Host` and the authority of the request line name one server; the default port
/// may be left out or empty.
fn same(host: &str, target: &str, uri: &Uri) -> bool {
    let default = if uri.scheme_str() == Some("https") { ":443" } else { ":80" };
    let plain = |text: &str| {
        let text = text.to_ascii_lowercase();
        let plain = text.strip_suffix(default).or_else(|| text.strip_suffix(':'));
        plain.map(str::to_owned).unwrap_or(text)
    };
    plain(host) == plain(target)
}

/// Returns the name of `name:port`, without the dot that it may end with; `None` for text that is
/// not a host name with or without a port.
fn host_name(authority: &str) -> Option<&str> {
    let end = match authority.starts_with('[') {
        true => authority.find(']')? + 1,
        false => authority.find(':').unwrap_or(authority.len()),
    };
    let (name, port) = authority.split_at(end);
    let is_port = |digits: &str| digits.parse::<u16>().is_ok() && !digits.starts_with('+');
    if !(matches!(port, "" | ":") || port.strip_prefix(':').is_some_and(is_port)) {
        return None;
    }
    let name = without_dot(name);
    is_host_name(name).then_some(name)
}

/// Returns a name without the dot at its end, which stands for the root of all names.
fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

fn is_host_name(name: &str) -> bool {
    match name.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok()),
        None => {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            !name.is_empty() && name.bytes().all(is_plain)
        }
    }
}

/// Returns whether every resolver leads this name to the machine itself (RFC 6761, section 6.3).
fn is_loopback(name: &str) -> bool {
    if let Some(ip) = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return ip.parse::<Ipv6Addr>().is_ok_and(|ip| ip.is_loopback());
    }
    let name = name.to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}

/// Returns a header's value, shortened, for a message.
fn excerpt(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Parses the names of hosts that a plain server accepts as its own, separated by commas.
///
/// # Errors
/// The part that is not a host name.
pub fn parse_allowed_hosts(value: &str) -> Result<Vec<String>, HostsError> {
    let parts = value.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| match is_host_name(part) {
            true => Ok(part.to_owned()),
            false => Err(HostsError(part.to_owned())),
        })
        .collect()
}

#[cfg(test)]
mod tests;
