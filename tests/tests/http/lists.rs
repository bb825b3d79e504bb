//! The items of a partition: ranges, order, pages.

use serde_json::{Value, json};

use crate::http::shop::{Shop, problem};

/// Seven orders of ann, one a day from the first of November, in no order.
async fn shop_with_orders() -> Shop {
    let shop = Shop::open().await;
    let order = |day: usize| {
        json!({ "user": "ann", "order": format!("o{day}"),
        "placed": format!("2026-11-{day:02}T12:00:00Z"), "total": day })
    };
    shop.load("order", &[4, 2, 7, 1, 6, 3, 5].map(order)).await;
    shop.load("order", &[json!({ "user": "bob", "total": 1 })]).await;
    shop.load("profile", &[json!({ "user": "ann" })]).await;
    shop
}

/// The ids of the listed orders, and the cursor.
async fn page(shop: &Shop, query: &str) -> (Vec<String>, Option<String>) {
    let reply = shop.get(&format!("/order/ann?{query}")).await;
    assert_eq!(reply.status, 200, "{query}: {}", reply.text);
    let json = reply.json();
    let items = json["items"].as_array().expect("items").iter();
    let ids = items.map(|item| item["order"].as_str().expect("an id").to_owned()).collect();
    (ids, json["cursor"].as_str().map(str::to_owned))
}

/// The ids of all pages, each no longer than `limit`.
async fn pages(shop: &Shop, query: &str, limit: usize) -> Vec<String> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let (ids, next) = page(shop, &format!("{query}&limit={limit}{cursor}")).await;
        assert!(ids.len() <= limit && (ids.len() == limit || next.is_none()), "{query}: {ids:?}");
        all.extend(ids);
        match next {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

#[tokio::test]
async fn a_list_is_the_same_in_pages_of_any_size_and_in_both_orders() {
    let shop = shop_with_orders().await;
    let ascending = ["o1", "o2", "o3", "o4", "o5", "o6", "o7"];
    let mut descending = ascending;
    descending.reverse();
    for limit in [1, 2, 3, 7, 100] {
        assert_eq!(pages(&shop, "order=asc", limit).await, ascending, "{limit}");
        assert_eq!(pages(&shop, "order=desc", limit).await, descending, "{limit}");
    }
    let (everything, cursor) = page(&shop, "").await;
    assert_eq!((everything.len(), cursor), (7, None), "the last page says that it is the last");
}

#[tokio::test]
async fn a_range_is_from_included_to_excluded() {
    let shop = shop_with_orders().await;
    let cases: [(&str, &[&str]); 8] = [
        ("from=2026-11-05", &["o5", "o6", "o7"]),
        ("from=2026-11-05T12:00:00Z", &["o5", "o6", "o7"]),
        ("to=2026-11-02T12:00:00Z", &["o1"]),
        ("from=2026-11-02T13:00:00%2B01:00&to=2026-11-04T12", &["o2", "o3"]),
        ("from=2026-11-05&order=desc", &["o7", "o6", "o5"]),
        ("begins_with=2026-11-03", &["o3"]),
        ("begins_with=2026", &["o1", "o2", "o3", "o4", "o5", "o6", "o7"]),
        ("from=2027", &[]),
    ];
    for (query, expected) in cases {
        for limit in [1, 100] {
            assert_eq!(pages(&shop, query, limit).await, expected, "{query} {limit}");
        }
    }
}

#[tokio::test]
async fn items_of_other_entities_in_the_range_are_left_out() {
    let shop = shop_with_orders().await;
    let note =
        |(topic, number): (&str, u32)| json!({ "user": "ann", "topic": topic, "number": number });
    // Sort keys on both sides of ORDER#… and PROFILE.
    let notes = [("Apples", 1), ("Apples", 2), ("Pears", 1), ("a b", 1), ("zebra", 1)];
    shop.load("note", &notes.map(note)).await;
    let topics = |reply: Value| -> Vec<String> {
        let items = reply["items"].as_array().expect("items").iter();
        items.map(|item| item["topic"].as_str().expect("a topic").to_owned()).collect()
    };
    for limit in [1, 2, 100] {
        let mut all = Vec::new();
        let mut cursor = String::new();
        loop {
            let reply = shop.get(&format!("/note/ann?limit={limit}{cursor}")).await.json();
            let next = reply["cursor"].as_str().map(|next| format!("&cursor={next}"));
            all.extend(topics(reply));
            match next {
                Some(next) => cursor = next,
                None => break,
            }
        }
        assert_eq!(all, ["Apples", "Apples", "Pears", "a b", "zebra"], "{limit}");
    }
    let begins = shop.get("/note/ann?begins_with=App").await.json();
    assert_eq!(topics(begins), ["Apples", "Apples"]);
    for broken in ["/note/%ff", "/note/%zz"] {
        assert_eq!(shop.get(broken).await.problem(), problem(400, "validation"), "{broken}");
    }
    assert_eq!(shop.get("/note/ann?begins_with=%ff").await.problem(), problem(400, "bad-query"));
    let ranged = shop.get("/note/ann?from=P&to=a").await;
    assert_eq!(ranged.problem(), problem(400, "bad-query"));
}

#[tokio::test]
async fn a_cursor_goes_with_its_own_list_only() {
    let shop = shop_with_orders().await;
    let (_, cursor) = page(&shop, "limit=3").await;
    let cursor = cursor.expect("there are more");
    assert_eq!(
        shop.get(&format!("/order/bob?cursor={cursor}")).await.problem(),
        problem(400, "bad-cursor")
    );
}

#[tokio::test]
async fn an_empty_partition_is_an_empty_list() {
    let shop = Shop::open().await;
    assert_eq!(shop.get("/order/nobody").await.text, r#"{"items":[],"cursor":null}"#);
}
