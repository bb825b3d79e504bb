//! Lists with a filter, a projection, a count, and without consistency.

use serde_json::{Value, json};

use crate::http::hostile::forged;
use crate::http::shop::{Shop, encoded, problem};

/// Forty orders of ann, one a minute; each fifth is paid, and the total is the minute. A profile
/// and notes are in between.
async fn shop_with_orders() -> Shop {
    let shop = Shop::open().await;
    let order = |minute: usize| {
        let status = if minute.is_multiple_of(5) { "paid" } else { "placed" };
        json!({
            "user": "ann", "order": format!("o{minute:02}"), "total": minute, "status": status,
            "placed": format!("2026-11-01T12:{minute:02}:00Z"), "secret": "s",
        })
    };
    let orders: Vec<Value> = (0..40).map(order).collect();
    shop.load("order", &orders).await;
    shop.load("profile", &[json!({ "user": "ann" })]).await;
    let note = |number: usize| json!({ "user": "ann", "topic": "ORDER#", "number": number });
    shop.load("note", &[note(1), note(2)]).await;
    shop
}

/// The ids of all pages, none longer than `limit`, and how many pages they are.
async fn pages(shop: &Shop, query: &str, limit: usize) -> (Vec<String>, usize) {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    for number in 1.. {
        let path = format!("/order/ann?{query}&limit={limit}{cursor}");
        let reply = shop.get(&path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        let json = reply.json();
        let items = json["items"].as_array().expect("items");
        assert!(items.len() <= limit, "{path}: {}", reply.text);
        all.extend(items.iter().map(|item| item["order"].as_str().expect("an id").to_owned()));
        match json["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (all, number),
        }
    }
    unreachable!("a list has an end")
}

fn filter(json: Value) -> String {
    format!("where={}", encoded(&json.to_string()))
}

#[tokio::test]
async fn a_filter_admits_the_same_items_in_pages_of_any_size() {
    let shop = shop_with_orders().await;
    let paid = ["o00", "o05", "o10", "o15", "o20", "o25", "o30", "o35"];
    let cases: [(Value, &[&str]); 5] = [
        (json!({ "status": "paid" }), &paid),
        (json!({ "status": "paid", "total": { "gte": 10, "lt": 30 } }), &paid[2..6]),
        (json!({ "or": [{ "total": 7 }, { "total": 31 }] }), &["o07", "o31"]),
        (json!({ "total": 39 }), &["o39"]),
        (json!({ "note": { "exists": true } }), &[]),
    ];
    for (json, expected) in cases {
        for limit in [1, 2, 3, 8, 100] {
            let (found, pages) = pages(&shop, &filter(json.clone()), limit).await;
            assert_eq!(found, expected, "{json} {limit}");
            assert!(pages <= expected.len() / limit + 1, "{json} {limit}: {pages} pages");
        }
    }
    let query =
        format!("{}&order=desc&from=2026-11-01T12:10:00Z", filter(json!({ "status": "paid" })));
    let (found, _) = pages(&shop, &query, 4).await;
    assert_eq!(found, ["o35", "o30", "o25", "o20", "o15", "o10"]);
}

#[tokio::test]
async fn a_page_has_the_attributes_that_are_selected() {
    let shop = shop_with_orders().await;
    let page = shop.get("/order/ann?select=total,order&limit=2").await.json();
    let expected = json!([{ "order": "o00", "total": 0 }, { "order": "o01", "total": 1 }]);
    assert_eq!(page["items"], expected);
    let filter = filter(json!({ "status": "paid" }));
    let first = shop.get(&format!("/order/ann?select=total&limit=1&{filter}")).await.json();
    let cursor = first["cursor"].as_str().expect("there are more");
    let next = shop.get(&format!("/order/ann?select=order&limit=1&{filter}&cursor={cursor}")).await;
    assert_eq!(next.json()["items"], json!([{ "order": "o05" }]));
}

#[tokio::test]
async fn a_count_is_that_of_the_list() {
    let shop = shop_with_orders().await;
    for (query, expected) in [
        ("", 40),
        ("&to=2026-11-01T12:10:00Z", 10),
        ("&lte=2026-11-01T12:10:00Z", 11),
        ("&gt=2026-11-01T12:10:00Z", 29),
        ("&eq=2026-11-01T12:10:00Z", 1),
        ("&between=2026-11-01T12:10:00Z,2026-11-01T12:11:00Z", 2),
        ("&order=desc&consistent=false", 40),
    ] {
        let reply = shop.get(&format!("/order/ann?count=true{query}")).await;
        assert_eq!(reply.json(), json!({ "count": expected, "cursor": null }), "{query}");
        let (found, _) = pages(&shop, query, 7).await;
        assert_eq!(found.len(), expected, "{query}");
    }
    let paid = filter(json!({ "status": "paid" }));
    let reply = shop.get(&format!("/order/ann?count=true&{paid}")).await;
    assert_eq!(reply.text, r#"{"count":8,"cursor":null}"#);
}

#[tokio::test]
async fn what_is_hidden_is_neither_answered_nor_asked_about() {
    let shop = shop_with_orders().await;
    for query in [
        filter(json!({ "secret": { "begins_with": "s" } })),
        filter(json!({ "or": [{ "not": { "secret": "s" } }, { "total": 1 }] })),
        "select=order,secret".to_owned(),
    ] {
        let reply = shop.get(&format!("/order/ann?{query}")).await;
        assert_eq!(reply.problem(), problem(400, "bad-query"), "{query}");
        assert!(reply.text.contains("`secret`: is hidden"), "{}", reply.text);
    }
}

#[tokio::test]
async fn a_filter_that_dynamodb_does_not_take_is_refused_and_no_cursor_is_blamed() {
    let shop = shop_with_orders().await;
    let long: Vec<Value> = (0..290).map(|number| json!({ "total": { "gt": number } })).collect();
    let long = json!({ "or": long });
    // DynamoDB rejects the first page of such a list, so that no caller has a cursor of it.
    let position = forged("USER#ann", "ORDER#2026-11-01T00:00:00Z#");
    let list = ["list", "order", "order", "", "USER#ann", "asc"];
    let cursor = shop.sealed(&list, &[("where", &long.to_string())], &position);
    let long = filter(long);
    for cursor in ["", cursor.as_str()] {
        let cursor = if cursor.is_empty() { String::new() } else { format!("&cursor={cursor}") };
        let reply = shop.get(&format!("/order/ann?{long}{cursor}")).await;
        assert_eq!(reply.problem(), problem(400, "refused"), "{}", reply.text);
    }
}

/// By 412 or 200 a write would tell of what it is about.
#[tokio::test]
async fn no_write_depends_on_what_is_hidden() {
    let shop = Shop::open().await;
    let path = "/order/ann/2026-11-20T06:40:54Z/1";
    let order = json!({ "user": "ann", "order": "1", "placed": "2026-11-20T06:40:54Z", "total": 1,
        "secret": "s" });
    shop.load("order", std::slice::from_ref(&order)).await;
    let ask = json!({ "secret": { "gte": "s" } });
    let by_parameter = format!("{path}?where={}", encoded(&ask.to_string()));
    let key = json!({ "user": "ann", "order": "1", "placed": "2026-11-20T06:40:54Z" });
    let action =
        |name: &str| json!([{ "action": name, "entity": "order", "key": key, "where": ask }]);
    let asked = [
        ("PUT", by_parameter.as_str(), json!({ "total": 2 }), "bad-query"),
        ("DELETE", by_parameter.as_str(), json!({}), "bad-query"),
        (
            "PATCH",
            path,
            json!({ "set": { "total": 2 }, "where": { "or": [ask, { "total": 1 }] } }),
            "validation",
        ),
        ("POST", "/transactions", action("check"), "validation"),
        ("POST", "/transactions", action("remove"), "validation"),
        ("POST", "/transactions", action("patch"), "validation"),
    ];
    for (method, path, body, kind) in asked {
        let reply = shop.send(method, path, body).await;
        assert_eq!(reply.problem(), problem(400, kind), "{method} {path}: {}", reply.text);
        assert!(
            reply.text.contains("`secret`: is hidden, expected another attribute"),
            "{}",
            reply.text
        );
    }
    assert_eq!(shop.get(path).await.json()["total"], 1);
}
