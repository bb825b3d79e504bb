//! Requests as bytes, so that they may be wrong in ways that no HTTP client sends.

use std::fmt::Write as _;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long an answer may take to begin and to go on.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);

/// A request, of which every part may be malformed.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// What the generator tried, for the report.
    pub(crate) kind: &'static str,
    pub(crate) method: String,
    /// The request target as it is sent.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// A response, read to its end.
#[derive(Debug, Default)]
pub(crate) struct HttpResponse {
    /// Zero if the server closed the connection without an answer.
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// The bytes of the whole answer.
    pub(crate) bytes: usize,
    /// Whether the application answered, and not the HTTP parser before it.
    pub(crate) is_from_application: bool,
}

impl Request {
    pub(crate) fn new(kind: &'static str, method: &str, target: impl Into<String>) -> Self {
        let (method, target) = (method.to_owned(), target.into());
        Self { kind, method, target, headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a body of JSON, or of text that claims to be JSON.
    pub(crate) fn json(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", "application/json")
    }

    /// The bytes to send; names and values are not checked.
    fn encoded(&self, id: &str, host: &str) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        let has = |name: &str| self.headers.iter().any(|(given, _)| given == name);
        if !has("host") {
            let _ = write!(head, "host: {host}\r\n");
        }
        if !has("content-length") && !has("transfer-encoding") {
            let _ = write!(head, "content-length: {}\r\n", self.body.len());
        }
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        let _ = write!(head, "x-request-id: {id}\r\nconnection: close\r\n\r\n");
        [head.as_bytes(), &self.body].concat()
    }

    /// Sends the request and reads the answer to its end.
    pub(crate) fn send(&self, id: &str, address: &str) -> HttpResponse {
        let mut stream = TcpStream::connect(address).expect("the server accepts connections");
        stream.set_read_timeout(Some(ANSWER_TIMEOUT)).expect("a timeout");
        // The server may answer and close before it has read everything.
        let _ = stream.write_all(&self.encoded(id, address));
        let mut bytes = Vec::new();
        if let Err(error) = stream.read_to_end(&mut bytes) {
            let is_closed = matches!(error.kind(), ErrorKind::ConnectionReset);
            assert!(is_closed, "{} {}: {error}", self.method, self.shown());
        }
        HttpResponse::parsed(bytes)
    }

    /// The target, cut to what a report can show.
    pub(crate) fn shown(&self) -> String {
        self.target.chars().take(200).collect::<String>().escape_debug().to_string()
    }
}

impl HttpResponse {
    fn parsed(bytes: Vec<u8>) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let Some(end) = end else { return Self { bytes: bytes.len(), ..Self::default() } };
        let head = String::from_utf8_lossy(&bytes[..end]);
        let status = head.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or(0);
        Self {
            status,
            body: bytes[end + 4..].to_vec(),
            bytes: bytes.len(),
            is_from_application: head.contains("\r\nx-request-id: "),
        }
    }
}
