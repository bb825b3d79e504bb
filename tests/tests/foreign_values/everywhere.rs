//! Every way of asking gives the same answer about a stored value.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tracing::instrument::WithSubscriber;
use tracing_subscriber::layer::SubscriberExt;
use weir_testing::emf::Lines;
use weir_testing::fixture::{Fixture, fixture};
use weir_testing::system::Captured;

use crate::foreign_values::cases::{Case, Counted, Field, fields};
use crate::foreign_values::world::{World, encoded, names};

/// The partition of all items.
const PARTITION: &str = "THINGS#t";

/// A stored value, its attribute, and the id of its item.
struct Stored<'a> {
    id: String,
    field: &'a Field,
    case: &'a Case,
}

fn definition(fields: &[Field]) -> Fixture {
    let mut text = String::new();
    for Field { name, declared, .. } in fields {
        text.push_str(&format!("{name} = {declared}\n"));
    }
    for Field { name, is_dimension, .. } in fields {
        text.push_str(&match is_dimension {
            true => format!(
                "[rollups.of_{name}]\nof = \"thing\"\nby = [\"{name}\"]\nrank_by = \
                 \"n\"\nmeasures = {{ n = \"count\" }}\n"
            ),
            false => format!(
                "[rollups.of_{name}]\nof = \"thing\"\nmeasures = {{ n = \"count\", has = \
                 \"count({name})\" }}\n"
            ),
        });
    }
    fixture("tenants").with(&text)
}

fn path(id: &str) -> String {
    format!("/thing/t/{id}")
}

/// What a list shows, what a filter finds, and whether a condition holds.
async fn items_are_read_and_compared(world: &World, stored: &[Stored<'_>]) {
    let list = world.get("/thing/t?limit=1000").await;
    let items: BTreeMap<&str, &Value> = list["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| (item["id"].as_str().expect("an id"), item))
        .collect();
    for Stored { id, field, case } in stored {
        let name = field.name;
        assert_eq!(items[id.as_str()][name], case.shown, "{name} {}", case.stored);
        let (place, operand) = &field.compared;
        let update = json!({ "set": { "note": "n" }, "where": { *place: operand } });
        let (status, answer) = world.send("PATCH", &path(id), update).await;
        let expected = if case.is_equal { 200 } else { 412 };
        assert_eq!(status, expected, "{name} {}: {answer}", case.stored);
    }
    for field in stored.iter().map(|stored| stored.field) {
        let (place, operand) = &field.compared;
        let found = format!("/thing/t?limit=1000&where={}", encoded(&json!({ *place: operand })));
        let is_found =
            |stored: &&Stored<'_>| stored.field.name == field.name && stored.case.is_equal;
        let expected: Vec<_> =
            stored.iter().filter(is_found).map(|stored| stored.id.clone()).collect();
        assert_eq!(names(&world.get(&found).await, "id"), expected, "{place} is {operand}");
        let counted = world.get(&found.replace("limit=1000", "count=true")).await;
        assert_eq!(counted["count"], expected.len(), "{place} is {operand}");
    }
}

/// Delivers every change to the processor, one at a time; returns the warnings of its log.
async fn counted(world: &World) -> Vec<Value> {
    let log = Lines::default();
    let writer = log.clone();
    let layer = weir_telemetry::log::json(move || writer.clone());
    let subscriber = tracing_subscriber::registry().with(layer);
    let processor = world.system.processor();
    let events = Captured::read(&world.system).await.cut(1);
    let handle = async {
        for event in events {
            processor.handle(event).await.expect("handled");
        }
    };
    handle.with_subscriber(subscriber).await;
    log.take().into_iter().filter(|line| line["level"] == "WARN").collect()
}

fn groups_of(stored: &[Stored<'_>], name: &str) -> BTreeMap<String, u64> {
    let mut groups = BTreeMap::new();
    for Stored { field, case, .. } in stored.iter().filter(|stored| stored.field.name == name) {
        let Counted::In(own) = case.counted else { continue };
        let is_alone = !field.is_dimension;
        for group in own.iter().copied().chain(is_alone.then_some("")) {
            *groups.entry(group.to_owned()).or_default() += 1;
        }
    }
    groups
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What rollups and leaderboards answer, and what is reported.
async fn items_are_counted(world: &World, stored: &[Stored<'_>], warnings: &[Value]) {
    let mut reported = BTreeSet::new();
    for field in stored.iter().map(|stored| stored.field) {
        let (name, groups) = (field.name, groups_of(stored, field.name));
        if !field.is_dimension {
            let is_foreign = |other: &&Stored<'_>| {
                other.field.name == name && matches!(other.case.counted, Counted::Foreign(_))
            };
            let point = world.get(&format!("/rollups/of_{name}")).await["points"][0].clone();
            let expected = (stored.len() - stored.iter().filter(is_foreign).count(), groups[""]);
            assert_eq!(
                (&point["n"], &point["has"]),
                (&json!(expected.0), &json!(expected.1)),
                "{name}"
            );
            continue;
        }
        let board = world.get(&format!("/rollups/of_{name}/ranks?every=all&limit=100")).await;
        let ranks = board["ranks"].as_array().expect("ranks");
        let ranked: BTreeMap<String, u64> = ranks
            .iter()
            .map(|rank| (text(&rank["dimensions"][name]), rank["n"].as_u64().expect("a count")))
            .collect();
        assert_eq!(ranked, groups, "{name}");
        for (group, count) in groups {
            let group = utf8(&group);
            let answer = world.get(&format!("/rollups/of_{name}?{name}={group}")).await;
            assert_eq!(answer["points"][0]["n"], json!(count), "{name} {group}");
        }
    }
    for Stored { id, field, case } in stored {
        if let Counted::Foreign(reason) = case.counted {
            reported.insert((
                field.name.to_owned(),
                format!("`{}`: {reason}", field.name),
                id.clone(),
            ));
        }
    }
    let is_of_type = |line: &&Value| text(&line["reason"]).starts_with('`');
    let said = warnings.iter().filter(is_of_type).map(|line| {
        assert_eq!(
            (&line["message"], &line["partition"]),
            (&json!("images were not counted"), &json!(PARTITION))
        );
        let rollup = text(&line["rollup"]).trim_start_matches("of_").to_owned();
        (rollup, text(&line["reason"]), text(&line["sort"]))
    });
    assert_eq!(said.collect::<BTreeSet<_>>(), reported);
}

fn utf8(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// What an update makes of each value, alone and in a transaction.
async fn items_are_updated(world: &World, stored: &[Stored<'_>]) {
    for Stored { id, field, case } in stored {
        let name = field.name;
        let (status, answer) = world.send("PATCH", &path(id), field.update.clone()).await;
        check_update(field, case, (status, &answer), &answer[name]);
        // Once more as it was, in a transaction.
        world.put("thing", [PARTITION, id], attributes(id, field, case)).await;
        let mut action = field.update.clone();
        action["action"] = json!("patch");
        action["entity"] = json!("thing");
        action["key"] = json!({ "tenant": "t", "id": id });
        let (status, answer) = world.send("POST", "/transactions", json!([action])).await;
        let now = world.get(&path(id)).await;
        check_update(field, case, (status, &answer), &now[name]);
    }
}

fn check_update(field: &Field, case: &Case, (status, answer): (u16, &Value), now: &Value) {
    let shown = format!("{} {}: {answer}", field.name, case.stored);
    match &case.updated {
        Ok(expected) => assert_eq!((status, now), (200, expected), "{shown}"),
        Err(reason) => {
            assert_eq!(status, 400, "{shown}");
            assert_eq!(answer["type"], "/problems/validation", "{shown}");
            assert_eq!(answer["errors"][0]["field"], field.compared.0, "{shown}");
            let message = answer["errors"][0]["message"].as_str().expect("a message");
            assert!(message.contains(reason), "{shown}");
        }
    }
}

fn attributes(id: &str, field: &Field, case: &Case) -> Value {
    json!({ "tenant": { "S": "t" }, "id": { "S": id }, field.name: case.stored })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_of_asking_answers_alike_about_a_stored_value() {
    let fields = fields();
    let world = World::open(&definition(&fields)).await;
    let cases = fields.iter().flat_map(|field| field.cases.iter().map(move |case| (field, case)));
    let stored: Vec<_> = cases
        .enumerate()
        .map(|(number, (field, case))| Stored { id: format!("{number:03}"), field, case })
        .collect();
    for Stored { id, field, case } in &stored {
        world.put("thing", [PARTITION, id], attributes(id, field, case)).await;
    }
    items_are_read_and_compared(&world, &stored).await;
    let warnings = counted(&world).await;
    items_are_counted(&world, &stored, &warnings).await;
    items_are_updated(&world, &stored).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_no_item_can_have_makes_no_group_to_ask_for() {
    let fields = fields();
    let world = World::open(&definition(&fields)).await;
    for (rollup, question) in [("of_status", "status=waiting"), ("of_integer", "integer=1.5")] {
        let (status, answer) =
            world.system.http.get(&format!("/rollups/{rollup}?{question}")).await;
        assert_eq!((status, &answer["type"]), (400, &json!("/problems/bad-query")), "{answer}");
    }
}
