//! Values of `include` that are rejected, and what the message says.

use super::hub::open_hub;
use crate::http::shop::problem;

#[tokio::test]
async fn an_include_that_is_not_possible_is_rejected() {
    let shop = open_hub().await;
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

#[tokio::test]
async fn many_related_items_in_a_list_are_rejected_if_each_would_take_a_query() {
    let shop = open_hub().await;
    let rejected = [
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
    for (path, expected) in rejected {
        let reply = shop.get(path).await;
        assert_eq!(reply.problem(), problem(400, "bad-query"), "{path}");
        assert!(reply.text.contains(expected), "{path}: {}", reply.text);
        assert_eq!(reply.json()["errors"][0]["field"], "include");
    }
}
