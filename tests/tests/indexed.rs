//! The keys of indexes after upserts, and after updates that might create: whatever was stored and
//! whatever is given, they are what the attributes make, or the write is refused and nothing has
//! changed.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use weir_model::{Entity, Item, Predicate, Update};
use weir_table::Error;
use weir_testing::fixture::fixture;
use weir_testing::json::object;
use weir_testing::table::TestTable;
use weir_writer::fresh;

const KEYS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const ATTRIBUTES: [&str; 4] = ["shop", "status", "rank", "due"];

struct Orders(TestTable);

impl Orders {
    async fn open() -> Self {
        Self(TestTable::open(&fixture("indexed")).await)
    }

    fn entity(&self) -> &Entity {
        self.0.entity("order")
    }

    /// Stores an item with these attributes and no others, as updates may have left it; with the
    /// keys that they make, or with none, as if the indexes had come later.
    async fn store(&self, id: &str, attributes: &BTreeSet<&str>, has_keys: bool) -> Item {
        let mut object = json!({ "id": id });
        for name in ATTRIBUTES {
            object[name] = json!(format!("old {name}"));
        }
        let mut item = self.0.item("order", &object);
        for name in ATTRIBUTES.iter().filter(|name| !attributes.contains(*name)) {
            item.remove(*name);
        }
        for key in KEYS {
            item.remove(key);
        }
        if has_keys {
            let keys = self.keys(&item);
            item.extend(keys);
        }
        self.0.table.put(item.clone(), &Predicate::always()).await.expect("stored");
        item
    }

    /// The keys of indexes that an item's attributes make.
    fn keys(&self, item: &Item) -> Vec<(String, weir_model::AttributeValue)> {
        let text = |name: &str| match item.get(name) {
            Some(weir_model::AttributeValue::S(text)) => Some(text.clone()),
            _ => None,
        };
        let both = |left: &str, right: &str| Some(format!("{}#{}", text(left)?, text(right)?));
        let due = text("due").unwrap_or_default();
        let made = [
            ("a", both("shop", "status")),
            ("b", both("status", "rank")),
            ("c", text("shop")),
            // In the index with the shop, or by itself where it has a due time.
            ("d", text("shop").or_else(|| text("due")).map(|_| format!("DUE#{due}"))),
            ("e", text("rank").map(|rank| format!("RANK#{rank}"))),
            ("f", text("changed")),
        ];
        let there = made.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text?)));
        there.map(|(key, text)| (key, weir_model::AttributeValue::S(text))).collect()
    }

    /// Says where the keys of the stored item are not what its attributes make.
    async fn check(&self, id: &str, what: &str) {
        let key = self.entity().key_from_text(&[("id", id)]).expect("a key").primary;
        let item = self.0.table.get(&key).await.expect("read").expect("it is there");
        let stored: BTreeSet<_> = KEYS
            .into_iter()
            .filter_map(|key| Some((key.to_owned(), format!("{:?}", item.get(key)?))))
            .collect();
        let keys = self.keys(&item).into_iter();
        let made: BTreeSet<_> = keys.map(|(key, value)| (key, format!("{value:?}"))).collect();
        assert_eq!(stored, made, "{what}");
    }
}

/// Every subset of the attributes.
fn subsets() -> Vec<BTreeSet<&'static str>> {
    let subset = |bits: usize| {
        let names = ATTRIBUTES.iter().enumerate();
        names.filter(|(position, _)| bits >> position & 1 == 1).map(|(_, name)| *name).collect()
    };
    (0..1 << ATTRIBUTES.len()).map(subset).collect()
}

/// What was done, and what was refused.
#[derive(Debug, Default)]
struct Tally {
    done: u32,
    refused: u32,
}

impl Tally {
    fn count<T>(&mut self, written: &Result<T, Error>, what: &str) {
        match written {
            Ok(_) => self.done += 1,
            Err(Error::Invalid(_)) => self.refused += 1,
            Err(other) => panic!("{what}: {other}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_upsert_the_keys_are_what_the_attributes_make() {
    let orders = Orders::open().await;
    let mut tally = Tally::default();
    for stored in subsets() {
        for given in subsets() {
            let what = format!("{given:?} given to {stored:?}");
            orders.store("1", &stored, true).await;
            let mut object: Map<String, Value> = Map::new();
            object.insert("id".to_owned(), json!("1"));
            object.extend(
                given.iter().map(|name| ((*name).to_owned(), json!(format!("new {name}")))),
            );
            let written = orders.0.table.upsert(orders.entity(), &object, fresh()).await;
            tally.count(&written, &what);
            orders.check("1", &what).await;
        }
    }
    assert!(tally.done > 20 && tally.refused > 20, "{tally:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_update_that_might_create_the_keys_are_what_the_attributes_make() {
    let orders = Orders::open().await;
    let mut tally = Tally::default();
    let key = orders.entity().key_from_text(&[("id", "1")]).expect("a key");
    for stored in subsets() {
        for given in subsets() {
            for verb in ["set", "set_if_absent", "remove"] {
                let what = format!("{verb} of {given:?} in {stored:?}");
                orders.store("1", &stored, true).await;
                let update = given.iter().fold(Update::new().set("note", "n"), |update, name| {
                    let value = format!("new {name}");
                    match verb {
                        "set" => update.set(name, value),
                        "set_if_absent" => update.set_if_absent(name, value),
                        _ => update.remove(name),
                    }
                });
                let written = orders.0.table.update(orders.entity(), &key, &update, fresh()).await;
                tally.count(&written, &what);
                // What is optional in a key takes the whole key along when it is removed.
                if verb != "remove" || !given.contains("due") {
                    orders.check("1", &what).await;
                }
            }
        }
    }
    assert!(tally.done > 20 && tally.refused > 20, "{tally:?}");
}

/// An index that is added to a definition finds items without its keys: an upsert must not file
/// them under defaults.
#[tokio::test(flavor = "multi_thread")]
async fn an_item_from_before_its_indexes_gets_no_key_that_its_attributes_do_not_make() {
    let orders = Orders::open().await;
    for stored in subsets() {
        let what = format!("a note for {stored:?}");
        let before = orders.store("1", &stored, false).await;
        let note = json!({ "id": "1", "note": "n" });
        let written = orders.0.table.upsert(orders.entity(), object(&note), fresh()).await;
        let mut tally = Tally::default();
        tally.count(&written, &what);
        let key = orders.entity().key_from_text(&[("id", "1")]).expect("a key").primary;
        let item = orders.0.table.get(&key).await.expect("read").expect("it is there");
        if tally.refused == 1 {
            assert_eq!(item, before, "{what}");
        }
        let made: BTreeSet<_> = orders
            .keys(&item)
            .into_iter()
            .map(|(key, value)| (key, format!("{value:?}")))
            .collect();
        for name in KEYS {
            if let Some(value) = item.get(name) {
                assert!(made.contains(&(name.to_owned(), format!("{value:?}"))), "{what}: {name}");
            }
        }
    }
}

#[tokio::test]
async fn an_update_creates_items_with_the_keys_of_their_defaults() {
    let orders = Orders::open().await;
    for (number, given) in subsets().into_iter().enumerate() {
        let id = number.to_string();
        let key = orders.entity().key_from_text(&[("id", &id)]).expect("a key");
        let update = given.iter().fold(Update::new().set("note", "n"), |update, name| {
            update.set(name, format!("new {name}"))
        });
        match orders.0.table.update(orders.entity(), &key, &update, fresh()).await {
            Ok(_) => orders.check(&id, &format!("{given:?}")).await,
            Err(Error::Invalid(_)) => assert!(!given.is_empty() && given.len() < 4, "{given:?}"),
            Err(other) => panic!("{given:?}: {other}"),
        }
    }
}
