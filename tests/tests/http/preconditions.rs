//! What a write demands of the item it meets: conditions, versions, and many writers who depend on
//! what they read.

use axum::http::header::ETAG;
use futures::future::join_all;
use serde_json::{Value, json};

use crate::http::shop::{Reply, Shop, encoded, problem};

const CARD: &str = "/card/ann";
const PLACED: &str = "/order/ann/2026-11-20T00%3A00%3A00Z/1";

/// A condition as a parameter.
fn only_if(condition: &Value) -> String {
    format!("where={}", encoded(&condition.to_string()))
}

async fn send(shop: &Shop, header: (&str, &str), method: &str, body: Value) -> Reply {
    shop.send_with(&[header], method, CARD, body).await
}

fn tag(reply: &Reply) -> &str {
    reply.headers[ETAG].to_str().expect("ASCII")
}

#[tokio::test]
async fn a_put_and_a_deletion_are_done_only_where_their_condition_holds() {
    let shop = Shop::open().await;
    let put = |condition: Value, total: u32| {
        let path = format!("{PLACED}?{}", only_if(&condition));
        let shop = &shop;
        async move { shop.send("PUT", &path, json!({ "total": total, "status": "paid" })).await }
    };
    let refused = put(json!({ "status": "placed" }), 1).await;
    assert_eq!(refused.problem(), problem(412, "condition-failed"));
    assert_eq!(refused.json()["current"], Value::Null, "there is none");
    assert_eq!(put(json!({ "status": { "exists": false } }), 1).await.status, 200);
    let refused = put(json!({ "status": "placed" }), 2).await;
    assert_eq!(refused.problem(), problem(412, "condition-failed"));
    assert_eq!(refused.json()["current"], shop.get(PLACED).await.json());
    assert_eq!(put(json!({ "total": { "lt": 2 } }), 2).await.json()["total"], 2);

    let path = |condition: Value, more: &str| format!("{PLACED}?{}{more}", only_if(&condition));
    let refused = shop.send("DELETE", &path(json!({ "total": 1 }), ""), "").await;
    assert_eq!(refused.problem(), problem(412, "condition-failed"));
    assert_eq!(refused.json()["current"]["total"], 2);
    let deleted = shop.send("DELETE", &path(json!({ "total": 2 }), "&return=item"), "").await;
    assert_eq!((deleted.status, &deleted.json()["total"]), (200, &json!(2)));
    let again = shop.send("DELETE", &path(json!({ "total": 2 }), ""), "").await;
    assert_eq!(again.problem(), problem(404, "not-found"));
}

#[tokio::test]
async fn a_condition_that_cannot_be_read_says_why() {
    let shop = Shop::open().await;
    for (text, expected) in [
        ("%7B%22total%22", "expected JSON such as"),
        ("%5B%5D", "expected an object of conditions"),
        ("%7B%22totl%22%3A1%7D", "did you mean `total`?"),
    ] {
        for method in ["PUT", "DELETE"] {
            let reply = shop.send(method, &format!("{PLACED}?where={text}"), json!({})).await;
            assert_eq!(reply.problem(), problem(400, "bad-query"), "{}", reply.text);
            assert!(reply.text.contains(expected), "{}", reply.text);
        }
    }
}

#[tokio::test]
async fn an_item_carries_its_version_and_every_write_counts_on() {
    let shop = Shop::open().await;
    let created = shop.send("POST", "/card", json!({ "user": "ann", "note": "n" })).await;
    assert_eq!((created.status, tag(&created)), (201, "\"1\""));
    let replaced = shop.send("PUT", CARD, json!({ "title": "a" })).await;
    assert_eq!((replaced.status, tag(&replaced)), (200, "\"2\""), "{}", replaced.text);
    assert_eq!(replaced.json()["note"], Value::Null, "what is not given is gone");
    let got = shop.get(CARD).await;
    assert_eq!((got.json(), tag(&got)), (replaced.json(), "\"2\""));
    let patched = shop.send("PATCH", CARD, json!({ "set": { "title": "b" } })).await;
    assert_eq!(tag(&patched), "\"3\"");
    shop.load("card", &[json!({ "user": "ann" })]).await;
    assert_eq!(tag(&shop.get(CARD).await), "\"4\"", "a batch counts on, too");
    let profile = shop.send("POST", "/profile", json!({ "user": "ann" })).await;
    assert_eq!(profile.headers.get(ETAG), None);
}

#[tokio::test]
async fn a_write_with_an_old_version_changes_nothing_and_is_told_the_new_one() {
    let shop = Shop::open().await;
    shop.send("POST", "/card", json!({ "user": "ann" })).await;
    shop.send("PATCH", CARD, json!({ "set": { "title": "b" } })).await;
    let bodies = [
        ("PUT", json!({ "title": "x" })),
        ("PATCH", json!({ "set": { "title": "x" } })),
        ("DELETE", json!(null)),
    ];
    for (method, body) in &bodies {
        let refused = send(&shop, ("If-Match", "\"1\""), method, body.clone()).await;
        assert_eq!(refused.problem(), problem(412, "condition-failed"), "{method}");
        assert_eq!(refused.json()["current"], shop.get(CARD).await.json(), "{method}");
    }
    let put = send(&shop, ("If-Match", "\"1\", \"2\""), "PUT", bodies[0].1.clone()).await;
    assert_eq!((put.status, tag(&put)), (200, "\"3\""));
    let patched = send(&shop, ("If-Match", "\"3\""), "PATCH", bodies[1].1.clone()).await;
    assert_eq!((patched.status, tag(&patched)), (200, "\"4\""));
    let created = send(&shop, ("If-None-Match", "*"), "PUT", bodies[0].1.clone()).await;
    assert_eq!(created.problem(), problem(412, "condition-failed"));
    assert_eq!(send(&shop, ("If-Match", "\"4\""), "DELETE", json!(null)).await.status, 204);
    let absent = send(&shop, ("If-Match", "*"), "PUT", bodies[0].1.clone()).await;
    assert_eq!(
        (absent.problem(), &absent.json()["current"]),
        (problem(412, "condition-failed"), &Value::Null)
    );
    let created = send(&shop, ("If-None-Match", "*"), "PUT", bodies[0].1.clone()).await;
    assert_eq!((created.status, tag(&created)), (200, "\"1\""));
    assert_eq!(send(&shop, ("If-Match", "*"), "PUT", bodies[0].1.clone()).await.status, 200);
}

#[tokio::test]
async fn a_precondition_that_says_nothing_here_is_refused() {
    let shop = Shop::open().await;
    let header = [("If-Match", "\"1\"")];
    let body = json!({ "user": "ann" });
    for (method, path, body) in [
        ("PUT", "/profile/ann", &body),
        ("DELETE", "/profile/ann", &json!(null)),
        ("POST", "/card", &body),
    ] {
        let reply = shop.send_with(&header, method, path, body).await;
        assert_eq!(reply.problem(), problem(400, "bad-header"), "{method} {path}");
    }
    assert_eq!(shop.get("/profile/ann").await.status, 404);
    assert_eq!(
        shop.send_with(&[("If-None-Match", "*")], "PUT", "/profile/ann", json!({})).await.status,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_who_write_what_they_read_lose_nothing() {
    let shop = Shop::open().await;
    shop.send("POST", "/card", json!({ "user": "ann", "visits": 0 })).await;
    let one = async |number: usize| loop {
        let got = shop.get(CARD).await;
        let visits = got.json()["visits"].as_u64().expect("a count") + 1;
        let (method, body) = match number % 2 {
            0 => ("PUT", json!({ "visits": visits })),
            _ => ("PATCH", json!({ "set": { "visits": visits } })),
        };
        let written = send(&shop, ("If-Match", tag(&got)), method, body).await;
        match written.status {
            200 => return,
            412 => {}
            status => panic!("{status}: {}", written.text),
        }
    };
    join_all((0..100).map(one)).await;
    let got = shop.get(CARD).await;
    assert_eq!((&got.json()["visits"], tag(&got)), (&json!(100), "\"101\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn puts_that_depend_on_nothing_are_counted_each() {
    let shop = Shop::open().await;
    let puts = (0..50).map(|number| {
        let (shop, body) = (&shop, json!({ "title": number.to_string() }));
        async move { shop.send("PUT", CARD, body).await }
    });
    let mut versions: Vec<u32> = join_all(puts)
        .await
        .iter()
        .map(|reply| tag(reply).trim_matches('"').parse().expect("a number"))
        .collect();
    versions.sort_unstable();
    assert_eq!(versions, (1..=50).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_header_that_would_say_nothing_is_refused() {
    let shop = Shop::open().await;
    let row = json!({ "user": "ann" });
    let put = json!([{ "action": "put", "entity": "card", "item": row }]);
    for (name, value) in [("If-Match", "*"), ("If-None-Match", "*"), ("Idempotency-Key", "k")] {
        let asked = [
            ("POST", "/batch", put.clone()),
            ("POST", "/batch/card", json!([row])),
            ("PUT", "/unique/user/email/a@x", json!({ "id": "1" })),
        ];
        for (method, path, body) in asked {
            let reply = shop.send_with(&[(name, value)], method, path, body).await;
            assert_eq!(reply.problem(), problem(400, "bad-header"), "{name} {method} {path}");
        }
    }
    for (method, body) in
        [("PUT", json!({})), ("PATCH", json!({ "add": { "visits": 1 } })), ("DELETE", json!({}))]
    {
        let reply = shop.send_with(&[("Idempotency-Key", "k")], method, "/card/ann", body).await;
        assert_eq!(reply.problem(), problem(400, "bad-header"), "{method}");
        assert!(reply.text.contains("it goes with POST of an item"), "{}", reply.text);
    }
    assert_eq!(shop.get("/card/ann").await.status, 404);
}
