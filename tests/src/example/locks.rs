//! The locks of what is unique: each item has those that its values make, and there are no others.

use std::collections::BTreeMap;

use serde_json::Value;
use weir_model::unique::{LOCK, OWNER};

use super::Example;
use super::access::text;

/// An item's partition and sort key.
type Key = (String, String);

/// Compares the locks that there are with those that the items must have, by their own rendering.
pub(super) async fn assert_exact(example: &Example) {
    let (mut locks, mut expected) = (BTreeMap::<String, Key>::new(), BTreeMap::new());
    for item in example.items().await {
        let key = |item: &Value| (text(item, "PK"), text(item, "SK"));
        if text(&item, "SK") == LOCK {
            locks.insert(text(&item, "PK"), key(&item[OWNER]["M"]));
            continue;
        }
        let name = text(&item, "_et");
        let entity = example.system.model.entity(&name).expect("an entity's");
        for unique in &entity.unique {
            let value = |name: &String| Some(escaped(item[name]["S"].as_str()?));
            let Some(values) = unique.attributes.iter().map(value).collect::<Option<Vec<_>>>()
            else {
                continue;
            };
            let lock =
                format!("{LOCK}#{name}#{}#{}", unique.attributes.join("+"), values.join("#"));
            let twice = expected.insert(lock.clone(), key(&item));
            assert_eq!(twice, None, "two items have {lock}");
        }
    }
    assert_eq!(locks, expected, "the locks, and those that the items have");
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('#', "%23")
}
