//! Maps and lists with rules of their own, by HTTP: written whole, read, updated by their paths,
//! filtered, loaded.

use futures::future::join_all;
use serde_json::{Value, json};
use weir_testing::fixture::fixture;

use crate::http::shop::{Reply, Shop, encoded, problem};

const ORDER: &str = "/order/ann/1";

async fn shop() -> Shop {
    Shop::with_definition(&fixture("parcels")).await
}

fn order() -> Value {
    json!({
        "user": "ann", "number": 1, "tags": ["a"], "skills": { "wit": 3 },
        "address": { "street": " Hill 1 ", "zip": "12345", "since": "2026-11-20T07:00:00+01:00",
        "secret": "s" },
        "lines": [{ "sku": "a", "price": "12.50", "cost": 1 }, { "sku": "b", "state": "sent" }],
    })
}

async fn shop_with_order() -> Shop {
    let shop = shop().await;
    shop.load("order", &[order()]).await;
    shop
}

async fn patch(shop: &Shop, body: Value) -> Reply {
    shop.send("PATCH", ORDER, body).await
}

/// The errors of a problem: fields and messages.
fn errors(reply: &Reply) -> Vec<(String, String)> {
    assert_eq!(reply.problem(), problem(400, "validation"), "{}", reply.text);
    let json = reply.json();
    let text = |error: &Value, name: &str| error[name].as_str().expect("a text").to_owned();
    let errors = json["errors"].as_array().expect("errors").iter();
    errors.map(|error| (text(error, "field"), text(error, "message"))).collect()
}

#[tokio::test]
async fn what_is_inside_is_checked_stored_and_answered_as_its_rules_say() {
    let shop = shop().await;
    let created = shop.send("POST", "/order", order()).await;
    let expected = json!({
        "user": "ann", "number": 1, "tags": ["a"], "skills": { "wit": 3 },
        "address": { "street": "Hill 1", "zip": "12345", "since": "2026-11-20T06:00:00Z" },
        "lines": [{ "sku": "a", "price": 12.5, "state": "open" }, { "sku": "b", "state": "sent" }],
    });
    assert_eq!((created.status, created.json()), (201, expected.clone()), "{}", created.text);
    assert_eq!(shop.get(ORDER).await.json(), expected);
    assert_eq!(shop.get("/order/ann").await.json()["items"], json!([expected]));

    let mut wrong = order();
    wrong["lines"][1] = json!({ "price": 0.001, "wight": 1 });
    wrong["address"] = json!({ "zip": "1", "steet": "x" });
    wrong["skills"]["wit"] = json!(21);
    let reply = shop.send("PUT", ORDER, wrong).await;
    let told = errors(&reply);
    let fields: Vec<_> = told.iter().map(|(field, _)| field.as_str()).collect();
    let expected = [
        "skills.wit",
        "address.steet",
        "address.street",
        "address.zip",
        "lines[1].wight",
        "lines[1].sku",
        "lines[1].price",
    ];
    assert_eq!(fields, expected);
    assert_eq!(told[1].1, "the map has no such attribute; did you mean `street`?");
}

#[tokio::test]
async fn places_inside_are_updated_by_their_paths() {
    let shop = shop_with_order().await;
    let body = json!({
        "set": { "address.zip": "54321", "lines[1].price": "2.50", "tags[1]": "b" },
        "add": { "skills.wit": 2, "skills.art": 1, "address.codes": ["x", "y"],
        "labels.red": ["a"] },
        "subtract": { "lines[0].price": 0.5 },
        "remove": ["address.since"],
    });
    let reply = patch(&shop, body).await;
    let expected = json!({
        "user": "ann", "number": 1, "tags": ["a", "b"], "skills": { "art": 1, "wit": 5 },
        "labels": { "red": ["a"] },
        "address": { "street": "Hill 1", "zip": "54321", "codes": ["x", "y"] },
        "lines": [{ "sku": "a", "price": 12, "state": "open" }, { "sku": "b", "price": 2.5,
        "state": "sent" }],
    });
    assert_eq!((reply.status, reply.json()), (200, expected), "{}", reply.text);
    let body = json!({
        "append": { "lines": [{ "sku": "c" }] }, "delete": { "address.codes": ["x"],
        "labels.red": ["a"] },
        "where": { "lines[1].state": "sent", "address.zip": { "begins_with": "5" } },
    });
    let reply = patch(&shop, body).await;
    assert_eq!(reply.json()["lines"][2], json!({ "sku": "c", "state": "open" }), "{}", reply.text);
    assert_eq!(reply.json()["address"]["codes"], json!(["y"]));
    assert_eq!(reply.json()["labels"], json!({}), "a set without members is gone");
}

#[tokio::test]
async fn nothing_is_written_that_a_rule_inside_forbids() {
    let shop = shop_with_order().await;
    let before = shop.get(ORDER).await.text;
    let cases = [
        (json!({ "set": { "address.zip": "1" } }), "address.zip", "expected text that matches"),
        (json!({ "set": { "address.zap.x": "1" } }), "address.zap.x", "has no such attribute"),
        (
            json!({ "remove": ["address.street"] }),
            "address.street",
            "is required, and cannot be removed",
        ),
        (json!({ "set": { "lines[0]": {} } }), "lines[0].sku", "it is required"),
        (json!({ "add": { "skills.wit": 18 } }), "skills.wit", "at most 20 afterwards"),
        (
            json!({ "subtract": { "lines[0].price": 13 } }),
            "lines[0].price",
            "at least 0 afterwards",
        ),
        (
            json!({ "append": { "lines": [{ "sku": "c" }, { "sku": "d" }] } }),
            "lines",
            "at most 3 afterwards",
        ),
        (json!({ "append": { "lines": [{ "sku": 1 }] } }), "lines[0].sku", "expected a string"),
        (json!({ "set": { "lines[9].sku": "x" } }), "lines[9].sku", "there is no `lines[9]`"),
        (
            json!({ "add": { "address.codes": ["a", "b", "c", "d"] } }),
            "address.codes",
            "at most 3 afterwards",
        ),
        (json!({ "set": { "tags[0]": 1 } }), "tags[0]", "expected a string"),
        (
            json!({ "set": { "tags[0]": "x" }, "where": { "lines[0].state": "lost" } }),
            "lines[0].state",
            "expected one of open, sent",
        ),
    ];
    for (body, field, message) in cases {
        let reply = patch(&shop, body.clone()).await;
        let told = errors(&reply);
        assert!(told[0].0 == field && told[0].1.contains(message), "{body}: {told:?}");
        assert_eq!(shop.get(ORDER).await.text, before, "{body}");
    }
}

#[tokio::test]
async fn a_map_on_the_way_is_made_only_with_all_that_it_must_have() {
    let shop = shop().await;
    shop.load("order", &[json!({ "user": "ann", "number": 1 })]).await;
    let told = errors(&patch(&shop, json!({ "set": { "address.zip": "12345" } })).await);
    let expected = "expected a string, it is required, and there is no `address` yet";
    assert_eq!(told, [("address.street".to_owned(), expected.to_owned())]);
    let body = json!({ "set": { "address.zip": "12345", "address.street": "a" },
        "add": { "labels.red": ["x"] } });
    let address = patch(&shop, body).await.json()["address"].clone();
    assert_eq!((&address["zip"], &address["street"]), (&json!("12345"), &json!("a")));
    assert!(address["since"].is_string(), "a default: {address}");
    let actions = json!([{
        "action": "patch", "entity": "order", "key": { "user": "ann", "number": 1 },
        "set": { "skills.wit": 21 },
    }]);
    let reply = shop.send("POST", "/transactions", actions).await;
    assert!(
        reply.text.contains("skills.wit") && reply.text.contains("at most 20"),
        "{}",
        reply.text
    );
}

#[tokio::test]
async fn what_is_hidden_inside_is_neither_answered_nor_asked_about() {
    let shop = shop_with_order().await;
    let refused = json!({ "set": { "tags[0]": "x" }, "where": { "skills.wit": 0 } });
    let refused = patch(&shop, refused).await;
    assert_eq!(refused.problem(), problem(412, "condition-failed"));
    for hidden in ["secret", "cost"] {
        for path in [ORDER, "/order/ann", "/order/ann?select=address,lines"] {
            let reply = shop.get(path).await;
            assert!(reply.status == 200 && !reply.text.contains(hidden), "{path}: {}", reply.text);
        }
        assert!(!refused.text.contains(hidden), "{}", refused.text);
    }
    for asked in [
        json!({ "address.secret": { "begins_with": "s" } }),
        json!({ "lines[0].cost": { "gt": 0 } }),
        json!({ "lines": { "contains": { "sku": "a", "cost": 1 } } }),
    ] {
        let reply = shop.get(&format!("/order/ann?where={}", encoded(&asked.to_string()))).await;
        assert_eq!(reply.problem(), problem(400, "bad-query"), "{asked}: {}", reply.text);
        assert!(reply.text.contains("hidden"), "{}", reply.text);
    }
}

#[tokio::test]
async fn lists_are_filtered_by_what_is_inside() {
    let shop = shop_with_order().await;
    let mut other = order();
    (other["number"], other["address"]["since"]) = (json!(2), json!("2026-11-21T00:00:00Z"));
    shop.load("order", &[other]).await;
    for (filter, expected) in [
        (json!({ "address.since": { "gt": "2026-11-20T12:00:00+02:00" } }), json!([2])),
        (json!({ "lines[0].price": "12.50" }), json!([1, 2])),
        (
            json!({ "tags": { "contains": "a" }, "address.since": "2026-11-20T06:00:00Z" }),
            json!([1]),
        ),
    ] {
        let path = format!("/order/ann?where={}", encoded(&filter.to_string()));
        let found = shop.get(&path).await;
        let numbers: Value = found.json()["items"]
            .as_array()
            .expect("items")
            .iter()
            .map(|item| item["number"].clone())
            .collect();
        assert_eq!(numbers, expected, "{filter}: {}", found.text);
    }
}

#[tokio::test]
async fn many_writers_at_one_place_inside_lose_nothing() {
    let shop = shop_with_order().await;
    let adders = (0..20).map(|number| {
        let body = json!({ "add": { "skills.wit": 1, "labels.red": [format!("{}", number % 3)] } });
        let shop = &shop;
        async move { patch(shop, body).await.status }
    });
    let ended = join_all(adders).await;
    let (done, refused): (Vec<u16>, Vec<u16>) = ended.iter().partition(|status| **status == 200);
    assert_eq!((done.len(), refused), (17, vec![400; 3]), "from 3 to 20");
    let stored = shop.get(ORDER).await.json();
    assert_eq!(
        (&stored["skills"]["wit"], &stored["labels"]["red"]),
        (&json!(20), &json!(["0", "1", "2"]))
    );
}

#[tokio::test]
async fn a_row_of_a_batch_is_refused_by_its_paths_and_the_others_are_written() {
    let shop = shop().await;
    let rows = json!([order(), { "user": "ann", "number": 2, "lines": [{ "sku": "a" }, {}] }]);
    let report = shop.send("POST", "/batch/order", rows).await.json();
    assert_eq!((&report["written"], &report["failed"][0]["index"]), (&json!(1), &json!(1)));
    assert_eq!(report["failed"][0]["errors"][0]["field"], "lines[1].sku");
}
