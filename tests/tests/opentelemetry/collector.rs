//! A collector: takes OTLP over HTTP, and reads of its protobuf what the test asks about.
//!
//! Numbers of fields are those of `opentelemetry/proto/trace/v1/trace.proto`.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Takes spans until it is dropped.
pub(crate) struct Collector {
    /// Where it takes them.
    pub(crate) url: String,
    spans: Arc<Mutex<Vec<Span>>>,
    is_gone: Arc<AtomicBool>,
}

/// A span, its ids in hexadecimal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Span {
    pub(crate) service: String,
    pub(crate) name: String,
    pub(crate) trace_id: String,
    pub(crate) id: String,
    pub(crate) parent_id: String,
    attributes: Vec<(String, String)>,
}

/// A field of a message: its number and its bytes, or its value that is a number.
enum Field<'a> {
    Bytes(u64, &'a [u8]),
    Number(u64),
}

impl Collector {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/v1/traces", listener.local_addr().expect("an address"));
        let (spans, is_gone) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (taken, stopped) = (spans.clone(), is_gone.clone());
        thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (taken, stopped) = (taken.clone(), stopped.clone());
                thread::spawn(move || serve(connection, &taken, &stopped));
            }
        });
        Self { url, spans, is_gone }
    }

    /// What has come since the last time.
    pub(crate) fn spans(&self) -> Vec<Span> {
        std::mem::take(&mut self.spans.lock().expect("no panic holds it"))
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.is_gone.store(true, Ordering::SeqCst);
        let address = self.url.trim_start_matches("http://").trim_end_matches("/v1/traces");
        let _ = TcpStream::connect(address);
    }
}

impl Span {
    pub(crate) fn attribute(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_else(|| panic!("no {name}: {self:#?}"))
    }
}

/// Answers requests of one connection: each has a length, and its answer is empty.
fn serve(connection: TcpStream, spans: &Mutex<Vec<Span>>, is_gone: &AtomicBool) {
    let mut answers = connection.try_clone().expect("a connection");
    let mut requests = BufReader::new(connection);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if requests.read_line(&mut line).unwrap_or_default() == 0 {
                return;
            }
            let (name, value) = line.split_once(':').unwrap_or_default();
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().expect("a length");
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        requests.read_exact(&mut body).expect("a body");
        if is_gone.load(Ordering::SeqCst) {
            return;
        }
        spans.lock().expect("no panic holds it").extend(exported(&body));
        let answer =
            b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";
        answers.write_all(answer).expect("a caller");
    }
}

fn exported(request: &[u8]) -> Vec<Span> {
    let mut spans = Vec::new();
    for resource_spans in messages(request, 1) {
        let resource = messages(resource_spans, 1).next().expect("a resource");
        let service = attributes(resource, 1)
            .into_iter()
            .find(|(name, _)| name == "service.name")
            .expect("the service has a name")
            .1;
        for span in messages(resource_spans, 2).flat_map(|scope| messages(scope, 2)) {
            let first = |number| messages(span, number).next().unwrap_or_default();
            spans.push(Span {
                service: service.clone(),
                trace_id: hex(first(1)),
                id: hex(first(2)),
                parent_id: hex(first(4)),
                name: text(first(5)),
                attributes: attributes(span, 9),
            });
        }
    }
    spans
}

/// Attributes in the field of this number, their values as text.
fn attributes(message: &[u8], number: u64) -> Vec<(String, String)> {
    let pair = |pair| {
        let name = text(messages(pair, 1).next().expect("a name"));
        let value = messages(pair, 2).next().expect("a value");
        let value = fields(value).into_iter().next().map(|field| match field {
            Field::Bytes(_, bytes) => text(bytes),
            Field::Number(number) => number.to_string(),
        });
        (name, value.unwrap_or_default())
    };
    messages(message, number).map(pair).collect()
}

fn messages(message: &[u8], wanted: u64) -> impl Iterator<Item = &[u8]> {
    fields(message).into_iter().filter_map(move |field| match field {
        Field::Bytes(number, bytes) if number == wanted => Some(bytes),
        _ => None,
    })
}

/// The fields of a message, by protobuf's wire format.
fn fields(mut rest: &[u8]) -> Vec<Field<'_>> {
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let key = varint(&mut rest);
        let number = key >> 3;
        fields.push(match key & 7 {
            0 => Field::Number(varint(&mut rest)),
            1 => Field::Bytes(number, take(&mut rest, 8)),
            2 => {
                let length = varint(&mut rest) as usize;
                Field::Bytes(number, take(&mut rest, length))
            }
            5 => Field::Bytes(number, take(&mut rest, 4)),
            other => panic!("wire type {other}"),
        });
    }
    fields
}

fn varint(rest: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(rest, 1)[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, left) = rest.split_at(count);
    *rest = left;
    taken
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
