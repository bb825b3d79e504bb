//! Timestamps that are written in another form than the definition says: they are compared as the
//! instants that they are.

use jiff::Timestamp;
use serde_json::{Value, json};
use weir_model::condition;
use weir_table::Error;
use weir_testing::fixture::fixture;

use crate::foreign_values::world::{World, encoded, names};

/// In UTC, so that their keys sort in the order of their seconds.
const UTC: [&str; 9] = [
    "2026-03-01T11:59:59.999Z",
    "2026-03-01T12:00:00.000Z",
    "2026-03-01T12:00:00Z",
    "2026-03-01T12:00:00+00:00",
    "2026-03-01T12:00:00+0000",
    "2026-03-01T12:00:00.000000Z",
    "2026-03-01T12:00:00.250Z",
    "2026-03-01T12:00:00.250400+00:00",
    "2026-03-01T12:00:01+0000",
];
/// Of noon in UTC, and with the length of the declared form.
const OTHERS: [&str; 2] = ["2026-03-01T14:00:00+02:00", "2026-03-01T11:00:00-0100"];
const OPERANDS: [&str; 4] = [
    "2026-03-01T12:00:00.000Z",
    "2026-03-01T12:00:00.250Z",
    "2026-03-01T13:00:01+01:00",
    "2026-03-01T11:59:59.999Z",
];

fn instant(text: &str) -> Timestamp {
    text.parse().expect(text)
}

/// Puts an event as another program does, with its own text in the key of the index; returns its
/// id.
async fn put(world: &World, number: usize, at: Option<&str>) -> String {
    let id = format!("{number:02}");
    let mut item = json!({ "id": { "S": id }, "day": { "S": "1" }, "GSI1PK": { "S": "DAY#1" } });
    if let Some(at) = at {
        item["at"] = json!({ "S": at });
        item["GSI1SK"] = json!({ "S": format!("AT#{at}") });
    }
    world.put("event", [&format!("EVENT#{id}"), "EVENT"], item).await;
    id
}

/// A condition on a time, and whether it holds of one that is stored or absent.
type Condition = (Value, Box<dyn Fn(Option<Timestamp>) -> bool>);

fn conditions() -> Vec<Condition> {
    let mut all: Vec<Condition> = Vec::new();
    for text in OPERANDS {
        let operand = instant(text);
        let of = move |test: fn(&Timestamp, &Timestamp) -> bool| {
            move |at: Option<Timestamp>| at.is_some_and(|at| test(&at, &operand))
        };
        let (low, high) = (instant(OPERANDS[0]), instant(OPERANDS[2]));
        all.extend::<[Condition; 9]>([
            (json!({ "at": text }), Box::new(of(Timestamp::eq))),
            (json!({ "at": { "ne": text } }), Box::new(move |at| at != Some(operand))),
            (json!({ "at": { "lt": text } }), Box::new(of(Timestamp::lt))),
            (json!({ "at": { "lte": text } }), Box::new(of(Timestamp::le))),
            (json!({ "at": { "gt": text } }), Box::new(of(Timestamp::gt))),
            (json!({ "at": { "gte": text } }), Box::new(of(Timestamp::ge))),
            (
                json!({ "not": { "at": { "lt": text } } }),
                Box::new(move |at| at.is_none_or(|at| at >= operand)),
            ),
            (
                json!({ "or": [{ "note": "x" }, { "not": { "at": { "ne": text } } }] }),
                Box::new(move |at| at == Some(operand)),
            ),
            (
                json!({ "at": { "between": [OPERANDS[0], OPERANDS[2]], "ne": text } }),
                Box::new(move |at| at.is_some_and(|at| low <= at && at <= high && at != operand)),
            ),
        ]);
    }
    let both = [instant(OPERANDS[1]), instant(OPERANDS[3])];
    let one_of: Condition = (
        json!({ "at": [OPERANDS[1], OPERANDS[3]] }),
        Box::new(move |at| at.is_some_and(|at| both.contains(&at))),
    );
    all.push(one_of);
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_compares_instants_however_they_are_written() {
    let world = World::open(&fixture("events")).await;
    let table = &world.system.table;
    let entity = table.model().entity("event").expect("it is defined");
    let forms = UTC.iter().chain(&OTHERS).copied().map(Some).chain([None]);
    let mut stored = Vec::new();
    for (number, at) in forms.enumerate() {
        stored.push((put(&world, number, at).await, at));
    }
    for (json, holds) in conditions() {
        let predicate = condition::parse(entity, &json).expect("a condition");
        for (id, at) in &stored {
            let key = entity.key_from_text(&[("id", id)]).expect("a key");
            let expected = holds(at.map(instant));
            match table.check(entity, &key, &predicate).await {
                Ok(()) if expected => {}
                Err(Error::ConditionFailed { .. }) if !expected => {}
                other => panic!("{json} of {at:?}, expected {expected}: {other:?}"),
            }
        }
        let found =
            world.get(&format!("/query/event/by_day/1?limit=100&where={}", encoded(&json))).await;
        let is_listed = |(_, at): &&(String, Option<&str>)| at.is_some() && holds(at.map(instant));
        let mut expected: Vec<_> =
            stored.iter().filter(is_listed).map(|(id, _)| id.clone()).collect();
        let mut listed = names(&found, "id");
        expected.sort();
        listed.sort();
        assert_eq!(listed, expected, "{json}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_write_can_depend_on_a_time_in_another_form() {
    let world = World::open(&fixture("events")).await;
    let noon = json!({ "at": "2026-03-01T12:00:00Z", "day": "1" });
    let parameter = encoded(&noon);
    for at in ["2026-03-01T12:00:00+00:00", "2026-03-01T14:00:00+02:00"] {
        let later = encoded(&json!({ "at": { "gt": "2026-03-01T12:00:00Z" } }));
        put(&world, 1, Some(at)).await;
        let (status, answer) =
            world.send("DELETE", &format!("/event/01?where={later}"), json!(null)).await;
        assert_eq!((status, &answer["current"]["at"]), (412, &json!(at)), "{answer}");
        let patch = json!({ "set": { "note": "a" }, "where": noon });
        assert_eq!(world.send("PATCH", "/event/01", patch).await.0, 200);
        let action = json!([{ "action": "patch", "entity": "event", "key": { "id": "01" },
            "set": { "note": "b" }, "where": noon }]);
        let (status, answer) = world.send("POST", "/transactions", action).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(world.get("/event/01").await["note"], "b");
        let put_at = format!("/event/01?where={parameter}");
        let whole = json!({ "day": "1", "at": at, "note": "c" });
        assert_eq!(world.send("PUT", &put_at, whole).await.0, 200);
        put(&world, 1, Some(at)).await;
        let (status, _) = world.send("DELETE", &put_at, json!(null)).await;
        assert_eq!(status, 204, "{at}");
    }
}

/// A range of a list: its parameters, and whether an instant is in it.
type Range = (&'static [(&'static str, &'static str)], fn(Timestamp) -> bool);

const RANGES: [Range; 8] = [
    (&[("eq", "2026-03-01T12:00:00Z")], |at| at == noon()),
    (&[("begins_with", "2026-03-01T12:00:00.000Z")], |at| at == noon()),
    (&[("from", "2026-03-01T12:00:00Z")], |at| at >= noon()),
    (&[("gt", "2026-03-01T12:00:00Z")], |at| at > noon()),
    (&[("to", "2026-03-01T12:00:00Z")], |at| at < noon()),
    (&[("lte", "2026-03-01T12:00:00.250Z")], |at| at <= instant("2026-03-01T12:00:00.250Z")),
    (&[("from", "2026-03-01T12"), ("to", "2026-03-01T12:00:01Z")], |at| {
        at >= noon() && at < instant("2026-03-01T12:00:01Z")
    }),
    (&[("between", "2026-03-01T11:59:59.999Z,2026-03-01T12:00:00Z")], |at| at <= noon()),
];

fn noon() -> Timestamp {
    instant("2026-03-01T12:00:00Z")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_of_an_index_has_the_instants_that_are_in_it() {
    let world = World::open(&fixture("events")).await;
    let mut stored = Vec::new();
    for (number, at) in UTC.iter().enumerate() {
        stored.push((put(&world, number, Some(at)).await, instant(at)));
    }
    for (given, is_in) in RANGES {
        let given: Vec<_> = given.iter().map(|(name, text)| format!("{name}={text}")).collect();
        let path = format!("/query/event/by_day/1?{}", given.join("&"));
        let mut expected: Vec<_> =
            stored.iter().filter(|(_, at)| is_in(*at)).map(|(id, _)| id.clone()).collect();
        expected.sort();
        let counted = world.get(&format!("{path}&count=true")).await;
        assert_eq!(counted["count"], expected.len(), "{path}");
        for form in ["limit=100", "limit=2&order=desc", "limit=1&select=id"] {
            let mut listed = Vec::new();
            let mut cursor = String::new();
            loop {
                let page = world.get(&format!("{path}&{form}{cursor}")).await;
                listed.extend(names(&page, "id"));
                let Some(next) = page["cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            listed.sort();
            assert_eq!(listed, expected, "{path}&{form}");
        }
        let selected = world.get(&format!("{path}&select=id")).await;
        assert_eq!(selected["items"][0], json!({ "id": selected["items"][0]["id"] }), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_definition_says_how_offsets_are_written() {
    let offset = |offset: &str| {
        let declared = format!(
            "at   = {{ type = \"timestamp\", precision = \"second\", offset = \"{offset}\" }}"
        );
        fixture("events").replace("at   = { type = \"timestamp\" }", &declared)
    };
    for (name, text) in [
        ("Z", "2026-03-01T12:00:00Z"),
        ("+00:00", "2026-03-01T12:00:00+00:00"),
        ("+0000", "2026-03-01T12:00:00+0000"),
    ] {
        let world = World::open(&offset(name)).await;
        let event = json!({ "id": "1", "day": "1", "at": "2026-03-01T13:00:00+01:00" });
        let (status, answer) = world.send("POST", "/event", event).await;
        assert_eq!((status, &answer["at"]), (201, &json!(text)), "{answer}");
        assert_eq!(world.stored().await[0]["GSI1SK"], json!({ "S": format!("AT#{text}") }));
        put(&world, 2, Some("2026-03-01T12:00:00.5Z")).await;
        for (range, expected) in [
            ("eq=2026-03-01T12:00:00Z", vec!["1"]),
            ("from=2026-03-01T12:00:00Z", vec!["1", "02"]),
            ("begins_with=2026-03-01T12", vec!["1", "02"]),
            ("to=2026-03-01T12:00:00Z", vec![]),
        ] {
            let mut found =
                names(&world.get(&format!("/query/event/by_day/1?{range}")).await, "id");
            found.sort_by_key(String::len);
            assert_eq!(found, expected, "{name} {range}");
        }
    }
    let world = World::open(&offset("any")).await;
    put(&world, 1, Some(OTHERS[0])).await;
    let (status, answer) = world.system.http.get("/query/event/by_day/1?from=2026").await;
    assert_eq!((status, &answer["type"]), (400, &json!("/problems/bad-query")), "{answer}");
    let at = encoded(&json!({ "at": "2026-03-01T12:00:00Z" }));
    let found = world.get(&format!("/query/event/by_day/1?where={at}")).await;
    assert_eq!(names(&found, "id"), ["01"], "conditions compare instants");
}
