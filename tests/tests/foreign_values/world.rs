//! A served table, and another program that writes to it.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use weir_testing::json::object;
use weir_testing::system::System;

/// The system, and direct access to its DynamoDB.
pub(crate) struct World {
    pub(crate) system: System,
}

impl World {
    pub(crate) async fn open(definition: &str) -> Self {
        Self { system: System::open(definition).await }
    }

    /// Puts an item as another program does: DynamoDB's JSON, with the marks of its entity.
    pub(crate) async fn put(&self, entity: &str, keys: [&str; 2], attributes: Value) {
        let mut item =
            json!({ "PK": { "S": keys[0] }, "SK": { "S": keys[1] }, "_et": { "S": entity } });
        item.as_object_mut().expect("an item").extend(object(&attributes).clone());
        self.system.store(&item).await;
    }

    /// Everything that is in the table.
    pub(crate) async fn stored(&self) -> Vec<Value> {
        self.system.stored().await
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.system.http.get(path).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.system.http.send(method, path, Some(&body)).await
    }
}

/// JSON as a parameter of a URL has it.
pub(crate) fn encoded(json: &Value) -> String {
    utf8_percent_encode(&json.to_string(), NON_ALPHANUMERIC).to_string()
}

/// The items of a list, by one of their attributes.
pub(crate) fn names(list: &Value, attribute: &str) -> Vec<String> {
    let items = list["items"].as_array().unwrap_or_else(|| panic!("no list: {list}"));
    items.iter().map(|item| item[attribute].as_str().expect("text").to_owned()).collect()
}
