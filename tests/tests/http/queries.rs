//! Access patterns: an entity's items by an index, and by what the definition names.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use weir_rollups::fnv::fnv1a;
use weir_testing::fixture::fixture;

use crate::http::shop::{Shop, encoded, problem};

/// Nine orders of three users on three days, all at the same hour of their day, and a return on
/// each.
async fn warehouse() -> Shop {
    let shop = Shop::with_definition(&fixture("warehouse")).await;
    let order = |number: usize| {
        let user = ["ann", "bob", "cid"][number % 3];
        json!({
            "user": user, "number": number, "status": "paid", "day": format!("d{}", number / 3),
            "hour": 12, "total": number * 3,
        })
    };
    let orders: Vec<Value> = (0..9).map(order).collect();
    shop.load("order", &orders).await;
    shop.load(
        "order",
        &[json!({ "user": "ann", "number": 99, "status": "open", "day": "d0", "hour": 1 })],
    )
    .await;
    shop.load("order", &[json!({ "user": "ann", "number": 98, "status": "paid", "day": "d0" })])
        .await;
    let back = |day: usize| {
        json!({ "user": "ann", "number": day, "status": "paid",
        "day": format!("d{day}") })
    };
    shop.load("return", &[0, 1, 2].map(back)).await;
    shop
}

/// The numbers of all pages.
async fn numbers(shop: &Shop, path: &str, limit: usize) -> Vec<u64> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let mark = if path.contains('?') { '&' } else { '?' };
        let reply = shop.get(&format!("{path}{mark}limit={limit}{cursor}")).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        let json = reply.json();
        let items = json["items"].as_array().expect("items");
        assert!(items.len() <= limit);
        all.extend(items.iter().map(|item| item["number"].as_u64().expect("a number")));
        match json["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

fn sorted(mut numbers: Vec<u64>) -> Vec<u64> {
    numbers.sort_unstable();
    numbers
}

#[tokio::test]
async fn an_entity_is_listed_by_its_index_in_pages_of_any_size() {
    let shop = warehouse().await;
    for limit in [1, 2, 4, 100] {
        // Items of the same sort key have no order of their own, but are each listed once.
        let all = numbers(&shop, "/query/order/GSI1/paid", limit).await;
        assert_eq!(sorted(all.clone()), [0, 1, 2, 3, 4, 5, 6, 7, 8], "{limit}");
        let days: Vec<u64> = all.iter().map(|number| number / 3).collect();
        assert!(days.is_sorted(), "{limit}: {all:?}");
        let mut back = numbers(&shop, "/query/order/GSI1/paid?order=desc", limit).await;
        back.reverse();
        assert!(back.iter().map(|number| number / 3).is_sorted(), "{limit}: {back:?}");
        assert_eq!(sorted(back), [0, 1, 2, 3, 4, 5, 6, 7, 8], "{limit}");
    }
    assert_eq!(numbers(&shop, "/query/order/GSI1/open", 5).await, [99]);
    assert_eq!(numbers(&shop, "/query/order/GSI1/lost", 5).await, [0; 0]);
    assert_eq!(numbers(&shop, "/query/return/GSI1/paid", 1).await, [0, 1, 2]);
    let first = shop.get("/query/order/GSI1/paid?eq=d1&limit=1").await.json();
    assert_eq!(first["items"][0]["day"], "d1");
}

#[tokio::test]
async fn ranges_filters_and_counts_go_with_an_index() {
    let shop = warehouse().await;
    let day = numbers(&shop, "/query/order/GSI1/paid?eq=d1", 2).await;
    assert_eq!(sorted(day), [3, 4, 5]);
    let begins = numbers(&shop, "/query/order/GSI1/paid?begins_with=d", 2).await;
    assert_eq!(begins.len(), 9);
    let large = encoded(r#"{"total":{"gt":9}}"#);
    let found = numbers(&shop, &format!("/query/order/GSI1/paid?where={large}&eq=d1"), 1).await;
    assert_eq!(sorted(found), [4, 5]);
    let count = shop.get(&format!("/query/order/GSI1/paid?count=true&where={large}")).await;
    assert_eq!(count.text, r#"{"count":5,"cursor":null}"#);
    let selected = shop.get("/query/order/GSI1/open?select=number").await;
    assert_eq!(selected.json()["items"], json!([{ "number": 99 }]));
    for cheap in ["", "?consistent=false"] {
        assert_eq!(shop.get(&format!("/query/order/GSI1/open{cheap}")).await.status, 200);
    }
    let strong = shop.get("/query/order/GSI1/paid?consistent=true").await;
    assert_eq!(strong.problem(), problem(400, "bad-query"));
    assert!(strong.text.contains("a global secondary index is eventually consistent"));
}

#[tokio::test]
async fn named_patterns_have_their_order_their_attributes_and_their_filter() {
    let shop = warehouse().await;
    let day = numbers(&shop, "/query/order/by_day/paid/d2", 2).await;
    assert_eq!(sorted(day), [6, 7, 8]);
    assert_eq!(numbers(&shop, "/query/order/by_day/paid/d2?gt=12", 2).await, [0; 0]);
    assert_eq!(numbers(&shop, "/query/order/by_day/paid/d2?gte=12", 2).await.len(), 3);
    let large = numbers(&shop, "/query/order/large/paid", 2).await;
    assert_eq!(sorted(large), [4, 5, 6, 7, 8]);
    assert_eq!(numbers(&shop, "/query/order/recent/ann", 2).await, [99, 98, 6, 3, 0]);
    assert_eq!(numbers(&shop, "/query/order/recent/ann?order=asc&lt=9", 2).await, [0, 3, 6]);
    let other = shop.get("/query/order/by_dya/paid").await;
    assert_eq!(other.problem(), problem(404, "unknown-path"));
}

#[tokio::test]
async fn indexes_over_the_tables_own_keys_and_without_a_sort_key_are_read_as_others() {
    let shop = warehouse().await;
    shop.load("profile", &["Ann@x", "b/b"].map(|email| json!({ "user": email, "email": email })))
        .await;
    shop.load("profile", &[json!({ "user": "none" })]).await;
    let found = shop.get("/query/profile/Emails/ANN@X").await.json();
    assert_eq!(found["items"], json!([{ "user": "Ann@x", "email": "Ann@x" }]));
    let ranged = shop.get("/query/profile/Emails/ANN@X?from=a").await;
    assert_eq!(ranged.problem(), problem(400, "bad-query"));
    let users = |json: &Value| -> Vec<String> {
        let items = json["items"].as_array().expect("items").iter();
        items.map(|item| item["user"].as_str().expect("a user").to_owned()).collect()
    };
    let first = shop.get("/query/profile/Inverted?limit=1").await.json();
    assert_eq!(users(&first), ["Ann@x"]);
    let cursor = first["cursor"].as_str().expect("there are more");
    let next = shop.get(&format!("/query/profile/Inverted?cursor={cursor}")).await.json();
    assert_eq!((users(&next), &next["cursor"]), (vec!["b/b".into(), "none".into()], &Value::Null));
}

/// A position in an index as `table` writes it: its checksum is not a secret.
fn forged(index: &str, partition: &str, texts: [&str; 3]) -> String {
    let framed = texts.iter().flat_map(|text| {
        let length = u16::try_from(text.len()).expect("short").to_be_bytes();
        [&length[..], text.as_bytes()].concat()
    });
    let body: Vec<u8> = framed.collect();
    let read = index.bytes().chain([0]).chain(partition.bytes()).chain([0]);
    let sum = fnv1a(read.chain(body.iter().copied())).to_be_bytes();
    URL_SAFE_NO_PAD.encode([&[2], &sum[4..], &body].concat())
}

#[tokio::test]
async fn a_forged_cursor_of_an_index_shows_nothing_that_its_list_does_not_show() {
    let shop = warehouse().await;
    let whole = shop.get("/query/order/GSI1/paid?eq=d1").await.json()["items"].clone();
    let whole = whole.as_array().expect("items");
    let ours = forged("GSI1", "STATUS#paid", ["d1#12", "USER#ann", "ORDER#0003"]);
    let sealed = |position: &str| {
        let list = ["list", "order", "GSI1", "GSI1", "STATUS#paid", "asc"];
        shop.sealed(&list, &[("eq", "d1")], position)
    };
    let page = format!("/query/order/GSI1/paid?eq=d1&cursor={}", sealed(&ours));
    let page = shop.get(&page).await;
    assert_eq!(page.status, 200, "this is how a cursor is made: {}", page.text);
    let cursors = [
        ("GSI1", "STATUS#open", ["d0#01", "USER#ann", "ORDER#0099"]),
        ("GSI1", "STATUS#paid", ["d0#12", "USER#ann", "ORDER#0000"]),
        ("GSI1", "STATUS#paid", ["d1#12", "USER#nobody", "ORDER#0099"]),
        ("GSI1", "STATUS#paid", ["d1#", "", ""]),
        ("GSI1", "STATUS#paid", ["d1#12", "USER#bob", "PROFILE"]),
        ("Inverted", "STATUS#paid", ["d1#12", "USER#ann", "ORDER#0003"]),
        ("", "STATUS#paid", ["d1#12", "USER#ann", "ORDER#0003"]),
    ];
    for (index, partition, texts) in cursors {
        let cursor = sealed(&forged(index, partition, texts));
        let reply = shop.get(&format!("/query/order/GSI1/paid?eq=d1&cursor={cursor}")).await;
        if reply.status != 200 {
            assert_eq!(reply.status, 400, "{texts:?}: {}", reply.text);
            continue;
        }
        assert_eq!((index, partition), ("GSI1", "STATUS#paid"), "{texts:?}");
        for item in reply.json()["items"].as_array().expect("items") {
            assert!(whole.contains(item), "{texts:?}: {item}");
        }
    }
    let of_table = shop.get("/order/ann?limit=1").await.json()["cursor"].clone();
    let of_table = of_table.as_str().expect("there are more");
    let elsewhere = shop.get(&format!("/query/order/GSI1/paid?cursor={of_table}")).await;
    assert_eq!(elsewhere.problem(), problem(400, "bad-cursor"));
    // The index is over the table's keys, and a cursor that contradicts itself.
    let torn = forged("Inverted", "ORDER#0003", ["USER#ann", "USER#bob", "ORDER#0003"]);
    let list = ["list", "order", "Inverted", "Inverted", "ORDER#0003", "asc"];
    let torn = shop.sealed(&list, &[], &torn);
    let reply = shop.get(&format!("/query/order/Inverted/3?cursor={torn}")).await;
    assert_eq!(reply.problem(), problem(400, "bad-cursor"));
}

#[tokio::test]
async fn items_whose_values_look_like_indexes_have_their_own_paths() {
    let shop = Shop::with_definition(&fixture("warehouse")).await;
    for user in ["query", "GSI1", "@GSI1", "by_day"] {
        shop.load("profile", &[json!({ "user": user })]).await;
        assert_eq!(shop.get(&format!("/profile/{user}")).await.json()["user"], user);
    }
}
