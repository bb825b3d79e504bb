//! One item: created, got, replaced, deleted; every type there and back; what DynamoDB refuses.

use axum::http::header::{LOCATION, RETRY_AFTER};
use serde_json::{Value, json};
use weir_testing::json::object;

use crate::http::shop::{Shop, problem};

#[tokio::test]
async fn an_item_is_created_once_replaced_and_deleted() {
    let shop = Shop::open().await;
    let body = json!({ "user": "ann", "order": "1", "placed": "2026-11-20T06:40:54Z",
        "total": 12.5, "secret": "x" });

    let created = shop.send("POST", "/order", &body).await;
    assert_eq!(created.status, 201, "{}", created.text);
    let path = "/order/ann/2026-11-20T06%3A40%3A54Z/1";
    assert_eq!(created.headers[LOCATION], path);
    let expected = json!({ "user": "ann", "order": "1", "placed": "2026-11-20T06:40:54Z",
        "status": "placed", "total": 12.5 });
    assert_eq!(created.json(), expected, "a default is applied, a hidden attribute left out");
    assert_eq!(shop.get(path).await.json(), expected);

    let again = shop.send("POST", "/order", &body).await;
    assert_eq!(again.problem(), problem(409, "already-exists"));
    assert!(again.json()["detail"].as_str().is_some_and(|detail| detail.contains(path)));

    let replaced = shop.send("PUT", path, json!({ "total": "7.00", "order": "1" })).await;
    assert_eq!((replaced.status, replaced.json()["total"].to_string()), (200, "7".to_owned()));
    assert_eq!(shop.get(path).await.json(), replaced.json());

    let deleted = shop.send("DELETE", path, "").await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    for method in ["DELETE", "GET"] {
        assert_eq!(shop.send(method, path, "").await.problem(), problem(404, "not-found"));
    }
    let put = shop.send("PUT", path, json!({ "total": 1 })).await;
    assert_eq!(put.status, 200, "PUT creates at its path: {}", put.text);
}

#[tokio::test]
async fn the_path_that_an_answer_names_leads_to_the_item() {
    let shop = Shop::open().await;
    for user in ["a/b", "a#b%23", "ü ?&=+", "..x", "\"\\"] {
        let created = shop.send("POST", "/order", json!({ "user": user, "total": 1 })).await;
        assert_eq!(created.status, 201, "{user}: {}", created.text);
        let path = created.headers[LOCATION].to_str().expect("ASCII").to_owned();
        let got = shop.get(&path).await;
        assert_eq!((got.status, got.json()), (200, created.json()), "{path}");
        let partition = path.split('/').take(3).collect::<Vec<_>>().join("/");
        assert_eq!(shop.get(&partition).await.json()["items"], json!([created.json()]), "{path}");
    }
}

#[tokio::test]
async fn an_item_of_another_entity_is_not_there() {
    let shop = Shop::open().await;
    shop.send("POST", "/profile", json!({ "user": "ann" })).await;
    assert_eq!(shop.get("/profile/ann").await.status, 200);
    let mut item = shop.table.get(&key(&shop, "ann")).await.expect("read").expect("an item");
    item.insert("_et".to_owned(), weir_model::AttributeValue::S("visitor".to_owned()));
    shop.table.put(item, &weir_model::Predicate::always()).await.expect("written");
    assert_eq!(shop.get("/profile/ann").await.problem(), problem(404, "not-found"));
    let deleted = shop.send("DELETE", "/profile/ann", json!(null)).await;
    assert_eq!(deleted.problem(), problem(404, "not-found"));
    let replaced = shop.send("PUT", "/profile/ann", json!({ "user": "ann" })).await;
    assert_eq!(replaced.problem(), problem(409, "already-exists"));
    let still = shop.table.get(&key(&shop, "ann")).await.expect("read").expect("an item");
    assert_eq!(still["_et"], weir_model::AttributeValue::S("visitor".to_owned()));
}

fn key(shop: &Shop, user: &str) -> weir_model::PrimaryKey {
    let profile = shop.table.model().entity("profile").expect("it is defined");
    profile.key_from_text(&[("user", user)]).expect("a key").primary
}

#[tokio::test]
async fn values_of_every_type_come_back_as_they_were_sent() {
    let shop = Shop::open().await;
    let digits = [
        "12345678901234567890.123456789012345678",
        "99999999999999999999999999999999999999",
        "-0.00000000000000000000000000000000000001",
        "0",
    ];
    for digits in digits {
        let body = format!("{{\"number\":{digits},\"any\":{{\"n\":[{digits}]}}}}");
        let put = shop.send("PUT", "/thing/t", &body).await;
        assert_eq!(put.status, 200, "{}", put.text);
        let expected = format!("{{\"id\":\"t\",\"number\":{digits},\"any\":{{\"n\":[{digits}]}}}}");
        assert_eq!(shop.get("/thing/t").await.text, expected);
    }
    let whole = json!({
        "id": "t", "text": "", "number": 1.5, "integer": -7, "decimal": 0.25, "boolean": false,
        "enum": "b",
        "time": "2026-11-20T06:40:54.123Z", "epoch": 1795153254, "binary": "AAEC", "texts": ["a",
        "b"],
        "numbers": [1, 2.5, 10], "blobs": ["AA==", "AQ=="], "list": [1, null, "x", [true]],
        "map": { "a": { "b": {} } }, "any": "text",
    });
    let put = shop.send("PUT", "/thing/t", &whole).await;
    assert_eq!(put.status, 200, "{}", put.text);
    assert_eq!(shop.get("/thing/t").await.json(), whole);

    let empty = json!({ "id": "t", "text": "", "binary": "", "texts": [""], "list": [], "map": {},
        "any": {} });
    assert_eq!(shop.send("PUT", "/thing/t", &empty).await.status, 200);
    assert_eq!(shop.get("/thing/t").await.json(), empty);
}

#[tokio::test]
async fn a_wrong_value_of_every_type_is_told_at_once() {
    let shop = Shop::open().await;
    let body = json!({
        "id": 1, "text": true, "number": "many", "integer": 1.5, "decimal": 1.005,
        "boolean": "yes", "enum": "c",
        "time": "soon", "epoch": 1.5, "binary": "%", "texts": [1], "numbers": ["x"], "blobs": [],
        "list": {},
        "map": [], "any": "fine", "other": 1,
    });
    let reply = shop.send("POST", "/thing", &body).await;
    assert_eq!(reply.problem(), problem(400, "validation"));
    let json = reply.json();
    let errors = json["errors"].as_array().expect("errors");
    let told: Vec<&str> = errors.iter().filter_map(|error| error["field"].as_str()).collect();
    let fields = object(&body).keys().filter(|name| *name != "any");
    for field in fields {
        assert!(told.contains(&field.as_str()), "{field} is not among {told:?}");
    }
    assert_eq!(told.len(), 16);
}

#[tokio::test]
async fn an_item_larger_than_dynamodb_takes_is_refused_as_too_large() {
    let shop = Shop::open().await;
    // The body is within the limit; the item is not, for its keys repeat the user.
    let user = "u".repeat(1400);
    let note = "n".repeat(weir_http::body::MAX_ITEM_BYTES - 1600);
    let body = json!({ "user": user, "total": 1, "note": note });
    assert!(body.to_string().len() <= weir_http::body::MAX_ITEM_BYTES);
    let reply = shop.send("POST", "/order", &body).await;
    assert_eq!(reply.problem(), problem(413, "payload-too-large"), "{}", reply.text);

    let more =
        json!({ "user": "ann", "total": 1, "note": "n".repeat(weir_http::body::MAX_ITEM_BYTES) });
    let reply = shop.send("POST", "/order", more).await;
    assert_eq!(reply.problem(), problem(413, "payload-too-large"));
}

#[tokio::test]
async fn a_table_that_is_not_there_is_told_of_and_not_named() {
    let shop = Shop::without_tables().await;
    let name = shop.table.name().to_owned();
    let order = json!({ "user": "ann", "total": 1 });
    let requests: [(&str, &str, Value); 5] = [
        ("GET", "/profile/ann", json!("")),
        ("GET", "/order/ann", json!("")),
        ("POST", "/order", order.clone()),
        ("POST", "/batch/order", json!([order])),
        ("GET", "/rollups/spend?user=ann", json!("")),
    ];
    for (method, path, body) in requests {
        let reply = shop.send(method, path, body).await;
        assert_eq!(reply.problem(), problem(503, "missing-table"), "{method} {path}");
        assert!(!reply.text.contains(&name), "{method} {path}: the log names it: {}", reply.text);
        assert!(!reply.headers.contains_key(RETRY_AFTER), "trying again does not help");
    }
}
