//! What is not read and what does not fit: a page ends before it, and its cursor leads on; nothing
//! is null that is there.

use serde_json::{Value, json};
use weir_table::{Connection, MB, Reads};
use weir_testing::dynamodb::TestDynamo;
use weir_testing::faulty::{Fate, Faulty};

use super::hub::DEFINITION;
use crate::http::shop::{Shop, encoded, problem};

/// A little less than an item may have.
const LARGE: usize = 300_000;
/// How many of them there are.
const PEOPLE: usize = 8;
/// What an answer may have and still be taken by Lambda, whatever it says.
const MOST_BYTES: usize = 5_000_000;

/// The items of all pages, and how many pages they are.
async fn pages(shop: &Shop, path: &str) -> (Vec<Value>, usize) {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    for number in 1.. {
        let reply = shop.get(&format!("{path}{cursor}")).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        assert!(reply.text.len() < MOST_BYTES, "{path}: {} bytes", reply.text.len());
        let page = reply.json();
        all.extend(page["items"].as_array().expect("items").iter().cloned());
        match page["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (all, number),
        }
    }
    unreachable!("a list has an end")
}

async fn large_hub() -> Shop {
    let shop = Shop::with_definition(DEFINITION).await;
    for number in 0..PEOPLE {
        let id = format!("u{number}");
        shop.load("user", &[json!({ "id": id, "name": "x".repeat(LARGE) })]).await;
        let account = json!({ "number": number, "owner_id": id, "deputy": "u0" });
        shop.load("account", &[account]).await;
        let post = json!({ "author_id": "ann", "number": number, "editor_id": id });
        shop.load("post", &[post]).await;
        shop.load("star", &[json!({ "repository": "weir", "user_id": id })]).await;
    }
    shop.load("user", &[json!({ "id": "ann" })]).await;
    shop.load("repository", &[json!({ "name": "weir" })]).await;
    shop
}

#[tokio::test]
async fn a_page_ends_before_its_related_items_are_too_large_to_be_answered() {
    let shop = large_hub().await;
    let (accounts, count) = pages(&shop, "/account?include=owner").await;
    assert_eq!((accounts.len(), count), (PEOPLE, 2), "six large owners fit");
    for (number, account) in accounts.iter().enumerate() {
        assert_eq!(account["owner"]["id"], format!("u{number}"));
    }
    // It is as large for each item that it is answered with, though it is read once.
    let (accounts, count) = pages(&shop, "/account?include=second").await;
    assert_eq!((accounts.len(), count), (PEOPLE, 2));
    assert!(accounts.iter().all(|account| account["second"]["id"] == "u0"));
    let (accounts, count) = pages(&shop, "/account?include=owner,second").await;
    assert_eq!((accounts.len(), count), (PEOPLE, 3));
    let keys: Vec<Value> = (0..PEOPLE).map(|number| json!({ "number": number })).collect();
    let keys = encoded(&Value::from(keys).to_string());
    let many = shop.get(&format!("/batch/account?include=owner&keys={keys}")).await.json();
    assert_eq!(many["unread"], json!([6, 7]));
    assert_eq!((&many["items"][5]["owner"]["id"], &many["items"][6]), (&json!("u5"), &Value::Null));
}

#[tokio::test]
async fn many_related_items_end_before_they_are_too_large_with_a_cursor() {
    let shop = large_hub().await;
    let posts = shop.get("/user/ann?include=posts.editor").await.json()["posts"].clone();
    assert_eq!(posts["items"].as_array().map(Vec::len), Some(6));
    assert_eq!(posts["items"][5]["editor"]["id"], "u5");
    let cursor = posts["cursor"].as_str().expect("there are more");
    let rest = shop.get(&format!("/post/ann?include=editor&cursor={cursor}")).await.json();
    assert_eq!(rest["items"][0]["editor"]["id"], "u6");
    let (stars, _) = pages(&shop, "/star/weir?include=user").await;
    assert_eq!(stars.len(), PEOPLE);
    let page = shop.get("/repository/weir?include=stargazers").await.json()["stargazers"].clone();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(3), "no more than were asked for");
}

#[tokio::test]
async fn within_a_budget_of_bytes_pages_are_shorter_and_nothing_is_missing() {
    let shop = large_hub().await;
    for mb in [2, 3, 5] {
        let limits = Reads { reads: 30, bytes: mb * MB };
        let limited = shop.within(limits);
        for path in [
            "/account?include=owner",
            "/account?include=owner,second",
            "/post/ann?include=editor,author",
            "/star/weir?include=user",
        ] {
            let (expected, _) = pages(&shop, path).await;
            let (mut found, mut cursor) = (Vec::new(), String::new());
            loop {
                let reply = limited.get(&format!("{path}{cursor}")).await;
                assert_eq!(reply.status, 200, "{path} of {mb} MB: {}", reply.text);
                let read = reply.read.expect("a budget");
                assert!(read.bytes <= limits.bytes, "{path} of {mb} MB: {read:?}");
                let page = reply.json();
                found.extend(page["items"].as_array().expect("items").iter().cloned());
                match page["cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            assert_eq!(Value::from(found), Value::from(expected), "{path} of {mb} MB");
        }
    }
    let small = shop.within(Reads { reads: 1, bytes: MB });
    let reply = small.get("/account/1?include=owner").await;
    assert_eq!(reply.problem(), problem(400, "bad-query"), "{}", reply.text);
    assert!(reply.text.contains("expected fewer relations, without `owner`"), "{}", reply.text);
}

#[tokio::test]
async fn relations_that_are_together_too_large_for_an_answer_are_refused() {
    let relation = |number: usize| {
        format!("[entities.node.relations.r{number}]\nto = \"blob\"\nwith = {{ id = \"at\" }}\n")
    };
    let relations: String = (0..10).map(relation).collect();
    let definition = format!(
        "[table]\nname = \"blobs\"\n\
         [entities.blob]\nPK = \"BLOB#{{id}}\"\nSK = \"BLOB\"\n\
         [entities.blob.attributes]\nid = {{ type = \"string\", required = true }}\ntext = {{ \
         type = \"string\" }}\n\
         [entities.node]\nPK = \"NODE#{{id}}\"\nSK = \"NODE\"\n\
         [entities.node.attributes]\nid = {{ type = \"string\", required = true }}\nat = {{ type \
         = \"string\" }}\n{relations}"
    );
    let shop = Shop::with_definition(&definition).await;
    // Each of these characters is six in JSON.
    shop.load("blob", &[json!({ "id": "b", "text": "\u{1}".repeat(100_000) })]).await;
    shop.load("node", &[json!({ "id": "n", "at": "b" })]).await;
    let include = |count: usize| {
        let names: Vec<String> = (0..count).map(|number| format!("r{number}")).collect();
        format!("/node/n?include={}", names.join(","))
    };
    let some = shop.get(&include(5)).await;
    assert_eq!(some.status, 200);
    assert!(some.text.len() < MOST_BYTES);
    let all = shop.get(&include(10)).await;
    assert_eq!(all.problem(), problem(400, "bad-query"), "{}", &all.text[..80]);
    assert!(all.text.contains("4194304 is the most"), "{}", all.text);
}

/// The answer of a DynamoDB that leaves everything of a request undone.
fn unprocessed(body: &str) -> Fate {
    let body: Value = serde_json::from_str(body).expect("JSON");
    let answer = json!({ "Responses": {}, "UnprocessedKeys": body["RequestItems"] });
    Fate::Answer(200, Box::leak(answer.to_string().into_boxed_str()))
}

#[tokio::test]
async fn what_dynamodb_leaves_unread_is_asked_for_again_and_never_null() {
    let dynamodb = TestDynamo::start().await;
    let faulty = Faulty::before(&dynamodb.url).await;
    let shop = Shop::over(Connection::to(&faulty.url).await, DEFINITION).await;
    let rows = |row: fn(usize) -> Value| (0..150).map(row).collect::<Vec<_>>();
    shop.load("user", &rows(|number| json!({ "id": format!("u{number}") }))).await;
    shop.load(
        "account",
        &rows(|number| json!({ "number": number, "owner_id": format!("u{number}") })),
    )
    .await;
    // No users are read but a hundred at once.
    faulty.decide(|operation, body| {
        let users = body.matches("USER#").count();
        match operation == "BatchGetItem" && (1..100).contains(&users) {
            true => unprocessed(body),
            false => Fate::Pass,
        }
    });
    let (page, single, many) = futures::join!(
        shop.get("/account?include=owner&limit=150"),
        shop.get("/account/1?include=owner"),
        shop.get("/batch/account?include=owner&keys=[%7B%22number%22:1%7D]"),
    );
    assert_eq!(page.status, 200, "{}", page.text);
    let first = page.json();
    let items = first["items"].as_array().expect("items");
    assert_eq!(items.len(), 100);
    assert!(items.iter().all(|account| account["owner"]["id"] == account["owner_id"]));
    assert_eq!(single.problem(), problem(503, "throttled"));
    assert!(single.headers.contains_key("retry-after"));
    assert_eq!(many.json(), json!({ "items": [null], "unread": [0] }));
    faulty.mend();
    let cursor = first["cursor"].as_str().expect("there are more");
    let next = shop.get(&format!("/account?include=owner&limit=150&cursor={cursor}")).await.json();
    assert_eq!(next["items"].as_array().map(Vec::len), Some(50));
    assert_eq!((&next["items"][0]["owner"]["id"], &next["cursor"]), (&json!("u100"), &Value::Null));
}
