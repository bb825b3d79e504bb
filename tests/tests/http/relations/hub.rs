//! A hub of users and repositories, and a few of each.

use serde_json::{Map, Value, json};

use crate::http::shop::Shop;

pub(crate) const DEFINITION: &str = include_str!("hub.toml");

/// Items by their entities: ann has three sessions, three posts and a star, bob has no session and
/// no post; accounts are of both, of a user who does not exist, and of none.
const ITEMS: &str = include_str!("hub.json");

/// Opens a hub with the items of `hub.json`.
pub(crate) async fn open_hub() -> Shop {
    let shop = Shop::with_definition(DEFINITION).await;
    let items: Map<String, Value> = serde_json::from_str(ITEMS).expect("an object");
    for (entity, rows) in &items {
        shop.load(entity, rows.as_array().expect("a list")).await;
    }
    shop
}

/// Returns ann as the reader answers with her.
pub(crate) fn ann() -> Value {
    json!({ "id": "ann", "name": "Ann", "version": 1 })
}

/// Returns a user without a name as the reader answers with it.
pub(crate) fn user(id: &str) -> Value {
    json!({ "id": id, "version": 1 })
}
