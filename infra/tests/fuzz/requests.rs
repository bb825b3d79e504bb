//! Hostile requests, drawn from a seed: each kind is one idea of an attacker.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fastrand::Rng;
use serde_json::{Map, Value, json};
use weir_testing::http::encoded;

use crate::wire::Request;

/// The most bytes of an item's body that the services take.
const ITEM_BYTES: usize = 400 * 1024;
/// The same of a batch and of a transaction.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// One of this many requests is as large as the services take.
const LARGE_ONE_IN: usize = 40;

/// Texts that end a key, a path, a line, a terminal's sequence or a parser's patience.
const TEXTS: &[&str] = &[
    "ann",
    "bob",
    "ANN",
    "\u{212a}",
    "k",
    "",
    " ",
    ".",
    "..",
    "a/b",
    "a#b",
    "a%23b",
    "%",
    "%zz",
    "%00",
    "a\u{0}b",
    "\u{1b}[2J",
    "a\r\nx-evil: 1",
    "\u{202e}abc",
    "💥",
    "__proto__",
    "$serde_json::private::RawValue",
    "$serde_json::private::Number",
    "@unique#account#email#ann",
    "ACCOUNT#ann",
    "ORDER#",
    "null",
    "true",
    "-0",
    "1e400",
    "99999999999999999999999999999999999999",
    "0.00000000000000000000000000000000000000000000000001",
    "2026-11-20T12:00:00Z",
    "2026-02-30",
    "9999-12-31T23:59:59Z",
    "0000-01-01T00:00:00Z",
    "2026-11-20T23:59:60Z",
    "placed",
    "paid",
    "' OR 1=1 --",
    "{\"gte\":1}",
];
/// Names of parameters that some route knows, and some that none knows.
const PARAMETERS: &[&str] = &[
    "limit",
    "order",
    "cursor",
    "from",
    "to",
    "where",
    "select",
    "count",
    "include",
    "consistent",
    "every",
    "fill",
    "compare",
    "account",
    "product",
    "measures",
    "neighbours",
    "format",
    "keys",
    "items",
    "time_zone",
    "secret",
    "status",
    "limit[]",
    "$where",
];
/// Values of parameters that mean something somewhere.
const VALUES: &[&str] = &[
    "1",
    "10000",
    "0",
    "-1",
    "99999999999999999999",
    "asc",
    "desc",
    "minute",
    "day",
    "all",
    "2026",
    "2026-11",
    "2026-11-20",
    "2026-11-20T00:00:00Z",
    "zero",
    "carry",
    "previous",
    "previous_period",
    "year",
    "owner",
    "orders",
    "orders.owner",
    "owner.orders.owner.orders.owner.orders",
    "csv",
    "ndjson",
    "{\"total\":{\"gte\":1}}",
    "{\"free\":{\"exists\":true}}",
    "{\"secret\":\"x\"}",
    "[{\"account\":\"ann\"}]",
];
const MEDIA_TYPES: &[&str] = &[
    "application/json",
    "application/json; charset=utf-16",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/x-amz-json-1.0",
    "",
];

/// Draws requests; what earlier answers taught is used in later ones.
pub(crate) struct Attacker {
    rng: Rng,
    /// Paths of the OpenAPI document, with its placeholders.
    paths: Vec<String>,
    /// Cursors that answers had, each with the target of its list.
    cursors: Vec<(String, String)>,
}

impl Attacker {
    pub(crate) fn new(seed: u64, openapi: &Value) -> Self {
        let paths = openapi["paths"].as_object().expect("paths").keys().cloned().collect();
        Self { rng: Rng::with_seed(seed), paths, cursors: Vec::new() }
    }

    /// Keeps the cursor of an answer, for the next page and for forgeries.
    pub(crate) fn learn(&mut self, request: &Request, body: &[u8]) {
        let Ok(Value::Object(answer)) = serde_json::from_slice(body) else { return };
        if let Some(Value::String(cursor)) = answer.get("cursor") {
            let list = request.target.split("&cursor=").next().unwrap_or_default();
            self.cursors.push((list.to_owned(), cursor.clone()));
            if self.cursors.len() > 32 {
                self.cursors.remove(0);
            }
        }
    }

    pub(crate) fn next(&mut self) -> Request {
        if self.rng.usize(..LARGE_ONE_IN) == 0 {
            return self.large();
        }
        match self.rng.u8(..12) {
            0..=2 => self.write(),
            3 | 4 => self.read(),
            5 => self.rollup(),
            6 => self.cursor(),
            7 => self.mutated(),
            8 => self.update(),
            9 => self.several(),
            10 => self.headers(),
            _ => self.path(),
        }
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.rng.usize(..from.len())]
    }

    fn text(&mut self) -> String {
        match self.rng.u8(..10) {
            0 => self.pick(TEXTS).repeat(self.rng.usize(1..50)),
            1 => (0..self.rng.usize(1..20)).map(|_| self.rng.char(..)).collect(),
            _ => self.pick(TEXTS).to_owned(),
        }
    }

    fn customer(&mut self) -> String {
        if self.rng.u8(..4) == 0 { self.text() } else { format!("c{}", self.rng.u8(..20)) }
    }

    /// An order that the services take.
    fn valid_order(&mut self) -> Map<String, Value> {
        let minute = self.rng.u16(..1440);
        let placed = format!("2026-11-20T{:02}:{:02}:00Z", minute / 60, minute % 60);
        let order = json!({
            "account": format!("c{}", self.rng.u8(..20)),
            "order": format!("o{}", self.rng.u16(..2000)),
            "placed": placed,
            "product": format!("p{}", self.rng.u8(..100)),
            "total": self.rng.u16(..10_000),
        });
        let Value::Object(order) = order else { unreachable!("an object is written above") };
        order
    }

    /// An order that the services take, or almost.
    fn order(&mut self) -> Map<String, Value> {
        let mut order = self.valid_order();
        order.insert("account".to_owned(), json!(self.customer()));
        if self.rng.u8(..3) == 0 {
            let name =
                ["free", "details", "lines", "labels", "status", "total", "unknown", "placed"];
            let name = self.pick(&name).to_owned();
            let value = self.value(0);
            order.insert(name, value);
        }
        order
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.rng.u8(..8) {
            0 if depth < 6 => (0..self.rng.usize(..5)).map(|_| self.value(depth + 1)).collect(),
            1 if depth < 6 => {
                let size = self.rng.usize(..5);
                let members = (0..size).map(|_| (self.text(), self.value(depth + 1)));
                Value::Object(members.collect())
            }
            2 => Value::Null,
            3 => json!(self.rng.bool()),
            4 => json!(self.rng.i64(..)),
            5 => json!(self.rng.f64()),
            _ => json!(self.text()),
        }
    }

    fn write(&mut self) -> Request {
        let order = self.order();
        let request =
            Request::new("write", "POST", "/order").json(Value::Object(order).to_string());
        match self.rng.u8(..8) {
            0 => request.header("idempotency-key", self.pick(&["a", "b", "", "é"])),
            1 => request.header("if-none-match", self.pick(&["*", "\"1\"", "W/\"1\"", "x"])),
            _ => request,
        }
    }

    fn parameters(&mut self) -> String {
        let count = self.rng.usize(..5);
        let mut pairs: Vec<String> = Vec::new();
        for _ in 0..count {
            let name = self.pick(PARAMETERS);
            let value = if self.rng.bool() { self.pick(VALUES).to_owned() } else { self.text() };
            pairs.push(format!("{}={}", encoded(name), encoded(&value)));
        }
        pairs.join("&")
    }

    /// A path of the document with its placeholders filled.
    fn filled(&mut self) -> String {
        let path = self.paths[self.rng.usize(..self.paths.len())].clone();
        let mut filled = String::new();
        for part in path.split('/').skip(1) {
            filled.push('/');
            if part.starts_with('{') {
                let text = match (part, self.rng.u8(..3)) {
                    (_, 0) => self.text(),
                    ("{account}", _) => self.customer(),
                    ("{status}", _) => "placed".to_owned(),
                    (_, _) => "2026-11-20T12:00:00Z".to_owned(),
                };
                filled.push_str(&encoded(&text));
            } else {
                filled.push_str(part);
            }
        }
        filled
    }

    fn read(&mut self) -> Request {
        let target = format!("{}?{}", self.filled(), self.parameters());
        Request::new("read", "GET", target)
    }

    /// A question that fans out over groups, stripes and windows.
    fn rollup(&mut self) -> Request {
        let rollup = self.pick(&["spend", "sales", "sales", "sales/ranks", "spend/ranks"]);
        let dimension = if rollup.starts_with("spend") { "account" } else { "product" };
        let prefix = &dimension[..1].replace('a', "c");
        let groups = match rollup.ends_with("ranks") {
            true => 0,
            false => [1, 1, 2, 10, 50, 100, 101][self.rng.usize(..7)],
        };
        let mut pairs: Vec<String> =
            (0..groups).map(|group| format!("{dimension}={prefix}{group}")).collect();
        pairs.push(format!("every={}", self.pick(&["minute", "day", "day", "month", "second"])));
        let (from, to) = [
            ("2026-11-20", "2026-11-21"),
            ("2026-11-01", "2026-12-01"),
            ("2000-01-01", "2030-01-01"),
            ("0001-01-01", "9999-12-31"),
        ][self.rng.usize(..4)];
        pairs.push(format!("from={from}&to={to}"));
        if self.rng.u8(..3) == 0 {
            let compare = self.pick(&["previous_period", "previous_year", "x"]);
            pairs.push(format!("compare={compare}"));
        }
        if self.rng.bool() {
            pairs.push(format!("limit={}", self.pick(&["1", "100", "1000", "10001"])));
        }
        if self.rng.u8(..3) == 0 {
            pairs.push("fill=zero".to_owned());
        }
        Request::new("rollup", "GET", format!("/rollups/{rollup}?{}", pairs.join("&")))
    }

    /// A list, its next page, or a cursor that does not belong to it.
    fn cursor(&mut self) -> Request {
        let lists = [
            "/order/c1?limit=2",
            "/order/c2?limit=2&order=desc",
            "/query/order/by_status/placed?limit=2",
            "/collections/all/c1?limit=2",
            "/rollups/spend?account=c1&every=day&from=2026-11-01&to=2026-12-01&limit=2",
            "/rollups/spend?account=c1&every=minute&from=2026-11-20&to=2026-11-21&limit=2",
            "/rollups/sales/ranks?every=day&from=2026-11-20&limit=2",
        ];
        let list = self.pick(&lists).to_owned();
        if self.cursors.is_empty() || self.rng.u8(..3) == 0 {
            return Request::new("list", "GET", list);
        }
        let (own_list, mut cursor) = self.cursors[self.rng.usize(..self.cursors.len())].clone();
        let list = match self.rng.u8(..4) {
            0 => list,
            1 => {
                let at = self.rng.usize(..cursor.len());
                let other = self.rng.alphanumeric();
                cursor.replace_range(at..=at, &other.to_string());
                own_list
            }
            2 => {
                let bytes: Vec<u8> = (0..self.rng.usize(..80)).map(|_| self.rng.u8(..)).collect();
                cursor = URL_SAFE_NO_PAD.encode(bytes);
                own_list
            }
            _ => own_list,
        };
        Request::new("cursor", "GET", format!("{list}&cursor={}", encoded(&cursor)))
    }

    /// A body that was right before bytes of it were changed.
    fn mutated(&mut self) -> Request {
        let mut body = Value::Object(self.order()).to_string().into_bytes();
        for _ in 0..self.rng.usize(1..6) {
            let at = self.rng.usize(..body.len());
            match self.rng.u8(..5) {
                0 => body[at] = self.rng.u8(..),
                1 => body.insert(at, b"\"{}[],:\\\0\xff"[self.rng.usize(..10)]),
                2 => body.truncate(at.max(1)),
                3 => drop(body.splice(at..at, *b"\\ud800")),
                _ => drop(body.splice(at..at, *b"\"account\":\"x\",")),
            }
        }
        let (method, target) = if self.rng.bool() {
            ("POST", "/order".to_owned())
        } else {
            (self.pick(&["PUT", "PATCH"]), "/account/c1".to_owned())
        };
        Request::new("mutated", method, target).json(body)
    }

    fn update(&mut self) -> Request {
        let customer = self.customer();
        let path = format!("/account/{}", encoded(&customer));
        let method = self.pick(&["PUT", "PATCH", "PATCH", "DELETE"]);
        let request = Request::new("update", method, path);
        if method == "DELETE" {
            return request;
        }
        let email = if self.rng.bool() { self.text() } else { customer.clone() };
        let body = match self.rng.u8(..5) {
            0 => json!({ "email": email, "version": self.rng.u8(..4) }),
            1 => json!({ "add": { "code": self.rng.i64(..) } }),
            2 => json!({ "set": { "secret": self.text() }, "remove": ["email"] }),
            3 if method == "PATCH" => json!({ "set": { "email": email, "tenant": self.text() } }),
            _ => json!({ "email": email, "tenant": self.text(), "code": 1 }),
        };
        let request = request.json(body.to_string());
        match self.rng.u8(..4) {
            0 => request.header("if-match", self.pick(&["\"1\"", "*", "\"999999999999\"", "1"])),
            _ => request,
        }
    }

    /// Batches, transactions and unique values.
    fn several(&mut self) -> Request {
        let (rows, is_valid) = (self.rng.usize(..40), self.rng.bool());
        let row = |_| Value::Object(if is_valid { self.valid_order() } else { self.order() });
        let rows: Vec<Value> = (0..rows).map(row).collect();
        match self.rng.u8(..4) {
            0 => Request::new("batch", "POST", "/batch/order").json(Value::from(rows).to_string()),
            1 => {
                let verb = self.pick(&["create", "put", "put", "patch"]);
                let action = |row| json!({ "action": verb, "entity": "order", "item": row });
                let actions: Vec<Value> = rows.into_iter().map(action).collect();
                Request::new("transaction", "POST", "/transactions")
                    .json(Value::from(actions).to_string())
            }
            2 => {
                let target = format!("/unique/account/email/{}", encoded(&self.text()));
                Request::new("unique", self.pick(&["GET", "PUT"]), target)
                    .json(json!({ "account": self.customer() }).to_string())
            }
            _ => {
                let key = |row: &Value| {
                    json!({ "account": row["account"], "placed": row["placed"],
                    "order": row["order"] })
                };
                let keys: Vec<Value> = rows.iter().map(key).collect();
                let target =
                    format!("/batch/order?keys={}", encoded(&Value::from(keys).to_string()));
                Request::new("batch read", "GET", target)
            }
        }
    }

    /// Headers that a browser, a proxy or a smuggler sends.
    fn headers(&mut self) -> Request {
        let order = Value::Object(self.order()).to_string();
        let request = Request::new("headers", "POST", "/order");
        let typed = |mut request: Request| {
            request.body = order.clone().into_bytes();
            request
        };
        match self.rng.u8(..10) {
            0 => request.header("host", "evil.example").json(order),
            1 => request.header("origin", "https://evil.example").json(order),
            2 => typed(request),
            3 => {
                let media_type = self.pick(MEDIA_TYPES);
                typed(request).header("content-type", media_type)
            }
            4 => {
                let mut request = Request::new("headers", "OPTIONS", "/order");
                request = request.header("origin", "https://evil.example");
                request.header("access-control-request-method", "DELETE")
            }
            5 => request.header("host", "127.0.0.1").header("host", "evil.example").json(order),
            6 => request.header("transfer-encoding", "chunked").json("0\r\n\r\nGET / HTTP/1.1\r\n"),
            7 => request.header("x-long", "x".repeat(self.rng.usize(..60_000))).json(order),
            8 => (0..self.rng.usize(..150))
                .fold(request, |request, n| request.header(&format!("x-{n}"), "1"))
                .json(order),
            _ => request.header("expect", "100-continue").json(order),
        }
    }

    fn path(&mut self) -> Request {
        let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "FOO"];
        let method = self.pick(&methods);
        let target = match self.rng.u8(..4) {
            0 => format!("/{}", self.text().replace([' ', '\r', '\n'], "_")),
            1 => format!("{}/{}", self.filled(), encoded(&self.text())),
            2 => format!("http://evil.example{}", self.filled()),
            _ => self.filled(),
        };
        Request::new("path", method, target)
    }

    /// As large as the services take, or a little larger.
    fn large(&mut self) -> Request {
        let names = |count: usize| (0..count).map(|n| (format!("n{n}"), json!(n)));
        let target = "/order/c1/2026-11-20T12:00:00Z/o1";
        match self.rng.u8(..12) {
            0 => {
                let set: Map<String, Value> =
                    (0..23_000).map(|n| (format!("free.m{n}"), json!(1))).collect();
                let patch = Request::new("23,000 paths", "PATCH", target);
                patch.json(json!({ "set": set }).to_string())
            }
            1 => {
                let free: Map<String, Value> = names(22_000).collect();
                let body = json!({ "set": { "free": free } }).to_string();
                Request::new("a wide map", "PATCH", target).json(body)
            }
            2 => {
                let rows: Vec<Value> = (0..500)
                    .map(|_| Value::Object(names(BATCH_BYTES / 500 / 15).collect()))
                    .collect();
                let batch = Request::new("unknown names", "POST", "/batch/order");
                batch.json(Value::from(rows).to_string())
            }
            3 => {
                let item = |n: usize| {
                    let set: Map<String, Value> =
                        (0..500).map(|m| (format!("free.m{m}"), json!(1))).collect();
                    json!({ "action": "patch", "entity": "order", "set": set, "key": {
                        "account": "c1", "placed": "2026-11-20T12:00:00Z",
                        "order": format!("o{n}") } })
                };
                let actions: Vec<Value> = (0..90).map(item).collect();
                let body = Value::from(actions).to_string();
                Request::new("a large transaction", "POST", "/transactions").json(body)
            }
            4 => {
                let body = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
                Request::new("depth", "POST", "/order").json(body)
            }
            5 => {
                let mut order = self.valid_order();
                order.insert("free".to_owned(), json!("x".repeat(ITEM_BYTES - 1_000)));
                let body = Value::Object(order).to_string();
                Request::new("a large item", "POST", "/order").json(body)
            }
            6 => {
                let labels: Vec<String> = (0..20_000).map(|n| format!("l{n}")).collect();
                let mut order = self.valid_order();
                order.insert("labels".to_owned(), json!(labels));
                let body = Value::Object(order).to_string();
                Request::new("a large set", "POST", "/order").json(body)
            }
            7 => {
                let filter: Map<String, Value> = names(500).collect();
                let text = encoded(&Value::Object(filter).to_string());
                Request::new("a large filter", "GET", format!("/order/c1?where={text}"))
            }
            8 => {
                let name = "n".repeat(ITEM_BYTES / 2);
                let body = json!({ name: 1 }).to_string();
                Request::new("a long name", "POST", "/order").json(body)
            }
            9 => {
                let rows: Vec<Value> =
                    (0..500).map(|_| Value::Object(self.valid_order())).collect();
                let body = Value::from(rows).to_string();
                Request::new("a full batch", "POST", "/batch/order").json(body)
            }
            10 => {
                let pairs: Vec<String> = (0..6_000).map(|n| format!("a{n}=1")).collect();
                Request::new("parameters", "GET", format!("/order/c1?{}", pairs.join("&")))
            }
            _ => {
                let number = "9".repeat(ITEM_BYTES - 1_000);
                let body = format!("{{\"account\":\"c1\",\"total\":{number}}}");
                Request::new("a long number", "POST", "/order").json(body)
            }
        }
    }
}
