//! The host of an application: Lambda, or a plain server with its settings.
//!
//! | variable | meaning | unless set |
//! |---|---|---|
//! | `AWS_LAMBDA_RUNTIME_API` | set by Lambda: requests come from it | a plain server |
//! | `HOST` | the address that a plain server binds | `127.0.0.1` |
//! | `PORT` | its port | the program's |
//! | `WEIR_ALLOWED_HOSTS` | names that a plain server accepts as its own | none |
//! | `WEIR_MAX_CONNECTIONS` | open connections, 1 to 65536 | 512 |
//! | `WEIR_HEADER_TIMEOUT_SECS` | time from a request's first byte to the end of its header | 10 |
//! | `WEIR_BODY_TIMEOUT_SECS` | time for a whole body, and for a client that reads nothing | 30 |
//! | `WEIR_IDLE_TIMEOUT_SECS` | time that a connection may stay open without a request | 75 |
//! | `WEIR_AUDIT` | whether each change is logged, `on` or `off` | `on` |
//! | `WEIR_CURSOR_KEY` | the keys that seal cursors | a random key, but not on Lambda |

use axum::Router;
use weir_http::{Address, CURSOR_KEY, CursorKeyError, CursorKeys, Limits, Server};
use weir_telemetry::on_lambda;

use crate::environment::Environment;
use crate::error::{InvalidVariable, StartError};

/// The address of a plain server, unless `HOST` names another.
const DEFAULT_HOST: &str = "127.0.0.1";

impl Environment {
    /// Serves an application: on Lambda, or as a plain server until Ctrl-C or SIGTERM.
    ///
    /// # Errors
    /// A setting that is not valid, the address that cannot be bound, or the error of the server.
    pub async fn serve(&self, app: Router, default_port: u16) -> Result<(), StartError> {
        if on_lambda() {
            return Ok(weir_http::serve_on_lambda(app).await?);
        }
        let server = self.server()?;
        Ok(server.serve_at(&self.address(default_port)?, app).await?)
    }

    /// Returns the settings of a plain server.
    ///
    /// # Errors
    /// The variable that is not valid.
    pub fn server(&self) -> Result<Server, StartError> {
        let hosts = self.text("WEIR_ALLOWED_HOSTS").unwrap_or_default();
        Ok(Server {
            limits: self.limits()?,
            allowed_hosts: weir_http::parse_allowed_hosts(&hosts)?,
        })
    }

    /// Returns the keys that seal cursors; without the variable, a random key for this process.
    ///
    /// # Errors
    /// A key that is not written as one; on Lambda, no key.
    pub fn cursor_keys(&self) -> Result<CursorKeys, CursorKeyError> {
        match self.text(CURSOR_KEY) {
            Some(text) => CursorKeys::parse(&text),
            None if on_lambda() => Err(CursorKeyError::Missing),
            None => {
                tracing::info!(
                    "{CURSOR_KEY} is not set: cursors have a random key, and no other process, \
                     nor this one after a restart, accepts them"
                );
                Ok(CursorKeys::random())
            }
        }
    }

    /// Returns whether the writer writes the audit log; it does unless `WEIR_AUDIT` is `off`.
    ///
    /// # Errors
    /// A value other than `on` and `off`.
    pub fn is_audited(&self) -> Result<bool, InvalidVariable> {
        Ok(self.choice("WEIR_AUDIT", ["on", "off"])?.unwrap_or(true))
    }

    fn address(&self, default_port: u16) -> Result<Address, InvalidVariable> {
        let host = self.text("HOST").unwrap_or_else(|| DEFAULT_HOST.to_owned());
        let port = self.parse("PORT", "a number from 0 to 65535", |text| text.parse().ok())?;
        Ok(Address { host, port: port.unwrap_or(default_port) })
    }

    /// Returns the limits of a plain server on its connections.
    fn limits(&self) -> Result<Limits, InvalidVariable> {
        let default = Limits::default();
        let connections = self.number("WEIR_MAX_CONNECTIONS", 1..=65_536)?;
        Ok(Limits {
            connections: connections.map_or(default.connections, |most| most as usize),
            header: self.seconds("WEIR_HEADER_TIMEOUT_SECS", 1..=300)?.unwrap_or(default.header),
            body: self.seconds("WEIR_BODY_TIMEOUT_SECS", 1..=900)?.unwrap_or(default.body),
            idle: self.seconds("WEIR_IDLE_TIMEOUT_SECS", 1..=3_600)?.unwrap_or(default.idle),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn limits_are_whole_numbers_in_their_ranges() {
        let read = |name: &str, value: &str| Environment::from_pairs([(name, value)]).limits();
        assert_eq!(Environment::default().limits().expect("defaults"), Limits::default());
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

    #[test]
    fn the_audit_log_is_on_unless_it_is_turned_off() {
        let read = |value: &str| Environment::from_pairs([("WEIR_AUDIT", value)]).is_audited();
        assert_eq!(Environment::default().is_audited(), Ok(true));
        assert_eq!(read("on"), Ok(true));
        assert_eq!(read("off"), Ok(false));
        let error = read("yes").expect_err("not valid").to_string();
        assert_eq!(error, "WEIR_AUDIT is `yes`, expected on or off");
    }

    #[test]
    fn a_port_is_a_number_of_16_bits() {
        let read = |value: &str| Environment::from_pairs([("PORT", value)]).address(3001);
        assert_eq!(read("0").expect("a port").port, 0);
        assert_eq!(Environment::default().address(3001).expect("the default").port, 3001);
        let error = read("65536").expect_err("too large").to_string();
        assert_eq!(error, "PORT is `65536`, expected a number from 0 to 65535");
    }
}
