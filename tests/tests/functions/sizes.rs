//! Requests and answers that are larger than a function, Lambda or the API takes.
//!
//! | limit | whose | who says so |
//! |---|---|---|
//! | 400 KB, 4 MB for a batch | the writer's | the writer, in a problem |
//! | 6 MB of event, 10 MB of body | Lambda's, the API's | the API |
//! | 6 MB of answer | Lambda's | the API, as a failure of the function |

use serde_json::{Value, json};
use weir_testing::deployed::Deployed;
use weir_testing::dynamodb::TestDynamo;
use weir_testing::fixture::fixture;

async fn world() -> Deployed {
    let rollup = "[rollups.posts]\nof = \"post\"\nby = [\"author_id\"]\nmeasures.posts = \"count\"";
    Deployed::start(&TestDynamo::start().await, &fixture("blog").with(rollup)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_is_refused_by_the_writer_or_before_it() {
    let world = world().await;
    let body = |bytes: usize| format!("{{\"text\":\"{}\"}}", "x".repeat(bytes));
    for (path, bytes) in [("/post", 400 * 1024), ("/batch/post", 4 * 1024 * 1024)] {
        let response = world.http.raw("POST", path, &body(bytes)).await;
        let problem: Value = serde_json::from_str(response.body()).expect("JSON");
        assert_eq!(response.status(), 413, "{path}");
        assert_eq!(problem["type"], "/problems/payload-too-large", "{path}");
    }
    for bytes in [6 * 1024 * 1024, 10 * 1024 * 1024] {
        let (status, answer) = world.http.send("POST", "/post", Some(&json!(body(bytes)))).await;
        assert_eq!((status, answer), (413, json!({ "message": "Request Entity Too Large" })));
    }
    assert_eq!(world.writer.started().len(), 1, "the same process");
}

/// A megabyte of items, which DynamoDB reads at once, is more than six of an answer when it is
/// control characters: each is six bytes of the JSON in the body, and seven once the body is text
/// in the JSON of the answer.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_ends_before_it_is_too_large_and_its_cursor_leads_to_the_rest() {
    let world = world().await;
    for number in 0..16 {
        let post = json!({ "author_id": "b", "number": number, "text": "\u{1}".repeat(60_000) });
        assert_eq!(world.http.send("POST", "/post", Some(&post)).await.0, 201);
    }
    let (mut numbers, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let (status, page) = world.http.get(&format!("/post/b?{cursor}")).await;
        assert_eq!(status, 200, "{}", page["message"]);
        let items = page["items"].as_array().expect("items").iter();
        numbers.extend(items.filter_map(|item| item["number"].as_u64()));
        pages += 1;
        match page["cursor"].as_str() {
            Some(next) => cursor = format!("cursor={next}"),
            None => break,
        }
    }
    assert_eq!(numbers, (0..16).collect::<Vec<_>>());
    assert!(pages > 1);

    let keys: Vec<_> =
        (0..16).map(|number| json!({ "author_id": "b", "number": number })).collect();
    let keys = weir_testing::http::encoded(&json!(keys).to_string());
    let (status, many) = world.http.get(&format!("/batch/post?keys={keys}")).await;
    let unread = many["unread"].as_array().expect("positions");
    assert_eq!((status, many["items"].as_array().map(Vec::len)), (200, Some(16)));
    assert!((1..16).contains(&unread.len()), "{unread:?}");
    for (position, item) in many["items"].as_array().expect("items").iter().enumerate() {
        assert_eq!(item.is_null(), unread.contains(&json!(position)), "{position}");
    }
    assert_eq!(world.reader.started().len(), 1, "the same process");
}
