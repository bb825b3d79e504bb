//! Transactions, unique attributes and idempotency keys by HTTP.

use futures::future::join_all;
use serde_json::{Value, json};

use weir_testing::dynamodb::TestDynamo;
use weir_testing::fixture::fixture;
use weir_testing::recorder::Recorder;

use crate::http::shop::{Reply, Shop, problem};

async fn transact(shop: &Shop, actions: Value) -> Reply {
    shop.send("POST", "/transactions", actions).await
}

fn card(action: &str, user: &str) -> Value {
    json!({ "action": action, "entity": "card", "key": { "user": user } })
}

/// An action with more members.
fn with(mut action: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("expected an object") };
    action.as_object_mut().expect("an object").extend(more);
    action
}

fn order(action: &str, number: u32) -> Value {
    let item = json!({ "user": "ann", "order": number.to_string(),
        "placed": "2026-11-20T00:00:00Z", "total": 1 });
    json!({ "action": action, "entity": "order", "item": item })
}

#[tokio::test]
async fn every_action_is_done_together() {
    let shop = Shop::open().await;
    let cards = ["ann", "bob", "cid", "dan"].map(|user| json!({ "user": user, "points": 1 }));
    shop.load("card", &cards).await;
    let actions = json!([
        order("create", 1),
        with(order("put", 2), json!({ "where": { "total": { "exists": false } } })),
        with(
            card("patch", "ann"),
            json!({ "add": { "points": 1, "skills.a": 2 }, "where": { "points": 1 } })
        ),
        with(card("update", "eve"), json!({ "set": { "title": "new" } })),
        card("delete", "nobody"),
        with(card("delete", "bob"), json!({ "where": { "points": 1 } })),
        card("remove", "cid"),
        with(card("check", "dan"), json!({ "where": { "points": 1 } })),
        json!({ "action": "put", "entity": "card", "item": { "user": "fay", "title": "f" } }),
    ]);
    let done = transact(&shop, actions).await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert_eq!(done.json()["paths"][2], "/card/ann");
    let path = done.json()["paths"][0].as_str().expect("a path").to_owned();
    assert_eq!(shop.get(&path).await.json()["order"], "1");
    let ann = shop.get("/card/ann").await.json();
    assert_eq!(
        (&ann["points"], &ann["skills"], &ann["version"]),
        (&json!(2), &json!({ "a": 2 }), &json!(2))
    );
    assert_eq!(shop.get("/card/eve").await.json()["title"], "new");
    assert_eq!(shop.get("/card/fay").await.json()["version"], 1);
    for user in ["bob", "cid", "nobody"] {
        assert_eq!(shop.get(&format!("/card/{user}")).await.status, 404, "{user}");
    }
}

#[tokio::test]
async fn one_that_cannot_be_done_says_why_and_nothing_is_written() {
    let shop = Shop::open().await;
    shop.load("card", &[json!({ "user": "ann", "points": 9 })]).await;
    shop.send("POST", "/user", json!({ "id": "1", "email": "a@x" })).await;
    shop.send("POST", "/order", &order("create", 7)["item"]).await;
    let user = |id: &str, email: &str| {
        json!({ "action": "create", "entity": "user",
        "item": { "id": id, "email": email } })
    };
    let cases = [
        (
            order("create", 7),
            409,
            "already-exists",
            "`/order/ann/2026-11-20T00%3A00%3A00Z/7` exists already",
        ),
        (card("patch", "bob"), 400, "validation", "nothing to do"),
        (
            with(card("patch", "bob"), json!({ "set": { "title": "x" } })),
            404,
            "not-found",
            "no card",
        ),
        (card("remove", "bob"), 404, "not-found", "there is no card at `/card/bob`"),
        (card("check", "bob"), 404, "not-found", "no card"),
        (
            with(card("check", "ann"), json!({ "where": { "points": 1 } })),
            412,
            "condition-failed",
            "condition",
        ),
        (
            with(card("patch", "ann"), json!({ "add": { "points": 2 } })),
            400,
            "validation",
            "at most 10",
        ),
        (user("2", "A@X"), 409, "duplicate", "another user has the same email"),
        (order("create", 1), 400, "validation", "Z/1` is action 0's too, expected one action"),
        (
            json!({ "action": "crate", "entity": "card" }),
            400,
            "validation",
            "did you mean `create`?",
        ),
        (
            json!({ "action": "create", "entity": "crad" }),
            400,
            "validation",
            "did you mean `card`?",
        ),
        (
            json!({ "action": "create", "entity": "card" }),
            400,
            "validation",
            "expected the card as an object",
        ),
        (
            with(card("check", "ann"), json!({ "set": {} })),
            400,
            "validation",
            "`check` takes no such member",
        ),
        (
            json!({ "action": "remove", "entity": "card", "key": { "usr": "a" } }),
            400,
            "validation",
            "did you mean `user`?",
        ),
        (json!(5), 400, "validation", "expected an object"),
    ];
    for (action, status, kind, detail) in cases {
        let refused = transact(&shop, json!([order("create", 1), action])).await;
        assert_eq!(refused.problem(), problem(status, kind), "{action}: {}", refused.text);
        assert_eq!(refused.json()["action"], 1, "{action}: {}", refused.text);
        assert!(refused.text.contains(detail), "{action}: {}", refused.text);
        assert_eq!(shop.get("/order/ann/2026-11-20T00%3A00%3A00Z/1").await.status, 404, "{action}");
    }
    let failed = with(card("check", "ann"), json!({ "where": { "points": 1 } }));
    let refused = transact(&shop, json!([failed])).await;
    assert_eq!(refused.json()["current"]["points"], 9);
    assert_eq!(transact(&shop, json!([])).await.problem(), problem(400, "validation"));
    let both = json!([
        card("remove", "bob"),
        with(card("patch", "ann"), json!({ "add": { "points": 2, "skills.a": 1 } }))
    ]);
    let refused = transact(&shop, both).await;
    assert_eq!(
        (refused.problem(), &refused.json()["action"]),
        (problem(404, "not-found"), &json!(0))
    );
    let many: Vec<_> = (0..101).map(|number| order("create", number)).collect();
    assert_eq!(transact(&shop, json!(many)).await.problem(), problem(400, "validation"));
    let locked: Vec<_> = (10..70).map(|id| user(&id.to_string(), &id.to_string())).collect();
    let refused = transact(&shop, json!(locked)).await;
    assert!(refused.text.contains("60 actions on items and 60 on the locks"), "{}", refused.text);
}

#[tokio::test]
async fn what_is_unique_can_change_hands_in_a_transaction() {
    let shop = Shop::open().await;
    for (id, email) in [("1", "a@x"), ("2", "b@x")] {
        let created = shop.send("POST", "/user", json!({ "id": id, "email": email })).await;
        assert_eq!(created.status, 201, "{}", created.text);
    }
    let patch = |id: &str, email: &str| {
        json!({ "action": "patch", "entity": "user",
        "key": { "id": id }, "set": { "email": email } })
    };
    let swapped = transact(&shop, json!([patch("1", "b@x"), patch("2", "a@x")])).await;
    assert_eq!(swapped.status, 200, "{}", swapped.text);
    assert_eq!(shop.get("/user/1").await.json()["email"], "b@x");
    let both = transact(&shop, json!([patch("1", "c@x"), patch("2", "c@x")])).await;
    assert_eq!(both.problem(), problem(409, "duplicate"));
    for (path, body) in
        [("POST", json!({ "id": "3", "email": "a@x" })), ("PUT", json!({ "email": "a@x" }))]
    {
        let at = if path == "POST" { "/user" } else { "/user/3" };
        let reply = shop.send(path, at, body).await;
        assert_eq!(reply.problem(), problem(409, "duplicate"), "{}", reply.text);
        assert_eq!(reply.json()["errors"][0]["field"], "email");
    }
    let rows = json!([{ "id": "4", "email": "d@x" }, { "id": "5", "email": "A@x" }, { "id": "6",
        "email": "e@x" }]);
    let report = shop.send("POST", "/batch/user", rows).await.json();
    assert_eq!(
        (&report["written"], &report["failed"][0]["index"]),
        (&json!(2), &json!(1)),
        "{report}"
    );
    let patched = shop.send("PATCH", "/user/1", json!({ "set": { "email": "a@x" } })).await;
    assert_eq!(patched.problem(), problem(409, "duplicate"));
    let matched = [("If-Match", "\"1\"")];
    let stale = shop.send_with(&matched, "PUT", "/user/1", json!({ "email": "f@x" })).await;
    assert_eq!(stale.problem(), problem(412, "condition-failed"), "{}", stale.text);
    assert_eq!(shop.send("DELETE", "/user/1", "").await.status, 204);
    assert_eq!(shop.send("PUT", "/user/3", json!({ "email": "b@x" })).await.status, 200);
}

#[tokio::test]
async fn a_request_with_a_key_is_done_once() {
    let shop = Shop::open().await;
    shop.load("thing", &[json!({ "id": "a", "number": 0 })]).await;
    // Tokens are an account's, which tests share.
    let key = [("Idempotency-Key", shop.table.name())];
    let add = json!([{ "action": "patch", "entity": "thing", "key": { "id": "a" },
        "add": { "number": 1 } }]);
    for _ in 0..3 {
        let done = shop.send_with(&key, "POST", "/transactions", &add).await;
        assert_eq!(done.status, 200, "{}", done.text);
    }
    assert_eq!(shop.get("/thing/a").await.json()["number"], 1);
    let other = shop.send_with(&key, "POST", "/transactions", json!([order("create", 1)])).await;
    assert_eq!(other.problem(), problem(409, "idempotency-key-reused"), "{}", other.text);

    let another = format!("{}-2", shop.table.name());
    let key = [("Idempotency-Key", another.as_str())];
    let replies =
        [(); 2].map(|()| shop.send_with(&key, "POST", "/thing", json!({ "id": "b", "number": 1 })));
    for reply in join_all(replies).await {
        assert_eq!((reply.status, &reply.json()["number"]), (201, &json!(1)), "{}", reply.text);
    }
    let without = shop.send("POST", "/thing", json!({ "id": "b", "number": 1 })).await;
    assert_eq!(without.problem(), problem(409, "already-exists"));
    for text in ["", &"x".repeat(37)] {
        let key = [("Idempotency-Key", text)];
        let reply = shop.send_with(&key, "POST", "/transactions", &add).await;
        assert_eq!(reply.problem(), problem(400, "bad-header"), "{text}");
    }
}

/// The maps on the way are there the second time: what is sent to DynamoDB then would be another
/// request than the first.
#[tokio::test]
async fn a_request_with_a_key_is_done_once_also_where_it_made_maps() {
    let shop = Shop::open().await;
    shop.load("thing", &[json!({ "id": "a" }), json!({ "id": "b", "map": { "x": 1 } })]).await;
    let thing = |action: &str, id: &str, add: Value| {
        json!({ "action": action, "entity": "thing",
        "key": { "id": id }, "add": add })
    };
    // Nor does its condition hold any more.
    let first = json!({ "where": { "number": { "exists": false } } });
    let actions = json!([
        with(thing("patch", "a", json!({ "map.x": 1, "map.y": 2, "number": 1 })), first),
        thing("patch", "b", json!({ "map.x": 1, "any.deep.z": 3 })),
        thing("update", "c", json!({ "map.x": 1 })),
    ]);
    let key = [("Idempotency-Key", shop.table.name())];
    for _ in 0..3 {
        let done = shop.send_with(&key, "POST", "/transactions", &actions).await;
        assert_eq!(done.status, 200, "{}", done.text);
    }
    let a = shop.get("/thing/a").await.json();
    assert_eq!((&a["map"], &a["number"]), (&json!({ "x": 1, "y": 2 }), &json!(1)));
    let b = shop.get("/thing/b").await.json();
    assert_eq!((&b["map"], &b["any"]), (&json!({ "x": 2 }), &json!({ "deep": { "z": 3 } })));
    assert_eq!(shop.get("/thing/c").await.json()["map"], json!({ "x": 1 }));
    for other in [json!({ "map.x": 2 }), json!({ "map.x": 1, "map.y": 2 })] {
        let other = json!([thing("patch", "a", other)]);
        let reused = shop.send_with(&key, "POST", "/transactions", other).await;
        assert_eq!(reused.problem(), problem(409, "idempotency-key-reused"), "{}", reused.text);
    }
    assert_eq!(shop.get("/thing/a").await.json(), a);
}

/// Such a key may be that of the same actions, sent when the items were without maps; but no
/// transaction is at more than 4 MB.
#[tokio::test]
async fn a_key_that_comes_again_with_large_items_costs_no_more_than_they_may_take() {
    let recorder = Recorder::default();
    let connection = recorder.before(TestDynamo::start().await.connect().await);
    let shop = Shop::over(connection, &fixture("shop")).await;
    let text = "x".repeat(380_000);
    for id in 0..12 {
        let large = json!({ "id": id.to_string(), "text": text });
        shop.load("thing", &[large]).await;
    }
    let patches = |ids: std::ops::Range<u32>| {
        let patch = |id: u32| {
            json!({ "action": "patch", "entity": "thing", "key": { "id": id.to_string() },
                    "add": { "map.x": 1, "any.y": 1 } })
        };
        json!(ids.map(patch).collect::<Vec<_>>())
    };
    let transactions = || {
        let requests = recorder.requests();
        requests.iter().filter(|(operation, _)| operation == "TransactWriteItems").count()
    };
    for ids in [0..4, 4..8, 8..12] {
        let made = transact(&shop, patches(ids)).await;
        assert_eq!(made.status, 200, "{}", made.text);
    }
    let key = [("Idempotency-Key", shop.table.name())];
    let first = json!([
        { "action": "update", "entity": "thing", "key": { "id": "0" }, "add": { "map.x": 1 } },
        { "action": "patch", "entity": "thing", "key": { "id": "1" }, "add": { "map.z.x": 1 } },
        { "action": "patch", "entity": "thing", "key": { "id": "2" }, "add": { "number": 1 } },
    ]);
    for _ in 0..2 {
        let done = shop.send_with(&key, "POST", "/transactions", &first).await;
        assert_eq!(done.status, 200, "{}", done.text);
    }
    assert_eq!(shop.get("/thing/1").await.json()["map"], json!({ "x": 1, "z": { "x": 1 } }));

    transactions();
    let reused = problem(409, "idempotency-key-reused");
    let other = shop.send_with(&key, "POST", "/transactions", patches(0..12)).await;
    assert_eq!(other.problem(), reused, "{}", other.text);
    assert_eq!(transactions(), 1, "none but the one with the key");

    // What DynamoDB may have done is tried, but no more than 64 ways of it.
    let other = shop.send_with(&key, "POST", "/transactions", patches(1..9)).await;
    assert_eq!(other.problem(), reused, "{}", other.text);
    let tried = transactions();
    assert!((30..=65).contains(&tried), "{tried}");
    assert_eq!(shop.get("/thing/1").await.json()["any"], json!({ "y": 1 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_transfers_at_once_lose_nothing() {
    let shop = Shop::open().await;
    let things = (0..4).map(|id| json!({ "id": id.to_string(), "number": 10 })).collect::<Vec<_>>();
    shop.load("thing", &things).await;
    let transfer = async |number: u64| {
        let mut random = fastrand::Rng::with_seed(number);
        let (from, amount) = (random.u8(0..4), random.u8(1..9));
        let to = (from + random.u8(1..4)) % 4;
        let actions = json!([
            { "action": "patch", "entity": "thing", "key": { "id": from.to_string() },
              "subtract": { "number": amount }, "where": { "number": { "gte": amount } } },
            { "action": "patch", "entity": "thing", "key": { "id": to.to_string() },
              "add": { "number": amount } },
        ]);
        let reply = transact(&shop, actions).await;
        assert!(reply.status == 200 || reply.status == 412, "{}", reply.text);
        reply.status == 200
    };
    let done = join_all((0..60).map(transfer)).await;
    assert!(done.iter().filter(|done| **done).count() > 10);
    let mut sum = 0;
    for id in 0..4 {
        let number = shop.get(&format!("/thing/{id}")).await.json()["number"].as_i64();
        let number = number.expect("a number");
        assert!(number >= 0, "{number}");
        sum += number;
    }
    assert_eq!(sum, 40);
}

/// What it would take away is not there: alone it is an update of nothing, which DynamoDB does not
/// take in a transaction.
#[tokio::test]
async fn an_action_that_comes_to_nothing_is_done() {
    let shop = Shop::open().await;
    shop.load("profile", &[json!({ "user": "ann" })]).await;
    let thing = json!({ "id": "1" });
    shop.load("thing", std::slice::from_ref(&thing)).await;
    let action =
        json!({ "action": "patch", "entity": "thing", "key": thing, "remove": ["map.a.b"] });
    let done = transact(&shop, json!([action])).await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert_eq!(shop.get("/thing/1").await.json(), thing);
}
