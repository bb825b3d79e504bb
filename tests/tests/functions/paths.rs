//! Paths of items behind an HTTP API, which decodes a path twice before a function sees it: the
//! path that an answer names leads to the item, and no other path leads to it.

use serde_json::{Value, json};
use weir_testing::deployed::Deployed;
use weir_testing::dynamodb::TestDynamo;
use weir_testing::fixture::fixture;

/// Each but the first is taken for the first by whoever cuts it at a character that means something
/// in a URL.
const NAMES: [&str; 14] = [
    "a",
    "a b",
    "a+b",
    "a#b",
    "a&b=c",
    "a;b",
    "a\\b",
    "a\tb",
    "aü λ 世界",
    "a?b",
    "a/b",
    "a%b",
    "a%41",
    "a%2Fb#c?d",
];

async fn created(world: &Deployed, name: &str) -> (String, Value) {
    let body = json!({ "shelf": "s#1 ?", "name": name, "note": name });
    let response = world.http.raw("POST", "/thing", &body.to_string()).await;
    assert_eq!(response.status(), 201, "{name}: {}", response.body());
    let location = response.headers()["location"].to_str().expect("ASCII").to_owned();
    (location, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_path_that_an_answer_names_leads_to_the_item_and_to_no_other() {
    let dynamodb = TestDynamo::start().await;
    let world = Deployed::start(&dynamodb, &fixture("shelves")).await;
    let mut things = Vec::new();
    for name in NAMES {
        things.push(created(&world, name).await);
    }
    for (path, thing) in &things {
        let (status, got) = world.http.get(path).await;
        assert_eq!((status, &got), (200, thing), "{path}");
        let body = json!({ "note": format!("{path} was replaced") });
        let (status, put) = world.http.send("PUT", path, Some(&body)).await;
        assert_eq!((status, &put["name"], &put["note"]), (200, &thing["name"], &body["note"]));
        let (shelf, _) = path.rsplit_once('/').expect("two parts");
        let (status, page) = world.http.get(&format!("{shelf}?begins_with=a&limit=1")).await;
        assert_eq!((status, &page["items"][0]["name"]), (200, &json!("a")), "{shelf}: {page}");
    }
    while let Some((path, thing)) = things.pop() {
        assert_eq!(world.http.send("DELETE", &path, None).await.0, 204, "{path}");
        assert_eq!(world.http.get(&path).await.0, 404, "{thing}");
        for (left, thing) in &things {
            assert_eq!(world.http.get(left).await.1["name"], thing["name"], "{path} took {left}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_escaped_once_leads_to_the_item_unless_it_escapes_what_the_api_takes_apart() {
    let dynamodb = TestDynamo::start().await;
    let world = Deployed::start(&dynamodb, &fixture("shelves")).await;
    let (a, b) = (json!({ "shelf": "s", "name": "a" }), json!({ "shelf": "s", "name": "a b#ü" }));
    for thing in [&a, &b] {
        assert_eq!(world.http.send("POST", "/thing", Some(thing)).await.0, 201);
    }
    for path in ["/thing/s/a%20b%23%C3%BC", "/thing/s/a%2520b%2523%25C3%25BC"] {
        assert_eq!(world.http.get(path).await, (200, b.clone()), "{path}");
    }
    for (path, status) in [("/thing/s/a%2Fb", 404), ("/thing/s/a%25b%20", 400)] {
        assert_eq!(world.http.get(path).await.0, status, "{path}");
    }
    // The API cuts it, and tells nobody. Hence what docs/deploying.md says of such paths.
    assert_eq!(world.http.get("/thing/s/a%3Fb").await, (200, a));
}
