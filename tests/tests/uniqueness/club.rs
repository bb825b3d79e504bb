//! A table of users and badges, and the recount of its locks.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use weir_model::unique::{LOCK, OWNER};
use weir_model::{AttributeValue, Entity, Item, ItemKey, Model, Predicate, PrimaryKey, Update};
use weir_table::{Error, Table};
use weir_testing::dynamodb::{TestDynamo, with_own_tables};
use weir_testing::recount::scan;
use weir_writer::fresh;

pub(crate) const DEFINITION: &str = include_str!("club.toml");

/// A table that is served by a DynamoDB.
pub(crate) struct Club {
    pub(crate) url: String,
    pub(crate) table: Table,
}

impl Club {
    pub(crate) async fn open() -> Self {
        Self::with_definition(DEFINITION).await
    }

    pub(crate) async fn with_definition(definition: &str) -> Self {
        let dynamodb = TestDynamo::start().await;
        let model = with_own_tables(definition.parse::<Model>().expect("a definition"));
        let table = Table::new(&dynamodb.connect().await, model.into());
        table.provision().await.expect("tables can be made");
        Self { url: dynamodb.url, table }
    }

    pub(crate) fn entity(&self, name: &str) -> &Entity {
        self.table.model().entity(name).expect("it is defined")
    }

    pub(crate) fn user(&self) -> &Entity {
        self.entity("user")
    }

    pub(crate) fn key(&self, id: &str) -> ItemKey {
        self.user().key_from_text(&[("id", id)]).expect("a key")
    }

    pub(crate) fn item(&self, entity: &str, object: &Value) -> Item {
        let object: &Map<String, Value> = object.as_object().expect("an object");
        self.entity(entity).encode(object, fresh()).expect("an item")
    }

    /// Creates a user.
    pub(crate) async fn create(&self, object: Value) -> Result<Item, Error> {
        self.table.create(self.item("user", &object)).await
    }

    /// Puts a user.
    pub(crate) async fn put(&self, object: Value) -> Result<Item, Error> {
        self.put_item("user", object).await
    }

    pub(crate) async fn put_item(&self, entity: &str, object: Value) -> Result<Item, Error> {
        self.table.put(self.item(entity, &object), &Predicate::always()).await
    }

    /// Updates a user.
    pub(crate) async fn patch(&self, id: &str, update: Update) -> Result<Item, Error> {
        self.table.patch(self.user(), &self.key(id), &update, fresh()).await
    }

    /// Deletes a user.
    pub(crate) async fn delete(&self, id: &str) -> Result<Option<Item>, Error> {
        self.table.delete(self.user(), &self.key(id), &Predicate::always()).await
    }

    /// Compares the locks with those that the items should have. Returns the numbers of items and
    /// locks.
    pub(crate) async fn recount(&self) -> (usize, usize) {
        let model = self.table.model();
        let (mut locks, mut expected, mut items) = (BTreeMap::new(), BTreeMap::new(), 0);
        for row in scan(&self.url, self.table.name()).await {
            let key = key_text(&row);
            if key.1 == LOCK {
                locks.insert(key.0, key_text(&row[OWNER]["M"]));
                continue;
            }
            items += 1;
            let primary = PrimaryKey { partition: key.0.clone(), sort: Some(key.1.clone()) };
            let item = self.table.get(&primary).await.expect("read").expect("an item");
            let entity = model.entity_of(&item).expect("an entity's");
            for lock in entity.locks(&item).expect("locks") {
                let twice = expected.insert(lock.key.partition.clone(), key.clone());
                assert_eq!(twice, None, "{}", lock.key.partition);
            }
        }
        assert_eq!(locks, expected, "the locks, and those that the items should have");
        (items, locks.len())
    }
}

/// Returns the partition key and the sort key of a stored item.
fn key_text(row: &Value) -> (String, String) {
    let text = |name: &str| row[name]["S"].as_str().expect("text").to_owned();
    (text("PK"), text("SK"))
}

/// Returns the attributes whose values were taken.
pub(crate) fn duplicate(result: Result<Item, Error>) -> Vec<String> {
    match result {
        Err(Error::Duplicate { attributes, .. }) => attributes,
        other => panic!("expected a duplicate, found {other:?}"),
    }
}

pub(crate) fn email(item: Option<&Item>) -> Option<String> {
    match item?.get("email")? {
        AttributeValue::S(text) => Some(text.clone()),
        other => panic!("{other:?}"),
    }
}
