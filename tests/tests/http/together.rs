//! Several items as they are at one moment, over HTTP and under writes.

use serde_json::{Value, json};

use crate::http::shop::{Reply, Shop, encoded, problem};

async fn together(shop: &Shop, items: &Value) -> Reply {
    shop.get(&format!("/transactions?items={}", encoded(&items.to_string()))).await
}

fn card(user: &str) -> Value {
    json!({ "entity": "card", "key": { "user": user } })
}

#[tokio::test]
async fn each_has_its_place_whatever_it_is() {
    let shop = Shop::open().await;
    shop.load("profile", &[json!({ "user": "ann", "name": "Ann" })]).await;
    shop.load("user", &[json!({ "id": "1", "email": "a@x" })]).await;
    let items = json!([
        { "entity": "user", "key": { "id": "1" } },
        { "entity": "profile", "key": { "user": "bob" } },
        { "entity": "profile", "key": { "user": "ann" } },
        { "entity": "user", "key": { "id": "1" } },
    ]);
    let reply = together(&shop, &items).await;
    let user = json!({ "id": "1", "email": "a@x", "version": 1 });
    let profile = json!({ "user": "ann", "name": "Ann" });
    assert_eq!(reply.json(), json!({ "items": [user, null, profile, user] }), "{}", reply.text);
}

#[tokio::test]
async fn everything_that_is_wrong_is_named_by_its_position() {
    let shop = Shop::open().await;
    let items = json!([card("ann"), { "entity": "crd", "key": {} }, { "entity": "note",
        "key": { "user": "a", "number": "x" } }]);
    let reply = together(&shop, &items).await;
    assert_eq!(reply.problem(), problem(400, "bad-query"));
    let errors = reply.json()["errors"].clone();
    let fields: Vec<_> =
        errors.as_array().expect("errors").iter().map(|one| &one["field"]).collect();
    assert_eq!(fields[0], "items[1].entity", "{}", reply.text);
    assert!(reply.text.contains("did you mean `card`?"), "{}", reply.text);
    assert!(fields.contains(&&json!("items[2].key.number")), "{}", reply.text);
    for (wrong, expected) in [
        (json!([]), "0 items, expected 1 to 100"),
        (Value::from(vec![card("ann"); 101]), "101 items, expected 1 to 100"),
        (json!([{ "entity": "card" }]), "missing field `key`"),
        (json!([{ "entity": "card", "key": {}, "where": {} }]), "unknown field `where`"),
    ] {
        let reply = together(&shop, &wrong).await;
        assert_eq!(reply.problem(), problem(400, "bad-query"));
        assert!(reply.text.contains(expected), "{}", reply.text);
    }
    let missing = shop.get("/transactions").await;
    assert!(missing.text.contains("`items`: missing, expected a list"), "{}", missing.text);
}

/// Points go to and fro between two cards, in transactions: whoever gets both sees all of them.
#[tokio::test(flavor = "multi_thread")]
async fn no_transaction_is_seen_in_part() {
    let shop = Shop::open().await;
    shop.load("card", &["a", "b"].map(|user| json!({ "user": user, "points": 0 }))).await;
    let give = async |from: &str, to: &str| {
        let of = |user: &str, verb: &str| {
            json!({ "action": "patch", "entity": "card",
            "key": { "user": user }, verb: { "points": 1 } })
        };
        let actions = json!([of(from, "subtract"), of(to, "add")]);
        let reply = shop.send("POST", "/transactions", actions).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    };
    let writes = async {
        for _ in 0..20 {
            give("a", "b").await;
            give("b", "a").await;
        }
    };
    let reads = async {
        for _ in 0..40 {
            let items = together(&shop, &json!([card("a"), card("b")])).await.json();
            let points = |position: usize| items["items"][position]["points"].as_i64();
            assert_eq!(points(0).zip(points(1)).map(|(a, b)| a + b), Some(0), "{items}");
        }
    };
    futures::join!(writes, reads);
}

#[tokio::test]
async fn what_is_more_than_an_answer_holds_is_refused() {
    let shop = Shop::open().await;
    let large = "x".repeat(300_000);
    let users: Vec<_> = (0..8).map(|user| user.to_string()).collect();
    for user in &users {
        shop.load("card", &[json!({ "user": user, "title": large })]).await;
    }
    let all: Vec<_> = users.iter().map(|user| card(user)).collect();
    let reply = together(&shop, &Value::from(all.clone())).await;
    assert_eq!(
        reply.problem(),
        problem(400, "refused"),
        "{}",
        &reply.text[..reply.text.len().min(300)]
    );
    assert!(reply.text.contains("ask for fewer at a time"), "{}", reply.text);
    assert_eq!(together(&shop, &Value::from(all[..6].to_vec())).await.status, 200);
}
