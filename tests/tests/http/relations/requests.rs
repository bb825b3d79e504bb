//! How many requests of DynamoDB an answer takes: it does not grow with the items.

use serde_json::{Value, json};
use weir_testing::dynamodb::TestDynamo;
use weir_testing::recorder::Recorder;

use super::hub::DEFINITION;
use crate::http::shop::{Shop, encoded};

/// Accounts of as many owners, posts of ann with as many editors, and stars of all of them; the
/// recorder has forgotten how they came there.
async fn hub_of(people: usize) -> (Shop, Recorder) {
    let recorder = Recorder::default();
    let connection = recorder.before(TestDynamo::start().await.connect().await);
    let shop = Shop::over(connection, DEFINITION).await;
    let id = |number: usize| format!("u{number}");
    let numbers = || 0..people;
    let users = numbers().map(|number| json!({ "id": id(number) }));
    let account = |number: usize| {
        json!({ "number": number, "owner_id": id(number),
        "deputy": id(number / 2) })
    };
    let post =
        |number: usize| json!({ "author_id": "u0", "number": number, "editor_id": id(number) });
    let star = |number: usize| json!({ "repository": "weir", "user_id": id(number) });
    shop.load("repository", &[json!({ "name": "weir" })]).await;
    for (entity, rows) in [
        ("user", users.collect::<Vec<Value>>()),
        ("account", numbers().map(account).collect()),
        ("post", numbers().map(post).collect()),
        ("star", numbers().map(star).collect()),
    ] {
        for rows in rows.chunks(100) {
            shop.load(entity, rows).await;
        }
    }
    recorder.requests();
    (shop, recorder)
}

fn operations(recorder: &Recorder) -> Vec<String> {
    recorder.requests().into_iter().map(|(operation, _)| operation).collect()
}

#[tokio::test]
async fn an_answer_takes_as_many_requests_however_many_items_there_are() {
    let keys = |number: usize| {
        let keys: Vec<Value> = (0..number).map(|number| json!({ "number": number })).collect();
        encoded(&Value::from(keys).to_string())
    };
    for people in [3, 40] {
        let (shop, recorder) = hub_of(people).await;
        let (get, batch, query) = ("GetItem", "BatchGetItem", "Query");
        let batch_of_keys = format!("/batch/account?include=owner,second&keys={}", keys(people));
        let cases: [(&str, &[&str]); 12] = [
            ("/account/1", &[get]),
            ("/account/1?include=owner", &[batch, get]),
            ("/account/1?include=owner,second", &[batch, get]),
            ("/account?include=owner,second", &[batch, query]),
            ("/account?include=owner,second&limit=2", &[batch, query]),
            (&batch_of_keys, &[batch, batch]),
            ("/user/u0?include=sessions,posts", &[get, query, query]),
            ("/user/u0?include=posts.editor,posts.author", &[batch, get, query]),
            ("/user/u0?include=posts.siblings", &[get, query, query]),
            ("/post/u0?include=editor,author,siblings", &[batch, query, query]),
            ("/post/u0?include=author.posts", &[batch, query, query]),
            ("/repository/weir?include=stargazers", &[batch, get, query]),
        ];
        for (path, expected) in cases {
            let reply = shop.get(path).await;
            assert_eq!(reply.status, 200, "{path}: {}", reply.text);
            assert_eq!(operations(&recorder), expected, "{path} of {people}");
        }
    }
}

#[tokio::test]
async fn a_hundred_keys_are_read_at_a_time_and_each_once() {
    let (shop, recorder) = hub_of(250).await;
    for (path, batches) in [
        ("/account?include=owner&limit=250", 3),
        // A deputy of two is read once, and owners are deputies.
        ("/account?include=second&limit=250", 2),
        ("/account?include=owner,second&limit=250", 3),
    ] {
        let page = shop.get(path).await.json();
        assert_eq!(page["items"].as_array().map(Vec::len), Some(250));
        let expected: Vec<&str> =
            std::iter::repeat_n("BatchGetItem", batches).chain(["Query"]).collect();
        assert_eq!(operations(&recorder), expected, "{path}");
    }
}

#[tokio::test]
async fn what_would_not_fit_into_the_answer_is_not_read() {
    let (shop, recorder) = hub_of(150).await;
    for number in 0..150 {
        let user = json!({ "id": format!("u{number}"), "name": "x".repeat(30_000) });
        shop.load("user", &[user]).await;
    }
    recorder.requests();
    let page = shop.get("/account?include=owner&limit=150").await.json();
    assert_eq!(operations(&recorder), ["BatchGetItem", "Query"]);
    assert_eq!(page["items"].as_array().map(Vec::len), Some(69), "of two megabytes");
    assert!(page["cursor"].is_string());
}

#[tokio::test]
async fn what_leads_nowhere_is_not_asked_for() {
    let (shop, recorder) = hub_of(1).await;
    shop.load("account", &[json!({ "number": 9 })]).await;
    recorder.requests();
    assert_eq!(shop.get("/account/9?include=owner,second").await.status, 200);
    assert_eq!(operations(&recorder), ["GetItem"]);
    assert_eq!(shop.get("/account/8?include=owner").await.status, 404);
    assert_eq!(operations(&recorder), ["GetItem"]);
}

#[tokio::test]
async fn related_items_are_read_as_consistently_as_the_list() {
    let (shop, recorder) = hub_of(2).await;
    for (query, is_strong) in [("", true), ("&consistent=true", true), ("&consistent=false", false)]
    {
        let request = |operation: &str, is_strong: bool| (operation.to_owned(), is_strong);
        assert_eq!(shop.get(&format!("/post/u0?include=editor,siblings{query}")).await.status, 200);
        let [batch, list] =
            ["BatchGetItem", "Query"].map(|operation| request(operation, is_strong));
        assert_eq!(recorder.requests(), [batch, list.clone(), list.clone()], "{query}");
        // An index is eventually consistent, whatever is asked.
        assert_eq!(shop.get(&format!("/post/u0?include=sessions{query}")).await.status, 200);
        assert_eq!(recorder.requests(), [request("Query", false), list], "{query}");
    }
}
