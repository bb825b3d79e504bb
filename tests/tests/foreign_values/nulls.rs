//! Nulls that other programs have stored, where an item counts its versions, has locks, or is in a
//! transaction.

use serde_json::{Value, json};
use weir_testing::fixture::fixture;

use crate::foreign_values::world::World;

const PATH: &str = "/card/ann";

async fn world_with(attributes: Value) -> World {
    let world = World::open(&fixture("cards")).await;
    put(&world, attributes).await;
    world
}

async fn put(world: &World, mut attributes: Value) {
    attributes["user"] = json!({ "S": "ann" });
    world.put("card", ["CARD#ann", "CARD"], attributes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_not_a_number_counts_as_absent() {
    let writes = [("PATCH", json!({ "set": { "title": "b" } })), ("PUT", json!({ "title": "b" }))];
    let stored = [json!({ "NULL": true }), json!({ "S": "7" }), json!({ "SS": ["7"] })];
    for version in stored {
        for (method, body) in &writes {
            let world = world_with(json!({ "version": version })).await;
            let http = &world.system.http;
            let matching = [("If-Match", "\"7\"")];
            let (status, answer) = http.send_with(&matching, method, PATH, Some(body)).await;
            assert_eq!(status, 412, "{method} {version}: {answer}");
            let absent = [("If-None-Match", "*")];
            let created = http.send_with(&absent, "PUT", PATH, Some(&json!({}))).await;
            assert_eq!(created.0, 412, "{version}: there is an item");
            let present = [("If-Match", "*")];
            let (status, answer) = http.send_with(&present, method, PATH, Some(body)).await;
            assert_eq!(
                (status, &answer["version"]),
                (200, &json!(1)),
                "{method} {version}: {answer}"
            );
            let (status, answer) = http.send(method, PATH, Some(body)).await;
            assert_eq!(
                (status, &answer["version"]),
                (200, &json!(2)),
                "{method} {version}: {answer}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_hold_of_what_begins_at_a_null() {
    let world = world_with(
        json!({ "points": { "NULL": true }, "skills": { "M": { "wit": { "NULL": true } } } }),
    )
    .await;
    let cases = [
        (json!({ "add": { "points": 11 } }), 400, json!(null)),
        (json!({ "subtract": { "points": 1 } }), 400, json!(null)),
        (json!({ "add": { "points": 10 } }), 200, json!(10)),
        (json!({ "add": { "points": 1 } }), 400, json!(10)),
        (json!({ "add": { "skills.wit": 2 }, "subtract": { "points": 3 } }), 200, json!(7)),
    ];
    for (update, status, points) in cases {
        let (found, answer) = world.send("PATCH", PATH, update.clone()).await;
        assert_eq!(found, status, "{update}: {answer}");
        assert_eq!(world.get(PATH).await["points"], points, "{update}");
    }
    assert_eq!(world.get(PATH).await["skills"], json!({ "wit": 2 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unique_attribute_that_is_null_takes_its_lock_when_it_is_set() {
    let world = world_with(json!({ "code": { "NULL": true } })).await;
    let update = json!({ "set_if_absent": { "code": "c" } });
    let (status, answer) = world.send("PATCH", PATH, update).await;
    assert_eq!((status, &answer["code"]), (200, &json!("c")), "{answer}");
    let (status, answer) = world.send("POST", "/card", json!({ "user": "bob", "code": "c" })).await;
    assert_eq!((status, &answer["type"]), (409, &json!("/problems/duplicate")), "{answer}");
}

/// What was sent for the null would be another request, now that there is a number.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_with_a_key_is_done_once_also_where_it_found_a_null() {
    let nothing = json!({ "NULL": true });
    let world = world_with(json!({ "points": nothing, "tags": nothing, "version": nothing })).await;
    let actions = json!([{ "action": "patch", "entity": "card", "key": { "user": "ann" },
        "add": { "points": 2, "tags": ["x"] }, "set_if_absent": { "title": "t" } }]);
    let key = [("Idempotency-Key", world.system.model.table.name.as_str())];
    for _ in 0..3 {
        let http = &world.system.http;
        let (status, answer) = http.send_with(&key, "POST", "/transactions", Some(&actions)).await;
        assert_eq!(status, 200, "{answer}");
    }
    let card = world.get(PATH).await;
    let expected = json!({ "user": "ann", "title": "t", "points": 2, "tags": ["x"], "version": 1 });
    assert_eq!(card, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_is_taken_out_of_a_null_changes_nothing() {
    let world = world_with(json!({ "tags": { "NULL": true } })).await;
    let update = json!({ "delete": { "tags": ["x"] } });
    let (status, answer) = world.send("PATCH", PATH, update).await;
    assert_eq!((status, &answer["tags"]), (200, &Value::Null), "{answer}");
    assert_eq!(world.stored().await[0]["tags"], json!({ "NULL": true }));
}
