//! Collections: the items of several entities by one query.

use serde_json::{Value, json};
use weir_testing::fixture::fixture;

use crate::http::shop::{Shop, problem};

async fn account() -> Shop {
    let shop = Shop::with_definition(&fixture("warehouse")).await;
    let row = |number: usize| {
        json!({ "user": "ann", "number": number, "status": "paid",
        "day": "d", "total": 1 })
    };
    shop.load("order", &[row(1), row(2), row(3)]).await;
    shop.load(
        "return",
        &[row(1)].map(|mut row| {
            row.as_object_mut().expect("an object").remove("total");
            row
        }),
    )
    .await;
    shop.load("profile", &[json!({ "user": "ann" }), json!({ "user": "bob" })]).await;
    shop
}

#[tokio::test]
async fn a_collection_has_the_items_of_each_entity() {
    let shop = account().await;
    let whole = shop.get("/collections/account/ann").await.json();
    let numbers = |json: &Value| -> Vec<u64> {
        json.as_array().expect("items").iter().filter_map(|item| item["number"].as_u64()).collect()
    };
    assert_eq!(numbers(&whole["order"]), [1, 2, 3]);
    assert_eq!(numbers(&whole["return"]), [1]);
    assert_eq!(whole["profile"], json!([{ "user": "ann" }]));
    assert_eq!(whole["cursor"], Value::Null);
    let back = shop.get("/collections/account/ann?order=desc&consistent=false").await.json();
    assert_eq!(numbers(&back["order"]), [3, 2, 1]);
    let nobody = shop.get("/collections/account/nobody").await;
    assert_eq!(nobody.text, r#"{"order":[],"return":[],"profile":[],"cursor":null}"#);
}

#[tokio::test]
async fn pages_of_a_collection_have_each_item_once() {
    let shop = account().await;
    for limit in 1..=6 {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/collections/account/ann?limit={limit}{cursor}");
            let page = shop.get(&path).await.json();
            let lists = ["order", "profile", "return"]
                .map(|name| page[name].as_array().expect(name).clone());
            let items = lists.concat();
            assert!(items.len() <= limit, "{path}: {page}");
            all.extend(items);
            match page["cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(all.len(), 5, "{limit}: {all:?}");
    }
}

#[tokio::test]
async fn what_a_collection_does_not_take_is_refused() {
    let shop = account().await;
    let filtered = shop.get("/collections/account/ann?where=%7B%7D").await;
    assert_eq!(filtered.problem(), problem(400, "bad-query"));
    assert_eq!(shop.get("/collections/acount/ann").await.problem(), problem(404, "unknown-path"));
}
