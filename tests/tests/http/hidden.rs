//! Hidden values reach no caller: a definition that puts hidden attributes on every surface that
//! `weir check` accepts, and requests of every kind, by the OpenAPI document.
//!
//! Each hidden value has a marker in it. No answer may have a marker: neither in its body nor in
//! its headers, nor in what base64 hides; and no line of the log.

use std::io;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use fastrand::Rng;
use serde_json::{Value, json};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use weir_testing::fixture::fixture;
use weir_testing::json::object;

use crate::http::shop::{Reply, Shop, encoded};

/// What every hidden text has in it.
const MARKER: &str = "MARKER-9f31";
/// A hidden number, and a hidden time.
const PIN: u64 = 718_293_645;
const EXPIRES: u64 = 4_102_517_293;

/// What is logged, for a test to read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no writer panics").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The texts that tell a marker: as it is, and as base64 has it behind any bytes.
fn tells(bytes: &[u8]) -> Option<String> {
    let mut texts: Vec<Vec<u8>> = Vec::new();
    for text in [MARKER.to_owned(), PIN.to_string(), EXPIRES.to_string()] {
        for offset in 0..3 {
            let behind = [&[0; 2][..offset], text.as_bytes()].concat();
            // Without the characters that have bits of what stands around the text.
            let all = STANDARD_NO_PAD.encode(behind);
            texts
                .push(all.as_bytes()[2 * usize::from(offset > 0) + offset..all.len() - 2].to_vec());
        }
        texts.push(text.into_bytes());
    }
    let found = texts.iter().find(|text| bytes.windows(text.len()).any(|window| window == **text));
    found.map(|text| String::from_utf8_lossy(text).into_owned())
}

fn person(team: &str, id: usize) -> Value {
    json!({
        "team": team, "id": id.to_string(), "secret": format!("{MARKER}-secret"), "pin": PIN,
        "codes": [format!("{MARKER}-code")], "at": format!("2026-11-{:02}T10:00:00Z", id + 1),
        "points": id, "card": { "number": format!("{MARKER}-card") },
        "lines": [{ "sku": "a", "cost": format!("{MARKER}-cost") }],
        "state": if id.is_multiple_of(3) { "old" } else { "new" },
    })
}

async fn vault() -> Shop {
    let shop = Shop::with_definition(&fixture("vault")).await;
    fill(&shop).await;
    for team in ["north", "south"] {
        let people: Vec<Value> = (0..5).map(|id| person(team, id)).collect();
        shop.count("person", &people).await;
    }
    shop
}

/// Writes every item, or writes it again where a request deleted it.
async fn fill(shop: &Shop) {
    for team in ["north", "south"] {
        let people: Vec<Value> = (0..5).map(|id| person(team, id)).collect();
        shop.load("person", &people).await;
        shop.load("team", &[json!({ "name": team })]).await;
    }
    // Two on a floor: the cursor between them is made from their hidden keys.
    let safe = |code: &str| json!({ "code": format!("{MARKER}-{code}"), "floor": 3 });
    shop.load("safe", &["secret", "second"].map(safe)).await;
    shop.load("session", &[json!({ "name": "s", "expires": EXPIRES })]).await;
    for login in ["ann", "bob"] {
        let token = format!("{MARKER}-{login}");
        let user = json!({ "login": login, "mail": login, "token": token, "team": "north" });
        // Another user may have taken a value that is unique by then.
        let reply = shop.send("POST", "/user", user).await;
        assert!(matches!(reply.status, 201 | 409), "{}", reply.text);
    }
}

/// One of the values that a parameter of a path or of a query may have.
fn value(name: &str, random: &mut Rng) -> String {
    let values: &[&str] = match name {
        "team" | "name" => &["north", "south", "north", "s"],
        "id" => &["0", "1", "4", "9"],
        "floor" => &["3", "4"],
        "login" | "mail" => &["ann", "bob", "eve"],
        // The caller who asks by a hidden value knows it.
        "secret" | "code" => &["MARKER-9f31-secret", "guess"],
        "limit" => &["1", "2", "1", "2", "0"],
        "order" => &["asc", "desc", "up"],
        "select" => &["id", "id,secret", "team,state,card", "lines", "pin", "extra"],
        "where" => &[
            r#"{"state":"new"}"#,
            r#"{"secret":{"gt":"A"}}"#,
            r#"{"pin":{"gt":1}}"#,
            r#"{"card":{"exists":true}}"#,
            r#"{"lines[0].cost":"x"}"#,
            r#"{"lines":[]}"#,
            r#"{"extra.note":{"exists":true}}"#,
            r#"{"points":{"gt":1}}"#,
        ],
        "include" => &["safe", "team_of", "people", "people.safe", "safe,team_of.people"],
        "count" | "consistent" | "create" => &["true", "false"],
        "return" => &["item", "nothing"],
        "from" => &["2026-11-01", "2026-11-03", "1"],
        "to" => &["2026-11-04", "2026-12-01", "3"],
        "begins_with" | "eq" | "gt" | "gte" | "lt" | "lte" => &["1", "3", ""],
        "between" => &["1,3", "0,9"],
        "every" => &["day", "all", "month"],
        "measures" => &["people", "with_pin,share", "pin"],
        "fill" => &["zero", "previous", "null"],
        "compare" => &["previous", "year"],
        "neighbours" => &["1", "2"],
        "format" => &["csv", "ndjson", "json"],
        "keys" => &[
            r#"[{"team":"north","id":"1"},{"team":"north","id":"77"}]"#,
            r#"[{"login":"ann"}]"#,
            r#"[{"name":"north"},{"name":"s"}]"#,
            r#"[{"code":"MARKER-9f31-secret"}]"#,
        ],
        "items" => &[
            r#"[{"entity":"person","key":{"team":"north","id":"1"}},{"entity":"user","key":{"login":"ann"}}]"#,
            r#"[{"entity":"session","key":{"name":"s"}}]"#,
        ],
        _ => &["north", "1", "true"],
    };
    random.choice(values).expect("there are values").to_string()
}

/// One of the bodies of writes: those that are done, and those that are not.
fn body(random: &mut Rng) -> Value {
    let failing = json!({ "state": "gone" });
    let bodies = [
        person("north", 1),
        json!({ "login": "ann", "mail": "ann" }),
        json!({ "login": "cid", "mail": "bob" }),
        json!({ "login": "dan", "token": format!("{MARKER}-ann") }),
        json!({ "mail": "x", "token": format!("{MARKER}-bob") }),
        json!({ "name": "s" }),
        json!({ "team": "north", "id": "1", "secret": 7 }),
        json!({ "set": { "state": "old" } }),
        json!({ "set": { "state": "old" }, "where": failing }),
        json!({ "set": { "state": "old" }, "where": { "secret": { "gt": "A" } } }),
        json!({ "add": { "pin": 281_706_354 } }),
        json!({ "add": { "pin": 281_706_355 } }),
        json!({ "subtract": { "pin": 1 } }),
        json!({ "add": { "points": 99 } }),
        json!({ "delete": { "codes": ["x"] }, "append": { "lines": [{ "sku": "b" }] } }),
        json!({ "append": { "codes": ["x"] } }),
        json!({ "remove": ["secret", "card"] }),
        json!([person("north", 2), { "team": "north" }, { "team": 1 }]),
        json!([
            { "action": "update", "entity": "person", "key": { "team": "north", "id": "1" },
              "set": { "state": "old" }, "where": { "state": "gone" } },
            { "action": "check", "entity": "person", "key": { "team": "north", "id": "2" },
              "where": { "state": "gone" } },
        ]),
        json!([{ "action": "create", "entity": "user", "item": { "login": "ann",
            "mail": "bob" } }]),
        json!([{ "action": "create", "entity": "user", "item": { "login": "fay",
            "token": format!("{MARKER}-ann") } }]),
        json!([{ "action": "update", "entity": "person", "key": { "team": "north", "id": "1" },
            "add": { "pin": 1 } }]),
        json!([{ "action": "put", "entity": "person", "item": person("south", 3) },
            { "action": "delete", "entity": "user", "key": { "login": "eve" } }]),
        json!({ "actions": [{ "action": "check", "entity": "person", "key": { "team": "north",
            "id": "1" }, "where": { "pin": 1 } }] }),
    ];
    random.choice(bodies).expect("there are bodies")
}

const HEADERS: [&[(&str, &str)]; 7] = [
    &[],
    &[],
    &[("accept", "application/vnd.dynamodb+json")],
    &[("accept", "text/csv")],
    &[("if-match", "\"99\"")],
    &[("if-none-match", "*")],
    &[("idempotency-key", "once")],
];

/// Fails if an answer tells a hidden value that its request does not have. Returns the cursor.
fn check(request: &str, reply: &Reply) -> Option<String> {
    let headers = format!("{:?}", reply.headers);
    // What a caller sent may be repeated to that caller where it is rejected.
    if tells(request.as_bytes()).is_none() || reply.status < 400 {
        assert_eq!(tells(reply.text.as_bytes()), None, "{request}\n{}", reply.text);
        assert_eq!(tells(headers.as_bytes()), None, "{request}\n{headers}");
    }
    assert!(reply.status < 500, "{request}\n{}", reply.text);
    let json: Value = serde_json::from_str(&reply.text).ok()?;
    json["cursor"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn no_answer_and_no_line_of_the_log_tells_a_hidden_value() {
    let log = Log::default();
    let filter = EnvFilter::new("info,web=trace,reader=trace,writer=trace,table=trace,model=trace");
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_env_filter(filter);
    let _logging = tracing::subscriber::set_default(subscriber.finish());
    let shop = vault().await;
    let document = shop.get("/openapi.json").await;
    check("/openapi.json", &document);
    let document = document.json();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let named = |place: &str| -> Vec<String> {
                let in_place = parameters.iter().filter(|known| known["in"] == place);
                in_place.filter_map(|known| known["name"].as_str().map(str::to_owned)).collect()
            };
            operations.push((method.to_uppercase(), path.clone(), named("path"), named("query")));
        }
    }
    assert!(operations.len() > 40, "{}", operations.len());
    let reads: Vec<_> = operations.iter().filter(|(method, ..)| method == "GET").cloned().collect();
    let mut random = Rng::with_seed(8);
    let (mut answered, mut cursors) = (0, 0);
    for turn in 0..1500 {
        if turn % operations.len() == 0 {
            fill(&shop).await;
        }
        // Reads more often than writes, once every operation was asked.
        let reads = (turn > operations.len() * 3 && !turn.is_multiple_of(3)).then_some(&reads);
        let pool = reads.unwrap_or(&operations);
        let (method, template, path_names, query_names) = &pool[turn % pool.len()];
        // Once each as it is, so that every operation is answered as it usually is.
        let is_plain = turn < operations.len() * 3;
        let path = path_names.iter().fold(template.clone(), |path, name| {
            path.replace(&format!("{{{name}}}"), &encoded(&value(name, &mut random)))
        });
        let is_asked = |random: &mut Rng, name: &str| match name {
            "keys" | "items" => true,
            "limit" => random.u8(..4) > 0,
            _ => !is_plain && random.u8(..20) == 0,
        };
        let mut query = Vec::new();
        for name in query_names.iter().filter(|name| *name != "cursor") {
            if is_asked(&mut random, name) {
                query.push(format!("{name}={}", encoded(&value(name, &mut random))));
            }
        }
        let body = if method == "GET" { Value::from("") } else { body(&mut random) };
        let headers = HEADERS[if is_plain { 0 } else { random.usize(..HEADERS.len()) }];
        let target = format!("{path}?{}", query.join("&"));
        let reply = shop.send_with(headers, method, &target, &body).await;
        let request = format!("{method} {path} {query:?} {body} {headers:?}");
        let told = percent_encoding::percent_decode_str(&request).decode_utf8_lossy().into_owned();
        answered += usize::from(reply.status < 300);
        if let Some(cursor) = check(&told, &reply) {
            cursors += 1;
            let next =
                shop.send_with(headers, method, &format!("{target}&cursor={cursor}"), &body).await;
            assert_eq!(next.status, 200, "{request}: {}", next.text);
            check(&told, &next);
        }
    }
    assert!(answered > 400 && cursors > 30, "{answered} answered, {cursors} cursors");
    let log = log.0.lock().expect("no writer panics");
    assert!(log.len() > 10_000, "{} bytes are logged", log.len());
    let text = String::from_utf8_lossy(&log);
    let line = text.lines().find(|line| tells(line.as_bytes()).is_some());
    assert_eq!(line, None);
}

#[tokio::test]
async fn whether_a_relative_change_of_a_hidden_value_fits_is_not_told() {
    let shop = vault().await;
    let change = |verb: &str, path: &str, by: Value| json!({ (verb): { (path): by } });
    for update in [
        change("add", "pin", json!(281_706_354)),
        change("add", "pin", json!(281_706_355)),
        change("subtract", "pin", json!(1)),
        change("add", "codes", json!(["x"])),
    ] {
        let reply = shop.send("PATCH", "/person/north/1", &update).await;
        assert_eq!(reply.problem(), (400, "validation".to_owned()), "{update}");
        assert!(reply.text.contains("is hidden and has limits"), "{}", reply.text);
        let action = json!({ "action": "update", "entity": "person", "key": { "team": "north",
            "id": "1" } });
        let mut action = object(&action).clone();
        action.extend(object(&update).clone());
        let reply = shop.send("POST", "/transactions", json!([action])).await;
        assert_eq!(reply.problem(), (400, "validation".to_owned()), "{}", reply.text);
    }
    let set = shop.send("PATCH", "/person/north/1", json!({ "set": { "pin": 5 } })).await;
    assert_eq!(set.status, 200, "{}", set.text);
    let points = shop.send("PATCH", "/person/north/1", json!({ "add": { "points": 1 } })).await;
    assert_eq!(points.status, 200, "{}", points.text);
}

/// The check of this file finds what it looks for.
#[test]
fn a_marker_is_found_as_it_is_and_in_base64() {
    for before in ["", "a", "ab", "abc", "K#"] {
        for after in ["", "z", "zz"] {
            let text = format!("{before}{MARKER}-x{after}");
            let in_base64 = STANDARD_NO_PAD.encode(&text);
            assert!(tells(text.as_bytes()).is_some());
            assert!(tells(in_base64.as_bytes()).is_some(), "{text}: {in_base64}");
        }
    }
    assert_eq!(tells(b"a page of items without one"), None);
}
