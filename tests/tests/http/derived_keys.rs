//! Keys that several values make (`:lower`, `:upper`, a cut time): a path names the item with its
//! own values, and no other.
//!
//! docs/threat-model.md names these tests beside what they hold.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use weir_model::{Item, ItemKey};
use weir_testing::dynamodb::TestDynamo;
use weir_testing::fixture::fixture;
use weir_testing::http::Client;
use weir_testing::json::object;

use crate::http::shop::{Reply, Shop, encoded, problem};

/// The kelvin sign, whose lower case is `k`.
const KELVIN: &str = "\u{212A}";

/// An item that is there, a value that makes its key and is not its own, and the attribute.
fn pairs() -> [(&'static str, &'static str, &'static str, &'static str); 3] {
    [
        ("user", "name", "K", KELVIN),
        ("user", "name", "k", "K"),
        ("event", "at", "2026-03-01T00:00:00.000Z", "2026-03-31T12:00:00.000Z"),
    ]
}

async fn stored(shop: &Shop, entity: &str, attribute: &str, value: &str) -> Option<Item> {
    let entity = shop.table.model().entity(entity).expect("it is defined");
    let key = entity.key_from_text(&[(attribute, value)]).expect("a key");
    shop.table.get(&key.primary).await.expect("read")
}

#[tokio::test]
async fn a_read_by_another_value_of_the_same_key_finds_nothing() {
    let shop = Shop::with_definition(&fixture("derived")).await;
    for (entity, attribute, own, other) in pairs() {
        let item = json!({ attribute: own, "note": "mine" });
        assert_eq!(shop.send("PUT", &path(entity, own), &item).await.status, 200);
        assert_eq!(shop.get(&path(entity, own)).await.json(), item);
        assert_eq!(shop.get(&path(entity, other)).await.problem(), problem(404, "not-found"));
        let keys = encoded(&json!([{ attribute: other }, { attribute: own }]).to_string());
        let many = shop.get(&format!("/batch/{entity}?keys={keys}")).await.json();
        assert_eq!(many["items"], json!([null, item]));
        let wanted = |value: &str| json!({ "entity": entity, "key": { attribute: value } });
        let items = encoded(&json!([wanted(other), wanted(own)]).to_string());
        let together = shop.get(&format!("/transactions?items={items}")).await.json();
        assert_eq!(together["items"], json!([null, item]));
        let typed = shop.table.entity::<serde_json::Map<String, Value>>(entity).expect("typed");
        assert_eq!(typed.get(&json!({ attribute: other })).await.expect("read"), None);
        if entity == "user" {
            let row = |id: &str, owner: &str| json!({ "id": id, "owner": owner });
            shop.load("account", &[row("1", own), row("2", other)]).await;
            for (id, user) in [("1", item.clone()), ("2", Value::Null)] {
                let account = shop.get(&format!("/account/{id}?include=user")).await.json();
                assert_eq!(account["user"], user, "{account}");
            }
        }
        assert_eq!(shop.send("DELETE", &path(entity, own), "").await.status, 204);
    }
}

#[tokio::test]
async fn a_write_by_another_value_of_the_same_key_changes_nothing() {
    let shop = Shop::with_definition(&fixture("derived")).await;
    for (entity, attribute, own, other) in pairs() {
        let item = json!({ attribute: own, "note": "mine" });
        assert_eq!(shop.send("PUT", &path(entity, own), &item).await.status, 200);
        let before = stored(&shop, entity, attribute, own).await;
        let theirs = json!({ attribute: other, "note": "theirs" });
        let set = json!({ "set": { "note": "theirs" } });
        let key = json!({ attribute: other });
        let with = |name: &str, more: Value| {
            let mut action = json!({ "action": name, "entity": entity });
            action
                .as_object_mut()
                .expect("an object")
                .extend(object(&more).iter().map(|(k, v)| (k.clone(), v.clone())));
            json!([action])
        };
        let at = path(entity, other);
        let (missing, taken) = (problem(404, "not-found"), problem(409, "already-exists"));
        let cases = [
            ("POST", format!("/{entity}"), theirs.clone(), &taken),
            ("PUT", at.clone(), theirs.clone(), &taken),
            ("PATCH", at.clone(), set.clone(), &missing),
            ("PATCH", format!("{at}?create=true"), set.clone(), &taken),
            ("DELETE", at.clone(), Value::Null, &missing),
            ("POST", "/transactions".into(), with("create", json!({ "item": theirs })), &taken),
            ("POST", "/transactions".into(), with("put", json!({ "item": theirs })), &taken),
            (
                "POST",
                "/transactions".into(),
                with("patch", json!({ "key": key, "set": { "note": "theirs" } })),
                &missing,
            ),
            (
                "POST",
                "/transactions".into(),
                with("update", json!({ "key": key, "set": { "note": "theirs" } })),
                &taken,
            ),
            ("POST", "/transactions".into(), with("delete", json!({ "key": key })), &taken),
            ("POST", "/transactions".into(), with("remove", json!({ "key": key })), &missing),
            ("POST", "/transactions".into(), with("check", json!({ "key": key })), &missing),
        ];
        for (method, path, body, expected) in cases {
            let reply = shop.send(method, &path, &body).await;
            assert_eq!(reply.problem(), *expected, "{method} {path} {body}: {}", reply.text);
            assert!(!reply.text.contains("mine"), "{method} {path} shows the other item");
            assert_eq!(stored(&shop, entity, attribute, own).await, before, "{method} {path}");
        }
        for (headers, method) in [(("If-Match", "*"), "PUT"), (("If-Match", "*"), "PATCH")] {
            let body = if method == "PUT" { &theirs } else { &set };
            let reply = shop.send_with(&[headers], method, &at, body).await;
            let expected = if method == "PUT" { &taken } else { &missing };
            assert_eq!(reply.problem(), *expected, "{method} If-Match: {}", reply.text);
        }
        let put = shop.send("POST", &format!("/batch/{entity}"), json!([theirs])).await;
        assert_eq!((put.json()["written"].clone(), failed(&put)), (json!(0), vec![0]));
        let both = shop.send("POST", &format!("/batch/{entity}"), json!([item, theirs])).await;
        assert_eq!((both.json()["written"].clone(), failed(&both)), (json!(1), vec![1]));
        // The deletion of an absent item is done already.
        let deleted = shop.send("POST", "/batch", with("delete", json!({ "key": key }))).await;
        assert_eq!(deleted.json()["written"], 1, "{}", deleted.text);
        assert_eq!(stored(&shop, entity, attribute, own).await, before);
        assert_eq!(shop.send("DELETE", &path(entity, own), "").await.status, 204);
    }
}

/// Positions of the rows that a batch could not write.
fn failed(reply: &Reply) -> Vec<u64> {
    let json = reply.json();
    let rows = json["failed"].as_array().unwrap_or_else(|| panic!("{}", reply.text));
    rows.iter().filter_map(|row| row["index"].as_u64()).collect()
}

fn path(entity: &str, value: &str) -> String {
    format!("/{entity}/{}", encoded(value))
}

/// Items of other programs: a time in another form is the same time; an item without the attribute
/// is not the one of any path.
#[tokio::test]
async fn foreign_items_are_named_by_the_values_that_they_have() {
    let dynamodb = TestDynamo::start().await;
    let shop = Shop::over(dynamodb.connect().await, &fixture("derived")).await;
    let raw = Client::new(&dynamodb.url);
    let put = async |at: Option<&str>| {
        let mut item = json!({
            "PK": { "S": "EVENT#2026-03" }, "SK": { "S": "EVENT" }, "_et": { "S": "event" },
        });
        if let Some(at) = at {
            item["at"] = json!({ "S": at });
        }
        raw.dynamodb("PutItem", &json!({ "TableName": shop.table.name(), "Item": item })).await;
    };
    let own = path("event", "2026-03-01T00:00:00.000Z");
    let set = json!({ "set": { "note": "x" } });
    put(Some("2026-03-01T01:00:00+01:00")).await;
    assert_eq!(shop.get(&own).await.status, 200);
    let patched = shop.send("PATCH", &own, &set).await;
    assert_eq!(patched.status, 200, "{}", patched.text);
    assert_eq!(shop.send("DELETE", &own, "").await.status, 204);

    put(None).await;
    assert_eq!(shop.get(&own).await.status, 404);
    assert_eq!(shop.send("PATCH", &own, &set).await.status, 404);
    assert_eq!(shop.send("DELETE", &own, "").await.status, 404);
    assert_eq!(shop.send("PUT", &own, json!({})).await.status, 409);
}

/// With `lower = true`, texts that differ in case are one value, however another program wrote it.
#[tokio::test]
async fn a_text_that_is_declared_in_lower_case_names_an_item_of_any_case() {
    let dynamodb = TestDynamo::start().await;
    let shop = Shop::over(dynamodb.connect().await, &fixture("derived")).await;
    let item = json!({
        "PK": { "S": "TAG#red" }, "SK": { "S": "TAG" }, "_et": { "S": "tag" },
        "tag": { "S": "Red" },
    });
    let put = json!({ "TableName": shop.table.name(), "Item": item });
    Client::new(&dynamodb.url).dynamodb("PutItem", &put).await;
    for path in ["/tag/red", "/tag/RED"] {
        assert_eq!(shop.get(path).await.json()["tag"], "Red", "{path}");
        let patched = shop.send("PATCH", path, json!({ "set": { "note": path } })).await;
        assert_eq!(patched.json()["note"], path, "{}", patched.text);
    }
    assert_eq!(shop.send("DELETE", "/tag/rED", "").await.status, 204);
}

/// Formats for the text and the time of a random template, and whether the sort key is made from
/// the text as well, as it is or shortened.
fn definitions() -> impl Strategy<Value = String> {
    let text = prop_oneof![1 => Just(""), 2 => Just(":lower"), 2 => Just(":upper")];
    let time = prop_oneof![
        Just(""),
        Just(":year"),
        Just(":month"),
        Just(":day"),
        Just(":hour"),
        Just(":minute")
    ];
    let sort = prop_oneof![
        Just("ONE"),
        Just("{text}"),
        Just("{text:upper}"),
        Just("{at:day}"),
        Just("{at}")
    ];
    let case = prop_oneof![Just(""), Just(", lower = true")];
    (text, time, sort, case).prop_map(|(text, time, sort, case)| {
        format!(
            "[table]\nname = \"random\"\n[entities.row]\nPK = \"R#{{text{text}}}#{{at{time}}}\"\n\
             SK = \"S#{sort}\"\n[entities.row.attributes]\n\
             text = {{ type = \"string\", required = true{case} }}\n\
             at = {{ type = \"timestamp\", required = true }}\nnote = {{ type = \"string\" }}\n"
        )
    })
}

/// Values of which many make the same key.
fn values() -> impl Strategy<Value = (String, String)> {
    let text = prop_oneof![Just("k"), Just("K"), Just(KELVIN), Just("ß"), Just("SS"), Just("ss")];
    let time = prop_oneof![
        Just("2026-03-01T00:00:00.000Z"),
        Just("2026-03-01T00:00:30.000Z"),
        Just("2026-03-01T00:30:00.000Z"),
        Just("2026-03-01T12:00:00.000Z"),
        Just("2026-03-31T00:00:00.000Z"),
        Just("2026-12-01T00:00:00.000Z"),
    ];
    (text, time).prop_map(|(text, time)| (text.to_owned(), time.to_owned()))
}

#[test]
fn whatever_the_template_an_answer_has_the_asked_values_and_a_write_changes_no_other_item() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
    let case = (definitions(), values(), values());
    let ran = TestRunner::new(config).run(&case, |(definition, own, other)| {
        runtime.block_on(asked_by(&definition, &own, &other));
        Ok(())
    });
    ran.unwrap_or_else(|error| panic!("{error}"));
}

/// Creates an item and asks for one by other values, by every verb.
async fn asked_by(definition: &str, own: &(String, String), other: &(String, String)) {
    let shop = Shop::with_definition(definition).await;
    let row = shop.table.model().entity("row").expect("it is defined").clone();
    let key = |(text, at): &(String, String)| -> ItemKey {
        row.key_from_text(&[("text", text), ("at", at)]).expect("a key")
    };
    let names: Vec<String> = row.key_attributes().into_iter().map(str::to_owned).collect();
    let at = |(text, at): &(String, String)| {
        let part = |name: &String| encoded(if name == "text" { text } else { at });
        format!("/row/{}", names.iter().map(part).collect::<Vec<_>>().join("/"))
    };
    let object =
        |(text, at): &(String, String), note: &str| json!({ "text": text, "at": at, "note": note });
    let is_own = key(own).attributes == key(other).attributes;
    let put =
        |name: &str| json!([{ "action": name, "entity": "row", "item": object(other, "new") }]);
    let keyed = |name: &str| {
        let (text, at) = other;
        json!([{ "action": name, "entity": "row", "key": { "text": text, "at": at } }])
    };
    let requests = [
        ("GET", at(other), Value::Null),
        ("PUT", at(other), json!({ "note": "new" })),
        ("PATCH", at(other), json!({ "set": { "note": "new" } })),
        ("PATCH", format!("{}?create=true", at(other)), json!({ "set": { "note": "new" } })),
        ("DELETE", at(other), Value::Null),
        ("POST", "/row".to_owned(), object(other, "new")),
        ("POST", "/batch/row".to_owned(), json!([object(other, "new")])),
        ("POST", "/batch".to_owned(), keyed("delete")),
        ("POST", "/transactions".to_owned(), put("put")),
        ("POST", "/transactions".to_owned(), keyed("delete")),
    ];
    for (method, path, body) in requests {
        shop.send("DELETE", &at(other), "").await;
        shop.send("DELETE", &at(own), "").await;
        let created = shop.send("POST", "/row", object(own, "old")).await;
        assert_eq!(created.status, 201, "{}", created.text);
        let before = shop.table.get(&key(own).primary).await.expect("read").expect("stored");
        let reply = shop.send(method, &path, &body).await;
        let what = format!("{definition}\n{own:?} by {method} {path} {body}: {}", reply.text);
        if is_own {
            assert!(reply.status < 300 || path == "/row", "{what}");
            continue;
        }
        let after = shop.table.get(&key(own).primary).await.expect("read");
        assert_eq!(after.as_ref(), Some(&before), "{what}");
        let found = shop.get(&at(other)).await;
        if found.status == 200 {
            let item = found.json();
            let asked = row.decode(&key(other).attributes);
            assert_eq!((&item["text"], &item["at"]), (&asked["text"], &asked["at"]), "{what}");
        } else {
            assert_eq!(found.status, 404, "{what}");
        }
    }
}
