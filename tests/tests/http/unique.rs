//! Items by what is unique about them: got, created or updated, under concurrency too.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::json;
use weir_testing::fixture::fixture;

use crate::http::shop::{Shop, problem};

async fn shop() -> Shop {
    let shop = Shop::open().await;
    let ann = json!({ "id": "1", "email": "Ann@X", "tenant": "t/1", "number": 7 });
    shop.load("user", &[ann, json!({ "id": "2", "number": 8 })]).await;
    shop
}

#[tokio::test]
async fn an_item_is_got_by_each_constraint() {
    let shop = shop().await;
    let expected =
        json!({ "id": "1", "email": "ann@x", "tenant": "t/1", "number": 7, "version": 1 });
    for path in [
        "/unique/user/email/ann@x",
        "/unique/user/email/ANN%40x",
        "/unique/user/tenant+number/t%2F1/7",
    ] {
        let reply = shop.get(path).await;
        assert_eq!((reply.status, reply.json()), (200, expected.clone()), "{path}");
        assert_eq!(reply.headers["etag"], "\"1\"");
    }
    let other = shop.get("/unique/user/email/bob@x").await;
    assert_eq!(other.problem(), problem(404, "not-found"));
    assert!(other.text.contains("there is no user with email `bob@x`"), "{}", other.text);
    let no_number = shop.get("/unique/user/tenant+number/t/seven").await;
    assert_eq!(no_number.problem(), problem(400, "validation"));
    assert_eq!(no_number.json()["errors"][0]["field"], "number");
    assert_eq!(shop.get("/unique/user/number/7").await.problem(), problem(404, "unknown-path"));
}

#[tokio::test]
async fn a_put_creates_or_sets_what_is_given() {
    let shop = shop().await;
    let new = shop.send("PUT", "/unique/user/email/Bob@x", json!({ "id": "3", "number": 1 })).await;
    assert_eq!((new.status, &new.headers["location"]), (201, &"/user/3".parse().expect("ascii")));
    assert_eq!(new.json()["email"], "bob@x");
    // The key is that of the user who is there; what is not given stays.
    let set = shop.send("PUT", "/unique/user/email/ann@x", json!({ "number": 9 })).await;
    let expected =
        json!({ "id": "1", "email": "ann@x", "tenant": "t/1", "number": 9, "version": 2 });
    assert_eq!((set.status, set.json()), (200, expected), "{}", set.text);
    assert_eq!(shop.get("/unique/user/tenant+number/t%2F1/9").await.json()["id"], "1");
    assert_eq!(shop.get("/unique/user/tenant+number/t%2F1/7").await.status, 404);
}

#[tokio::test]
async fn what_a_put_may_not_be_is_told() {
    let shop = shop().await;
    let put = async |body| shop.send("PUT", "/unique/user/email/ann@x", body).await;
    let other_key = put(json!({ "id": "2" })).await;
    // Which item has the value is not said: it may be another caller's.
    assert_eq!(other_key.problem(), problem(409, "duplicate"));
    let errors = json!([{ "field": "email", "message": "another user has the same" }]);
    assert_eq!(other_key.json()["errors"], errors);
    let other_value = put(json!({ "email": "bob@x" })).await;
    assert_eq!(other_value.json()["errors"][0]["field"], "email");
    shop.load("user", &[json!({ "id": "4", "tenant": "t/1", "number": 8 })]).await;
    let taken = put(json!({ "number": 8 })).await;
    assert_eq!(taken.problem(), problem(409, "duplicate"));
    let no_key = shop.send("PUT", "/unique/user/email/new@x", json!({})).await;
    assert_eq!((no_key.status, &no_key.json()["errors"][0]["field"]), (400, &json!("id")));
    let key_taken = shop.send("PUT", "/unique/user/email/new@x", json!({ "id": "2" })).await;
    assert_eq!(key_taken.problem(), problem(409, "already-exists"));
}

/// Without the condition on what the item is found by, a change of address in between would be
/// undone; without a second look two who create at once would end in a duplicate.
#[tokio::test(flavor = "multi_thread")]
async fn however_many_put_at_once_one_item_is_left() {
    let shop = Shop::open().await;
    let put = |number: u32| {
        // The second caller learns that the value is taken and asks without a key; in a conflict it
        // asks again.
        let shop = &shop;
        async move {
            let mut body = json!({ "id": number.to_string(), "number": number });
            loop {
                let reply = shop.send("PUT", "/unique/user/email/ann@x", &body).await;
                match reply.status {
                    409 if reply.problem() == problem(409, "duplicate") => {
                        body = json!({ "number": number });
                    }
                    409 => assert_eq!(reply.problem(), problem(409, "conflict"), "{}", reply.text),
                    status => {
                        assert!(matches!(status, 200 | 201), "{}", reply.text);
                        return reply.json()["id"].clone();
                    }
                }
            }
        }
    };
    let ids = join_all((0..30).map(put)).await;
    let ids: BTreeSet<String> = ids.iter().map(ToString::to_string).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(shop.get("/unique/user/email/ann@x").await.json()["version"], 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_never_undoes_a_change_of_what_it_finds_by() {
    let shop = shop().await;
    let put = async {
        shop.send("PUT", "/unique/user/email/ann@x", json!({ "number": 9, "id": "1" })).await
    };
    let moved = async {
        let body = json!({ "set": { "email": "new@x" } });
        shop.send("PATCH", "/user/1", body).await
    };
    let (put, moved) = futures::join!(put, moved);
    assert_eq!(moved.status, 200, "{}", moved.text);
    // Either it was done before, or there was nobody of that address and the key was taken.
    assert!(matches!(put.status, 200 | 409), "{}", put.text);
    assert_eq!(shop.get("/user/1").await.json()["email"], "new@x");
    assert_eq!(shop.get("/unique/user/email/ann@x").await.status, 404);
}

#[tokio::test]
async fn nobody_asks_who_has_what_is_hidden() {
    let shop = Shop::with_definition(&fixture("secrets")).await;
    shop.load("login", &[json!({ "id": "1", "tenant": "t", "code": "c", "name": "n" })]).await;
    assert_eq!(shop.get("/unique/login/name/n").await.status, 200);
    for method in ["GET", "PUT"] {
        let reply = shop.send(method, "/unique/login/tenant+code/t/c", json!({})).await;
        assert_eq!(reply.problem(), problem(404, "unknown-path"), "{method}");
    }
}

/// Every answer about a value that another item has, in every route that gives one: none contains a
/// part of that item's key or its other values.
#[tokio::test]
async fn no_answer_about_a_taken_value_says_which_item_has_it() {
    let shop = Shop::with_definition(&fixture("secrets")).await;
    let other = json!({ "tenant": "MARK-T", "id": "MARK-I", "email": "a@x", "note": "MARK-N" });
    shop.load("member", &[other, json!({ "tenant": "own", "id": "1" })]).await;
    let new = json!({ "tenant": "own", "id": "2", "email": "a@x" });
    let action = |name: &str| json!([{ "action": name, "entity": "member", "item": new }]);
    let set = json!({ "set": { "email": "a@x" } });
    let patch = json!([{ "action": "patch", "entity": "member",
        "key": { "tenant": "own", "id": "1" }, "set": { "email": "a@x" } }]);
    let requests = [
        ("POST", "/member", new.clone()),
        ("PUT", "/member/own/2", json!({ "email": "a@x" })),
        ("PATCH", "/member/own/1", set.clone()),
        ("POST", "/batch/member", json!([new])),
        ("POST", "/batch", action("put")),
        ("POST", "/transactions", action("create")),
        ("POST", "/transactions", action("put")),
        ("POST", "/transactions", patch),
        ("PUT", "/unique/member/email/a@x", json!({ "tenant": "own", "id": "2" })),
        ("PUT", "/unique/member/email/a@x", json!({ "tenant": "own" })),
        ("PUT", "/unique/member/email/a@x", json!({ "tenant": "MARK-t", "id": "MARK-I" })),
    ];
    for (method, path, body) in requests {
        let reply = shop.send(method, path, &body).await;
        if path.starts_with("/batch") {
            assert_eq!(reply.json()["written"], 0, "{}", reply.text);
            assert!(reply.text.contains("another member has the same email"), "{}", reply.text);
        } else {
            assert_eq!(reply.problem(), problem(409, "duplicate"), "{method} {path} {body}");
        }
        assert!(!reply.text.contains("MARK"), "{method} {path} {body}: {}", reply.text);
        let headers = format!("{:?}", reply.headers);
        assert!(!headers.contains("MARK"), "{method} {path} {body}: {headers}");
    }
}

/// The answer to a key that is not the item's contains nothing hidden.
#[tokio::test]
async fn a_hidden_key_is_not_told() {
    let shop = Shop::with_definition(&fixture("secrets")).await;
    shop.load("box", &[json!({ "code": "SECRET", "owner": "ann" })]).await;
    let reply = shop.send("PUT", "/unique/box/owner/ann", json!({ "code": "guess" })).await;
    assert_eq!(reply.problem(), problem(409, "duplicate"));
    assert!(!reply.text.contains("SECRET"), "{}", reply.text);
}
