//! ElectroDB and Weir on one table: what either writes is the other's too.

use serde_json::{Value, json};
use weir_testing::package::{set, whole as whole_number};

use crate::interop::world::{World, encoded, extended, timeless, without};

/// Attributes that hold the time of a write.
const TIMES: [&str; 2] = ["created", "updated"];
/// A task's own key, and its path.
const PATH: &str = "/task/North%20Sea/P%231/T1";

fn key() -> Value {
    json!({ "team": "North Sea", "project": "P#1", "task": "T1" })
}

/// A task with every attribute, as ElectroDB and as Weir are given it.
fn whole() -> (Value, Value) {
    let both = json!({
        "team": "North \
                 Sea", "project": "P#1", "task": "T1", "status": "open", "kind": "Chore \
                     A", "title": "Öl & Gas",
        "owner": "Ann#X", "due": "2026-11-20T06:40:54Z", "points": 42, "estimate": 12.25,
        "blocked": false,
        "checklist": [{ "step": "a", "done": true }, { "step": "b" }],
        "settings": { "color": "RED", "weight": -0.5 },
        "extra": { "a": [1, "x", null, { "b": [] }] }, "secret": "s3"
    });
    let (mut electrodb, mut weir) = (both.clone(), both);
    electrodb["tags"] = set(["b", "a"]);
    electrodb["scores"] = set([10, 2]);
    weir["tags"] = json!(["a", "b"]);
    weir["scores"] = json!([2, 10]);
    (electrodb, weir)
}

/// A task with its key and little more.
fn task(more: &Value) -> Value {
    extended(&key(), more)
}

fn path_of(task: &Value) -> String {
    let parts = ["team", "project", "task"].map(|name| encoded(&task[name]));
    format!("/task/{}", parts.join("/"))
}

/// An update that sets these attributes of a task of which it is known that it has no others.
fn updating(attributes: &Value) -> Value {
    let absent = ["status", "due", "points", "owner"];
    let absent = absent.iter().filter(|name| attributes.get(**name).is_none());
    let condition: serde_json::Map<_, _> =
        absent.map(|name| ((*name).to_owned(), json!({ "exists": false }))).collect();
    let set = if attributes.as_object().is_some_and(serde_json::Map::is_empty) {
        json!({ "kind": "chore" })
    } else {
        attributes.clone()
    };
    json!({ "set": set, "where": condition })
}

/// What ElectroDB answers, with sets, which it answers as arrays, in order.
fn in_order(mut item: Value) -> Value {
    for (name, by_number) in [("tags", false), ("scores", true)] {
        if let Some(members) = item.get_mut(name).and_then(Value::as_array_mut) {
            members.sort_by_key(|member| {
                if by_number { format!("{:>9}", member.to_string()) } else { member.to_string() }
            });
        }
    }
    item
}

impl World {
    /// What ElectroDB has to say to a command about tasks.
    async fn electrodb(&self, what: &str, more: Value) -> Value {
        let command = extended(&json!({ "do": what, "entity": "task" }), &more);
        self.package.run(command).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_electrodb_writes_is_read_by_weir() {
    let Some(world) = World::of_electrodb().await else { return };
    let (electrodb, weir) = whole();
    world.electrodb("create", json!({ "item": electrodb })).await;
    let bare = json!({ "team": "north sea", "project": "p#1", "task": "T2" });
    world.electrodb("put", json!({ "item": bare })).await;
    let note = json!({ "team": "NORTH SEA", "project": "P#1", "number": 7, "text": "hi" });
    world.package.run(json!({ "do": "create", "entity": "note", "item": note })).await;

    let read = world.get(PATH).await;
    let expected = without(weir, &["secret"]);
    assert_eq!(without(read.clone(), &TIMES), expected);
    let theirs = in_order(world.electrodb("get", json!({ "key": key() })).await);
    assert_eq!(read, theirs, "with its times");

    for (path, expected) in [
        // The key is in lower case, whatever the case of what is asked.
        ("/task/north%20SEA", vec!["T1", "T2"]),
        ("/query/task/in_project/North%20Sea/P%231", vec!["T1", "T2"]),
        ("/task/north%20sea?begins_with=P%231", vec!["T1", "T2"]),
        ("/query/task/in_project/north%20sea/p%231?begins_with=t2", vec!["T2"]),
        ("/query/task/gsi1/open", vec!["T1"]),
        ("/query/task/gsi1/open?from=2026-11-20&to=2026-11-21", vec!["T1"]),
        ("/query/task/gsi1/open?from=2026-11-21", vec![]),
        ("/query/task/gsi1/open?begins_with=2026-11-20T06:40", vec!["T1"]),
        ("/query/task/gsi2/Ann%23X", vec!["T1"]),
        ("/query/task/gsi2/ann%23x", vec![]),
        ("/query/task/gsi4/ANN%23x?from=42&to=43", vec!["T1"]),
        ("/query/task/gsi4/ann%23x?from=43", vec![]),
        ("/query/task/gsi3/chore", vec!["T2"]),
        ("/query/task/gsi3/Chore%20A", vec!["T1"]),
        ("/task/north%20sea?where={%22points%22:{%22gte%22:42}}", vec!["T1"]),
    ] {
        assert_eq!(ids(&world.get(path).await["items"]), expected, "{path}");
    }
    let board = world.get("/collections/board/North%20Sea").await;
    assert_eq!(ids(&board["task"]), ["T1", "T2"]);
    assert_eq!(board["note"], json!([note]));
    let keys = json!([key(), { "team": "x", "project": "y", "task": "z" }]).to_string();
    let batch = world.get(&format!("/batch/task?keys={}", encoded(&keys.into()))).await;
    assert_eq!(batch["items"], json!([read, null]));
}

/// What may be said of a task: each is written by both, and must be stored as the same item.
fn tasks() -> Vec<Value> {
    [
        json!({}),
        json!({ "status": "closed" }),
        json!({ "due": "2026-11-20T06:40:54Z", "points": 0 }),
        json!({ "status": "open", "due": "2026-11-20T06:40:54Z", "points": 999_999 }),
        json!({ "owner": "Ann" }),
        json!({ "kind": "BUG", "title": "" }),
        json!({ "estimate": -0.25, "blocked": true, "checklist": [], "settings": {}, "extra": {} }),
        json!({ "team": "ÉCOLE", "project": "İ ẞ ΣΑΣ", "task": "a.b/c_d $x" }),
    ]
    .iter()
    .map(task)
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_weir_writes_is_stored_as_electrodb_stores_it() {
    let Some(world) = World::of_electrodb().await else { return };
    let cases = tasks().into_iter().map(|task| (task.clone(), task)).chain([whole()]);
    for (electrodb, weir) in cases {
        world.electrodb("put", json!({ "item": electrodb })).await;
        let theirs = timeless(world.stored_item().await, &TIMES);
        let path = path_of(&weir);
        let attributes = without(weir.clone(), &["team", "project", "task"]);
        let transaction = |what: &str| json!([{ "action": what, "entity": "task", "item": weir }]);
        for (method, path, body) in [
            ("POST", "/task", weir.clone()),
            ("PUT", path.as_str(), attributes.clone()),
            ("POST", "/batch/task", json!([weir])),
            ("POST", "/transactions", transaction("create")),
            ("POST", "/transactions", transaction("put")),
            ("PATCH", &format!("{path}?create=true"), updating(&attributes)),
        ] {
            world.clear().await;
            world.weir(method, path, &body).await;
            let ours = timeless(world.stored_item().await, &TIMES);
            assert_eq!(ours, theirs, "{method} {path} {weir}");
        }
        world.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_weir_writes_is_found_by_electrodb() {
    let Some(world) = World::of_electrodb().await else { return };
    let (_, weir) = whole();
    let created = world.weir("POST", "/task", &weir).await;
    let read = in_order(world.electrodb("get", json!({ "key": key() })).await);
    assert_eq!(read, world.get(PATH).await, "what is hidden is hidden to both");
    let expected = without(weir, &["secret"]);
    assert_eq!(without(read, &TIMES), expected);
    assert_eq!(without(created, &TIMES), expected);

    let others = json!([
        { "action": "create", "entity": "task", "item": task(&json!({ "task": "T2",
          "status": "open" })) },
        { "action": "create", "entity": "task", "item": task(&json!({ "task": "T3",
          "kind": "Bug" })) },
        { "action": "create", "entity": "note", "item": { "team": "north \
            sea", "project": "p#1", "number": 7 } },
    ]);
    world.weir("POST", "/transactions", &others).await;
    let query = async |index: &str, key: Value, begins: Value| {
        let command = json!({ "index": index, "key": key, "begins": begins });
        ids(&world.electrodb("query", command).await)
    };
    let none = Value::Null;
    assert_eq!(
        query("byTeam", json!({ "team": "NORTH SEA" }), none.clone()).await,
        ["T1", "T2", "T3"]
    );
    let project = json!({ "team": "north sea", "project": "P#1" });
    assert_eq!(query("byTeam", project.clone(), none.clone()).await, ["T1", "T2", "T3"]);
    assert_eq!(query("byTeam", project, json!({ "task": "T" })).await, ["T1", "T2", "T3"]);
    assert_eq!(query("byStatus", json!({ "status": "open" }), none.clone()).await, ["T2", "T1"]);
    let due = json!({ "status": "open", "due": "2026-11-20T06:40:54Z", "points": 42 });
    assert_eq!(query("byStatus", due, none.clone()).await, ["T1"]);
    assert_eq!(query("byOwner", json!({ "owner": "Ann#X" }), none.clone()).await, ["T1"]);
    assert_eq!(query("byKind", json!({ "kind": "bug" }), none.clone()).await, ["T3"]);
    let effort = json!({ "owner": "ANN#x", "points": 42 });
    assert_eq!(query("byEffort", effort, none.clone()).await, ["T1"]);
    let command = json!({ "do": "collection", "name": "board", "key": { "team": "North Sea" } });
    let board = world.package.run(command).await;
    assert_eq!(ids(&board["task"]), ["T1", "T2", "T3"]);
    assert_eq!(board["note"], json!([{ "team": "north sea", "project": "p#1", "number": 7 }]));
    let keys = json!([key(), task(&json!({ "task": "no" }))]);
    let batch = world.electrodb("batchGet", json!({ "keys": keys })).await;
    assert_eq!((ids(&json!([batch[0]])), &batch[1]), (vec!["T1".to_owned()], &none));
}

/// Updates, as ElectroDB and as Weir are given them.
fn updates() -> Vec<(Value, Value)> {
    let both = |update: Value| (update.clone(), update);
    vec![
        both(json!({ "set": { "title": "x", "estimate": 3, "blocked": true } })),
        both(json!({ "set": { "status": "closed" } })),
        both(json!({ "set": { "owner": "Bob" } })),
        both(json!({ "set": { "kind": "Feature" } })),
        both(json!({ "set": { "due": "2027-01-01T00:00:00Z", "points": 7 } })),
        both(json!({ "set": { "status": "closed", "due": "2027-01-01T00:00:00Z", "points": 7 } })),
        both(json!({ "add": { "estimate": 0.75 } })),
        both(json!({ "subtract": { "estimate": 100 } })),
        both(json!({ "append": { "checklist": [{ "step": "c" }] } })),
        both(json!({ "remove": ["title", "settings"] })),
        both(json!({ "remove": ["status"] })),
        both(json!({ "remove": ["owner"] })),
        both(json!({ "set": { "extra": { "new": [true] } }, "remove": ["blocked"] })),
        (
            json!({ "add": { "tags": set(["c"]), "scores": set([3]) } }),
            json!({ "add": { "tags": ["c"], "scores": [3] } }),
        ),
        (
            json!({ "delete": { "tags": set(["a"]), "scores": set([2, 10]) } }),
            json!({ "delete": { "tags": ["a"], "scores": [2, 10] } }),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_by_weir_leaves_what_the_same_by_electrodb_leaves() {
    let Some(world) = World::of_electrodb().await else { return };
    let (electrodb, weir) = whole();
    for (theirs, ours) in updates() {
        let mut command = theirs.clone();
        command["key"] = key();
        world.weir("POST", "/task", &weir).await;
        world.electrodb("patch", command).await;
        let expected = timeless(world.stored_item().await, &TIMES);
        world.clear().await;

        world.electrodb("create", json!({ "item": electrodb })).await;
        world.weir("PATCH", PATH, &ours).await;
        let found = timeless(world.stored_item().await, &TIMES);
        assert_eq!(found, expected, "{ours}");
        let read = in_order(world.electrodb("get", json!({ "key": key() })).await);
        assert_eq!(read, world.get(PATH).await, "{ours}");
        world.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_deletes_what_the_other_has_written_and_neither_takes_a_key_twice() {
    let Some(world) = World::of_electrodb().await else { return };
    let (electrodb, weir) = whole();
    let conflict = (409, "already-exists".to_owned());
    let missing = (404, "not-found".to_owned());

    world.electrodb("create", json!({ "item": electrodb })).await;
    assert_eq!(world.problem("POST", "/task", &weir).await, conflict);
    // The same key in ElectroDB, and another item's name in Weir.
    let cased = "/task/NORTH%20SEA/P%231/t1";
    assert_eq!(world.problem("GET", cased, &Value::Null).await, missing);
    assert_eq!(world.problem("DELETE", cased, &Value::Null).await, missing);
    world.weir("DELETE", PATH, &Value::Null).await;
    assert_eq!(world.stored().await, [] as [Value; 0]);
    assert_eq!(world.problem("PATCH", PATH, &json!({ "set": { "title": "x" } })).await, missing);

    world.weir("POST", "/task", &weir).await;
    let create = json!({ "do": "create", "entity": "task", "item": electrodb });
    let thrown = world.package.attempt(create).await.expect_err("there is one");
    assert!(thrown.message.contains("The conditional request failed"), "{thrown:?}");
    world.electrodb("remove", json!({ "key": key() })).await;
    assert_eq!(world.problem("GET", PATH, &Value::Null).await, missing);

    let transaction = json!({ "do": "transact", "actions": [
        { "do": "create", "entity": "task", "item": electrodb },
        { "do": "create", "entity": "note", "item": { "team": "a", "project": "b", "number": 1 } },
    ]});
    world.package.run(transaction.clone()).await;
    assert_eq!(world.get("/note/a/b/1").await["number"], 1);
    let actions = json!([
        { "action": "remove", "entity": "task", "key": key() },
        { "action": "remove", "entity": "note", "key": { "team": "a", "project": "b",
          "number": 1 } },
    ]);
    world.weir("POST", "/transactions", &actions).await;
    assert_eq!(world.stored().await, [] as [Value; 0]);
}

/// `__edb_v__` is a part of what an item is: another version of a model has items of its own.
#[tokio::test(flavor = "multi_thread")]
async fn an_item_of_another_version_is_no_items_of_weirs() {
    let Some(world) = World::of_electrodb().await else { return };
    world.weir("POST", "/note", &json!({ "team": "a", "project": "b", "number": 1 })).await;
    let item = world.stored_item().await;
    world.clear().await;
    let table = &world.system.model.table.name;
    let mut older = item.clone();
    older["__edb_v__"]["S"] = json!("1");
    let put = json!({ "TableName": table, "Item": older });
    weir_testing::http::Client::new(&world.system.dynamodb.url).dynamodb("PutItem", &put).await;
    let missing = (404, "not-found".to_owned());
    assert_eq!(world.problem("GET", "/note/a/b/1", &Value::Null).await, missing);
    assert_eq!(world.problem("DELETE", "/note/a/b/1", &Value::Null).await, missing);
    let taken = (409, "already-exists".to_owned());
    assert_eq!(world.problem("PUT", "/note/a/b/1", &json!({})).await, taken);
    assert_eq!(world.get("/collections/board/a").await["note"], json!([]));
}

/// ElectroDB leaves both keys of an index out while an item has nothing for either, and its patch
/// then sets the one alone, so that the item is not in the index. Weir's sets both.
#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_comes_into_an_index_is_found_there() {
    let Some(world) = World::of_electrodb().await else { return };
    let open = async || {
        let command = json!({ "index": "byStatus", "key": { "status": "open" } });
        ids(&world.electrodb("query", command).await)
    };
    world.electrodb("create", json!({ "item": key() })).await;
    world.electrodb("patch", json!({ "key": key(), "set": { "status": "open" } })).await;
    assert_eq!(open().await, [] as [&str; 0], "as ElectroDB 3.9 has it");
    world.weir("PATCH", PATH, &json!({ "set": { "status": "open" } })).await;
    assert_eq!(open().await, ["T1"], "mended by the next update");
    world.clear().await;

    world.electrodb("create", json!({ "item": key() })).await;
    world.weir("PATCH", PATH, &json!({ "set": { "status": "open" } })).await;
    assert_eq!(open().await, ["T1"]);
    world.clear().await;

    // Here the missing key would have to have the due time in it, which the update does not know.
    world
        .electrodb(
            "update",
            json!({ "key": key(), "set": { "due": "2026-11-20T06:40:54Z", "points": 1 } }),
        )
        .await;
    world.electrodb("update", json!({ "key": key(), "set": { "title": "x" } })).await;
    let item = world.stored_item().await;
    assert_eq!((&item["gsi1pk"], item["gsi1sk"].is_null()), (&Value::Null, false));
    world.weir("PATCH", PATH, &json!({ "set": { "status": "open" } })).await;
    assert_eq!(open().await, ["T1"]);
}

/// The SDK gives ElectroDB whole numbers that a double does not hold as `BigInt`, and rounds others
/// without a word. What the two are to share is what `min`, `max` and `scale` keep within fifteen
/// digits.
#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_exact_as_far_as_javascript_goes() {
    let Some(world) = World::of_electrodb().await else { return };
    let number = |text: &str| -> Value { serde_json::from_str(text).expect(text) };
    let digits = "12345678901234567890123456789012345678";
    world.weir("POST", "/task", &task(&json!({ "extra": number(digits) }))).await;
    assert_eq!(world.electrodb("get", json!({ "key": key() })).await["extra"], number(digits));
    world
        .electrodb("patch", json!({ "key": key(), "set": { "extra": whole_number(digits) } }))
        .await;
    assert_eq!(world.get(PATH).await["extra"], number(digits));

    let precise = number("0.12345678901234567890");
    world.weir("PATCH", PATH, &json!({ "set": { "extra": precise } })).await;
    assert_eq!(world.get(PATH).await["extra"], number("0.1234567890123456789"));
    let rounded = world.electrodb("get", json!({ "key": key() })).await;
    assert_eq!(rounded["extra"], number("0.12345678901234568"), "as the SDK for JavaScript has it");

    for refused in ["9007199254740.995", "9007199254741"] {
        let update = json!({ "set": { "estimate": number(refused) } });
        assert_eq!(world.problem("PATCH", PATH, &update).await.0, 400, "{refused}");
    }
}

/// The ids of tasks, in their order.
fn ids(tasks: &Value) -> Vec<String> {
    let tasks = tasks.as_array().unwrap_or_else(|| panic!("{tasks}")).iter();
    tasks.map(|item| item["task"].as_str().expect("a task").to_owned()).collect()
}
