//! Limits of a plain server on its connections, and the variables that set them.
//!
//! | variable | limit | default |
//! |---|---|---|
//! | `WEIR_MAX_CONNECTIONS` | open connections, 1 to 65536 | 512 |
//! | `WEIR_HEADER_TIMEOUT_SECS` | time from a request's first byte to the end of its header | 10 |
//! | `WEIR_BODY_TIMEOUT_SECS` | time for a whole body, and for a client that does not read | 30 |
//! | `WEIR_IDLE_TIMEOUT_SECS` | time that a connection may stay open without a request | 75 |
//!
//! A load balancer must close idle connections before the server does: the default is above the 60
//! seconds of an Application Load Balancer.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::ServeError;

/// The largest header of a request, in bytes; the header of an HTTP API has at most 10,240.
pub(super) const MAX_HEADER_BYTES: usize = 64 * 1024;
/// The most header fields of a request.
pub(super) const MAX_HEADER_FIELDS: usize = 100;

const MAX_CONNECTIONS: &str = "WEIR_MAX_CONNECTIONS";
const HEADER_TIMEOUT_SECS: &str = "WEIR_HEADER_TIMEOUT_SECS";
const BODY_TIMEOUT_SECS: &str = "WEIR_BODY_TIMEOUT_SECS";
const IDLE_TIMEOUT_SECS: &str = "WEIR_IDLE_TIMEOUT_SECS";

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

impl Limits {
    /// Reads the limits from variables; `variable` returns the value of the one that it names.
    pub(super) fn from_variables(
        variable: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Self, ServeError> {
        let number = |name, allowed: RangeInclusive<u64>| match variable(name) {
            None => Ok(None),
            Some(value) => match value.parse().ok().filter(|number| allowed.contains(number)) {
                Some(number) => Ok(Some(number)),
                None => {
                    let expected =
                        format!("a whole number from {} to {}", allowed.start(), allowed.end());
                    Err(ServeError::Setting { name, value, expected })
                }
            },
        };
        let seconds =
            |name, allowed| number(name, allowed).map(|secs| secs.map(Duration::from_secs));
        let default = Self::default();
        let connections = number(MAX_CONNECTIONS, 1..=65_536)?;
        Ok(Self {
            connections: connections.map_or(default.connections, |most| most as usize),
            header: seconds(HEADER_TIMEOUT_SECS, 1..=300)?.unwrap_or(default.header),
            body: seconds(BODY_TIMEOUT_SECS, 1..=900)?.unwrap_or(default.body),
            idle: seconds(IDLE_TIMEOUT_SECS, 1..=3_600)?.unwrap_or(default.idle),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_whole_numbers_in_their_ranges() {
        let read = |name: &'static str, value: &str| {
            let value = value.to_owned();
            Limits::from_variables(move |asked| (asked == name).then(|| value.clone()))
        };
        assert_eq!(Limits::from_variables(|_| None).expect("defaults"), Limits::default());
        let limits = read("WEIR_HEADER_TIMEOUT_SECS", "3").expect("a number");
        assert_eq!(limits, Limits { header: Duration::from_secs(3), ..Limits::default() });
        assert_eq!(read("WEIR_MAX_CONNECTIONS", "65536").expect("a number").connections, 65_536);
        for (name, value, range) in [
            ("WEIR_MAX_CONNECTIONS", "0", "1 to 65536"),
            ("WEIR_HEADER_TIMEOUT_SECS", "1.5", "1 to 300"),
            ("WEIR_BODY_TIMEOUT_SECS", "", "1 to 900"),
            ("WEIR_IDLE_TIMEOUT_SECS", "3601", "1 to 3600"),
        ] {
            let error = read(name, value).expect_err(value).to_string();
            let expected = format!("{name} is `{value}`, expected a whole number from {range}");
            assert_eq!(error, expected);
        }
    }
}
