//! What was put is listed, in whichever form the keys have it: every format in the partition key
//! with every format in the sort key, of the table and of indexes, compared with a recount of the
//! items.
//!
//! ```text
//! PK = "E7#{v:month}"   SK = "{v}#{id}"        /e7/2026-03   /e7/2026-03-01T00:00:00.000Z
//! GSI1PK, GSI1SK        the same               /query/e7/GSI1/2026-03
//! GSI2PK = "…{v:month}" GSI2SK = "{v}"         /query/e7/GSI2/2026-03
//! ```
//!
//! Each list is read in pages, counted, read through a relation, as a collection, and from Rust.

use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use weir_testing::dynamodb::TestDynamo;
use weir_testing::system::System;

/// How many items of an entity are put.
const ITEMS: usize = 4;
/// The most items of a page, so that there are several.
const LIMIT: usize = 2;

/// An attribute, the formats that its type takes, and values that meet in them.
struct Kind {
    attribute: &'static str,
    formats: &'static [&'static str],
    values: fn(&mut fastrand::Rng) -> Value,
}

const TIMES: [&str; 8] = [
    "2025-12-31T23:59:59.999Z",
    "2026-01-01T00:00:00.000Z",
    "2026-02-28T23:59:59.000Z",
    "2026-03-01T00:00:00.000Z",
    "2026-03-01T00:00:59.000Z",
    "2026-03-01T00:01:00.000Z",
    "2026-03-01T01:00:00.000Z",
    "2026-03-31T23:59:59.999Z",
];

const TIME: Kind = Kind {
    attribute: "type = \"timestamp\"",
    formats: &["", "year", "month", "day", "hour", "minute", "lower", "upper"],
    values: |random| json!(one(random, &TIMES)),
};
const EPOCH: Kind = Kind {
    attribute: "type = \"timestamp\", format = \"epoch\"",
    formats: &["", "year", "month", "minute", "012", "desc012"],
    values: |random| {
        let instant: Timestamp = one(random, &TIMES).parse().expect("a time");
        json!(instant.as_second())
    },
};
const INTEGER: Kind = Kind {
    attribute: "type = \"integer\"",
    formats: &["", "06", "desc06"],
    values: |random| json!([0, 7, 70, 999_992, 999_999][random.usize(..5)]),
};
const STRING: Kind = Kind {
    attribute: "type = \"string\", pattern = \"^[^b]\"",
    formats: &["", "lower", "upper"],
    values: |random| {
        json!(one(random, &["Ann", "ann", "ANN", "Straße", "STRASSE", "a#%/?", "ΟΔΟΣ"]))
    },
};
const LOWER: Kind = Kind {
    attribute: "type = \"string\", lower = true",
    formats: &["", "lower", "upper"],
    values: |random| json!(one(random, &["ann", "bob", "ü"])),
};
const ENUM: Kind = Kind {
    attribute: "type = \"enum\", values = [\"Open\", \"open\", \"Closed\"]",
    formats: &["", "lower", "upper"],
    values: |random| json!(one(random, &["Open", "open", "Closed"])),
};
const BOOLEAN: Kind = Kind {
    attribute: "type = \"boolean\"",
    formats: &["", "lower", "upper"],
    values: |random| json!(random.bool()),
};

fn one<'a>(random: &mut fastrand::Rng, values: &[&'a str]) -> &'a str {
    values[random.usize(..values.len())]
}

/// An entity: the formats of `v` in its partition keys and in its sort keys.
struct Entity<'a> {
    name: String,
    partition: &'a str,
    sort: &'a str,
}

fn entities(kind: &Kind) -> Vec<Entity<'_>> {
    let pairs = kind.formats.iter().flat_map(|one| kind.formats.iter().map(move |two| (one, two)));
    let of = |(number, (partition, sort)): (usize, (&&'static str, &&'static str))| Entity {
        name: format!("e{number}"),
        partition,
        sort,
    };
    pairs.enumerate().map(of).collect()
}

fn definition(kind: &Kind) -> String {
    let mut text = String::from("[table]\nname = \"forms\"\n");
    for index in ["GSI1", "GSI2"] {
        text += &format!(
            "[table.indexes.{index}]\npartition_key = \"{index}PK\"\nsort_key = \"{index}SK\"\n"
        );
    }
    for Entity { name, partition, sort } in entities(kind) {
        let field = |format: &str| match format {
            "" => "{v}".to_owned(),
            format => format!("{{v:{format}}}"),
        };
        let (partition, sort) = (field(partition), field(sort));
        text += &format!(
            "[entities.{name}]\ncollections = [\"c_{name}\"]\n\
             PK = \"{name}#{partition}\"\nSK = \"{sort}#{{id}}\"\n\
             GSI1PK = \"{name}#{partition}\"\nGSI1SK = \"{sort}#{{id}}\"\n\
             GSI2PK = \"{name}#{partition}\"\nGSI2SK = \"{sort}\"\n\
             [entities.{name}.attributes]\n\
             id = {{ type = \"string\", required = true }}\nv = {{ {}, required = true }}\n\
             [entities.{name}.relations.near]\nto = \"{name}\"\nmany = true\npattern = \
             \"GSI1\"\nlimit = {LIMIT}\n",
            kind.attribute
        );
    }
    text
}

/// What a format writes of a value: a second opinion, made of texts.
fn written(format: &str, value: &Value) -> String {
    let plain = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let cut = |characters: usize| {
        let time = value
            .as_i64()
            .map(|second| Timestamp::from_second(second).expect("a time").to_string());
        time.unwrap_or(plain.clone())[..characters].to_owned()
    };
    match format {
        "" => plain,
        "lower" => plain.to_lowercase(),
        "upper" => plain.to_uppercase(),
        "year" => cut(4),
        "month" => cut(7),
        "day" => cut(10),
        "hour" => cut(13),
        "minute" => cut(16),
        padded => {
            let width: usize = padded.trim_start_matches("desc").parse().expect("a width");
            let number: i64 = plain.parse().expect("a number");
            let greatest: i64 = "9".repeat(width).parse().expect("a number");
            let number = if padded.starts_with("desc") { greatest - number } else { number };
            format!("{number:0width$}")
        }
    }
}

/// The texts by which a path may give a value: in full, and as the key has it.
fn given(format: &str, value: &Value) -> Vec<String> {
    let mut texts = vec![written("", value)];
    // A reversed number would be another number.
    if !format.is_empty() && !format.starts_with("desc") {
        texts.push(written(format, value));
    }
    texts
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn ids(items: &Value) -> Vec<String> {
    let items = items.as_array().unwrap_or_else(|| panic!("{items} is not a list"));
    items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
}

/// The ids of a list, page by page.
async fn listed(system: &System, path: &str, member: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let separator = if path.contains('?') { '&' } else { '?' };
        let asked = format!("{path}{separator}limit={LIMIT}{cursor}");
        let (status, page) = system.http.get(&asked).await;
        assert_eq!(status, 200, "{asked}: {page}");
        found.extend(ids(&page[member]));
        match page["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}

/// The ids of the items of which something holds, in the order of their sort keys.
fn recount(items: &[Value], sort: &str, holds: impl Fn(&Value) -> bool) -> Vec<String> {
    let mut found: Vec<_> = items.iter().filter(|item| holds(&item["v"])).collect();
    found.sort_by_key(|item| {
        format!(
            "{}#{}",
            written(sort, &item["v"]).replace('%', "%25").replace('#', "%23"),
            item["id"]
        )
    });
    found.iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
}

async fn assert_listed(system: &System, entity: &Entity<'_>, items: &[Value]) {
    let Entity { name, partition, sort } = entity;
    let typed = system.table.entity::<Map<String, Value>>(name).expect("an entity");
    for item in [&items[0], &items[ITEMS - 1]] {
        let value = &item["v"];
        let expected =
            recount(items, sort, |other| written(partition, other) == written(partition, value));
        let at = |text: &str| format!("{name}: {{v:{partition}}} / {{v:{sort}}} by {text}");
        for text in given(partition, value) {
            let part = escaped(&text);
            assert_eq!(
                listed(system, &format!("/{name}/{part}"), "items").await,
                expected,
                "{}",
                at(&text)
            );
            let by_index = format!("/query/{name}/GSI1/{part}");
            assert_eq!(listed(system, &by_index, "items").await, expected, "{}", at(&text));
            let alone = listed(system, &format!("/query/{name}/GSI2/{part}"), "items").await;
            assert_eq!(sorted(alone), sorted(expected.clone()), "{}", at(&text));
            let collected = listed(system, &format!("/collections/c_{name}/{part}"), name).await;
            assert_eq!(collected, expected, "{}", at(&text));
            let (_, counted) = system.http.get(&format!("/{name}/{part}?count=true")).await;
            assert_eq!(counted["count"], expected.len(), "{}", at(&text));
            let json = if text == written("", value) { value.clone() } else { json!(text) };
            let own = typed.partition(&json!({ "v": json })).expect("a partition").all().await;
            let index = typed.list("GSI1", &json!({ "v": json })).expect("a list").all().await;
            for found in [own.expect("read"), index.expect("read")] {
                assert_eq!(ids(&json!(found)), expected, "{} from Rust", at(&text));
            }
        }
        let key = json!({ "v": value, "id": item["id"] });
        let whole = typed.partition(&key).expect("a partition").all().await.expect("read");
        assert_eq!(ids(&json!(whole)), [item["id"].as_str().expect("an id")], "{key}");
        let path = format!(
            "/{name}/{}/{}",
            escaped(&written("", value)),
            item["id"].as_str().expect("an id")
        );
        let (status, mut answer) = system.http.get(&format!("{path}?include=near")).await;
        assert_eq!(status, 200, "{path}: {answer}");
        let near = answer.as_object_mut().expect("an item").remove("near").expect("a relation");
        let mut found = ids(&near["items"]);
        if let Some(cursor) = near["cursor"].as_str() {
            let part = escaped(&written("", value));
            let rest = format!("/query/{name}/GSI1/{part}?cursor={cursor}");
            let (status, page) = system.http.get(&rest).await;
            assert_eq!(status, 200, "{rest}: {page}");
            found.extend(ids(&page["items"]));
        }
        assert_eq!((&answer, found), (item, expected), "{path}");
    }
}

/// Puts items of every entity of a kind, and lists them in every way.
async fn assert_kind(kind: &Kind, seed: u64) -> (System, Vec<Vec<Value>>) {
    let system = System::start(&TestDynamo::start().await, &definition(kind)).await;
    let mut random = fastrand::Rng::with_seed(seed);
    let mut all = Vec::new();
    for entity in entities(kind) {
        let items: Vec<Value> = (0..ITEMS)
            .map(|number| json!({ "id": format!("i{number}"), "v": (kind.values)(&mut random) }))
            .collect();
        let (path, rows) = (format!("/batch/{}", entity.name), json!(items));
        let (status, report) = system.http.send("POST", &path, Some(&rows)).await;
        assert_eq!((status, &report["written"]), (200, &json!(ITEMS)), "{report}");
        assert_listed(&system, &entity, &items).await;
        all.push(items);
    }
    (system, all)
}

#[tokio::test]
async fn times_are_listed_and_ranges_are_about_what_the_path_leaves_open() {
    let (system, all) = assert_kind(&TIME, 1).await;
    let cuts = ["year", "month", "day", "hour", "minute"];
    for (entity, items) in entities(&TIME).iter().zip(all) {
        if !cuts.contains(&entity.partition) || !entity.sort.is_empty() {
            continue;
        }
        for (low, high) in items.iter().zip(items.iter().skip(1)) {
            let [low, high] = [low, high].map(|item| item["v"].as_str().expect("a time"));
            let part = written(entity.partition, &json!(low));
            let is_in = |value: &str| written(entity.partition, &json!(value)) == part;
            let path = format!("/{}/{part}", entity.name);
            let of = |holds: &dyn Fn(&str) -> bool| {
                recount(&items, "", |value| {
                    let value = value.as_str().expect("a time");
                    is_in(value) && holds(value)
                })
            };
            let equal = listed(&system, &format!("{path}?eq={low}"), "items").await;
            assert_eq!(equal, of(&|value| value == low), "{path} eq {low}");
            let from = listed(&system, &format!("{path}?from={high}"), "items").await;
            assert_eq!(from, of(&|value| value >= high), "{path} from {high}");
            let until = listed(&system, &format!("{path}?to={high}"), "items").await;
            assert_eq!(until, of(&|value| value < high), "{path} to {high}");
        }
    }
}

#[tokio::test]
async fn times_that_are_numbers_are_listed() {
    assert_kind(&EPOCH, 2).await;
}

#[tokio::test]
async fn numbers_booleans_and_choices_are_listed() {
    for (seed, kind) in [INTEGER, BOOLEAN, ENUM].iter().enumerate() {
        assert_kind(kind, 3 + u64::try_from(seed).expect("a small number")).await;
    }
}

#[tokio::test]
async fn texts_are_listed() {
    for seed in 6..9 {
        assert_kind(&STRING, seed).await;
        assert_kind(&LOWER, seed).await;
    }
}
