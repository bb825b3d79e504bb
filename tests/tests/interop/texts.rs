//! Keys of any text: what is written by one under a key is found by the other under the same.

use std::collections::BTreeSet;

use fastrand::Rng;
use serde_json::{Value, json};
use weir_testing::json::object;
use weir_testing::package::Package;

use crate::interop::world::{World, encoded, without};

/// One seed, one set of texts.
const SEED: u64 = 1970;
/// How many items are written by each of the two.
const ITEMS: usize = 100;
/// How many items one batch of a package gets.
const BATCH_ITEMS: usize = 100;
/// How many texts are put into another case.
const TEXTS: usize = 5000;

/// Letters whose other case is longer, depends on those around them, or is a letter of its own;
/// what keys are made of; and what ends a word or does not.
const LETTERS: [&str; 48] = [
    "a", "B", "z", "Z", "0", "9", " ", "#", "%", "_", "$", "/", "\\", ".", ":", "'", "-", "?", "&",
    "+", "\"", "\n", "\t", "\u{1}", "İ", "I", "ı", "ẞ", "ß", "Σ", "ς", "σ", "Ǆ", "ǅ", "ﬁ", "Ω",
    "K", "Å", "é", "e\u{301}", "\u{345}", "\u{ad}", "Ж", "ⴀ", "日", "😀", "𐐀", "Ա",
];

/// A text that may be a part of a path, as `.` and `..` may not.
fn text(rng: &mut Rng) -> String {
    loop {
        let length = rng.usize(1..9);
        let text: String = (0..length).map(|_| LETTERS[rng.usize(..LETTERS.len())]).collect();
        if ![".", ".."].contains(&text.as_str()) {
            return text;
        }
    }
}

/// Texts of which no two are alike in lower case, where ElectroDB's keys have them.
fn texts(rng: &mut Rng, count: usize) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let texts =
        std::iter::repeat_with(|| text(rng)).filter(|text| seen.insert(text.to_lowercase()));
    texts.take(count).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn any_text_makes_the_key_that_electrodb_makes_of_it() {
    let Some(world) = World::of_electrodb().await else { return };
    let mut rng = Rng::with_seed(SEED);
    let names = texts(&mut rng, 2 * ITEMS);
    let tasks: Vec<Value> = names
        .iter()
        .map(|name| {
            json!({ "team": text(&mut rng), "project": text(&mut rng), "task": name,
            "owner": text(&mut rng), "kind": text(&mut rng) })
        })
        .collect();
    let (theirs, ours) = tasks.split_at(ITEMS);
    let unprocessed = json!({ "do": "batchPut", "entity": "task", "items": theirs });
    assert_eq!(world.package.run(unprocessed).await, json!([]));
    let written = world.weir("POST", "/batch/task", &json!(ours)).await;
    assert_eq!(written["written"], ITEMS, "{written}");

    let times = ["created", "updated"];
    for task in &tasks {
        let path = ["team", "project", "task"].map(|name| encoded(&task[name]));
        let read = world.get(&format!("/task/{}", path.join("/"))).await;
        assert_eq!(without(read, &times), *task);
        for (index, name) in [("gsi2", "owner"), ("gsi3", "kind")] {
            let list = world.get(&format!("/query/task/{index}/{}", encoded(&task[name]))).await;
            assert!(has(&list["items"], task), "{index} {task}");
        }
    }
    for tasks in tasks.chunks(BATCH_ITEMS) {
        let keys: Vec<_> =
            tasks.iter().map(|task| without(task.clone(), &["owner", "kind"])).collect();
        assert_eq!(got(&world, "task", keys, &times).await, tasks);
    }
    for task in &tasks {
        for (index, name) in [("byOwner", "owner"), ("byKind", "kind")] {
            let query = json!({ "do": "query", "entity": "task", "index": index,
                "key": { name: task[name] } });
            assert!(has(&world.package.run(query).await, task), "{index} {task}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_text_makes_the_key_that_toolbox_makes_of_it() {
    let Some(world) = World::of_toolbox().await else { return };
    let mut rng = Rng::with_seed(SEED);
    let names = texts(&mut rng, 2 * ITEMS);
    let orders: Vec<Value> = names
        .iter()
        .map(|name| {
            json!({ "customer": text(&mut rng), "order": name, "status": "paid",
            "total": rng.u32(..) })
        })
        .collect();
    let (theirs, ours) = orders.split_at(ITEMS);
    for orders in theirs.chunks(25) {
        world.package.run(json!({ "do": "batchPut", "entity": "order", "items": orders })).await;
    }
    let written = world.weir("POST", "/batch/order", &json!(ours)).await;
    assert_eq!(written["written"], ITEMS, "{written}");

    let times = ["created", "modified"];
    for order in &orders {
        let path = format!("/order/{}/{}", encoded(&order["customer"]), encoded(&order["order"]));
        assert_eq!(without(world.get(&path).await, &times), *order);
    }
    for orders in orders.chunks(BATCH_ITEMS) {
        let keys: Vec<_> =
            orders.iter().map(|order| without(order.clone(), &["status", "total"])).collect();
        assert_eq!(got(&world, "order", keys, &times).await, orders);
    }
}

/// The items that the package gets by these keys, but for their times.
async fn got(world: &World, entity: &str, keys: Vec<Value>, times: &[&str]) -> Vec<Value> {
    let request = json!({ "do": "batchGet", "entity": entity, "keys": keys });
    let read = world.package.run(request).await;
    let items = read.as_array().expect("items").iter().cloned();
    items.map(|item| without(item, times)).collect()
}

/// Whether one of the items is this one, but for its times.
fn has(items: &Value, item: &Value) -> bool {
    let mut items = items.as_array().unwrap_or_else(|| panic!("{items}")).iter();
    items.any(|other| other["task"] == item["task"] && other["project"] == item["project"])
}

/// ElectroDB's keys are what `toLowerCase` makes of them. It follows the same standard as Rust,
/// each of them some version of it: letters that only the newer knows are another's, all others are
/// alike.
#[tokio::test(flavor = "multi_thread")]
async fn letters_have_the_same_other_case_in_javascript_and_in_rust() {
    let Some(package) = Package::start("electrodb", "http://127.0.0.1:1", "none") else { return };
    let answer = package.run(json!({ "do": "cases" })).await;
    let changed = object(&answer["changed"]);
    assert!(changed.len() > 2500, "{}", changed.len());
    let (major, minor, _) = char::UNICODE_VERSION;
    let alike = answer["unicode"].as_str() == Some(&format!("{major}.{minor}"));
    for letter in '\0'..=char::MAX {
        let letter = letter.to_string();
        let rust = [letter.to_lowercase(), letter.to_uppercase()];
        let same = [letter.as_str(), letter.as_str()];
        match changed.get(&letter) {
            Some(javascript) if rust != same || alike => {
                assert_eq!(*javascript, json!(rust), "{letter:?}")
            }
            None if alike => assert_eq!(rust, same, "{letter:?}"),
            _ => {}
        }
    }
    let mut rng = Rng::with_seed(SEED);
    let texts: Vec<String> = (0..TEXTS).map(|_| text(&mut rng)).collect();
    let cased = package.run(json!({ "do": "cased", "texts": texts })).await;
    for (text, javascript) in texts.iter().zip(cased.as_array().expect("texts")) {
        assert_eq!(*javascript, json!([text.to_lowercase(), text.to_uppercase()]), "{text:?}");
        // A value in lower case is what it is in the whole key in lower case: what stands around it
        // ends a word.
        let key = format!("$work#task_{text}#end");
        assert_eq!(key.to_lowercase(), format!("$work#task_{}#end", text.to_lowercase()));
    }
}

/// A value that has in it what ElectroDB puts behind it makes the key of another item: ElectroDB
/// takes it.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_forges_anothers_is_refused_by_weir_alone() {
    let Some(world) = World::of_electrodb().await else { return };
    let honest = json!({ "team": "t", "project": "a", "task": "b#task_c", "title": "mine" });
    let forged = json!({ "team": "t", "project": "A#Task_b", "task": "c", "title": "forged" });
    world.weir("POST", "/task", &honest).await;
    let refused = (400, "validation".to_owned());
    let path = "/task/t/A%23Task_b/c";
    let attributes = json!({ "title": "forged" });
    assert_eq!(world.problem("POST", "/task", &forged).await, refused);
    assert_eq!(world.problem("PUT", path, &attributes).await, refused);
    assert_eq!(world.problem("PATCH", path, &json!({ "set": attributes })).await, refused);
    assert_eq!(world.problem("GET", path, &Value::Null).await, refused);
    assert_eq!(world.problem("DELETE", path, &Value::Null).await, refused);
    let query = "/query/task/in_project/t/A%23Task_b";
    assert_eq!(world.problem("GET", query, &Value::Null).await.0, 400);
    assert_eq!(world.get("/task/t/a/b%23task_c").await["title"], "mine");
    world.package.run(json!({ "do": "put", "entity": "task", "item": forged })).await;
    assert_eq!(world.stored_item().await["t"]["S"], "forged", "as ElectroDB 3.9 has it");
}
