//! Many items by their keys, over HTTP and in the library.

use serde_json::{Value, json};
use weir_table::Table;

use crate::http::shop::{Shop, encoded, problem};

async fn shop_with_notes(count: usize) -> Shop {
    let shop = Shop::open().await;
    let note = |number: usize| json!({ "user": "ann", "topic": "t", "number": number });
    let notes: Vec<Value> = (0..count).map(note).collect();
    shop.load("note", &notes).await;
    shop.load("profile", &[json!({ "user": "ann", "name": "Ann" })]).await;
    shop
}

fn asked(entity: &str, keys: Value) -> String {
    format!("/batch/{entity}?keys={}", encoded(&keys.to_string()))
}

#[tokio::test]
async fn each_key_has_its_place_whether_it_leads_to_an_item_or_not() {
    let shop = shop_with_notes(3).await;
    let key =
        |topic: &str, number: usize| json!({ "user": "ann", "topic": topic, "number": number });
    let keys = json!([key("t", 2), key("t", 9), key("t", 0), key("t", 2), key("u", 0)]);
    let reply = shop.get(&asked("note", keys)).await;
    let expected = json!({
        "items": [key("t", 2), null, key("t", 0), key("t", 2), null], "unread": [],
    });
    assert_eq!(reply.json(), expected, "{}", reply.text);
    let profiles = shop.get(&asked("profile", json!([{ "user": "ann" }, { "user": "bob" }]))).await;
    assert_eq!(profiles.json()["items"], json!([{ "user": "ann", "name": "Ann" }, null]));
}

#[tokio::test]
async fn keys_that_make_none_are_named_by_their_position() {
    let shop = shop_with_notes(1).await;
    let key = |number: Value| json!({ "user": "ann", "topic": "t", "number": number });
    let reply = shop.get(&asked("note", json!([key(json!(0)), key(json!("x"))]))).await;
    assert_eq!(reply.problem(), problem(400, "bad-query"));
    assert_eq!(reply.json()["errors"][0]["field"], "keys[1].number", "{}", reply.text);
    let many: Vec<Value> = (0..101).map(|number| key(json!(number))).collect();
    let reply = shop.get(&asked("note", Value::from(many))).await;
    assert!(reply.text.contains("101 keys, expected 1 to 100"), "{}", reply.text);
}

#[tokio::test]
async fn the_library_takes_any_number_of_keys_and_asks_for_each_once() {
    let shop = shop_with_notes(260).await;
    let table: &Table = &shop.table;
    let note = table.model().entity("note").expect("it is in the definition");
    let key = |number: usize| {
        let number = number.to_string();
        let pairs = [("user", "ann"), ("topic", "t"), ("number", number.as_str())];
        note.key_from_text(&pairs).expect("a key").primary
    };
    let keys: Vec<_> = (0..300).map(|position| key(position % 270)).collect();
    let found = table.batch_get(&keys).await;
    assert!(found.unread.is_empty() && found.error.is_none(), "{found:?}");
    for (position, item) in found.items.iter().enumerate() {
        let number = item.as_ref().map(|item| note.decode(item)["number"].clone());
        let expected = position % 270;
        assert_eq!(number, (expected < 260).then(|| json!(expected)), "{position}");
    }
    assert!(table.batch_get(&[]).await.items.is_empty());
}

#[tokio::test]
async fn keys_that_cannot_be_read_are_handed_back_with_the_reason() {
    let shop = Shop::without_tables().await;
    let card = shop.table.model().entity("card").expect("it is in the definition");
    let key = card.key_from_text(&[("user", "ann")]).expect("a key").primary;
    let found = shop.table.batch_get(&[key.clone(), key]).await;
    assert_eq!((found.items, found.unread), (vec![None, None], vec![0, 1]));
    assert!(
        matches!(found.error, Some(weir_table::Error::MissingTable { .. })),
        "{:?}",
        found.error
    );
    let reply = shop.get(&asked("card", json!([{ "user": "ann" }]))).await;
    assert_eq!(reply.problem(), problem(503, "missing-table"));
}
