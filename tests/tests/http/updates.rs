//! PATCH: each verb, nested paths, rules, conditions, indexes; and many writers at once.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::http::shop::{Reply, Shop, problem};

const CARD: &str = "/card/ann";

/// A shop with a card of ann's.
async fn shop_with_card(card: Value) -> Shop {
    let shop = Shop::open().await;
    shop.load("card", &[card]).await;
    shop
}

async fn patch(shop: &Shop, body: Value) -> Reply {
    shop.send("PATCH", CARD, body).await
}

/// The card after an update that must be done.
async fn patched(shop: &Shop, body: Value) -> Value {
    let reply = patch(shop, body.clone()).await;
    assert_eq!(reply.status, 200, "{body}: {}", reply.text);
    assert_eq!(shop.get(CARD).await.json(), reply.json(), "{body}: the answer is what is stored");
    reply.json()
}

#[tokio::test]
async fn each_verb_does_its_work_whether_or_not_there_was_a_value() {
    let full = json!({
        "user": "ann", "title": "a", "points": 5, "tags": ["a", "b"], "lines": [1],
        "skills": { "wit": 1 },
    });
    let empty = json!({ "user": "ann" });
    let cases = [
        (json!({ "set": { "title": "b" } }), "title", json!("b"), json!("b")),
        (json!({ "set": { "title": null } }), "title", json!(null), json!(null)),
        (json!({ "set_if_absent": { "title": "b" } }), "title", json!("a"), json!("b")),
        (json!({ "add": { "points": 2 } }), "points", json!(7), json!(2)),
        (json!({ "subtract": { "points": 2 } }), "points", json!(3), json!(-2)),
        (
            json!({ "add": { "tags": ["b", "c"] } }),
            "tags",
            json!(["a", "b", "c"]),
            json!(["b", "c"]),
        ),
        (json!({ "delete": { "tags": ["a"] } }), "tags", json!(["b"]), json!(null)),
        (json!({ "delete": { "tags": ["a", "b"] } }), "tags", json!(null), json!(null)),
        (json!({ "append": { "lines": [2, "x"] } }), "lines", json!([1, 2, "x"]), json!([2, "x"])),
        (json!({ "prepend": { "lines": [2] } }), "lines", json!([2, 1]), json!([2])),
        (json!({ "add": { "skills.wit": 2 } }), "skills", json!({ "wit": 3 }), json!({ "wit": 2 })),
        (
            json!({ "subtract": { "skills.wit": 2 } }),
            "skills",
            json!({ "wit": -1 }),
            json!({ "wit": -2 }),
        ),
        (
            json!({ "append": { "skills.log": [1] } }),
            "skills",
            json!({ "log": [1], "wit": 1 }),
            json!({ "log": [1] }),
        ),
        (
            json!({ "set": { "skills.a.b": 1 } }),
            "skills",
            json!({ "a": { "b": 1 }, "wit": 1 }),
            json!({ "a": { "b": 1 } }),
        ),
        (json!({ "remove": ["title"] }), "title", json!(null), json!(null)),
    ];
    for (body, attribute, of_full, of_empty) in cases {
        for (card, expected) in [(&full, &of_full), (&empty, &of_empty)] {
            let shop = shop_with_card(card.clone()).await;
            let card = patched(&shop, body.clone()).await;
            let found = card.get(attribute).unwrap_or(&Value::Null);
            assert_eq!(found, expected, "{body} of {card}");
        }
    }
}

#[tokio::test]
async fn several_verbs_are_one_write_that_is_counted_and_dated() {
    let shop = shop_with_card(json!({ "user": "ann", "points": 1 })).await;
    let before = shop.get(CARD).await.json();
    assert_eq!(before["version"], 1);
    let body = json!({
        "set": { "title": "t", "skills.a": 1 }, "add": { "points": 1, "skills.b.c": 2 },
        "remove": ["note"],
    });
    let after = patched(&shop, body).await;
    assert_eq!(
        (&after["points"], &after["title"], &after["version"]),
        (&json!(2), &json!("t"), &json!(2))
    );
    assert_eq!(after["skills"], json!({ "a": 1, "b": { "c": 2 } }));
    assert!(after["changed"].as_str() >= before["changed"].as_str());
}

#[tokio::test]
async fn nothing_is_written_of_an_update_that_is_refused_in_part() {
    let shop =
        shop_with_card(json!({ "user": "ann", "points": 8, "lines": [1, 2], "free": 1 })).await;
    let before = shop.get(CARD).await.text;
    let cases = [
        (
            json!({ "add": { "points": 3 }, "set": { "title": "x" } }),
            400,
            "validation",
            "expected at most 10 afterwards",
        ),
        (
            json!({ "append": { "lines": [3, 4] } }),
            400,
            "validation",
            "expected a length of at most 3",
        ),
        (json!({ "set": { "user": "bob" } }), 400, "validation", "part of the primary key"),
        (json!({ "set": { "version": 9 } }), 400, "validation", "kept by the library"),
        (json!({ "set": { "free.a": 1 } }), 400, "validation", "`free` is no map"),
        (json!({ "set": { "lines[7].a": 1 } }), 400, "validation", "there is no `lines[7]`"),
        (
            json!({ "set": { "title": "x" }, "where": { "points": { "lt": 8 } } }),
            412,
            "condition-failed",
            "not as the condition says",
        ),
        (json!({ "sett": {} }), 400, "validation", "did you mean `set`?"),
        (json!({}), 400, "validation", "nothing to do"),
    ];
    for (body, status, kind, detail) in cases {
        let reply = patch(&shop, body.clone()).await;
        assert_eq!(reply.problem(), problem(status, kind), "{body}: {}", reply.text);
        assert!(reply.text.contains(detail), "{body}: {}", reply.text);
        assert_eq!(shop.get(CARD).await.text, before, "{body}");
    }
    let refused = patch(&shop, json!({ "set": { "title": "x" }, "where": { "points": 9 } })).await;
    assert_eq!(refused.json()["current"].to_string(), before, "the problem has the item as it is");
}

#[tokio::test]
async fn what_is_not_there_is_created_only_when_asked_and_only_whole() {
    let shop = Shop::open().await;
    let body = json!({ "add": { "points": 3 }, "set": { "skills.a": 1 } });
    assert_eq!(patch(&shop, body.clone()).await.problem(), problem(404, "not-found"));
    let created = shop.send("PATCH", "/card/ann?create=true", &body).await;
    assert_eq!(created.status, 200, "{}", created.text);
    let got = shop.get(CARD).await;
    assert_eq!(got.json(), created.json());
    let card = got.json();
    assert_eq!(
        (&card["user"], &card["points"], &card["version"]),
        (&json!("ann"), &json!(3), &json!(1))
    );
    assert_eq!(
        (&card["state"], &card["skills"]),
        (&json!("open"), &json!({ "a": 1 })),
        "defaults too"
    );

    // An order has a total, which this update does not say.
    let path = "/order/ann/2026-11-20T00%3A00%3A00Z/1?create=true";
    let partly = shop.send("PATCH", path, json!({ "set": { "note": "x" } })).await;
    assert_eq!(partly.problem(), problem(404, "not-found"));
    let whole = shop.send("PATCH", path, json!({ "set": { "total": 1 } })).await;
    assert_eq!(whole.status, 200, "{}", whole.text);
    let conditional = json!({ "add": { "points": 1 }, "where": { "title": "x" } });
    let refused = shop.send("PATCH", "/card/bob?create=true", conditional).await;
    assert_eq!(
        (refused.problem(), &refused.json()["current"]),
        (problem(412, "condition-failed"), &Value::Null)
    );
    assert_eq!(shop.get("/card/bob").await.status, 404);
}

#[tokio::test]
async fn a_hundred_writers_at_one_counter_lose_nothing() {
    let shop = shop_with_card(json!({ "user": "ann" })).await;
    let one = |number: usize| {
        let body = json!({ "add": { "visits": 1, format!("skills.s{}", number % 3): 1 },
            "append": { "log": [number] } });
        let shop = &shop;
        async move { patch(shop, body).await }
    };
    for reply in join_all((0..100).map(one)).await {
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    let card = shop.get(CARD).await.json();
    assert_eq!((&card["visits"], &card["version"]), (&json!(100), &json!(101)));
    assert_eq!(card["skills"], json!({ "s0": 34, "s1": 33, "s2": 33 }));
    let mut log: Vec<_> =
        card["log"].as_array().expect("a list").iter().filter_map(Value::as_u64).collect();
    log.sort_unstable();
    assert_eq!(log, (0..100).collect::<Vec<_>>());
}

#[tokio::test]
async fn of_many_who_would_pass_a_limit_together_only_those_that_fit_are_done() {
    let shop = shop_with_card(json!({ "user": "ann" })).await;
    let replies = join_all((0..30).map(|_| patch(&shop, json!({ "add": { "points": 1 } })))).await;
    let done = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!((done, &shop.get(CARD).await.json()["points"]), (10, &json!(10)));
}
