//! Answers with related items: of one item, of lists, by links, and what is absent.

use serde_json::{Map, Value, json};
use weir_model::Model;
use weir_table::Table;
use weir_testing::dynamodb::TestDynamo;

use super::hub::{DEFINITION, ann, open_hub, user};
use crate::http::shop::{Shop, encoded, problem};

#[tokio::test]
async fn an_item_has_its_related_items_as_members() {
    let shop = open_hub().await;
    let account = shop.get("/account/1?include=owner,second").await.json();
    let expected = json!({ "number": 1, "owner_id": "ann", "owner": ann(), "second": user("bob") });
    assert_eq!(account, expected, "what is hidden stays hidden, and leads on");

    let reply = shop.get("/user/ann?include=sessions,posts,drafts").await;
    let page = reply.json();
    let tokens = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().expect("items").iter();
        items.map(|item| item["token"].as_str().expect("a token").to_owned()).collect()
    };
    assert_eq!(tokens(&page["sessions"]), ["t3", "t2"], "{page}");
    let numbers: Vec<_> = page["posts"]["items"]
        .as_array()
        .expect("posts")
        .iter()
        .map(|post| &post["number"])
        .collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert_eq!(page["posts"]["cursor"], Value::Null);
    assert_eq!(page["drafts"]["items"].as_array().map(Vec::len), Some(1));
    assert!(reply.headers.get("etag").is_none(), "it would not change with the others");
    assert!(shop.get("/user/ann").await.headers.get("etag").is_some());

    // The cursor is one of the target's own list.
    let cursor = page["sessions"]["cursor"].as_str().expect("there are more");
    let next = shop.get(&format!("/query/session/by_user/ann?order=desc&cursor={cursor}")).await;
    assert_eq!(
        (tokens(&next.json()), &next.json()["cursor"]),
        (vec!["t1".to_owned()], &Value::Null)
    );
}

#[tokio::test]
async fn a_related_item_that_does_not_exist_is_null_and_a_list_is_empty() {
    let shop = open_hub().await;
    for number in [4, 5] {
        let account = shop.get(&format!("/account/{number}?include=owner")).await.json();
        assert_eq!(account["owner"], Value::Null, "{account}");
        assert!(account.as_object().is_some_and(|account| account.contains_key("owner")));
    }
    let bob = shop.get("/user/bob?include=sessions,starred").await.json();
    let nothing = json!({ "items": [], "cursor": null });
    assert_eq!(
        (&bob["sessions"], bob["starred"]["items"][0]["name"].as_str()),
        (&nothing, Some("weir"))
    );
    let nobody = shop.get("/user/nobody?include=sessions").await;
    assert_eq!(nobody.problem(), problem(404, "not-found"));
}

#[tokio::test]
async fn an_item_of_another_kind_under_the_key_does_not_count() {
    let connection = TestDynamo::start().await.connect().await;
    let shop = Shop::over(connection.clone(), DEFINITION).await;
    let robots: Model = include_str!("robots.toml").parse().expect("a definition");
    let robots = Table::new(&connection, robots.with_table(shop.table.name(), None).into());
    let robots = robots.entity::<Map<String, Value>>("robot").expect("it fits");
    robots.create(&Map::from_iter([("id".to_owned(), json!("r2"))])).await.expect("created");
    shop.load("account", &[json!({ "number": 1, "owner_id": "r2" })]).await;
    shop.load("repository", &[json!({ "name": "weir" })]).await;
    shop.load("star", &[json!({ "repository": "weir", "user_id": "r2" })]).await;
    let account = shop.get("/account/1?include=owner").await.json();
    assert_eq!(account["owner"], Value::Null, "{account}");
    let stars = shop.get("/repository/weir?include=stargazers").await.json();
    assert_eq!(stars["stargazers"], json!({ "items": [], "cursor": null }));
}

#[tokio::test]
async fn links_lead_through_to_the_items_and_their_cursor_continues_in_their_own_list() {
    let shop = open_hub().await;
    let page = shop.get("/repository/weir?include=stargazers.sessions").await;
    assert_eq!(page.problem(), problem(400, "bad-query"), "{}", page.text);
    let page = shop.get("/repository/weir?include=stargazers").await.json();
    // The third link leads to nobody, and is one of three that were asked for.
    assert_eq!(page["stargazers"]["items"], json!([ann(), user("bob")]));
    let cursor = page["stargazers"]["cursor"].as_str().expect("there is one more");
    let next = shop.get(&format!("/star/weir?include=user&cursor={cursor}")).await.json();
    let expected = json!([{ "repository": "weir", "user_id": "zoe", "user": user("zoe") }]);
    assert_eq!((&next["items"], &next["cursor"]), (&expected, &Value::Null));
    let starred = shop.get("/user/ann?include=starred.owner").await.json();
    let weir = json!({ "name": "weir", "owner_id": "bob", "owner": user("bob") });
    assert_eq!(starred["starred"], json!({ "items": [weir], "cursor": null }));
}

#[tokio::test]
async fn every_item_of_a_list_has_its_own_related_items() {
    let shop = open_hub().await;
    let page = shop.get("/account?include=owner,second").await.json();
    let owners: Vec<&Value> =
        page["items"].as_array().expect("items").iter().map(|item| &item["owner"]).collect();
    assert_eq!(owners, [&ann(), &user("bob"), &ann(), &Value::Null, &Value::Null]);
    let keys = encoded(&json!([{ "number": 2 }, { "number": 9 }, { "number": 4 }]).to_string());
    let many = shop.get(&format!("/batch/account?include=owner&keys={keys}")).await.json();
    assert_eq!(many["items"][0]["owner"], user("bob"));
    assert_eq!((&many["items"][1], &many["items"][2]["owner"]), (&Value::Null, &Value::Null));
    assert_eq!(many["unread"], json!([]));
    let selected = shop.get("/account?select=number&include=owner&limit=1").await.json();
    assert_eq!(selected["items"], json!([{ "number": 1, "owner": ann() }]));
    let filtered = encoded(r#"{"owner_id":"bob"}"#);
    let filtered = shop.get(&format!("/account?where={filtered}&include=owner")).await.json();
    assert_eq!(filtered["items"][0]["owner"], user("bob"));
    let sessions = shop.get("/query/session/by_user/ann?include=user.posts&limit=1").await.json();
    assert_eq!(sessions["items"][0]["user"]["posts"]["items"][0]["number"], 1, "{sessions}");
}

#[tokio::test]
async fn many_in_a_list_are_answered_where_one_query_answers_for_all() {
    let shop = open_hub().await;
    let posts = shop.get("/post/ann?include=siblings,editor").await.json();
    for post in posts["items"].as_array().expect("posts") {
        assert_eq!(post["siblings"]["items"].as_array().map(Vec::len), Some(3), "{post}");
        let editor = if post["number"] == 2 { user("bob") } else { Value::Null };
        assert_eq!(post["editor"], editor, "{post}");
    }
}
