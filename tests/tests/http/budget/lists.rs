//! A list, a count and a batch within any budget are the same as a recount of the items, in more
//! pages.

use fastrand::Rng;
use serde_json::{Value, json};
use weir_table::{MB, Reads};
use weir_testing::dynamodb::reads_in_pages;
use weir_testing::fixture::fixture;

use crate::http::shop::{Shop, encoded};

const POSTS: usize = 60;
const QUESTIONS: usize = 10;

/// Posts of ann, of up to 300 KB each.
async fn blog(random: &mut Rng) -> (Shop, Vec<Value>) {
    let shop = Shop::with_definition(&fixture("blog")).await;
    let mut posts = Vec::new();
    for number in 0..POSTS {
        let state = if random.u8(..5) == 0 { "draft" } else { "public" };
        let text = "x".repeat(random.usize(..300_000));
        posts.push(json!({ "author_id": "ann", "number": number, "text": text, "state": state }));
        shop.load("post", &posts[number..]).await;
    }
    (shop, posts)
}

/// What pages have in a field, each within the limits.
async fn pages(shop: &Shop, path: &str, field: &str, limits: Reads) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let reply = shop.get(&format!("{path}{cursor}")).await;
        assert_eq!(reply.status, 200, "{path} within {limits:?}: {}", reply.text);
        let read = reply.read.expect("a budget");
        let is_within = read.bytes <= limits.bytes || !reads_in_pages();
        assert!(read.reads <= limits.reads && is_within, "{path}: {read:?}");
        let page = reply.json();
        all.push(page[field].clone());
        match page["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

fn numbers(pages: &[Value]) -> Vec<u64> {
    let items = pages.iter().flat_map(|page| page.as_array().expect("items"));
    items.map(|item| item["number"].as_u64().expect("a number")).collect()
}

#[tokio::test]
async fn pages_within_any_budget_are_the_whole_list() {
    let mut random = Rng::with_seed(1);
    let (shop, posts) = blog(&mut random).await;
    for _ in 0..QUESTIONS {
        let limits = Reads { reads: random.u64(1..6), bytes: random.u64(1..6) * MB };
        let limited = shop.within(limits);
        let is_draft = random.bool();
        let wanted = |post: &&Value| !is_draft || post["state"] == "draft";
        let expected: Vec<_> =
            posts.iter().filter(wanted).map(|post| post["number"].as_u64().expect("one")).collect();
        let filter = if is_draft { "&where=%7B%22state%22:%22draft%22%7D" } else { "" };
        let limit = random.u32(1..20);
        let path = format!("/post/ann?limit={limit}{filter}");
        let found = pages(&limited, &path, "items", limits).await;
        assert_eq!(numbers(&found), expected, "limit={limit}{filter} within {limits:?}");
        let path = format!("/post/ann?count=true{filter}");
        let counts = pages(&limited, &path, "count", limits).await;
        let count: u64 = counts.iter().filter_map(Value::as_u64).sum();
        assert_eq!(count, expected.len() as u64, "{filter} within {limits:?}");
    }
}

#[tokio::test]
async fn keys_that_the_budget_does_not_last_for_are_named_and_can_be_asked_for_again() {
    let mut random = Rng::with_seed(2);
    let (shop, _) = blog(&mut random).await;
    for _ in 0..8 {
        let limits = Reads { reads: random.u64(1..6), bytes: random.u64(1..6) * MB };
        let limited = shop.within(limits);
        let mut left: Vec<usize> = (0..POSTS).collect();
        let mut read = Vec::new();
        while !left.is_empty() {
            let keys = left.iter().map(|number| json!({ "author_id": "ann", "number": number }));
            let keys = Value::from(keys.collect::<Vec<_>>()).to_string();
            let reply = limited.get(&format!("/batch/post?keys={}", encoded(&keys))).await;
            assert_eq!(reply.status, 200, "{limits:?}: {}", reply.text);
            assert!(reply.read.expect("a budget").bytes <= limits.bytes, "{:?}", reply.read);
            let page = reply.json();
            let unread = page["unread"].as_array().expect("positions").iter();
            let unread: Vec<_> =
                unread.map(|at| left[at.as_u64().expect("one") as usize]).collect();
            assert!(unread.len() < left.len(), "{limits:?}: a request reads something");
            let items = page["items"].as_array().expect("items").iter();
            read.extend(items.filter_map(|item| item["number"].as_u64()));
            left = unread;
        }
        read.sort_unstable();
        assert_eq!(read, (0..POSTS as u64).collect::<Vec<_>>(), "{limits:?}");
    }
}
