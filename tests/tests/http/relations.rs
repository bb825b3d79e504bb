//! Items with those that they are related to: what is answered, how many requests it takes, and
//! that nothing is cut silently.
//!
//! | to see | read |
//! |---|---|
//! | that it is what single reads answer, over random items | `relations/equality.rs` |
//! | how many requests of DynamoDB it takes | `relations/requests.rs` |
//! | what is not read, and what does not fit | `relations/limits.rs` |

#[path = "relations/equality.rs"]
mod equality;
#[path = "relations/limits.rs"]
mod limits;
#[path = "relations/requests.rs"]
mod requests;

use serde_json::{Map, Value, json};
use weir_model::Model;
use weir_table::Table;
use weir_testing::dynamodb::TestDynamo;

use crate::shop::{Shop, encoded, problem};

/// Users with sessions (by an index) and posts (in a partition of the table), accounts, and
/// repositories with stars, which link them to users.
pub(crate) const DEFINITION: &str = r##"
    [table]
    name = "hub"
    [table.indexes.GSI1]
    partition_key = "GSI1PK"
    sort_key = "GSI1SK"

    [entities.user]
    PK = "USER#{id:lower}"
    SK = "USER"
    [entities.user.attributes]
    id      = { type = "string", required = true }
    name    = { type = "string" }
    secret  = { type = "string", hidden = true }
    version = { type = "integer", version = true }
    [entities.user.relations.sessions]
    to = "session"
    with = { user_id = "id" }
    many = true
    pattern = "by_user"
    limit = 2
    order = "desc"
    [entities.user.relations.posts]
    to = "post"
    with = { author_id = "id" }
    many = true
    [entities.user.relations.drafts]
    to = "post"
    with = { author_id = "id" }
    many = true
    pattern = "drafts"
    [entities.user.relations.starred]
    to = "repository"
    through = "star"
    pattern = "by_user"
    with = { star.user_id = "id", name = "star.repository" }

    [entities.account]
    PK = "ACCOUNTS"
    SK = "ACCOUNT#{number:04}"
    [entities.account.attributes]
    number   = { type = "integer", required = true }
    owner_id = { type = "string" }
    deputy   = { type = "string", hidden = true }
    note     = { type = "string" }
    [entities.account.relations.owner]
    to = "user"
    with = { id = "owner_id" }
    [entities.account.relations.second]
    to = "user"
    with = { id = "deputy" }
    reveals = ["deputy"]

    [entities.session]
    PK = "SESSION#{token}"
    SK = "SESSION"
    GSI1PK = "USER#{user_id}"
    GSI1SK = "SESSION#{opened}"
    [entities.session.attributes]
    token   = { type = "string", required = true }
    user_id = { type = "string" }
    opened  = { type = "integer", required = true, min = 1000, max = 9999 }
    [entities.session.patterns.by_user]
    index = "GSI1"
    [entities.session.relations.user]
    to = "user"
    with = { id = "user_id" }

    [entities.post]
    PK = "POSTS#{author_id:lower}"
    SK = "POST#{number:04}"
    [entities.post.attributes]
    author_id = { type = "string", required = true }
    number    = { type = "integer", required = true, min = 0 }
    editor_id = { type = "string" }
    state     = { type = "enum", values = ["draft", "public"], default = "public" }
    [entities.post.patterns.drafts]
    where = { state = "draft" }
    [entities.post.relations.author]
    to = "user"
    with = { id = "author_id" }
    [entities.post.relations.editor]
    to = "user"
    with = { id = "editor_id" }
    [entities.post.relations.siblings]
    to = "post"
    many = true
    limit = 3
    [entities.post.relations.sessions]
    to = "session"
    with = { user_id = "author_id" }
    many = true
    pattern = "by_user"

    [entities.repository]
    PK = "REPO#{name}"
    SK = "REPO"
    [entities.repository.attributes]
    name     = { type = "string", required = true }
    owner_id = { type = "string" }
    [entities.repository.relations.stargazers]
    to = "user"
    through = "star"
    with = { star.repository = "name", id = "star.user_id" }
    limit = 3
    [entities.repository.relations.owner]
    to = "user"
    with = { id = "owner_id" }

    [entities.star]
    PK = "REPO#{repository}"
    SK = "STAR#{user_id}"
    GSI1PK = "STARS#{user_id}"
    GSI1SK = "STAR#{repository}"
    [entities.star.attributes]
    repository = { type = "string", required = true }
    user_id    = { type = "string", required = true }
    [entities.star.patterns.by_user]
    index = "GSI1"
    [entities.star.relations.user]
    to = "user"
    with = { id = "user_id" }
"##;

/// Ann, who has three sessions, three posts and four stars; bob, who has none; and accounts of
/// both, of nobody, and of none.
async fn hub() -> Shop {
    let shop = Shop::with_definition(DEFINITION).await;
    shop.load(
        "user",
        &[json!({ "id": "ann", "name": "Ann", "secret": "s" }), json!({ "id": "bob" })],
    )
    .await;
    let session = |number: usize| {
        json!({ "token": format!("t{number}"), "user_id": "ann",
        "opened": 1000 + number })
    };
    shop.load("session", &[1, 2, 3].map(session)).await;
    let post = |number: usize| {
        let state = if number == 2 { "draft" } else { "public" };
        let editor = if number == 2 { "bob" } else { "nobody" };
        json!({ "author_id": "ann", "number": number, "editor_id": editor, "state": state })
    };
    shop.load("post", &[1, 2, 3].map(post)).await;
    let account = |number: usize, owner: Value| {
        json!({ "number": number, "owner_id": owner,
        "deputy": "bob" })
    };
    let accounts = [account(1, json!("ann")), account(2, json!("bob")), account(3, json!("ann"))];
    shop.load("account", &accounts).await;
    shop.load("account", &[account(4, json!("nobody")), account(5, Value::Null)]).await;
    shop.load("repository", &[json!({ "name": "weir", "owner_id": "bob" })]).await;
    let star = |user: &str| json!({ "repository": "weir", "user_id": user });
    shop.load("star", &["ann", "bob", "gone", "zoe"].map(star)).await;
    shop.load("user", &[json!({ "id": "zoe" })]).await;
    shop
}

fn ann() -> Value {
    json!({ "id": "ann", "name": "Ann", "version": 1 })
}

fn user(id: &str) -> Value {
    json!({ "id": id, "version": 1 })
}

#[tokio::test]
async fn an_item_has_those_that_it_is_related_to_as_members() {
    let shop = hub().await;
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
async fn what_is_not_there_is_null_or_empty() {
    let shop = hub().await;
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

/// Another definition of the same keys.
const ROBOTS: &str = r##"
    [table]
    name = "robots"
    [entities.robot]
    PK = "USER#{id}"
    SK = "USER"
    [entities.robot.attributes]
    id = { type = "string", required = true }
"##;

#[tokio::test]
async fn an_item_of_another_kind_under_the_key_is_not_there() {
    let connection = TestDynamo::start().await.connect().await;
    let shop = Shop::over(connection.clone(), DEFINITION).await;
    let robots: Model = ROBOTS.parse().expect("a definition");
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
async fn links_lead_through_to_the_items_and_their_cursor_goes_on_in_their_own_list() {
    let shop = hub().await;
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
async fn every_item_of_a_list_has_its_own() {
    let shop = hub().await;
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
    let shop = hub().await;
    let posts = shop.get("/post/ann?include=siblings,editor").await.json();
    for post in posts["items"].as_array().expect("posts") {
        assert_eq!(post["siblings"]["items"].as_array().map(Vec::len), Some(3), "{post}");
        let editor = if post["number"] == 2 { user("bob") } else { Value::Null };
        assert_eq!(post["editor"], editor, "{post}");
    }
    let refused = [
        (
            "/account?include=owner.sessions",
            "`owner.sessions` would take a query for each user of a list, expected it of one \
             user; or list `session` by `by_user` for each",
        ),
        ("/repository/weir?include=stargazers.posts", "or list `post` for each"),
        (
            "/batch/user?keys=[%7B%22id%22:%22ann%22%7D]&include=starred",
            "or list `star` by `by_user` for each",
        ),
    ];
    for (path, expected) in refused {
        let reply = shop.get(path).await;
        assert_eq!(reply.problem(), problem(400, "bad-query"), "{path}");
        assert!(reply.text.contains(expected), "{path}: {}", reply.text);
        assert_eq!(reply.json()["errors"][0]["field"], "include");
    }
}

#[tokio::test]
async fn what_cannot_be_included_says_why() {
    let shop = hub().await;
    let eleven = "sessions,posts,drafts,starred,starred.owner,posts.author,posts.editor,\
                  drafts.author,drafts.editor,sessions.user,posts.siblings";
    let cases = [
        (
            "/user/ann?include=sesions",
            "`sesions`: user has no such relation; did you mean `sessions`?",
        ),
        (
            "/user/ann?include=zzz",
            "`zzz`: user has no such relation; it has sessions, posts, drafts, starred",
        ),
        ("/user/ann?include=", "``: user has no such relation"),
        (
            "/user/ann?include=posts.edtor",
            "`posts.edtor`: post has no such relation; did you mean `editor`?",
        ),
        ("/user/ann?include=posts,sessions,posts", "`posts` twice, expected each relation once"),
        (
            "/user/ann?include=posts.editor.sessions",
            "`posts.editor.sessions` is more than 2 levels away",
        ),
        (
            "/user/ann?include=starred.stargazers",
            "would take a query for each repository of a list",
        ),
        (&format!("/user/ann?include={eleven}"), "11 relations, expected at most 10"),
        (
            "/account?count=true&include=owner",
            "`include`: goes without count, expected one or the other",
        ),
        ("/account?inclde=owner", "did you mean `include`?"),
    ];
    for (path, expected) in cases {
        let reply = shop.get(path).await;
        assert_eq!(reply.problem(), problem(400, "bad-query"), "{path}: {}", reply.text);
        assert!(reply.text.contains(expected), "{path}: {}", reply.text);
    }
    // Both of a pair are asked for once.
    assert_eq!(shop.get("/user/ann?include=posts.editor,posts").await.status, 200);
}
