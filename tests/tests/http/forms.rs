//! Items as DynamoDB writes them, wherever items are answered.

use serde_json::{Value, json};
use weir_http::DYNAMODB_JSON;
use weir_testing::fixture::fixture;

use crate::http::shop::{Reply, Shop, encoded, problem};

const STORED: [(&str, &str); 1] = [("accept", DYNAMODB_JSON)];
const ORDER: &str = "/order/ann/2026-11-20T06:40:54Z/1";

fn order() -> Value {
    json!({ "user": "ann", "order": "1", "placed": "2026-11-20T06:40:54Z", "total": 1.5,
        "secret": "s" })
}

/// The order as DynamoDB writes it, with its keys; what is hidden is not in it.
fn stored() -> Value {
    json!({
        "PK": { "S": "USER#ann" },
        "SK": { "S": "ORDER#2026-11-20T06:40:54Z#1" },
        "_et": { "S": "order" },
        "user": { "S": "ann" },
        "order": { "S": "1" },
        "placed": { "S": "2026-11-20T06:40:54Z" },
        "status": { "S": "placed" },
        "total": { "N": "1.5" },
    })
}

async fn ask(shop: &Shop, method: &str, path: &str, body: Value) -> Reply {
    let reply = shop.send_with(&STORED, method, path, body).await;
    assert_eq!(reply.headers["content-type"], DYNAMODB_JSON, "{method} {path}: {}", reply.text);
    reply
}

#[tokio::test]
async fn every_answer_of_items_has_the_form_that_is_asked_for() {
    let shop = Shop::open().await;
    assert_eq!(ask(&shop, "POST", "/order", order()).await.json(), stored());
    assert_eq!(ask(&shop, "GET", ORDER, json!(null)).await.json(), stored());
    let list = ask(&shop, "GET", "/order/ann", json!(null)).await.json();
    assert_eq!(list, json!({ "items": [stored()], "cursor": null }));
    let key = json!({ "user": "ann", "placed": "2026-11-20T06:40:54Z", "order": "1" });
    let keys = encoded(&json!([key]).to_string());
    let many = ask(&shop, "GET", &format!("/batch/order?keys={keys}"), json!(null)).await.json();
    assert_eq!(many, json!({ "items": [stored()], "unread": [] }));
    let items = encoded(&json!([{ "entity": "order", "key": key }]).to_string());
    let together = ask(&shop, "GET", &format!("/transactions?items={items}"), json!(null)).await;
    assert_eq!(together.json(), json!({ "items": [stored()] }));
    let patched = ask(&shop, "PATCH", ORDER, json!({ "add": { "total": 1 } })).await.json();
    assert_eq!(patched["total"], json!({ "N": "2.5" }));
    let deleted = ask(&shop, "DELETE", &format!("{ORDER}?return=item"), json!(null)).await;
    assert_eq!((deleted.status, &deleted.json()["total"]), (200, &json!({ "N": "2.5" })));
    let user = json!({ "id": "1", "tenant": "t", "number": 1 });
    let upserted = ask(&shop, "PUT", "/unique/user/email/a@x", user).await;
    assert_eq!((upserted.status, &upserted.json()["version"]), (201, &json!({ "N": "1" })));
    assert_eq!(upserted.headers["etag"], "\"1\"");
    let found = ask(&shop, "GET", "/unique/user/email/a@x", json!(null)).await;
    assert_eq!(found.json(), upserted.json());
}

#[tokio::test]
async fn each_type_is_as_dynamodb_has_it() {
    let shop = Shop::open().await;
    let thing = json!({
        "id": "1", "epoch": "2026-11-20T00:00:00Z", "number": "12345678901234567890.5",
        "boolean": true,
        "binary": "/+8=", "texts": ["b"], "numbers": [1], "blobs": ["AA=="], "list": [1, "a"],
        "map": { "a": { "b": false } },
    });
    let stored = ask(&shop, "PUT", "/thing/1", thing).await.json();
    let expected = [
        ("epoch", json!({ "N": "1795132800" })),
        ("number", json!({ "N": "12345678901234567890.5" })),
        ("boolean", json!({ "BOOL": true })),
        ("binary", json!({ "B": "/+8=" })),
        ("texts", json!({ "SS": ["b"] })),
        ("numbers", json!({ "NS": ["1"] })),
        ("blobs", json!({ "BS": ["AA=="] })),
        ("list", json!({ "L": [{ "N": "1" }, { "S": "a" }] })),
        ("map", json!({ "M": { "a": { "M": { "b": { "BOOL": false } } } } })),
    ];
    for (name, value) in expected {
        assert_eq!(stored[name], value, "{name}");
    }
}

/// What is made from something hidden tells of it.
#[tokio::test]
async fn a_key_that_is_made_from_what_is_hidden_is_not_shown() {
    let shop = Shop::with_definition(&fixture("secrets")).await;
    let login = json!({ "id": "1", "token": "t", "name": "Ann" });
    let stored = ask(&shop, "POST", "/login", login).await;
    let expected = json!({
        "PK": { "S": "LOGIN#1" }, "SK": { "S": "LOGIN" }, "_et": { "S": "login" },
        "id": { "S": "1" }, "n": { "S": "Ann" },
    });
    assert_eq!(stored.json(), expected);
}

#[tokio::test]
async fn what_has_no_such_form_is_as_ever() {
    let shop = Shop::open().await;
    let count = shop.send_with(&STORED, "GET", "/order/ann?count=true", "").await;
    assert_eq!(
        (count.status, &count.headers["content-type"]),
        (200, &"application/json".parse().expect("ascii"))
    );
    let missing = shop.send_with(&STORED, "GET", ORDER, "").await;
    assert_eq!(missing.problem(), problem(404, "not-found"));
    assert_eq!(missing.headers["content-type"], "application/problem+json");
}

/// Every route that takes a body, as the OpenAPI document lists them.
#[tokio::test]
async fn a_body_as_dynamodb_writes_items_is_rejected_on_every_route() {
    const DYNAMODB: [(&str, &str); 1] = [("content-type", DYNAMODB_JSON)];
    let shop = Shop::open().await;
    let unsupported = problem(415, "unsupported-media-type");
    let created = shop.send_with(&DYNAMODB, "POST", "/order", stored()).await;
    assert_eq!(created.problem(), unsupported);
    let detail = created.json()["detail"].as_str().expect("a detail").to_owned();
    assert!(detail.contains(DYNAMODB_JSON) && detail.contains("expected application/json"));
    assert_eq!(shop.get(ORDER).await.problem(), problem(404, "not-found"));

    let document = shop.get(weir_http::routes::OPENAPI).await.json();
    let mut tried = std::collections::BTreeSet::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let Some(body) = operation.get("requestBody") else { continue };
            let types = body["content"].as_object().expect("types").keys().collect::<Vec<_>>();
            assert_eq!(types, ["application/json"], "{method} {path}");
            assert!(operation["responses"]["415"].is_object(), "{method} {path}");
            let path = path.replace(['{', '}'], "");
            for kind in [DYNAMODB_JSON, "application/merge-patch+json", "text/csv"] {
                let kind = [("content-type", kind)];
                let reply = shop.send_with(&kind, &method.to_uppercase(), &path, "[{}]").await;
                assert_eq!(reply.problem(), unsupported, "{method} {path}");
            }
            tried.insert(format!("{method} {}", path.split('/').nth(1).unwrap_or_default()));
        }
    }
    let routes = ["post order", "put order", "patch order", "put unique", "post batch"];
    for route in routes.into_iter().chain(["post transactions"]) {
        assert!(tried.contains(route), "{route}: {tried:?}");
    }
}
