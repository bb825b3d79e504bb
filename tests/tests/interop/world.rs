//! A table with Weir and a package at work on it.

use serde_json::{Map, Value, json};
use weir_testing::http::Client;
use weir_testing::json::object;
use weir_testing::package::Package;
use weir_testing::system::System;

/// The definition of the table that ElectroDB writes.
pub(crate) const ELECTRODB: &str = include_str!("../../../examples/electrodb/weir.toml");
/// The definition of the table that dynamodb-toolbox writes.
pub(crate) const TOOLBOX: &str = include_str!("../../../examples/toolbox/weir.toml");

/// How far apart two times of the same moment may be: as long as a test may take.
const SAME_MOMENT_MS: i64 = 300_000;

/// The table, and who writes it.
pub(crate) struct World {
    pub(crate) system: System,
    pub(crate) package: Package,
}

impl World {
    /// A table of ElectroDB's; `None` where that is not installed.
    pub(crate) async fn of_electrodb() -> Option<Self> {
        Self::start("electrodb", ELECTRODB).await
    }

    /// A table of dynamodb-toolbox's; `None` where that is not installed.
    pub(crate) async fn of_toolbox() -> Option<Self> {
        Self::start("toolbox", TOOLBOX).await
    }

    async fn start(program: &'static str, definition: &str) -> Option<Self> {
        let system = System::open(definition).await;
        let package = Package::start(program, &system.dynamodb.url, &system.model.table.name)?;
        Some(Self { system, package })
    }

    /// A request to Weir that succeeds, and its body.
    pub(crate) async fn weir(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = Some(body).filter(|body| !body.is_null());
        let (status, answer) = self.system.http.send(method, path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    /// What Weir says to a read.
    pub(crate) async fn get(&self, path: &str) -> Value {
        self.weir("GET", path, &Value::Null).await
    }

    /// The status and the type of the problem that Weir has with a request.
    pub(crate) async fn problem(&self, method: &str, path: &str, body: &Value) -> (u16, String) {
        let body = Some(body).filter(|body| !body.is_null());
        let (status, answer) = self.system.http.send(method, path, body).await;
        let kind = answer["type"].as_str().unwrap_or_else(|| panic!("{method} {path}: {answer}"));
        (status, kind.trim_start_matches("/problems/").to_owned())
    }

    /// What DynamoDB stores, in no order, with the members of sets in one.
    pub(crate) async fn stored(&self) -> Vec<Value> {
        let mut items = self.system.stored().await;
        for attribute in
            items.iter_mut().flat_map(|item| item.as_object_mut().expect("one").values_mut())
        {
            for kind in ["SS", "NS"] {
                if let Some(members) = attribute.get_mut(kind).and_then(Value::as_array_mut) {
                    members.sort_by_key(Value::to_string);
                }
            }
        }
        items
    }

    /// The only item that DynamoDB stores.
    pub(crate) async fn stored_item(&self) -> Value {
        let items = self.stored().await;
        let [item] = items.as_slice() else { panic!("{items:?}") };
        item.clone()
    }

    /// Deletes all items, as none of the two would.
    pub(crate) async fn clear(&self) {
        let table = &self.system.model.table;
        let client = Client::new(&self.system.dynamodb.url);
        for item in self.stored().await {
            let keys = std::iter::once(&table.partition_key).chain(&table.sort_key);
            let key: Map<_, _> = keys.map(|key| (key.clone(), item[key].clone())).collect();
            client.dynamodb("DeleteItem", &json!({ "TableName": table.name, "Key": key })).await;
        }
    }
}

/// An item without what differs from one write to the next: its times, which must be of the same
/// form and of the same moment.
pub(crate) fn timeless(mut item: Value, times: &[&str]) -> Value {
    let now = jiff::Timestamp::now();
    for name in times {
        let Some(time) = item.get_mut(name) else { continue };
        let instant: jiff::Timestamp = match (time["S"].as_str(), time["N"].as_str()) {
            (Some(text), _) => {
                assert_eq!(text.len(), "2026-11-20T06:40:54.123Z".len(), "{text}");
                text.parse().expect("a time")
            }
            (None, Some(number)) => {
                let milliseconds = number.parse().expect("whole milliseconds");
                jiff::Timestamp::from_millisecond(milliseconds).expect("a time")
            }
            (None, None) => panic!("{name} is {time}"),
        };
        let apart = now.as_millisecond() - instant.as_millisecond();
        assert!(apart.abs() < SAME_MOMENT_MS, "{name} is {instant}, now is {now}");
        let kind = time.as_object().and_then(|time| time.keys().next()).expect("a type").clone();
        *time = json!({ kind: "a time" });
    }
    item
}

/// An object without some of its members.
pub(crate) fn without(mut object: Value, names: &[&str]) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.retain(|name, _| !names.contains(&name.as_str()));
    }
    object
}

/// An object with the members of another.
pub(crate) fn extended(json: &Value, more: &Value) -> Value {
    let mut members = object(json).clone();
    members.extend(object(more).clone());
    Value::Object(members)
}

/// A text as a part of a path.
pub(crate) fn encoded(text: &Value) -> String {
    let text = text.as_str().unwrap_or_else(|| panic!("{text}"));
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
